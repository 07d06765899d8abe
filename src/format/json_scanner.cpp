#include <format/json_scanner.hpp>

#include <base/endian.hpp>
#include <base/hex.hpp>
#include <base/text.hpp>
#include <format/text_place.hpp>

namespace dts::format::json {

namespace {
// How many of eight characters come before a quote, a backslash or a control character. In each
// byte of x - n the top bit tells that x < n (if x < 0x80); a borrow spoils only what lies above.
std::size_t plain_of(const char* eight) {
  constexpr std::uint64_t each = 0x0101010101010101, top = 0x8080808080808080;
  const auto x = base::load<std::uint64_t>(eight);
  const auto is_zero = [](std::uint64_t y) { return (y - each) & ~y; };
  const std::uint64_t found =
      (is_zero(x ^ each * '"') | is_zero(x ^ each * '\\') | ((x - each * 0x20) & ~x)) & top;
  return found == 0 ? 8 : static_cast<std::size_t>(__builtin_ctzll(found)) / 8;
}

}  // namespace

std::string Scanner::where() const {
  return place_behind({begin_, static_cast<std::size_t>(at_ - begin_)});
}

bool Scanner::invalid(const char* why) {
  return failure_.set(ErrorCode::decode, "not valid JSON", std::string(why) + " " + where());
}

bool Scanner::expected(const char* what) {
  peek();
  std::string found = "the end";
  if (at_ < end_) found = "'" + base::printable(std::string_view(at_, 1)) + "'";
  return failure_.set(ErrorCode::decode, "not valid JSON",
                      std::string(what) + " expected, not " + found + ", " + where());
}

bool Scanner::string(std::string_view& text) {
  if (peek() != '"') return expected("a string");
  const char* start = ++at_;
  for (std::size_t plain = 8; plain == 8 && end_ - at_ >= 8; at_ += plain) plain = plain_of(at_);
  while (at_ < end_) {
    const auto c = static_cast<unsigned char>(*at_);
    if (c == '"') {
      text = {start, static_cast<std::size_t>(at_ - start)};
      ++at_;
      return true;
    }
    if (c == '\\') {
      scratch_.assign(start, at_);
      return escaped(text);
    }
    if (c < 0x20) return invalid("a control character in a string");
    ++at_;
  }
  return invalid("a string without an end");
}

// The rest of a string from its first backslash on, into scratch_.
bool Scanner::escaped(std::string_view& text) {
  while (at_ < end_) {
    const char c = *at_++;
    if (c == '"') {
      text = scratch_;
      return true;
    }
    if (static_cast<unsigned char>(c) < 0x20) return invalid("a control character in a string");
    if (c != '\\') {
      scratch_ += c;
    } else if (!escape(scratch_)) {
      return false;
    }
  }
  return invalid("a string without an end");
}

bool Scanner::hex4(std::uint32_t& unit) {
  unit = 0;
  if (end_ - at_ < 4) return invalid("\\u needs four hex digits");
  for (int i = 0; i < 4; ++i) {
    const int digit = base::hex_digit(*at_++);
    if (digit < 0) return invalid("\\u needs four hex digits");
    unit = unit << 4 | static_cast<std::uint32_t>(digit);
  }
  return true;
}

// What follows a backslash.
bool Scanner::escape(std::string& to) {
  if (at_ == end_) return invalid("a string without an end");
  switch (*at_++) {
    case '"':
      to += '"';
      return true;
    case '\\':
      to += '\\';
      return true;
    case '/':
      to += '/';
      return true;
    case 'b':
      to += '\b';
      return true;
    case 'f':
      to += '\f';
      return true;
    case 'n':
      to += '\n';
      return true;
    case 'r':
      to += '\r';
      return true;
    case 't':
      to += '\t';
      return true;
    case 'u':
      break;
    default:
      return invalid("an unknown escape in a string");
  }
  std::uint32_t point, low;
  if (!hex4(point)) return false;
  if (point >= 0xd800 && point < 0xe000) {  // half of a pair of UTF-16 units
    if (point >= 0xdc00 || end_ - at_ < 2 || at_[0] != '\\' || at_[1] != 'u')
      return invalid("half a surrogate pair");
    at_ += 2;
    if (!hex4(low)) return false;
    if (low < 0xdc00 || low > 0xdfff) return invalid("half a surrogate pair");
    point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
  }
  base::append_utf8(to, point);
  return true;
}

bool Scanner::number(std::string_view& token, bool& whole) {
  peek();
  const char* start = at_;
  whole = true;
  const auto digits = [this] {
    const char* first = at_;
    while (at_ < end_ && is_digit(*at_)) ++at_;
    return at_ > first;
  };
  if (at_ < end_ && *at_ == '-') ++at_;
  const bool zero = at_ < end_ && *at_ == '0';
  if (!digits()) return expected("a number");
  if (zero && at_ - start > (*start == '-' ? 2 : 1)) return invalid("a number that starts with 0");
  if (at_ < end_ && *at_ == '.') {
    ++at_;
    whole = false;
    if (!digits()) return expected("a digit");
  }
  if (at_ < end_ && (*at_ == 'e' || *at_ == 'E')) {
    ++at_;
    whole = false;
    if (at_ < end_ && (*at_ == '+' || *at_ == '-')) ++at_;
    if (!digits()) return expected("a digit");
  }
  token = {start, static_cast<std::size_t>(at_ - start)};
  return true;
}

bool Scanner::literal(std::string_view word) {
  peek();
  if (static_cast<std::size_t>(end_ - at_) < word.size() ||
      std::string_view(at_, word.size()) != word) {
    return expected("a value");
  }
  at_ += word.size();
  return true;
}

bool Scanner::skip(Allowance& allowance, std::string_view& skipped) {
  const char c = peek();
  const char* start = at_;
  bool fine, whole;
  std::string_view token;
  switch (c) {
    case '"':
      fine = string(token);
      break;
    case 't':
      fine = literal("true");
      break;
    case 'f':
      fine = literal("false");
      break;
    case 'n':
      fine = literal("null");
      break;
    case '{':
    case '[':
      ++at_;
      if (!allowance.enter(failure_)) return false;
      fine = skip_container(allowance, c == '{' ? '}' : ']');
      allowance.leave();
      break;
    default:
      fine = c == '-' || is_digit(c) ? number(token, whole) : expected("a value");
  }
  skipped = {start, static_cast<std::size_t>(at_ - start)};
  return fine;
}

bool Scanner::skip_container(Allowance& allowance, char close) {
  if (accept(close)) return true;
  std::string_view token;
  for (bool again = true; again;) {
    if (close == '}' && (!string(token) || !expect(':', "':'"))) return false;
    if (!skip(allowance, token)) return false;
    if (!more(close, close == '}' ? "',' or '}'" : "',' or ']'", again)) return false;
  }
  return true;
}

const char* Scanner::what_is_next() {
  switch (peek()) {
    case '"':
      return "a string";
    case '{':
      return "an object";
    case '[':
      return "a list";
    case 't':
    case 'f':
      return "true or false";
    case 'n':
      return "null";
    case '\0':
      return "nothing";
    default:
      return "a number";
  }
}

}  // namespace dts::format::json
