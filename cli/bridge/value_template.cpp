#include <cli/bridge/value_template.hpp>

#include <charconv>
#include <cmath>

#include <base/text.hpp>
#include <cli/words.hpp>

namespace dts::cli {

namespace {
constexpr std::size_t kTemplateMax = 1024;
constexpr std::size_t kStepsMax = 16;
constexpr double kDigitsMax = 12;
}  // namespace

// An expression is a beginning and steps one after the other: filters (which bind more tightly in
// Jinja, as they do here since there is nothing to their left but the beginning) and arithmetic
// with a constant.
class TemplateParser {
 public:
  TemplateParser(std::string_view text, ValueTemplate& made) : rest_(text), made_(made) {}

  bool parse() {
    if (!accept("{{")) return false;
    accept("-");
    if (!expression(0)) return false;
    accept("-");
    return accept("}}") && (skip(), rest_.empty());
  }

 private:
  using Step = ValueTemplate::Step;
  using Do = Step::Do;

  void skip() {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\n' || rest_[0] == '\t'))
      rest_.remove_prefix(1);
  }
  bool accept(std::string_view word) {
    skip();
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  std::string_view name() {
    skip();
    std::size_t size = 0;
    const auto letter = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    while (size < rest_.size() &&
           (letter(rest_[size]) || (size > 0 && rest_[size] >= '0' && rest_[size] <= '9')))
      ++size;
    const std::string_view found = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return found;
  }
  bool number(double& to) {
    skip();
    const bool negative = accept("-");
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), to);
    if (error != std::errc()) return false;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    if (negative) to = -to;
    return true;
  }
  bool quoted(std::string& to) {
    skip();
    if (rest_.empty() || (rest_[0] != '\'' && rest_[0] != '"')) return false;
    const std::size_t end = rest_.find(rest_[0], 1);
    if (end == rest_.npos) return false;
    to = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    return to.find('\\') == to.npos;
  }
  bool add(Step step) {
    made_.steps_.push_back(std::move(step));
    return made_.steps_.size() <= kStepsMax;
  }

  bool expression(int depth) {
    if (!beginning(depth)) return false;
    for (;;) {
      if (accept("|")) {
        if (!filter()) return false;
        continue;
      }
      skip();
      constexpr std::string_view signs = "+-*/";
      const std::size_t sign = rest_.empty() ? signs.npos : signs.find(rest_[0]);
      // "-}}" ends the template.
      if (sign == signs.npos || rest_.starts_with("-}}") || rest_.starts_with("//") ||
          rest_.starts_with("**"))
        return true;
      // a + b * 2: the order would matter.
      const Do last = made_.steps_.back().what;
      if (sign >= 2 && (last == Do::add || last == Do::subtract) && !closed_) return false;
      rest_.remove_prefix(1);
      closed_ = false;
      constexpr Do does[] = {Do::add, Do::subtract, Do::multiply, Do::divide};
      Step step{.what = does[sign]};
      if (!number(step.number) || !add(std::move(step))) return false;
      // x * 2 | round(1) rounds the 2.
      skip();
      if (rest_.starts_with("|")) return false;
    }
  }

  bool beginning(int depth) {
    if (accept("(")) {
      if (depth > 3 || !expression(depth + 1) || !accept(")")) return false;
      return closed_ = true;
    }
    const std::string_view what = name();
    if (what == "value") return add({.what = Do::payload});
    if (what == "float" || what == "int") {  // float(x), as a function
      if (depth > 3 || !accept("(") || !expression(depth + 1) || !accept(")")) return false;
      return add({.what = what == "float" ? Do::to_float : Do::to_int});
    }
    if (what != "value_json") return false;
    made_.wants_json_ = true;
    Step step{.what = Do::path};
    for (;;) {
      if (rest_.starts_with(".")) {
        rest_.remove_prefix(1);
        const std::string_view member = name();
        if (member.empty() || rest_.starts_with("(")) return false;  // .get('x') is a call
        step.path.emplace_back(member);
      } else if (rest_.starts_with("[")) {
        rest_.remove_prefix(1);
        std::string key;
        double index = 0;
        if (!quoted(key)) {
          if (!number(index) || index < 0 || index != std::floor(index) || index > 1e6)
            return false;
          key = std::to_string(static_cast<unsigned>(index));
        }
        if (!accept("]")) return false;
        step.path.push_back(std::move(key));
      } else {
        return add(std::move(step));
      }
    }
  }

