#include <format/xml_reader.hpp>

#include <charconv>
#include <limits>

#include <base/base64.hpp>
#include <base/text.hpp>
#include <dts/time.hpp>
#include <format/spelling.hpp>
#include <format/xml_characters.hpp>

namespace dts::format::xml {

namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is(text.front(), is_space)) text.remove_prefix(1);
  while (!text.empty() && is(text.back(), is_space)) text.remove_suffix(1);
  return text;
}

// Does it begin like a decimal number? Keeps from_chars from its own words for infinity.
bool is_numeric(std::string_view text) {
  if (!text.empty() && text[0] == '-') text.remove_prefix(1);
  if (!text.empty() && text[0] == '.') text.remove_prefix(1);
  return !text.empty() && text[0] >= '0' && text[0] <= '9';
}

// A negative one is -1 - magnitude.
void count_from_minus_one(named::Integer& value) {
  if (value.magnitude == 0) value.negative = false;
  if (value.negative) --value.magnitude;
}

template <class T>
bool parse_real(std::string_view text, double& value) {
  if constexpr (std::is_same_v<T, double>) return read_real(text, value);
  T parsed;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, parsed);
  value = static_cast<double>(parsed);
  return error == std::errc{} && stop == end;
}

}  // namespace

bool Reader::begin() {
  if (!is_text(text_)) {
    return failure_.set(ErrorCode::decode, "not XML that DTS reads",
                        "it is not UTF-8, or has characters that XML does not allow");
  }
  if (!scanner_.open_root()) return false;
  if (scanner_.is_nil()) return scanner_.invalid("the root element is nil");
  if (scanner_.name() == root_) return true;
  return failure_.set(
      ErrorCode::wrong_value,
      "the root element is <" + base::printable(scanner_.name().substr(0, 60)) + ">",
      "the message is a " + std::string(root_), "name it after the type");
}

bool Reader::wrong(std::string_view text, const char* expected, const char* hint) {
  return failure_.set(ErrorCode::wrong_value, named::quote(text) + " is not " + expected, {}, hint);
}

// The element that was opened holds something that is neither nil nor base64.
bool Reader::is_plain(const char* expected) {
  if (scanner_.is_nil()) return named::not_expected(failure_, "nil", expected);
  return !scanner_.is_base64() || named::not_expected(failure_, "base64", expected);
}

bool Reader::next(std::string_view name, bool& more) {
  more = true;
  if (scanner_.opens(name)) return true;
  if (!scanner_.next_child(more)) return false;
  if (!more || scanner_.name() == name) return true;
  return failure_.set(ErrorCode::wrong_value,
                      "<" + base::printable(scanner_.name().substr(0, 60)) + "> where <" +
                          std::string(name) + "> is expected",
                      scanner_.where());
}

// The text of an element without the white space around it.
bool Reader::token(std::string_view& text, const char* expected) {
  if (!is_plain(expected)) return false;
  if (!scanner_.content(text)) return false;
  text = trimmed(text);
  return true;
}

bool Reader::boolean(bool& value) {
  std::string_view text;
  if (!token(text, "true or false")) return false;
  value = text == "true" || text == "1";
  return value || text == "false" || text == "0" || wrong(text, "true or false");
}

bool Reader::read_integer(std::string_view text, Integer& value) {
  std::string_view digits = text;
  value.negative = !digits.empty() && digits[0] == '-';
  if (!digits.empty() && (digits[0] == '-' || digits[0] == '+')) digits.remove_prefix(1);
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value.magnitude);
  if (error != std::errc{} || stop != end) return wrong(text, "an integer of 64 bits");
  count_from_minus_one(value);
  return true;
}

bool Reader::integer(Integer& value) {
  if (scanner_.plain_whole(value.magnitude, value.negative)) {
    count_from_minus_one(value);
    return true;
  }
  std::string_view text;
  return token(text, "an integer") && read_integer(text, value);
}

