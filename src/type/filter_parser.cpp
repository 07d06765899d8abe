// Parsing of filter expressions: a scanner that is asked for operands and signs, and
// a recursive descent over it whose depth is bounded.
#include <type/filter_tree.hpp>

#include <algorithm>
#include <array>
#include <optional>

#include <base/hex.hpp>
#include <base/text.hpp>
#include <dts/filter.hpp>

namespace dts {

namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

struct Span {
  std::size_t offset = 0, length = 0;
};

class Scanner {
 public:
  explicit Scanner(const SourceText& source) : source_(source), text_(source.text()) {}

  Error error(Span span, std::string what, std::string hint = {}) const {
    return source_.error(span.offset, span.length, std::move(what), std::move(hint),
                         ErrorCode::filter);
  }
  std::size_t at() {
    skip_blank();
    return at_;
  }
  std::size_t end() const { return last_; }  // of what was read last
  bool done() { return at() >= text_.size(); }

  // Is a word or sign next? Words end where no letter follows.
  bool sees(std::string_view wanted) {
    const std::string_view rest = text_.substr(at());
    if (!rest.starts_with(wanted)) return false;
    return !is_letter(wanted[0]) || rest.size() == wanted.size() || !continues_word(rest, wanted);
  }
  bool accept(std::string_view wanted) {
    if (!sees(wanted)) return false;
    take(wanted.size());
    return true;
  }

  // What is next, for messages: a word, or one character.
  Span next_span() {
    const std::size_t from = at();
    std::size_t to = from;
    while (to < text_.size() && (is_letter(text_[to]) || is_digit(text_[to]))) ++to;
    if (to == from && to < text_.size()) ++to;
    while (to < text_.size() && (text_[to] & 0xc0) == 0x80) ++to;
    return {from, to - from};
  }
  std::string found() {
    const Span span = next_span();
    if (span.length == 0) return "the expression ends";
    return "\"" + base::printable(text_.substr(span.offset, span.length)) + "\" is here";
  }

  // `<=` and the like; an error for the spellings of other languages.
  Result<const FilterRelation*> relation() {
    const std::string_view rest = text_.substr(at());
    const Span two{at_, 2}, one{at_, 1};
    if (rest.starts_with("===")) return error({at_, 3}, "there is no ===", "==");
    if (rest.starts_with("<>")) return error(two, "there is no <>", "!=");
    if (rest.starts_with("=<") || rest.starts_with("=>"))
      return error(two, "there is no " + std::string(rest.substr(0, 2)),
                   rest[1] == '<' ? "<=" : ">=");
    for (const std::size_t size : {std::size_t{2}, std::size_t{1}}) {
      const FilterRelation* found = find_relation(rest.substr(0, size));
      if (found == nullptr) continue;
      take(found->text.size());
      return found;
    }
    if (rest.starts_with("=")) return error(one, "there is no =", "==");
    return nullptr;
  }

  Result<FilterOperand> operand() {
    const std::size_t from = at();
    DTS_ASSIGN(FilterOperand operand, operand_here());
    operand.offset = from;
    operand.length = last_ - from;
    return operand;
  }

 private:
  void skip_blank() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }
  void take(std::size_t size) { last_ = at_ += size; }
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  // `not.x`, `in_use` and the like are paths.
  static bool continues_word(std::string_view rest, std::string_view word) {
    const char next = rest[word.size()];
    return is_letter(next) || is_digit(next) || next == '.';
  }

  Result<FilterOperand> operand_here() {
    using Sort = FilterOperand::Sort;
    const char c = peek();
    if (c == '"' || c == '\'') return quoted();
    if (is_digit(c) || ((c == '-' || c == '+') && is_digit(peek(1)))) return literal();
    if (c == '.' && is_letter(peek(1))) {
      take(1);
      return path();
    }
    if (accept("true")) return FilterOperand{Sort::truth, "true", {}};
    if (accept("false")) return FilterOperand{Sort::truth, "false", {}};
    if (accept("now")) return now();
    for (const std::string_view word : filter_words())
      if (sees(word))
        return error(next_span(),
                     "\"" + std::string(word) + "\" is a word of the language, not a field",
                     "a field of this name is written ." + std::string(word));
    if (is_letter(c)) return path();
    std::string hint;
    if (c == '.' && is_digit(peek(1))) hint = "0" + std::string(text_.substr(at_, 2));
    return error(next_span(), "a field, a number or a text is expected, but " + found(),
                 std::move(hint));
  }

