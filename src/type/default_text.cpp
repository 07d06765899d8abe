// Default values read from the notation under the lead of the type.
#include <type/default_value.hpp>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include <dts/time.hpp>

#include <base/hex.hpp>
#include <base/text.hpp>
#include <type/canonical.hpp>

namespace dts {

namespace {

bool is_word_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

class DefaultTextReader {
 public:
  DefaultTextReader(std::string_view text, std::span<const TypeNode> nodes)
      : text_(text), nodes_(nodes) {}

  Result<Bytes> read(const TypeRef& type) {
    CanonicalWriter out;
    DTS_TRY(value(type, out, 0));
    skip();
    if (at_ < text_.size()) return bad("more follows the default");
    return out.take();
  }

  std::size_t error_at() const { return error_at_; }

 private:
  Error bad(std::string what, std::string hint = {}) {
    error_at_ = std::min(at_, text_.size());
    return Error(ErrorCode::notation, std::move(what), {}, {}, std::move(hint));
  }

  void skip() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) {
      ++at_;
    }
  }

  bool accept(char c) {
    skip();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  // A run of letters, digits, _ and `more`, without consuming it.
  std::string_view peek_run(std::string_view more) {
    skip();
    std::size_t end = at_;
    while (end < text_.size() &&
           (is_word_char(text_[end]) || more.find(text_[end]) != std::string_view::npos)) {
      ++end;
    }
    return text_.substr(at_, end - at_);
  }

  Result<void> value(const TypeRef& type, CanonicalWriter& out, std::size_t depth) {
    if (depth > TypeLimits::depth_max) return bad("the default nests too deep");
    switch (type.kind) {
      case Kind::list:
      case Kind::array:
        return list(type, out, depth);
      case Kind::map:
        return map(type, out, depth);
      case Kind::optional:
        return optional(type, out, depth);
      case Kind::reference: {
        const TypeNode& node = nodes_[type.node];
        return node.kind == Kind::structure ? structure(node, out, depth)
               : node.kind == Kind::union_  ? one_case(node, out, depth)
                                            : symbol(node, out);
      }
      case Kind::text:
        return quoted(out);
      case Kind::bytes:
        return hex(out);
      case Kind::any:
        return bad("any has no default", "remove the default");
      default:
        return scalar(type.kind, out);
    }
  }

  template <class T>
  Result<void> number(Kind kind, CanonicalWriter& out) {
    const std::string_view run = peek_run("+-.");
    T number{};
    const auto [stop, code] = std::from_chars(run.data(), run.data() + run.size(), number);
    const bool whole = stop == run.data() + run.size() && run.find('(') == std::string_view::npos;
    if (code == std::errc::result_out_of_range) {
      return bad(std::string(run) + " does not fit " + std::string(kind_name(kind)));
    }
    if (code != std::errc{} || !whole) return not_a(kind, run);
    at_ += run.size();
    if constexpr (std::is_same_v<T, float>) {
      out.f32(number);
    } else if constexpr (std::is_same_v<T, double>) {
      out.f64(number);
    } else if constexpr (std::is_signed_v<T>) {
      out.integer(number);
    } else {
      out.unsigned_integer(number);
    }
    return {};
  }

  Error not_a(Kind kind, std::string_view run) {
    const std::string_view example = kind == Kind::boolean    ? "true or false"
                                     : kind == Kind::time     ? "2026-11-22T10:24:48Z"
                                     : kind == Kind::duration ? "500ms, 2s, 1h30m"
                                     : kind == Kind::decimal  ? "12.50"
                                                              : "";
    const std::string shown = run.empty() ? "this" : "\"" + base::printable(run) + "\"";
    return bad(shown + " is not a default for " + std::string(kind_name(kind)),
               std::string(example));
  }

  Result<void> scalar(Kind kind, CanonicalWriter& out) {
    switch (kind) {
      case Kind::i8:
        return number<std::int8_t>(kind, out);
      case Kind::i16:
        return number<std::int16_t>(kind, out);
      case Kind::i32:
        return number<std::int32_t>(kind, out);
      case Kind::i64:
        return number<std::int64_t>(kind, out);
      case Kind::u8:
        return number<std::uint8_t>(kind, out);
      case Kind::u16:
        return number<std::uint16_t>(kind, out);
      case Kind::u32:
        return number<std::uint32_t>(kind, out);
      case Kind::u64:
        return number<std::uint64_t>(kind, out);
      case Kind::f32:
        return number<float>(kind, out);
      case Kind::f64:
        return number<double>(kind, out);
      case Kind::decimal:
        return decimal(out);
      default:
        break;
    }
    const std::string_view run = peek_run(kind == Kind::boolean ? "" : "+-.:");
    if (kind == Kind::boolean && (run == "true" || run == "false")) {
      out.boolean(run == "true");
    } else if (kind == Kind::time) {
      const auto time = from_rfc3339(run);
      if (!time) return not_a(kind, run);
      out.integer(time->time_since_epoch().count());
    } else if (kind == Kind::duration) {
      const auto duration = duration_from_text(run);
      if (!duration) return not_a(kind, run);
      out.integer(duration->count());
    } else {
      return not_a(kind, run);
    }
    at_ += run.size();
    return {};
  }

  // 12.50 is 1250 x 10^-2, 5e3 is 5 x 10^3: the digits as written, nothing normalised.
  Result<void> decimal(CanonicalWriter& out) {
    const std::string_view run = peek_run("+-.");
    const std::size_t e = std::min(run.find('e'), run.size());
    const std::size_t point = std::min(run.find('.'), e);
    std::string digits(run.substr(0, point));
    if (point < e) digits += run.substr(point + 1, e - point - 1);
    std::int64_t coefficient = 0, exponent = 0;
    const auto parse = [](std::string_view text, std::int64_t& to) {
      const auto [stop, code] = std::from_chars(text.data(), text.data() + text.size(), to);
      return code == std::errc{} && stop == text.data() + text.size();
    };
    if (!parse(digits, coefficient)) return not_a(Kind::decimal, run);
    if (e < run.size() && !parse(run.substr(e + 1), exponent)) return not_a(Kind::decimal, run);
    if (exponent > 1000 || exponent < -1000) return not_a(Kind::decimal, run);
    if (point < e) exponent -= static_cast<std::int64_t>(e - point - 1);
    if (exponent < -128 || exponent > 127) return bad("the exponent is not within -128 to 127");
    at_ += run.size();
    out.array(2);
    out.integer(coefficient);
    out.integer(exponent);
    return {};
  }

  Result<void> quoted(CanonicalWriter& out) {
    if (!accept('"')) return bad("a text is written in quotes", "\"like this\"");
    std::string text;
    while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\n') {
      const char c = text_[at_++];
      if (c != '\\') {
        text += c;
        continue;
      }
      const char escape = at_ < text_.size() ? text_[at_++] : '\0';
      switch (escape) {
        case 'n':
          text += '\n';
          break;
        case 't':
          text += '\t';
          break;
        case 'r':
          text += '\r';
          break;
        case '"':
        case '\\':
          text += escape;
          break;
        case 'u':
          DTS_TRY(code_point(text));
          break;
        default:
          return bad("an unknown escape", "\\\" \\\\ \\n \\t \\r \\u{1f600}");
      }
    }
    if (!accept('"')) return bad("the closing quote is missing");
    if (!base::is_utf8(text)) return bad("the text is not valid UTF-8");
    out.text(text);
    return {};
  }