bool Reader::real(double& value, bool single) {
  float narrow;
  if (single ? scanner_.plain_real(narrow) : scanner_.plain_real(value)) {
    if (single) value = narrow;
    return true;
  }
  std::string_view text;
  if (!token(text, "a number")) return false;
  std::string_view number = text;
  if (number.size() > 1 && number[0] == '+' && number[1] != '-') number.remove_prefix(1);
  if (is_numeric(number)) {
    const bool fine = single ? parse_real<float>(number, value) : parse_real<double>(number, value);
    return fine || wrong(text, single ? "a number that f32 holds" : "a number that f64 holds");
  }
  using limits = std::numeric_limits<double>;
  if (text == "INF" || text == "+INF")
    value = limits::infinity();
  else if (text == "-INF")
    value = -limits::infinity();
  else if (text == "NaN")
    value = limits::quiet_NaN();
  else
    return wrong(text, "a number", "21.5, -1e-3, INF, -INF, NaN");
  return true;
}

bool Reader::decode_base64(std::string_view text) {
  // White space may stand anywhere in it.
  std::string packed;
  if (text.find_first_of(" \t\n\r") != std::string_view::npos) {
    packed.reserve(text.size());
    for (const char c : text) {
      if (!is(c, is_space)) packed += c;
    }
    text = packed;
  }
  return base::read_base64(text, bytes_) || wrong(text, "base64", "AQID is 01 02 03");
}

bool Reader::text(std::string_view& value) {
  if (scanner_.is_nil()) return named::not_expected(failure_, "nil", "text");
  const bool encoded = scanner_.is_base64();
  if (!scanner_.content(value)) return false;
  if (!encoded) return true;
  if (!decode_base64(value)) return false;
  value = as_text(bytes_);
  return base::is_utf8(value) || failure_.set(ErrorCode::decode, "the text is not valid UTF-8");
}

bool Reader::bytes(ByteView& value) {
  if (scanner_.is_nil()) return named::not_expected(failure_, "nil", "base64");
  std::string_view text;
  if (!scanner_.content(text) || !decode_base64(text)) return false;
  value = bytes_;
  return true;
}

bool Reader::time(std::int64_t& nanoseconds) {
  std::string_view text;
  if (!token(text, "a time")) return false;
  const auto time = from_rfc3339(text);
  if (!time) return wrong(text, "a time", "2026-11-22T10:24:48Z");
  nanoseconds = time->time_since_epoch().count();
  return true;
}

bool Reader::duration(std::int64_t& nanoseconds) {
  std::string_view text;
  return token(text, "a duration") &&
         (read_duration(text, nanoseconds) || wrong(text, "a duration", "1.5s, 500ms, 1h30m"));
}

bool Reader::decimal(Decimal& value) {
  std::string_view text;
  return token(text, "a decimal") &&
         (read_decimal(text, value) || wrong(text, "a decimal", "12.50"));
}

bool Reader::symbol(bool& is_text, std::string_view& symbol, Integer& value) {
  if (!token(symbol, "a symbol")) return false;
  is_text = !is_numeric(symbol);
  return is_text || read_integer(symbol, value);
}

bool Reader::end_entry(Container&) {
  bool more;
  if (!scanner_.close() || !scanner_.next_child(more)) return false;
  if (more) return scanner_.invalid("an entry holds one key and one value, nothing else");
  return scanner_.close();
}

bool Reader::begin_case(Container&, bool& none, std::string_view& name) {
  bool more;
  if (!is_plain("an element") || !scanner_.next_child(more)) return false;
  none = !more;
  name = scanner_.name();
  return true;
}

bool Reader::end_case(Container&) {
  bool more;
  if (!scanner_.close() || !scanner_.next_child(more)) return false;
  return !more || failure_.set(ErrorCode::wrong_value, "a second case",
                               "a union holds one, " + scanner_.where());
}

}  // namespace dts::format::xml
