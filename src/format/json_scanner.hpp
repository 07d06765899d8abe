// JSON scanner: the grammar of RFC 8259 over a text in memory, token by token, nothing lenient.
// Knows no types; the decoder asks for what it expects. Positions in errors are line and column.
// UTF-8 is checked once for the whole text before scanning. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <format/digits.hpp>
#include <format/named.hpp>
#include <format/plan.hpp>

namespace dts::format::json {

class Scanner {
 public:
  Scanner(std::string_view text, Failure& failure)
      : begin_(text.data()), at_(begin_), end_(begin_ + text.size()), failure_(failure) {}

  // The next character that is not white space, not consumed; 0 at the end.
  char peek() {
    if (at_<end_&& * at_> ' ') return *at_;
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r')) ++at_;
    return at_ < end_ ? *at_ : '\0';
  }
  bool accept(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  // `what` says what is expected, e.g. "',' or '}'".
  bool expect(char c, const char* what) { return accept(c) || expected(what); }
  bool expected(const char* what);

  // Between two elements, or behind the last: ',' gives more, `close` ends.
  bool more(char close, const char* what, bool& again) {
    again = accept(',');
    return again || expect(close, what);
  }

  // peek() is '"'. The text lives until the next call or as long as the input.
  bool string(std::string_view& text);
  // Passes over this string if it is the next and written without escapes.
  bool is_next(std::string_view word) {
    if (peek() != '"' || static_cast<std::size_t>(end_ - at_) < word.size() + 2 ||
        at_[word.size() + 1] != '"' || !named::same_name({at_ + 1, word.size()}, word))
      return false;
    at_ += word.size() + 2;
    return true;
  }

  // Short ways for what is written as usual. False: nothing was passed over, and the general way is
  // to be taken, which also says what is wrong.
  // `word` as it stands there, a name with its quotes and colon.
  bool passes(std::string_view word) {
    if (static_cast<std::size_t>(end_ - at_) < word.size() ||
        !named::same_name({at_, word.size()}, word))
      return false;
    at_ += word.size();
    return true;
  }
  template <class T>
  bool plain_real(T& number) {
    peek();
    return pass_to(read_plain_real(at_, end_, number));
  }
  // Neither a fraction nor an exponent; perhaps in quotes.
  bool plain_whole(std::uint64_t& magnitude, bool& negative, bool may_be_quoted) {
    const bool quoted = peek() == '"' && may_be_quoted;
    const char* at = at_ + quoted;
    negative = at != end_ && *at == '-';
    at = read_plain_whole(at + negative, end_, magnitude);
    if (at == nullptr) return false;
    if (!quoted) return (at == end_ || (*at != '.' && (*at | 0x20) != 'e')) && pass_to(at);
    return at != end_ && *at == '"' && pass_to(at + 1);
  }

  // A number as written; `whole` when it has neither fraction nor exponent.
  bool number(std::string_view& token, bool& whole);
  bool literal(std::string_view word);
  // Any value, all of it checked; `skipped` is its text.
  bool skip(Allowance& allowance, std::string_view& skipped);

  // Where the next token is looked for, to come back to.
  const char* mark() const { return at_; }
  void go_to(const char* mark) { at_ = mark; }

  // "a string", "an object", ... as peek() shows it.
  const char* what_is_next();
  bool at_end() { return peek() == '\0' && at_ == end_; }
  bool invalid(const char* why);

 private:
  bool pass_to(const char* behind) {
    if (behind == nullptr) return false;
    at_ = behind;
    return true;
  }
  bool escaped(std::string_view& text);
  bool escape(std::string& to);
  bool hex4(std::uint32_t& unit);
  bool skip_container(Allowance& allowance, char close);
  std::string where() const;

  const char* begin_;
  const char* at_;
  const char* end_;
  Failure& failure_;
  std::string scratch_;
};

}  // namespace dts::format::json