  Result<void> code_point(std::string& text) {
    std::uint32_t point = 0;
    std::size_t digits = 0;
    if (at_ >= text_.size() || text_[at_++] != '{') return bad("'{' follows \\u", "\\u{1f600}");
    for (; at_ < text_.size() && base::hex_digit(text_[at_]) >= 0 && digits < 7; ++at_, ++digits) {
      point = point << 4 | static_cast<std::uint32_t>(base::hex_digit(text_[at_]));
    }
    if (digits == 0 || digits > 6 || at_ >= text_.size() || text_[at_++] != '}' ||
        point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) {
      return bad("not a code point", "\\u{1f600}");
    }
    base::append_utf8(text, point);
    return {};
  }

  Result<void> hex(CanonicalWriter& out) {
    const std::string_view run = peek_run("");
    const auto bytes = run.starts_with("0x") ? base::from_hex(run.substr(2)) : std::nullopt;
    if (!bytes) return bad("bytes are written in pairs of hex digits", "0x00ff");
    at_ += run.size();
    out.bytes(*bytes);
    return {};
  }

  Result<void> list(const TypeRef& type, CanonicalWriter& out, std::size_t depth) {
    CanonicalWriter items;
    std::uint64_t count = 0;
    if (!accept('[')) return bad("a list is written in brackets", "[1, 2, 3]");
    while (!accept(']')) {
      if (count > 0 && !accept(',')) return bad("',' or ']' is expected");
      DTS_TRY(value(type.arguments[0], items, depth + 1));
      ++count;
    }
    if (type.kind == Kind::array && count != type.length) {
      return bad("the array has " + std::to_string(type.length) + " elements, the default " +
                 std::to_string(count));
    }
    out.array(count);
    out.raw(items.view());
    return {};
  }

