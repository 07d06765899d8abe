// Scanner of the notation: words, numbers and signs on demand, for units and defaults are read raw;
// comments are collected as docs on the way. The text outlives it; one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace dts {

inline bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

inline std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) {
    text.remove_suffix(1);
  }
  return text;
}

struct Token {
  enum class Sort : std::uint8_t { word, number, sign, newline, end } sort;
  std::size_t offset;
  std::string_view text;
  bool is(char c) const { return sort == Sort::sign && text[0] == c; }
  bool is_word() const { return sort == Sort::word; }
};

// Words (dotted names), numbers, signs and line ends; comments are collected as docs on the way.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  Token peek() {
    skip_blank();
    return token_at(at_);
  }

  Token next() {
    const Token token = peek();
    at_ = token.offset + token.text.size();
    if (token.sort == Token::Sort::newline) {
      // An empty line parts a comment from what follows.
      if (at_line_start_) above_.clear();
      trailing_.clear();
      at_line_start_ = true;
    } else {
      at_line_start_ = false;
    }
    return token;
  }

  bool accept(char c) {
    if (!peek().is(c)) return false;
    next();
    return true;
  }

  void skip_newlines() {
    while (peek().sort == Token::Sort::newline) next();
  }

  // From a '[' to its ']' on the same line, both left out; nullopt: there is no end.
  std::optional<Token> bracketed() {
    int open = 0;
    for (std::size_t i = at_; i < text_.size() && text_[i] != '\n'; ++i) {
      open += text_[i] == '[' ? 1 : text_[i] == ']' ? -1 : 0;
      if (open > 0) continue;
      const Token inside{Token::Sort::word, at_ + 1, text_.substr(at_ + 1, i - at_ - 1)};
      at_ = i + 1;
      return inside;
    }
    return std::nullopt;
  }

  // All up to a blank or a sign that cannot be in a quantity tag.
  Token tag() {
    std::size_t i = at_;
    while (i < text_.size() &&
           (is_letter(text_[i]) || is_digit(text_[i]) || text_[i] == '.' || text_[i] == '-')) {
      ++i;
    }
    const Token token{Token::Sort::word, at_, text_.substr(at_, i - at_)};
    at_ = i;
    return token;
  }

  // A default ends at a comma, the line, a comment or the closing brace; those inside brackets and
  // quotes belong to it.
  Token default_text() {
    skip_blank();
    int open = 0;
    bool quoted = false;
    std::size_t i = at_;
    for (; i < text_.size(); ++i) {
      const char c = text_[i];
      if (quoted) {
        if (c == '\n') break;
        if (c == '\\') ++i;
        if (c == '"') quoted = false;
        continue;
      }
      if (c == '"') quoted = true;
      if (c == '[' || c == '(' || c == '{') ++open;
      if (open == 0 && (c == ',' || c == '\n' || c == '}')) break;
      if (open == 0 && text_.substr(i, 2) == "//") break;
      if (c == ']' || c == ')' || c == '}') --open;
    }
    const std::size_t from = at_;
    at_ = std::min(i, text_.size());
    return {Token::Sort::word, from, trimmed(text_.substr(from, at_ - from))};
  }

  // The comment lines directly above, one per line.
  std::string take_above() { return std::exchange(above_, {}); }
  // The comment that ends the current line, if it has one and nothing else stands before it.
  std::string take_trailing() {
    peek();
    return std::exchange(trailing_, {});
  }
  void forget_comments() {
    above_.clear();
    trailing_.clear();
  }

 private:
  void skip_blank() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == ' ' || c == '\t' || c == '\r') {
        ++at_;
      } else if (text_.substr(at_, 2) == "//") {
        comment();
      } else {
        return;
      }
    }
  }

  void comment() {
    const std::size_t end = std::min(text_.find('\n', at_), text_.size());
    std::string_view line = text_.substr(at_ + 2, end - at_ - 2);
    if (!line.empty() && line.front() == ' ') line.remove_prefix(1);
    while (!line.empty() && (line.back() == ' ' || line.back() == '\t' || line.back() == '\r')) {
      line.remove_suffix(1);
    }
    if (at_line_start_) {
      if (!above_.empty()) above_ += '\n';
      above_ += line;
      at_line_start_ = false;  // the line is not empty
    } else {
      trailing_ = line;
    }
    at_ = end;
  }

  Token token_at(std::size_t at) const {
    if (at >= text_.size()) return {Token::Sort::end, text_.size(), {}};
    const char c = text_[at];
    std::size_t i = at + 1;
    if (c == '\n') return {Token::Sort::newline, at, text_.substr(at, 1)};
    if (is_letter(c)) {
      const auto more = [&](std::size_t k) {
        return is_letter(text_[k]) || is_digit(text_[k]) ||
               (text_[k] == '.' && k + 1 < text_.size() && is_letter(text_[k + 1]));
      };
      while (i < text_.size() && more(i)) ++i;
      return {Token::Sort::word, at, text_.substr(at, i - at)};
    }
    if (is_digit(c) || c == '-') {
      while (i < text_.size() && (is_letter(text_[i]) || is_digit(text_[i]))) ++i;
      return {Token::Sort::number, at, text_.substr(at, i - at)};
    }
    while (i < text_.size() && (text_[i] & 0xc0) == 0x80) ++i;  // a whole character
    return {Token::Sort::sign, at, text_.substr(at, i - at)};
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool at_line_start_ = true;
  std::string above_, trailing_;
};

}  // namespace dts
