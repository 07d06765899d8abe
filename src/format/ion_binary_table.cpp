// What may come before the value of a binary message: padding, version markers and symbol tables.
#include <format/ion_binary_reader.hpp>

namespace dts::format::ion {

// What may come before the value: padding, version markers, symbol tables.
bool BinaryReader::system_values() {
  for (;;) {
    if (!skip_pads()) return false;
    if (at_ == limit_ || *at_ < 0xe0) return true;
    if (*at_ == 0xe0) {
      if (limit_ - at_ < 4 || std::memcmp(at_, version_marker.data(), 4) != 0)
        return invalid("a version other than Ion 1.0");
      at_ += 4;
      symbols_ = system_symbols;
      continue;
    }
    if (!open()) return false;
    const std::uint8_t* note = head_.notes;
    std::uint64_t id = 0;
    if (note != head_.notes_end && !var_uint(note, head_.notes_end, id)) return false;
    if (id != symbol_table_id) return true;
    if (head_.type != 0xd) return invalid("a symbol table that is no struct");
    if (!symbol_table(head_)) return false;
    take();
  }
}

bool BinaryReader::next_field(const std::uint8_t*& at, const std::uint8_t* end, bool& more,
                              TableField& field) {
  for (;;) {
    more = at != end;
    if (!more) return true;
    if (!var_uint(at, end, field.id)) return false;
    if (at == end || *at > 0x0e) break;
    std::uint64_t size = *at++;
    if (size == 14 && !var_uint(at, end, size)) return false;
    if (size > static_cast<std::uint64_t>(end - at))
      return invalid("padding that goes beyond what holds it");
    at += size;
  }
  if (!descriptor(at, end, field.value)) return false;
  at = field.value.end;
  return field.value.type != 0xe || annotations(field.value.content, at, field.value);
}

// $ion_symbol_table::{imports: ..., symbols: ["celsius", ...]}
bool BinaryReader::symbol_table(const Head& table) {
  TableField field, imported, listed;
  const std::uint8_t* at = table.content;
  for (bool more = true;;) {
    if (!next_field(at, table.end, more, field)) return false;
    if (!more) break;
    if (field.id != imports_id && field.id != symbols_id) continue;
    TableField& to = field.id == imports_id ? imported : listed;
    if (to.id != 0) return invalid("a symbol table that says something twice");
    to = field;
  }
  bool append = false;
  if (imported.id != 0 && !imports(imported.value, append)) return false;
  if (!append) {
    own_.assign(system_symbols.begin(), system_symbols.end());
  } else if (symbols_.data() != own_.data()) {
    if (!allowance_.take(symbols_.size(), sizeof(std::string_view), failure_)) return false;
    own_.assign(symbols_.begin(), symbols_.end());
  }
  if (listed.id != 0 && !symbols(listed.value)) return false;
  symbols_ = own_;
  return true;
}

// Only what every reader has: the symbols before, and the system's.
bool BinaryReader::imports(const Head& value, bool& append) {
  if (value.type == null_type) return true;
  std::uint64_t id;
  if (value.type == 7) {
    append = uint_of(value.content, value.end, id) && id == symbol_table_id;
    return append || invalid("imports that are neither a list nor $ion_symbol_table");
  }
  if (value.type != 0xb) return invalid("imports that are neither a list nor $ion_symbol_table");
  Head import;
  for (const std::uint8_t* at = value.content; at != value.end; at = import.end) {
    if (!descriptor(at, value.end, import)) return false;
    if (import.type != 0xd) return invalid("an import that is no struct");
    if (!import_of(import)) return false;
  }
  return true;
}

bool BinaryReader::import_of(const Head& table) {
  TableField field;
  const std::uint8_t* at = table.content;
  for (bool more = true;;) {
    if (!next_field(at, table.end, more, field)) return false;
    if (!more) return true;
    if (field.id != name_id || field.value.type != 8) continue;
    const std::string_view name(reinterpret_cast<const char*>(field.value.content),
                                field.value.size());
    if (name == system_symbols[1]) continue;
    return failure_.set(ErrorCode::decode,
                        "the message needs the shared symbol table " + named::quote(name),
                        "DTS reads messages that bring their symbols with them",
                        "write it with a local symbol table");
  }
}

bool BinaryReader::symbols(const Head& value) {
  if (value.type == null_type) return true;
  if (value.type != 0xb) return invalid("symbols that are no list");
  Head symbol;
  for (const std::uint8_t* at = value.content; at != value.end; at = symbol.end) {
    if (*at <= 0x0e) {
      const std::uint8_t* from = at++;
      std::uint64_t size = *from;
      if (size == 14 && !var_uint(at, value.end, size)) return false;
      if (size > static_cast<std::uint64_t>(value.end - at))
        return invalid("padding that goes beyond what holds it");
      symbol.end = at + size;
      continue;
    }
    if (!descriptor(at, value.end, symbol)) return false;
    if (own_.size() >= symbols_max) {
      return failure_.set(ErrorCode::limit_reached, "the symbol table is too large",
                          "65536 symbols are allowed");
    }
    if (!allowance_.take(1, sizeof(std::string_view), failure_)) return false;
    std::string_view text;  // of anything but a string: a symbol without text
    if (symbol.type == 8) {
      text = {reinterpret_cast<const char*>(symbol.content), symbol.size()};
      if (!base::is_utf8(text)) return invalid("a symbol that is not UTF-8");
    }
    own_.push_back(text);
  }
  return true;
}

}  // namespace dts::format::ion