  Result<void> map(const TypeRef& type, CanonicalWriter& out, std::size_t depth) {
    std::vector<std::pair<Bytes, Bytes>> entries;
    if (!accept('{')) return bad("a map is written in braces", "{\"a\": 1, \"b\": 2}");
    while (!accept('}')) {
      if (!entries.empty() && !accept(',')) return bad("',' or '}' is expected");
      CanonicalWriter key, held;
      DTS_TRY(value(type.arguments[0], key, depth + 1));
      if (!accept(':')) return bad("':' is expected after the key");
      DTS_TRY(value(type.arguments[1], held, depth + 1));
      entries.emplace_back(key.take(), held.take());
    }
    std::sort(entries.begin(), entries.end());
    for (std::size_t i = 1; i < entries.size(); ++i) {
      if (entries[i].first == entries[i - 1].first) return bad("a key is there twice");
    }
    out.array(entries.size());
    for (const auto& [key, held] : entries) {
      out.array(2);
      out.raw(key);
      out.raw(held);
    }
    return {};
  }

  Result<void> optional(const TypeRef& type, CanonicalWriter& out, std::size_t depth) {
    if (peek_run("") == "none") {
      const std::size_t before = std::exchange(at_, at_ + 4);
      if (!accept('(')) {  // not the case of a union that is called so
        out.null();
        return {};
      }
      at_ = before;
    }
    out.array(1);
    return value(type.arguments[0], out, depth + 1);
  }

  Result<void> symbol(const TypeNode& node, CanonicalWriter& out) {
    const std::string_view run = peek_run("-");
    std::vector<std::string> names;
    for (const Symbol& symbol : node.symbols) {
      names.push_back(symbol.name);
      if (symbol.name != run && std::to_string(symbol.value) != run) continue;
      at_ += run.size();
      out.integer(symbol.value);
      return {};
    }
    const std::string near = base::nearest(run, names);
    return bad(node.name + " has no symbol \"" + base::printable(run) + "\"",
               near.empty() ? node.symbols.empty() ? "" : node.symbols[0].name : near);
  }

  // {x: 1, y: 2}: in any order; optional fields may be left out.
  Result<void> structure(const TypeNode& node, CanonicalWriter& out, std::size_t depth) {
    std::vector<std::optional<Bytes>> members(node.fields.size());
    if (!accept('{')) return bad("a " + node.name + " is written in braces", "{x: 1, y: 2}");
    for (bool first = true; !accept('}'); first = false) {
      if (!first && !accept(',')) return bad("',' or '}' is expected");
      const std::string_view run = peek_run("");
      const auto field = std::find_if(node.fields.begin(), node.fields.end(),
                                      [&](const Field& f) { return f.name == run; });
      if (field == node.fields.end()) {
        return bad(node.name + " has no field \"" + base::printable(run) + "\"");
      }
      at_ += run.size();
      if (!accept(':')) return bad("':' is expected after the field's name");
      CanonicalWriter held;
      DTS_TRY(value(field->type, held, depth + 1));
      std::optional<Bytes>& member = members[static_cast<std::size_t>(field - node.fields.begin())];
      if (member) return bad("the field is there twice");
      member = held.take();
    }
    out.array(members.size());
    for (std::size_t i = 0; i < members.size(); ++i) {
      const Field& field = node.fields[i];
      if (members[i]) {
        out.raw(*members[i]);
      } else if (field.type.kind == Kind::optional) {
        out.null();
      } else {
        return bad("the field " + field.name + " is missing");
      }
    }
    return {};
  }

  Result<void> one_case(const TypeNode& node, CanonicalWriter& out, std::size_t depth) {
    const std::string_view run = peek_run("");
    for (std::size_t i = 0; i < node.fields.size(); ++i) {
      if (node.fields[i].name != run) continue;
      at_ += run.size();
      if (!accept('(')) return bad("a union is written as case(value)");
      out.array(2);
      out.unsigned_integer(i);
      DTS_TRY(value(node.fields[i].type, out, depth + 1));
      if (!accept(')')) return bad("')' is expected");
      return {};
    }
    return bad(node.name + " has no case \"" + base::printable(run) + "\"",
               node.fields.empty() ? "" : node.fields[0].name + "(...)");
  }

  std::string_view text_;
  std::span<const TypeNode> nodes_;
  std::size_t at_ = 0, error_at_ = 0;
};

}  // namespace

Result<Bytes> default_from_text(std::string_view text, const TypeRef& type,
                                std::span<const TypeNode> nodes, std::size_t* error_at) {
  DefaultTextReader reader(text, nodes);
  auto encoded = reader.read(type);
  if (!encoded && error_at != nullptr) *error_at = reader.error_at();
  return encoded;
}

}  // namespace dts