  // Words, indexes and keys in quotes, joined by dots, as Value::at reads them.
  Result<FilterOperand> path() {
    std::size_t to = at_;
    for (;;) {
      if (to < text_.size() && text_[to] == '"') {
        const std::size_t close = text_.find('"', to + 1);
        if (close == std::string_view::npos)
          return error({to, 1}, "a quote in the path is not closed");
        to = close + 1;
      } else {
        while (to < text_.size() && (is_letter(text_[to]) || is_digit(text_[to]))) ++to;
      }
      if (to + 1 >= text_.size() || text_[to] != '.') break;
      const char next = text_[to + 1];
      if (!is_letter(next) && !is_digit(next) && next != '"') break;
      ++to;
    }
    FilterOperand operand{FilterOperand::Sort::path, std::string(text_.substr(at_, to - at_)), {}};
    take(to - at_);
    return operand;
  }

  // now, now - 5m
  Result<FilterOperand> now() {
    FilterOperand operand{FilterOperand::Sort::now, {}, {}};
    const std::size_t named = last_;
    skip_blank();
    const char sign = peek();
    if (sign != '-' && sign != '+') {
      last_ = named;
      return operand;
    }
    take(1);
    skip_blank();
    const std::size_t from = at_;
    if (!is_digit(peek()))
      return error(next_span(), "a duration is expected after now " + std::string(1, sign),
                   "now " + std::string(1, sign) + " 5m");
    DTS_ASSIGN(const FilterOperand length, literal());
    const std::string text = length.text + length.unit;
    const Result<Duration> duration = length.sort == FilterOperand::Sort::number
                                          ? duration_from_text(text)
                                          : Error(ErrorCode::filter, "it is not a duration");
    if (!duration)
      return error({from, last_ - from}, "\"" + base::printable(text) + "\" is not a duration",
                   "now - 1h30m");
    operand.text = (sign == '-' ? "-" : "+") + to_text(*duration);
    return operand;
  }

  // A time, bytes, or a number with its unit.
  Result<FilterOperand> literal() {
    if (peek() == '0' && (peek(1) == 'x' || peek(1) == 'X')) return bytes();
    if (is_time()) {
      std::size_t to = at_;
      while (to < text_.size() && (is_digit(text_[to]) || is_letter(text_[to]) ||
                                   std::string_view(":.+-").find(text_[to]) != std::string::npos))
        ++to;
      const Span span{at_, to - at_};
      FilterOperand time{FilterOperand::Sort::time, std::string(text_.substr(at_, to - at_)), {}};
      take(to - at_);
      const Result<Time> read = from_rfc3339(time.text);
      if (!read) return error(span, "\"" + time.text + "\" is not a time", "2026-11-22T10:00:00Z");
      time.text = to_rfc3339(*read);
      return time;
    }
    return number();
  }

  bool is_time() const {  // dddd-dd-ddT
    for (std::size_t i = 0; i < 10; ++i)
      if (i == 4 || i == 7 ? peek(i) != '-' : !is_digit(peek(i))) return false;
    return peek(10) == 'T' || peek(10) == 't';
  }

  Result<FilterOperand> bytes() {
    std::size_t to = at_ + 2;
    while (to < text_.size() && base::hex_digit(text_[to]) >= 0) ++to;
    const Span span{at_, to - at_};
    FilterOperand operand{FilterOperand::Sort::bytes, "0x", {}};
    for (std::size_t i = at_ + 2; i < to; ++i)
      operand.text +=
          static_cast<char>(text_[i] >= 'A' && text_[i] <= 'F' ? text_[i] + 32 : text_[i]);
    if (span.length % 2 != 0) return error(span, "bytes have two hex digits each", "0x0aff");
    take(span.length);
    return operand;
  }

