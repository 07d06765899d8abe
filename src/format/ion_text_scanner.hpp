// Ion text scanner: the tokens of Ion's text notation over a text in memory. Knows no types; the
// reader asks for what it expects. Positions in errors are line and column. The text is valid
// UTF-8. S-expressions, with their operators, are recognised and read by nobody. One thread.
#pragma once

#include <string>
#include <string_view>

#include <dts/bytes.hpp>
#include <format/ion_scalar.hpp>
#include <format/plan.hpp>

namespace dts::format::ion {

enum class Token {
  end,
  null,
  boolean,
  integer,  // or decimal or real: number() tells
  special,  // nan, +inf, -inf
  timestamp,
  symbol,
  string,
  lob,
  list,
  sexp,
  structure,
  other,
};
const char* token_name(Token token);  // "a list"

// A number as it is written, without underscores.
struct NumberText {
  enum class Kind { integer, decimal, real } kind = Kind::integer;
  std::string text;  // for from_chars, in base 10 when it is no integer
  bool fits = true;  // `number` holds all of it; never for a real
  Number number;
};

struct MomentText {
  Moment moment;
  bool has_day = false, fine = true;  // fine: nothing finer than a nanosecond
};

class TextScanner {
 public:
  TextScanner(std::string_view text, Failure& failure)
      : begin_(text.data()), at_(begin_), end_(begin_ + text.size()), failure_(failure) {}

  bool blank();  // skips white space and comments
  // What is here, behind blank().
  Token look() const;
  char next() const { return at_ < end_ ? *at_ : '\0'; }
  bool at_end() const { return at_ == end_; }
  bool accept(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  bool expect(char c, const char* what) { return accept(c) || expected(what); }

  // Each reads the token that look() showed. Texts: until the next call, or in the input.
  bool null();
  std::string_view word();  // the letters, digits, _ and $ here
  bool special(double& value);
  bool number(NumberText& number);
  bool timestamp(MomentText& moment);
  bool string(std::string_view& text);
  bool symbol(std::string_view& text);
  bool lob(Bytes& bytes);
  // name:
  bool name(std::string_view& text);
  // text::, if that is what is here.
  bool annotation(bool& is_there, std::string_view& text);

  bool invalid(const char* why);
  bool expected(const char* what);
  using Position = const char*;
  Position position() const { return at_; }
  void go_to(Position position) { at_ = position; }

 private:
  bool starts_with(std::string_view text) const {
    return std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(text);
  }
  bool short_string(char quote, bool clob, std::string_view& text);
  bool long_string(bool clob);
  bool escape(bool clob);
  bool hex(int digits, std::uint32_t& value);
  bool code_point(std::uint32_t unit);
  bool digits(int base, std::string& to);
  bool fraction_and_exponent(NumberText& number, std::string& all);
  bool stops();
  bool part(std::size_t count, std::int64_t& value);
  bool second_fraction(MomentText& moment);
  bool offset(Moment& moment);
  bool base64(Bytes& bytes);
  bool clob(Bytes& bytes);
  std::string where() const;

  const char* begin_;
  const char* at_;
  const char* end_;
  Failure& failure_;
  std::string scratch_;
};

}  // namespace dts::format::ion
