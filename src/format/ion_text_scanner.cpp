#include <format/ion_text_scanner.hpp>

#include <charconv>
#include <limits>

#include <base/base64.hpp>
#include <base/hex.hpp>
#include <base/text.hpp>
#include <format/ion_symbols.hpp>
#include <format/spelling.hpp>
#include <format/text_place.hpp>

namespace dts::format::ion {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
}
bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
// Of a string: white space that is not the end of a line is text.
bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\v' && c != '\f';
}

}  // namespace

const char* token_name(Token token) {
  static const char* const names[] = {"the end",
                                      "null",
                                      "a bool",
                                      "a number",
                                      "a float",
                                      "a timestamp",
                                      "a symbol",
                                      "a string",
                                      "a blob",
                                      "a list",
                                      "an s-expression",
                                      "a struct",
                                      "something that is no value"};
  return names[static_cast<std::size_t>(token)];
}

std::string TextScanner::where() const {
  return place_behind({begin_, static_cast<std::size_t>(at_ - begin_)});
}

bool TextScanner::invalid(const char* why) {
  return failure_.set(ErrorCode::decode, "not valid Ion", std::string(why) + ", " + where());
}

bool TextScanner::expected(const char* what) {
  std::string found = "the end";
  if (at_ < end_) found = "'" + base::printable(std::string_view(at_, 1)) + "'";
  return failure_.set(ErrorCode::decode, "not valid Ion",
                      std::string(what) + " expected, not " + found + ", " + where());
}

bool TextScanner::blank() {
  for (;;) {
    while (at_ < end_ && is_blank(*at_)) ++at_;
    if (starts_with("//")) {
      while (at_ < end_ && *at_ != '\n' && *at_ != '\r') ++at_;
    } else if (starts_with("/*")) {
      const std::string_view rest(at_, static_cast<std::size_t>(end_ - at_));
      const std::size_t close = rest.find("*/", 2);
      if (close == rest.npos) return invalid("a comment without an end");
      at_ += close + 2;
    } else {
      return true;
    }
  }
}

Token TextScanner::look() const {
  if (at_ == end_) return Token::end;
  const char c = *at_;
  const auto digit_at = [this](int i) { return end_ - at_ > i && is_digit(at_[i]); };
  if (is_digit(c)) {
    const bool year = digit_at(1) && digit_at(2) && digit_at(3) && end_ - at_ > 4;
    return year && (at_[4] == '-' || at_[4] == 'T') ? Token::timestamp : Token::integer;
  }
  if (is_letter(c)) {
    const std::string_view word = const_cast<TextScanner*>(this)->word();
    const_cast<TextScanner*>(this)->at_ -= word.size();
    if (word == "null") return Token::null;
    if (word == "true" || word == "false") return Token::boolean;
    return word == "nan" ? Token::special : Token::symbol;
  }
  switch (c) {
    case '"':
      return Token::string;
    case '\'':
      return starts_with("'''") ? Token::string : Token::symbol;
    case '{':
      return starts_with("{{") ? Token::lob : Token::structure;
    case '[':
      return Token::list;
    case '(':
      return Token::sexp;
    case '-':
      return starts_with("-inf") ? Token::special : digit_at(1) ? Token::integer : Token::other;
    case '+':
      return starts_with("+inf") ? Token::special : Token::other;
    default:
      return Token::other;
  }
}

std::string_view TextScanner::word() {
  const char* from = at_;
  while (at_ < end_ && (is_letter(*at_) || is_digit(*at_))) ++at_;
  return {from, static_cast<std::size_t>(at_ - from)};
}

// null, or null.int: what it would have been does not matter.
bool TextScanner::null() {
  word();
  if (!accept('.')) return true;
  const std::string_view type = word();
  for (const char* known : {"null", "bool", "int", "float", "decimal", "timestamp", "symbol",
                            "string", "clob", "blob", "list", "sexp", "struct"}) {
    if (type == known) return true;
  }
  return invalid("null of a type that Ion does not have");
}