  // -18.5, 1e-3; then the unit, attached or after a blank: 64[degF], 0.8 bar
  Result<FilterOperand> number() {
    const std::size_t from = at_;
    std::size_t to = at_;
    const auto digits = [&] {
      while (to < text_.size() && is_digit(text_[to])) ++to;
    };
    if (text_[to] == '-' || text_[to] == '+') ++to;
    digits();
    if (to + 1 < text_.size() && text_[to] == '.' && is_digit(text_[to + 1])) {
      ++to;
      digits();
    }
    if (to < text_.size() && (text_[to] == 'e' || text_[to] == 'E')) {
      std::size_t exponent = to + 1;
      if (exponent < text_.size() && (text_[exponent] == '-' || text_[exponent] == '+')) ++exponent;
      if (exponent < text_.size() && is_digit(text_[exponent])) {
        to = exponent;
        digits();
      }
    }
    const std::size_t first = text_[from] == '+' ? from + 1 : from;
    FilterOperand operand{
        FilterOperand::Sort::number, std::string(text_.substr(first, to - first)), {}};
    take(to - at_);
    DTS_ASSIGN(operand.unit, unit());
    return operand;
  }

  // All up to a blank, a comma, a comparison or a parenthesis that is not the unit's own. In
  // brackets and braces everything belongs to it.
  Result<std::string> unit() {
    const std::size_t number_end = last_;
    skip_blank();
    const char first = peek();
    const bool attached = at_ == number_end;
    const bool begins = is_letter(first) || first == '[' || first == '{' || first == '%' ||
                        (first == '/' && attached) || (first & 0x80) != 0 ||
                        (attached && first != '\0' &&
                         std::string_view("*'\"").find(first) != std::string_view::npos);
    bool word = false;
    for (const std::string_view each : {"and", "or", "in", "not"}) word = word || sees(each);
    if (!begins || word) {
      at_ = last_ = number_end;
      return std::string();
    }
    const std::size_t from = at_;
    std::size_t to = at_;
    int round = 0, square = 0;
    for (; to < text_.size(); ++to) {
      const char c = text_[to];
      if (is_blank(c)) break;
      if (c == '[' || c == '{') ++square;
      if (c == ']' || c == '}') --square;
      if (square > 0) continue;
      if (square < 0) return error({to, 1}, "a bracket of the unit is not opened");
      if (c == '(') ++round;
      if (c == ')' && --round < 0) break;
      if (std::string_view("<>=!&|~,;").find(c) != std::string_view::npos) break;
    }
    const std::string_view unit = text_.substr(from, to - from);
    if (square > 0 || round > 0)
      return error({from, unit.size()}, "a bracket of the unit is not closed", "64[degF]");
    take(to - at_);
    return std::string(unit);
  }

  Result<FilterOperand> quoted() {
    const char quote = peek();
    const std::size_t from = at_;
    FilterOperand operand{FilterOperand::Sort::text, {}, {}};
    std::size_t i = at_ + 1;
    for (; i < text_.size() && text_[i] != quote; ++i) {
      if (text_[i] != '\\') {
        operand.text += text_[i];
        continue;
      }
      if (!unescape(++i, operand.text))
        return error({i - 1, 2}, "this escape is not known",
                     "\\\" \\' \\\\ \\n \\t \\r \\u{1f600}");
    }
    if (i >= text_.size()) return error({from, 1}, "this quote is not closed");
    take(i + 1 - at_);
    if (!base::is_utf8(operand.text)) return error({from, 1}, "this text is not valid UTF-8");
    return operand;
  }

  // The escape whose letter is at `i`; leaves `i` on its last character.
  bool unescape(std::size_t& i, std::string& to) const {
    if (i >= text_.size()) return false;
    switch (text_[i]) {
      case '"':
      case '\'':
      case '\\':
        to += text_[i];
        return true;
      case 'n':
        to += '\n';
        return true;
      case 't':
        to += '\t';
        return true;
      case 'r':
        to += '\r';
        return true;
      case 'u': {
        std::uint32_t point = 0;
        std::size_t at = i + 1;
        if (at >= text_.size() || text_[at] != '{') return false;
        for (++at; at < text_.size() && text_[at] != '}'; ++at) {
          const int digit = base::hex_digit(text_[at]);
          if (digit < 0 || (point = point * 16 + static_cast<std::uint32_t>(digit)) > 0x10ffff)
            return false;
        }
        if (at >= text_.size() || at == i + 2 || (point >= 0xd800 && point < 0xe000)) return false;
        base::append_utf8(to, point);
        i = at;
        return true;
      }
      default:
        return false;
    }
  }

