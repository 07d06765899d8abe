// JSON scanner: the grammar of RFC 8259 over a text in memory, token by token, nothing lenient.
// Knows no types; the decoder asks for what it expects. Positions in errors are line and column.
// UTF-8 is checked once for the whole text before scanning. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <format/named.hpp>
#include <format/plan.hpp>

namespace dts::format::json {

class Scanner {
 public:
  Scanner(std::string_view text, Failure& failure)
      : begin_(text.data()), at_(begin_), end_(begin_ + text.size()), failure_(failure) {}

  // The next character that is not white space, not consumed; 0 at the end.
  char peek() {
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