bool TextScanner::special(double& value) {
  value = std::numeric_limits<double>::quiet_NaN();
  if (is_letter(*at_)) {
    word();
    return stops();
  }
  value = std::numeric_limits<double>::infinity();
  if (*at_ == '-') value = -value;
  at_ += 4;
  return stops();
}

// ---- numbers ------------------------------------------------------------------------------------

// A number ends where something begins that cannot be part of one.
bool TextScanner::stops() {
  if (at_ == end_ || is_blank(*at_) || starts_with("//") || starts_with("/*")) return true;
  return std::string_view("{}[](),\"'").find(*at_) != std::string_view::npos ||
         invalid("something that follows a number at once");
}

bool TextScanner::digits(int base, std::string& to) {
  const auto is_one = [base](char c) {
    return base == 16 ? base::hex_digit(c) >= 0 : base == 2 ? c == '0' || c == '1' : is_digit(c);
  };
  if (at_ == end_ || !is_one(*at_)) return expected("a digit");
  while (at_ < end_) {
    if (is_one(*at_)) {
      to += *at_++;
    } else if (*at_ == '_' && end_ - at_ > 1 && is_one(at_[1])) {
      ++at_;
    } else {
      break;
    }
  }
  return true;
}

bool TextScanner::number(NumberText& number) {
  number = {};
  std::string all;  // every digit of the coefficient
  int base = 10;
  number.number.negative = accept('-');
  if (starts_with("0x") || starts_with("0X") || starts_with("0b") || starts_with("0B")) {
    base = (at_[1] | 0x20) == 'x' ? 16 : 2;
    at_ += 2;
    if (!digits(base, all)) return false;
  } else {
    if (!digits(10, all)) return false;
    if (all.size() > 1 && all[0] == '0') return invalid("a number with a zero in front");
    if (number.number.negative) number.text = "-";
    number.text += all;
    if (!fraction_and_exponent(number, all)) return false;
  }
  const char* end = all.data() + all.size();
  const auto [stop, error] = std::from_chars(all.data(), end, number.number.coefficient, base);
  number.fits = error == std::errc{} && stop == end;
  return stops();
}

bool TextScanner::fraction_and_exponent(NumberText& number, std::string& all) {
  using Kind = NumberText::Kind;
  std::int64_t fraction = 0;
  if (accept('.')) {
    number.kind = Kind::decimal;
    if (is_digit(next())) {
      const std::size_t whole = all.size();
      if (!digits(10, all)) return false;
      fraction = static_cast<std::int64_t>(all.size() - whole);
      number.text += '.';
      number.text.append(all, whole);
    }
  }
  const char mark = static_cast<char>(next() | 0x20);
  if (mark == 'e' || mark == 'd') {
    number.kind = mark == 'e' ? Kind::real : Kind::decimal;
    ++at_;
    std::string exponent;
    if (accept('-'))
      exponent = "-";
    else
      accept('+');
    while (is_digit(next())) exponent += *at_++;
    const char* end = exponent.data() + exponent.size();
    std::int32_t value;
    const auto [stop, error] = std::from_chars(exponent.data(), end, value);
    if (error != std::errc{} || stop != end) return invalid("an exponent that is none");
    number.text += "e" + exponent;
    number.number.exponent = value;
  }
  number.number.exponent -= fraction;
  return true;
}

bool TextScanner::part(std::size_t count, std::int64_t& value) {
  value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (!is_digit(next())) return expected("a digit");
    value = value * 10 + (*at_++ - '0');
  }
  return true;
}

