// Templates in values to publish: {{n}}, {{now}}, {{rand 10 14}}, {{sine 60s 10 14}}.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <dts/result.hpp>
#include <dts/time.hpp>

namespace dts::cli {

struct TemplateContext {
  std::uint64_t n = 1;  // which message this is, from 1
  Time now{};
  Duration elapsed{};              // since publishing began
  std::function<double()> random;  // in [0, 1)
};

// {{rand a b}} is a whole number when both bounds are, {{sine period a b}} has three decimals.
// The error names the template.
Result<std::string> expand(std::string_view text, const TemplateContext& context);
bool has_template(std::string_view text);

}  // namespace dts::cli
