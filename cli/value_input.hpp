// Values from what a person writes: field=value pairs, or a JSON object, into a given type. Nothing
// is filled in silently: a field without a default must be given, a unit must be the field's.
#pragma once

#include <string_view>

#include <cli/derive.hpp>
#include <dts/value.hpp>

namespace dts::cli {

class ValueInput {
 public:
  explicit ValueInput(Type type, bool utf8) : type_(std::move(type)), utf8_(utf8) {}
  Result<Value> from_pairs(const Pairs& pairs);
  Result<Value> from_json(std::string_view json);
  const Type& type() const { return type_; }

 private:
  Result<Value> fresh();
  Result<Value> decode_json(std::string_view json);
  Result<void> check_given(const std::vector<std::string>& given) const;
  Result<std::string> without_unit(const Field& field, const std::string& text) const;
  Result<Value> with_composites(const Value& value, const Pairs& composites);

  Type type_;
  LayoutPtr layout_;  // of all values: who publishes them encodes by it
  bool utf8_;
};

}  // namespace dts::cli
