#include <cli/template.hpp>

#include <charconv>
#include <cmath>
#include <cstdio>
#include <vector>

#include <base/text.hpp>

namespace dts::cli {

namespace {

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t start = text.find_first_not_of(' ', at);
    if (start == std::string_view::npos) break;
    const std::size_t end = std::min(text.find(' ', start), text.size());
    words.push_back(text.substr(start, end - start));
    at = end;
  }
  return words;
}

bool number_of(std::string_view text, double& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && std::isfinite(number);
}

bool is_whole(std::string_view text) { return text.find_first_of(".eE") == std::string_view::npos; }

std::string decimal(double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%.3f", value);
  return text;
}

Error bad(std::string_view text, const char* why) {
  return Error(ErrorCode::invalid_argument, "{{" + base::printable(text) + "}} is not a template",
               {}, why, "{{n}}, {{now}}, {{rand 10 14}} or {{sine 60s 10 14}}");
}

Result<std::string> evaluate(std::string_view text, const TemplateContext& context) {
  const auto words = words_of(text);
  if (words.empty()) return bad(text, "it is empty");
  if (words[0] == "n" && words.size() == 1) return std::to_string(context.n);
  if (words[0] == "now" && words.size() == 1) return to_rfc3339(context.now);
  double low = 0, high = 0;
  if (words[0] == "rand") {
    if (words.size() != 3 || !number_of(words[1], low) || !number_of(words[2], high) ||
        low > high) {
      return bad(text, "rand needs two numbers, the lower first");
    }
    const double chance = context.random();
    if (is_whole(words[1]) && is_whole(words[2])) {
      return std::to_string(static_cast<std::int64_t>(low + std::floor(chance * (high - low + 1))));
    }
    return decimal(low + chance * (high - low));
  }
  if (words[0] == "sine") {
    const auto period =
        words.size() == 4 ? duration_from_text(words[1]) : Result<Duration>(Duration::zero());
    if (words.size() != 4 || !period || *period <= Duration::zero() || !number_of(words[2], low) ||
        !number_of(words[3], high)) {
      return bad(text, "sine needs a period and two numbers");
    }
    const double turns =
        static_cast<double>(context.elapsed.count()) / static_cast<double>(period->count());
    return decimal(low + (high - low) * (0.5 + 0.5 * std::sin(2 * M_PI * turns)));
  }
  return bad(text, "there is no such template");
}

}  // namespace

bool has_template(std::string_view text) { return text.find("{{") != std::string_view::npos; }

Result<std::string> expand(std::string_view text, const TemplateContext& context) {
  std::string out;
  for (;;) {
    const std::size_t start = text.find("{{");
    if (start == std::string_view::npos) break;
    const std::size_t end = text.find("}}", start);
    if (end == std::string_view::npos) return bad(text.substr(start + 2), "it is not closed by }}");
    out += text.substr(0, start);
    DTS_ASSIGN(const std::string value, evaluate(text.substr(start + 2, end - start - 2), context));
    out += value;
    text.remove_prefix(end + 2);
  }
  return out.append(text);
}

}  // namespace dts::cli