  bool filter() {
    const std::string_view what = name();
    Step step{.what = Do::fallback};
    std::string text;
    bool given = false;
    if (accept("(")) {
      given = !accept(")");
      if (given) {
        if (accept("default") && !accept("=")) return false;
        if (number(step.number))
          step.text = number_text(step.number);
        else if (quoted(text))
          step.text = text;
        else if (name() == "none")
          step.text.reset();
        else
          return false;
        if (!accept(")")) return false;
      }
    }
    if (what == "float" || what == "int") {
      step.what = what == "float" ? Do::to_float : Do::to_int;
    } else if (what == "round") {
      if (std::abs(step.number) > kDigitsMax) return false;
      step.what = Do::round;
    } else if (what == "lower" || what == "upper") {
      step.what = what == "lower" ? Do::lower : Do::upper;
    } else if (what == "default" || what == "d") {
      step.what = Do::fallback;
    } else {
      return what == "is_defined" || what == "string" || what == "trim";
    }
    return add(std::move(step));
  }

  std::string_view rest_;
  ValueTemplate& made_;
  bool closed_ = false;  // a bracket was closed just now: what is in it is done
};

Result<ValueTemplate> ValueTemplate::parse(std::string_view text) {
  ValueTemplate made;
  if (text.empty()) {
    made.steps_.push_back({.what = Step::Do::payload});
    return made;
  }
  if (text.size() > kTemplateMax || !TemplateParser(text, made).parse())
    return Error(ErrorCode::unsupported,
                 "the template " + base::printable(text.substr(0, 200)) + " is not understood", {},
                 "only places in value_json, float, int, round, default, lower, upper and "
                 "arithmetic with constants are",
                 "a mapping file (--map)");
  return made;
}

std::optional<std::string> ValueTemplate::apply(std::string_view payload,
                                                const std::optional<Json>& json) const {
  std::optional<std::string> value;
  for (const Step& step : steps_) {
    using Do = Step::Do;
    if (step.what == Do::payload) {
      value = std::string(payload);
    } else if (step.what == Do::path) {
      const auto found = json ? find(*json, step.path) : std::nullopt;
      if (found && !found->is_null()) value = plain_text(*found);
    } else if (step.what == Do::fallback) {
      if (!value) value = step.text;
    } else if (step.what == Do::lower || step.what == Do::upper) {
      const char from = step.what == Do::lower ? 'A' : 'a';
      if (value)
        for (char& c : *value)
          if (c >= from && c < from + 26) c = static_cast<char>(c ^ 0x20);
    } else {
      double number = 0;
      const char* const end = value ? value->data() + value->size() : nullptr;
      const bool good =
          value && std::from_chars(value->data(), end, number).ptr == end && !value->empty();
      if (!good) {
        // float(0) has an answer for what is no number; arithmetic does not.
        value = step.what == Do::to_float || step.what == Do::to_int ? step.text : std::nullopt;
        continue;
      }
      const double scale = std::pow(10, step.number);
      switch (step.what) {
        case Do::add:
          number += step.number;
          break;
        case Do::subtract:
          number -= step.number;
          break;
        case Do::multiply:
          number *= step.number;
          break;
        case Do::divide:
          number /= step.number;
          break;
        case Do::round:
          number = std::round(number * scale) / scale;
          break;
        case Do::to_int:
          number = std::trunc(number);
          break;
        default:
          break;
      }
      if (!std::isfinite(number)) return {};
      value = number_text(number);
    }
  }
  return value;
}

}  // namespace dts::cli