// 2026T, 2026-11T, 2026-11-22, 2026-11-22T10:24Z, 2026-11-22T10:24:48.5+01:00
bool TextScanner::timestamp(MomentText& text) {
  text = {};
  Moment& moment = text.moment;
  if (!part(4, moment.year)) return false;
  if (accept('T')) return stops();
  if (!expect('-', "'-'") || !part(2, moment.month)) return false;
  if (accept('T')) return stops();
  if (!expect('-', "'-'") || !part(2, moment.day)) return false;
  text.has_day = true;
  if (!accept('T') || !is_digit(next())) return stops();
  if (!part(2, moment.hour) || !expect(':', "':'") || !part(2, moment.minute)) return false;
  if (accept(':') && (!part(2, moment.second) || !second_fraction(text))) return false;
  return offset(moment) && stops();
}

bool TextScanner::second_fraction(MomentText& text) {
  if (!accept('.')) return true;
  if (!is_digit(next())) return expected("a digit");
  for (std::uint32_t place = 100000000; is_digit(next()); ++at_, place /= 10) {
    text.moment.nanosecond += place * static_cast<std::uint32_t>(*at_ - '0');
    if (place == 0 && *at_ != '0') text.fine = false;
  }
  return true;
}

bool TextScanner::offset(Moment& moment) {
  if (accept('Z')) return true;
  const bool behind = next() == '-';
  std::int64_t hours, minutes;
  if (!behind && next() != '+') return expected("Z or an offset");
  ++at_;
  if (!part(2, hours) || !expect(':', "':'") || !part(2, minutes)) return false;
  if (hours > 23 || minutes > 59) return invalid("an offset that is none");
  moment.offset = (behind ? -1 : 1) * (hours * 60 + minutes);
  return true;
}

// ---- strings, symbols, blobs --------------------------------------------------------------------

// Behind the opening quote.
bool TextScanner::short_string(char quote, bool clob, std::string_view& text) {
  const char* from = at_;
  bool escaped = false;
  for (; at_ < end_ && *at_ != quote; ++at_) {
    if (*at_ == '\\') {
      if (!escaped) scratch_.assign(from, at_);
      escaped = true;
      ++at_;
      if (!escape(clob)) return false;
      --at_;
      continue;
    }
    if (is_control(*at_) || (clob && (*at_ & 0x80) != 0))
      return invalid("a character that a string cannot hold");
    if (escaped) scratch_ += *at_;
  }
  if (at_ == end_) return invalid("a string without an end");
  text = escaped ? std::string_view(scratch_)
                 : std::string_view(from, static_cast<std::size_t>(at_ - from));
  ++at_;
  return true;
}

// Behind the opening '''; appends to scratch_.
bool TextScanner::long_string(bool clob) {
  while (at_ < end_) {
    if (starts_with("'''")) {
      at_ += 3;
      return true;
    }
    const char c = *at_++;
    if (c == '\\') {
      if (!escape(clob)) return false;
    } else if (c == '\r' || c == '\n') {  // a line ends with one \n, however it is written
      if (c == '\r') accept('\n');
      scratch_ += '\n';
    } else if (is_control(c) || (clob && (c & 0x80) != 0)) {
      return invalid("a character that a string cannot hold");
    } else {
      scratch_ += c;
    }
  }
  return invalid("a string without an end");
}

bool TextScanner::hex(int digits, std::uint32_t& value) {
  for (value = 0; digits > 0; --digits, ++at_) {
    const int digit = at_ < end_ ? base::hex_digit(*at_) : -1;
    if (digit < 0) return expected("a hex digit");
    value = value << 4 | static_cast<std::uint32_t>(digit);
  }
  return true;
}

bool TextScanner::code_point(std::uint32_t unit) {
  if (unit >= 0xd800 && unit < 0xdc00 && starts_with("\\u")) {
    at_ += 2;
    std::uint32_t low;
    if (!hex(4, low)) return false;
    if (low < 0xdc00 || low > 0xdfff) return invalid("half a surrogate pair");
    unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
  }
  if (unit > 0x10ffff || (unit >= 0xd800 && unit < 0xe000))
    return invalid("an escape that is no character");
  base::append_utf8(scratch_, unit);
  return true;
}

