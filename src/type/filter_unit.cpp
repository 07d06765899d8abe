#include <type/filter_unit.hpp>

#include <base/text.hpp>

namespace dts {

std::string field_shown(std::string_view path, const Layout& layout, const Field* field) {
  std::string text = path.empty() ? "the value" : base::printable(path);
  text += " (" + std::string(kind_name(layout.kind));
  if (field != nullptr && !field->unit.empty()) text += " [" + field->unit + "]";
  return text + ")";
}

Result<FilterScale> filter_scale(std::string_view unit, const Field* field, bool difference) {
  (void)difference;
  const std::string shown = base::printable(unit);
  if (unit.empty()) return FilterScale{};
  if (field == nullptr || field->unit.empty())
    return Error(ErrorCode::filter, "the field has no unit, but \"" + shown + "\" was given", {},
                 {}, "leave the unit out");
  if (unit == field->unit) return FilterScale{};
  return Error(ErrorCode::filter, "\"" + shown + "\" is not the field's unit", {}, {},
               "give the number in " + field->unit);
}

}  // namespace dts
