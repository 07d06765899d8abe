#include <format/ion_symbols.hpp>

#include <base/assert.hpp>

namespace dts::format::ion {

namespace {

bool holds_any(const TypeRef& type) {
  if (type.kind == Kind::any) return true;
  for (const TypeRef& argument : type.arguments) {
    if (holds_any(argument)) return true;
  }
  return false;
}

template <class To>
void append_var_uint(To& to, std::size_t value) {
  int groups = 1;
  while (groups < 9 && value >> (7 * groups) != 0) ++groups;
  while (groups-- > 0) {
    const auto group = static_cast<std::uint8_t>(value >> (7 * groups) & 0x7f);
    to.push_back(static_cast<typename To::value_type>(groups == 0 ? group | 0x80 : group));
  }
}

// Descriptor and length of what has `bytes` bytes. `type` is the high half of the descriptor.
template <class To>
void append_head(To& to, std::uint8_t type, std::size_t bytes) {
  to.push_back(static_cast<typename To::value_type>(type | (bytes < 14 ? bytes : 14)));
  if (bytes >= 14) append_var_uint(to, bytes);
}

}  // namespace

SymbolTable::SymbolTable(const Type& type) : type_(type) {
  texts_.assign(system_symbols.begin(), system_symbols.end());
  for (std::uint32_t id = 1; id < texts_.size(); ++id) ids_.emplace(texts_[id], id);
  bool any = false;
  for (const TypeNode& node : type_.nodes()) {
    for (const Field& field : node.fields) {
      add(field.name);
      any = any || holds_any(field.type);
    }
  }
  if (any) {
    add("type");
    add("value");
  }
  write_block();
}

void SymbolTable::add(std::string_view name) {
  if (ids_.emplace(name, static_cast<std::uint32_t>(texts_.size())).second) texts_.push_back(name);
}

// e0 01 00 ea                  Ion 1.0
// ee 96 81 83                  an annotation of 22 bytes: one id of one byte, $ion_symbol_table
//   de 92                      a struct of 18 bytes
//     87 be 8f                 symbols: a list of 15 bytes
//       87 63 65 6c 73 69 75 73   "celsius" is 10
//       ...                       and so on
void SymbolTable::write_block() {
  block_.assign(version_marker.begin(), version_marker.end());
  if (texts_.size() == system_symbols.size()) return;
  Bytes names, list, table;
  for (std::size_t id = system_symbols.size(); id < texts_.size(); ++id) {
    append_head(names, 0x80, texts_[id].size());
    names.insert(names.end(), texts_[id].begin(), texts_[id].end());
  }
  list.push_back(0x80 | symbols_id);
  append_head(list, 0xb0, names.size());
  list.insert(list.end(), names.begin(), names.end());
  table.push_back(0x81);
  table.push_back(0x80 | symbol_table_id);
  // A struct of length 1 is written with its length behind, but this one is longer.
  append_head(table, 0xd0, list.size());
  table.insert(table.end(), list.begin(), list.end());
  append_head(block_, 0xe0, table.size());
  block_.insert(block_.end(), table.begin(), table.end());
}

SymbolTable::Key SymbolTable::key(std::string_view name) {
  Key made;
  if (const auto found = ids_.find(name); found != ids_.end()) {
    Bytes id;
    append_var_uint(id, found->second);
    DTS_ASSERT(id.size() <= made.id.size());
    std::copy(id.begin(), id.end(), made.id.begin());
    made.id_bytes = static_cast<std::uint8_t>(id.size());
  }
  std::string& string = strings_.emplace_back();
  append_head(string, 0x80, name.size());
  string.append(name);
  made.string = string;
  return made;
}

}  // namespace dts::format::ion
