// Scalars as people write them, both ways, led by the Layout.
#include <type/scalar_text.hpp>

#include <charconv>
#include <cmath>
#include <cstring>
#include <vector>

#include <base/hex.hpp>
#include <base/text.hpp>
#include <type/scalar.hpp>

namespace dts {

namespace {

constexpr int written_out_exponent_max = 18;

Error wrong(std::string_view text, std::string_view expected, std::string hint = {}) {
  std::string shown = base::printable(text.substr(0, 60));
  if (text.size() > 60) shown += "...";
  return Error(ErrorCode::wrong_value, "\"" + shown + "\" is not " + std::string(expected), {}, {},
               std::move(hint));
}

const TypeNode& node_of(const Layout& layout) { return layout.type.root(); }

// ---- writing ----

std::string enumeration_text(const Layout& layout, const void* value) {
  const std::int64_t number = static_cast<std::int64_t>(load_integer(layout, value));
  for (const Symbol& symbol : node_of(layout).symbols) {
    if (symbol.value == number) return symbol.name;
  }
  return std::to_string(number);
}

template <class Float>
std::string float_text(const void* value) {
  Float number;
  std::memcpy(&number, value, sizeof number);
  if (std::isnan(number)) return "nan";
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, number);
  return std::string(buffer, end.ptr);
}

std::string integer_text(const Layout& layout, const void* value) {
  const std::uint64_t bits = load_integer(layout, value);
  return is_unsigned(layout) ? std::to_string(bits)
                             : std::to_string(static_cast<std::int64_t>(bits));
}

std::string counted(const char* what, std::size_t count) {
  return std::string(what) + " of " + std::to_string(count);
}

// ---- reading ----

int base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

Result<Bytes> hex_bytes(std::string_view text, std::string_view digits) {
  if (digits.size() % 2 != 0) return wrong(text, "bytes: an odd number of hex digits");
  auto bytes = base::from_hex(digits);
  if (!bytes) return wrong(text, "bytes: not a hex digit");
  return std::move(*bytes);
}

Result<Bytes> base64_bytes(std::string_view text, std::string_view digits) {
  while (!digits.empty() && digits.back() == '=') digits.remove_suffix(1);
  Bytes bytes;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : digits) {
    const int digit = base64_digit(c);
    if (digit < 0) return wrong(text, "bytes: not a base64 digit");
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes.push_back(static_cast<std::uint8_t>(bits >> count));
    }
  }
  if (count == 6 || (bits & ((1u << count) - 1)) != 0) {
    return wrong(text, "bytes: the base64 ends in the middle");
  }
  return bytes;
}

Result<Bytes> bytes_from_text(std::string_view text) {
  constexpr std::string_view base64 = "base64:";
  if (text.starts_with("0x")) return hex_bytes(text, text.substr(2));
  if (text.starts_with(base64)) return base64_bytes(text, text.substr(base64.size()));
  return wrong(text, "bytes", "write 0x0aff or base64:Cv8=");
}

// Decimal digits with an optional sign; the magnitude and whether it is negative.
bool parse_integer(std::string_view text, std::uint64_t& bits, bool& negative) {
  negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty()) return false;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), bits);
  return end.ec == std::errc() && end.ptr == text.data() + text.size();
}

Result<void> integer_from_text(const Layout& layout, void* value, std::string_view text) {
  std::uint64_t bits = 0;
  bool negative = false;
  const std::string kind(kind_name(layout.kind));
  const bool is_number = parse_integer(text, bits, negative);
  if (!is_number && text.find_first_not_of("+-0123456789") != std::string_view::npos) {
    return wrong(text, "a whole number (" + kind + ")");
  }
  if (negative && bits <= std::uint64_t{1} << 63) {
    bits = 0 - bits;
    negative = bits != 0;
  } else if (negative) {
    return wrong(text, "within the range of " + kind);
  }
  if (!is_number || !integer_fits(layout, bits, negative)) {
    return wrong(text, "within the range of " + kind);
  }
  store_integer(layout, value, bits);
  return {};
}

