#include <type/filter_unit.hpp>

#include <base/text.hpp>
#include <type/unit.hpp>

namespace dts {

std::string field_shown(std::string_view path, const Layout& layout, const Field* field) {
  std::string text = path.empty() ? "the value" : base::printable(path);
  text += " (" + std::string(kind_name(layout.kind));
  if (field != nullptr && !field->unit.empty()) text += " [" + field->unit + "]";
  return text + ")";
}

Result<FilterScale> filter_scale(std::string_view unit, const Field* field, bool difference) {
  const std::string shown = "\"" + base::printable(unit) + "\"";
  if (unit.empty()) return FilterScale{};
  if (field == nullptr || field->unit.empty())
    return Error(ErrorCode::filter, "the field has no unit, but " + shown + " was given", {}, {},
                 "leave the unit out");
  if (unit == field->unit) return FilterScale{};
  const UnitRelation relation =
      relate_units(unit, field->unit, difference || field->quantity == "delta", true);
  if (!relation.problem.empty())
    return Error(ErrorCode::filter, shown + " is no unit for it: " + relation.problem, {}, {},
                 "give the number in " + field->unit + ", or without a unit");
  FilterScale scale;
  if (!relation.change) return scale;
  const UnitChange& change = *relation.change;
  using Long = long double;
  const Long factor = static_cast<Long>(change.scale) + change.scale_low;
  const Long offset = static_cast<Long>(change.offset) + change.offset_low;
  scale.scale = factor;
  scale.offset = change.offset_first ? offset * factor : offset;
  return scale;
}

}  // namespace dts