  const SourceText& source_;
  std::string_view text_;
  std::size_t at_ = 0, last_ = 0;
};

class Parser {
 public:
  explicit Parser(const SourceText& source) : scanner_(source) {}

  Result<FilterNode> parse() {
    DTS_ASSIGN(FilterNode root, parse_any());
    if (!scanner_.done()) {
      const std::string hint = scanner_.sees(")") ? "" : "join conditions with and, or";
      return scanner_.error(scanner_.next_span(),
                            "the expression is complete here, but " + scanner_.found(), hint);
    }
    return root;
  }

 private:
  using Op = FilterNode::Op;

  FilterNode close(FilterNode node, std::size_t from) {
    node.offset = from;
    node.length = scanner_.end() > from ? scanner_.end() - from : 0;
    return node;
  }

  // One level of `or` or `and`; nested ones of the same kind become one.
  template <class Part>
  Result<FilterNode> parse_joined(Op op, std::string_view word, std::string_view sign, Part part) {
    const std::size_t from = scanner_.at();
    DTS_ASSIGN(FilterNode first, part());
    if (!scanner_.sees(word) && !scanner_.sees(sign)) return first;
    FilterNode node;
    node.op = op;
    const auto add = [&](FilterNode child) {
      if (child.op == op)
        for (FilterNode& each : child.children) node.children.push_back(std::move(each));
      else
        node.children.push_back(std::move(child));
    };
    add(std::move(first));
    while (scanner_.accept(word) || scanner_.accept(sign)) {
      DTS_ASSIGN(FilterNode next, part());
      add(std::move(next));
    }
    return close(std::move(node), from);
  }

  Result<FilterNode> parse_any() {
    return parse_joined(Op::any, "or", "||", [this] { return parse_all(); });
  }
  Result<FilterNode> parse_all() {
    return parse_joined(Op::all, "and", "&&", [this] { return parse_one(); });
  }

  // `not` binds to what stands directly behind it: a condition or a parenthesis.
  Result<FilterNode> parse_one() {
    const std::size_t from = scanner_.at();
    bool negated = false;
    while (scanner_.accept("not") || (!scanner_.sees("!=") && scanner_.accept("!")))
      negated = !negated;
    Result<FilterNode> node = scanner_.sees("(") ? parse_group() : parse_condition();
    if (!node) return node;
    if (!negated) return close(std::move(*node), from);
    if (node->op == Op::negation) return close(std::move(node->children[0]), from);
    return close(negation_of(std::move(*node)), from);
  }

  Result<FilterNode> parse_group() {
    if (++depth_ > FilterLimits::depth_max)
      return scanner_.error(scanner_.next_span(), "the expression is nested too deeply",
                            "at most " + std::to_string(FilterLimits::depth_max) + " levels");
    scanner_.accept("(");
    DTS_ASSIGN(FilterNode node, parse_any());
    if (!scanner_.accept(")"))
      return scanner_.error(scanner_.next_span(), "a ) is expected, but " + scanner_.found());
    --depth_;
    return node;
  }

  Result<FilterNode> parse_condition() {
    const std::size_t from = scanner_.at();
    FilterNode node;
    if (scanner_.accept("has")) {
      node.op = Op::has;
      if (!scanner_.accept("("))
        return scanner_.error(scanner_.next_span(), "a ( is expected after has", "has(note)");
      DTS_ASSIGN(FilterOperand field, parse_path("has(...) asks for a field"));
      node.operands.push_back(std::move(field));
      if (!scanner_.accept(")"))
        return scanner_.error(scanner_.next_span(), "a ) is expected, but " + scanner_.found());
      return close(std::move(node), from);
    }
    DTS_ASSIGN(FilterOperand left, scanner_.operand());
    node.operands.push_back(std::move(left));
    if (scanner_.sees("not") || scanner_.sees("in")) return parse_in(std::move(node), from);
    if (scanner_.sees("!~") || scanner_.sees("~")) return parse_like(std::move(node), from);
    DTS_ASSIGN(node.relation, scanner_.relation());
    if (node.relation == nullptr) {
      if (node.operands[0].is_literal())
        return scanner_.error({node.operands[0].offset, node.operands[0].length},
                              "this is compared with nothing", "celsius > 20");
      node.op = Op::field;
      return close(std::move(node), from);
    }
    node.op = Op::compare;
    DTS_ASSIGN(FilterOperand right, scanner_.operand());
    node.operands.push_back(std::move(right));
    const std::size_t next = scanner_.at();
    DTS_ASSIGN(const FilterRelation* more, scanner_.relation());
    if (more != nullptr)
      return scanner_.error({next, more->text.size()}, "one comparison at a time",
                            "join two with and: 1 < x and x < 5");
    return close(std::move(node), from);
  }