template <class Float>
Result<void> float_from_text(void* value, std::string_view text) {
  Float number{};
  std::string_view digits = text;
  if (digits.starts_with('+') && !digits.starts_with("+-")) digits.remove_prefix(1);
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (end.ec == std::errc::result_out_of_range) {
    return wrong(text, sizeof(Float) == 4 ? "within the range of f32" : "within the range of f64");
  }
  if (end.ec != std::errc() || end.ptr != digits.data() + digits.size()) {
    return wrong(text, "a number",
                 text.find(',') != std::string_view::npos ? "use a decimal point" : "");
  }
  std::memcpy(value, &number, sizeof number);
  return {};
}

Result<void> enumeration_from_text(const Layout& layout, void* value, std::string_view text) {
  const TypeNode& node = node_of(layout);
  std::vector<std::string> names;
  for (const Symbol& symbol : node.symbols) {
    if (symbol.name == text) {
      store_integer(layout, value, static_cast<std::uint64_t>(std::int64_t{symbol.value}));
      return {};
    }
    names.push_back(symbol.name);
  }
  std::int32_t number = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
  if (end.ec == std::errc() && end.ptr == text.data() + text.size()) {
    const std::uint64_t bits = static_cast<std::uint64_t>(std::int64_t{number});
    bool known = !node.closed;
    for (const Symbol& symbol : node.symbols) known |= symbol.value == number;
    if (known && integer_fits(layout, bits, number < 0)) {
      store_integer(layout, value, bits);
      return {};
    }
  }
  const std::string near = base::nearest(text, names);
  std::string hint = near.empty() ? "one of" : "did you mean \"" + near + "\"? One of";
  for (std::size_t i = 0; i < names.size() && i < 12; ++i) hint += (i ? ", " : " ") + names[i];
  if (names.size() > 12) hint += ", ...";
  return wrong(text, "a symbol of " + node.name, std::move(hint));
}

Result<void> optional_from_text(const Layout& layout, void* value, std::string_view text) {
  const bool is_text = layout.element->kind == Kind::text;
  if (text == "none" && !is_text) {
    layout.functions.reset(layout, value);
    return {};
  }
  const bool was_empty = layout.functions.get(layout, value) == nullptr;
  void* content = was_empty ? layout.functions.set(layout, value)
                            : const_cast<void*>(layout.functions.get(layout, value));
  Result<void> result = from_text(*layout.element, content, text);
  if (!result && was_empty) layout.functions.reset(layout, value);
  return result;
}

}  // namespace

std::string decimal_to_text(const Decimal& decimal) {
  const int exponent = decimal.exponent;
  std::string text = std::to_string(decimal.coefficient);
  if (exponent == 0) return text;
  if (exponent > 0 || exponent < -written_out_exponent_max) {
    return text + "e" + std::to_string(exponent);
  }
  const std::size_t sign = decimal.coefficient < 0 ? 1 : 0;
  const std::size_t places = static_cast<std::size_t>(-exponent);
  if (text.size() - sign <= places) text.insert(sign, places + 1 - (text.size() - sign), '0');
  text.insert(text.size() - places, 1, '.');
  return text;
}

Result<Decimal> decimal_from_text(std::string_view text) {
  std::string digits;
  std::string_view rest = text;
  int exponent = 0;
  if (const std::size_t e = rest.find_first_of("eE"); e != std::string_view::npos) {
    std::string_view tail = rest.substr(e + 1);
    if (tail.starts_with('+')) tail.remove_prefix(1);
    const auto end = std::from_chars(tail.data(), tail.data() + tail.size(), exponent);
    if (end.ec != std::errc() || end.ptr != tail.data() + tail.size()) {
      return wrong(text, "a decimal number");
    }
    rest = rest.substr(0, e);
  }
  if (const std::size_t point = rest.find('.'); point != std::string_view::npos) {
    const std::size_t places = rest.size() - point - 1;
    if (places > 200 || exponent < -1000) return wrong(text, "a decimal of at most 19 digits");
    exponent -= static_cast<int>(places);
    digits.assign(rest.substr(0, point)).append(rest.substr(point + 1));
  } else {
    digits.assign(rest);
  }
  Decimal decimal;
  const bool has_plus = digits.starts_with('+') && !digits.starts_with("+-");
  const char* begin = digits.data() + (has_plus ? 1 : 0);
  const char* last = digits.data() + digits.size();
  const auto end = std::from_chars(begin, last, decimal.coefficient);
  if (end.ec == std::errc::result_out_of_range || exponent < INT8_MIN || exponent > INT8_MAX) {
    return wrong(text, "within the range of decimal (64 bits x 10^-128..127)");
  }
  if (end.ec != std::errc() || end.ptr != last) return wrong(text, "a decimal number");
  decimal.exponent = static_cast<std::int8_t>(exponent);
  return decimal;
}

