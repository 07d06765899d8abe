// ValueTemplate: of Home Assistant's templates (Jinja) the ones that devices use to say where in
// their messages a value is: {{ value_json.a['b'][0] | float(0) / 10 | round(1) }}. Others are
// refused by name. Immutable; any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <cli/bridge/foreign_payload.hpp>

namespace dts::cli {

class ValueTemplate {
 public:
  // The empty template is the payload as it is.
  static Result<ValueTemplate> parse(std::string_view text);

  // Does it need the payload as JSON?
  bool wants_json() const { return wants_json_; }
  // The value as text; nothing where the payload does not have it. `json` only if wants_json().
  std::optional<std::string> apply(std::string_view payload, const std::optional<Json>& json) const;

 private:
  friend class TemplateParser;
  struct Step {
    enum class Do : std::uint8_t {
      payload,  // begins: the payload as it is
      path,     // begins: value_json at `path`
      add,      // ... `number`
      subtract,
      multiply,
      divide,
      round,  // to `number` digits
      to_float,
      to_int,
      lower,
      upper,
      fallback,  // `text` where there was nothing
    } what;
    JsonPath path = {};
    double number = 0;
    std::optional<std::string> text = {};
  };
  std::vector<Step> steps_;
  bool wants_json_ = false;
};

}  // namespace dts::cli