  Result<FilterOperand> parse_path(const char* what) {
    DTS_ASSIGN(FilterOperand operand, scanner_.operand());
    if (!operand.is_literal()) return operand;
    return scanner_.error({operand.offset, operand.length}, what);
  }

  // field in (1, 2), field not in (1, 2)
  Result<FilterNode> parse_in(FilterNode node, std::size_t from) {
    const bool negated = scanner_.accept("not");
    const FilterOperand& field = node.operands[0];
    if (field.is_literal())
      return scanner_.error({field.offset, field.length}, "a field stands before in");
    if (!scanner_.accept("in") || !scanner_.accept("("))
      return scanner_.error(scanner_.next_span(), "a list is expected, but " + scanner_.found(),
                            "tank in (1, 2)");
    do {
      const std::size_t at = scanner_.at();
      DTS_ASSIGN(FilterOperand each, scanner_.operand());
      each.offset = at;
      node.operands.push_back(std::move(each));
    } while (scanner_.accept(","));
    if (!scanner_.accept(")"))
      return scanner_.error(scanner_.next_span(), "a , or ) is expected, but " + scanner_.found());
    node.op = Op::in;
    return close(negated ? negation_of(std::move(node)) : std::move(node), from);
  }

  // field ~ "glob*", field !~ "glob*"
  Result<FilterNode> parse_like(FilterNode node, std::size_t from) {
    const FilterOperand& field = node.operands[0];
    if (field.is_literal())
      return scanner_.error({field.offset, field.length}, "a field stands before ~");
    const bool negated = scanner_.accept("!~");
    if (!negated) scanner_.accept("~");
    DTS_ASSIGN(FilterOperand pattern, scanner_.operand());
    if (pattern.sort != FilterOperand::Sort::text)
      return scanner_.error({pattern.offset, pattern.length},
                            "a pattern in quotes is expected after ~", "name ~ \"pi-*\"");
    node.operands.push_back(std::move(pattern));
    node.op = Op::like;
    return close(negated ? negation_of(std::move(node)) : std::move(node), from);
  }

  static FilterNode negation_of(FilterNode node) {
    FilterNode negation;
    negation.op = Op::negation;
    negation.children.push_back(std::move(node));
    return negation;
  }

  Scanner scanner_;
  std::size_t depth_ = 0;
};

}  // namespace

Result<FilterTree> parse_filter(std::string_view text, std::string_view where) {
  if (text.size() > FilterLimits::text_bytes_max)
    return Error(ErrorCode::filter, "the expression is too long", std::string(where),
                 "it has " + std::to_string(text.size()) + " bytes",
                 "at most " + std::to_string(FilterLimits::text_bytes_max));
  FilterTree tree{SourceText(text, where), {}};
  DTS_ASSIGN(tree.root, Parser(tree.source).parse());
  return tree;
}

Result<FilterOperand> parse_quantity(std::string_view text, std::string_view where) {
  if (text.size() > FilterLimits::text_bytes_max)
    return Error(ErrorCode::filter, "the value is too long", std::string(where));
  const SourceText source(text, where);
  Scanner scanner(source);
  DTS_ASSIGN(FilterOperand operand, scanner.operand());
  if (operand.sort != FilterOperand::Sort::number || !scanner.done())
    return source.error(0, text.size(), "a number is expected, with its unit if wanted", "0.5Cel",
                        ErrorCode::filter);
  return operand;
}

}  // namespace dts