std::string to_text(const Layout& layout, const void* value) {
  const LayoutFunctions& functions = layout.functions;
  switch (layout.kind) {
    case Kind::boolean:
      return load_integer(layout, value) != 0 ? "true" : "false";
    case Kind::f32:
      return float_text<float>(value);
    case Kind::f64:
      return float_text<double>(value);
    case Kind::text:
      return std::string(as_text(functions.view(layout, value)));
    case Kind::bytes:
      return "0x" + base::to_hex(functions.view(layout, value));
    case Kind::time:
      return to_rfc3339(*static_cast<const Time*>(value));
    case Kind::duration:
      return to_text(*static_cast<const Duration*>(value));
    case Kind::decimal:
      return decimal_to_text(*static_cast<const Decimal*>(value));
    case Kind::any: {
      const Any& any = *static_cast<const Any*>(value);
      return any.type.valid() ? any.type.name() : "none";
    }
    case Kind::enumeration:
      return enumeration_text(layout, value);
    case Kind::optional: {
      const void* content = functions.get(layout, value);
      return content == nullptr ? "none" : to_text(*layout.element, content);
    }
    case Kind::list:
      return counted("list", functions.count(layout, value));
    case Kind::array:
      return counted("array", layout.length);
    case Kind::map:
      return counted("map", functions.map_count(layout, value));
    case Kind::structure:
      return node_of(layout).name;
    case Kind::union_: {
      const std::uint32_t which = functions.which(layout, value);
      return which == Layout::no_case ? "none" : node_of(layout).fields[which].name;
    }
    default:
      return integer_text(layout, value);
  }
}

Result<void> from_text(const Layout& layout, void* value, std::string_view text) {
  switch (layout.kind) {
    case Kind::boolean:
      if (text != "true" && text != "false") return wrong(text, "true or false");
      *static_cast<bool*>(value) = text == "true";
      return {};
    case Kind::f32:
      return float_from_text<float>(value, text);
    case Kind::f64:
      return float_from_text<double>(value, text);
    case Kind::text:
      if (!base::is_utf8(text)) return wrong(text, "UTF-8 text");
      layout.functions.assign(layout, value, as_bytes(text));
      return {};
    case Kind::bytes: {
      DTS_ASSIGN(const Bytes bytes, bytes_from_text(text));
      layout.functions.assign(layout, value, bytes);
      return {};
    }
    case Kind::time: {
      DTS_ASSIGN(*static_cast<Time*>(value), from_rfc3339(text));
      return {};
    }
    case Kind::duration: {
      DTS_ASSIGN(*static_cast<Duration*>(value), duration_from_text(text));
      return {};
    }
    case Kind::decimal: {
      DTS_ASSIGN(*static_cast<Decimal*>(value), decimal_from_text(text));
      return {};
    }
    case Kind::enumeration:
      return enumeration_from_text(layout, value, text);
    case Kind::optional:
      return optional_from_text(layout, value, text);
    case Kind::any:
    case Kind::list:
    case Kind::array:
    case Kind::map:
    case Kind::structure:
    case Kind::union_:
      return Error(ErrorCode::wrong_value,
                   "a " + std::string(kind_name(layout.kind)) + " cannot be set as one text", {},
                   {}, "set its parts, e.g. by a longer path");
    default:
      return integer_from_text(layout, value, text);
  }
}

}  // namespace dts