// Behind the backslash.
bool TextScanner::escape(bool clob) {
  if (at_ == end_) return invalid("a string without an end");
  static constexpr std::string_view letters = "0abtnfrv\"'?\\/";
  static constexpr std::string_view meanings("\0\a\b\t\n\f\r\v\"'?\\/", 13);
  const char c = *at_++;
  if (const std::size_t found = letters.find(c); found != letters.npos) {
    scratch_ += meanings[found];
    return true;
  }
  std::uint32_t value;
  switch (c) {
    case '\r':
      accept('\n');
      return true;
    case '\n':
      return true;
    case 'x':
      if (!hex(2, value)) return false;
      if (!clob) return code_point(value);
      scratch_ += static_cast<char>(value);
      return true;
    case 'u':
    case 'U':
      if (clob) return invalid("an escape that a clob does not have");
      return hex(c == 'u' ? 4 : 8, value) && code_point(value);
    default:
      return invalid("an escape that Ion does not have");
  }
}

bool TextScanner::string(std::string_view& text) {
  if (accept('"')) return short_string('"', false, text);
  scratch_.clear();
  for (;;) {  // '''pieces''' '''of one'''
    at_ += 3;
    if (!long_string(false)) return false;
    const Position behind = at_;
    if (!blank()) return false;
    if (starts_with("'''")) continue;
    at_ = behind;
    text = scratch_;
    return true;
  }
}

bool TextScanner::symbol(std::string_view& text) {
  if (accept('\'')) return short_string('\'', false, text);
  text = word();
  if (text.size() < 2 || text[0] != '$' || !is_digit(text[1])) return true;
  // $10: by number. The system's have a text.
  std::uint32_t id = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + 1, end, id);
  if (stop != end) return true;  // $1a is a name like any other
  if (error != std::errc{} || id == 0 || id >= system_symbols.size())
    return invalid("a symbol without text");
  text = system_symbols[id];
  return true;
}

bool TextScanner::name(std::string_view& text) {
  const Token token = look();
  if (token != Token::string && token != Token::symbol) return expected("a name");
  if (!(token == Token::string ? string(text) : symbol(text))) return false;
  if (!blank() || !expect(':', "':'")) return false;
  return next() != ':' || invalid("an annotation where a name is expected");
}

bool TextScanner::annotation(bool& is_there, std::string_view& text) {
  is_there = false;
  if (look() != Token::symbol) return true;
  const Position from = at_;
  if (!symbol(text) || !blank()) return false;
  is_there = starts_with("::");
  at_ = is_there ? at_ + 2 : from;
  return true;
}

// {{ base64 }}, or {{ "text" }} or {{ '''text''' }}. No comments.
bool TextScanner::lob(Bytes& bytes) {
  at_ += 2;
  while (at_ < end_ && is_blank(*at_)) ++at_;
  if (next() == '"' || next() == '\'' ? !clob(bytes) : !base64(bytes)) return false;
  while (at_ < end_ && is_blank(*at_)) ++at_;
  return expect('}', "'}}'") && expect('}', "'}}'");
}

bool TextScanner::clob(Bytes& bytes) {
  std::string_view text;
  if (accept('"')) {
    if (!short_string('"', true, text)) return false;
  } else {
    if (!starts_with("'''")) return expected("a string");
    scratch_.clear();
    while (starts_with("'''")) {
      at_ += 3;
      if (!long_string(true)) return false;
      while (at_ < end_ && is_blank(*at_)) ++at_;
    }
    text = scratch_;
  }
  bytes.assign(text.begin(), text.end());
  return true;
}

bool TextScanner::base64(Bytes& bytes) {
  scratch_.clear();
  for (; at_ < end_ && *at_ != '}'; ++at_) {
    if (is_blank(*at_)) continue;
    if (*at_ == '-' || *at_ == '_') return invalid("a blob that is not base64");
    scratch_ += *at_;
  }
  return (scratch_.size() % 4 == 0 && base::read_base64(scratch_, bytes)) ||
         invalid("a blob that is not base64");
}

}  // namespace dts::format::ion
