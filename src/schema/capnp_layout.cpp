#include <schema/capnp_layout.hpp>

#include <algorithm>

namespace dts::schema {

namespace shape = format::capnproto;

namespace {

std::int8_t size_of(capnp::Type type) {
  using Which = capnp::schema::Type::Which;
  switch (type.which()) {
    case Which::BOOL:
      return 0;
    case Which::INT8:
    case Which::UINT8:
      return 3;
    case Which::INT16:
    case Which::UINT16:
    case Which::ENUM:
      return 4;
    case Which::INT32:
    case Which::UINT32:
    case Which::FLOAT32:
      return 5;
    case Which::INT64:
    case Which::UINT64:
    case Which::FLOAT64:
      return 6;
    default:
      return shape::pointer_size;
  }
}

// How large is the value in field `index`, in an optional or not?
std::int8_t held_size(const Term& term, capnp::StructSchema schema, unsigned index) {
  const auto fields = schema.getFields();
  if (index >= fields.size()) return shape::pointer_size;
  if (term.name != "optional" || !fields[index].getProto().isGroup())
    return size_of(fields[index].getType());
  const auto inside = fields[index].getType().asStruct().getFields();
  return inside.size() == 2 ? size_of(inside[1].getType()) : shape::pointer_size;
}

}  // namespace

std::string_view scalar_name(capnp::Type type) {
  using Which = capnp::schema::Type::Which;
  switch (type.which()) {
    case Which::BOOL:
      return "bool";
    case Which::INT8:
      return "i8";
    case Which::INT16:
      return "i16";
    case Which::INT32:
      return "i32";
    case Which::INT64:
      return "i64";
    case Which::UINT8:
      return "u8";
    case Which::UINT16:
      return "u16";
    case Which::UINT32:
      return "u32";
    case Which::UINT64:
      return "u64";
    case Which::FLOAT32:
      return "f32";
    case Which::FLOAT64:
      return "f64";
    case Which::TEXT:
      return "text";
    case Which::DATA:
      return "bytes";
    default:
      return {};
  }
}

bool CapnpNames::has(std::string_view name) const {
  return std::any_of(names_.begin(), names_.end(),
                     [&](const auto& each) { return each.second == name; });
}

bool CapnpLayout::lies_as(const Term& term, capnp::StructSchema::Field field,
                          BindingMember& binding, bool may_be_optional) {
  if (term.name == "optional" && may_be_optional) {
    const Term& held = term.arguments[0];
    if (!field.getProto().isGroup())
      return size_of(field.getType()) == shape::pointer_size && lies_as(held, field.getType());
    const auto group = field.getType().asStruct();
    const auto fields = group.getFields();
    if (fields.size() != 2 || !fields[0].getType().isVoid() ||
        fields[0].getProto().getDiscriminantValue() != 0 || !fields[1].getProto().isSlot() ||
        fields[1].getProto().getDiscriminantValue() != 1 ||
        fields[1].getProto().getSlot().getHadExplicitDefault() ||
        size_of(fields[1].getType()) == shape::pointer_size)
      return false;
    binding.number = fields[1].getProto().getSlot().getOffset();
    binding.discriminant = group.getProto().getStruct().getDiscriminantOffset();
    return lies_as(held, fields[1].getType());
  }
  return field.getProto().isSlot() && lies_as(term, field.getType());
}

bool CapnpLayout::lies_as(const Term& term, capnp::Type type) {
  if (term.name == "time" || term.name == "duration") return type.isInt64();
  if (const std::string_view scalar = scalar_name(type); !scalar.empty()) {
    if (scalar == term.name) return true;
    return scalar == "i32" && term.arguments.empty() && is_type_name(term.name) &&
           draft_.has(term.name) && !names_.has(term.name);
  }
  if (term.name == "list" || term.name == "array")
    return type.isList() && lies_as(term.arguments[0], type.asList().getElementType());
  if (term.name == "map") {
    if (!type.isList() || !type.asList().getElementType().isStruct()) return false;
    return entry_lies_as(term, type.asList().getElementType().asStruct());
  }
  if (type.isEnum()) return names_.refer(type.asEnum()) == term.name;
  if (!type.isStruct()) return false;
  const auto structure = type.asStruct();
  if (term.name == "optional")
    return parts_lie_as({&term}, structure, shape::optional_shape(held_size(term, structure, 0)));
  if (term.name == "decimal") {
    static const Term coefficient{"i64", {}, 0}, exponent{"i8", {}, 0};
    return parts_lie_as({&coefficient, &exponent}, structure,
                        shape::entry_shape({6, false}, {3, false}));
  }
  if (term.name == "any") {
    static const Term data{"bytes", {}, 0};
    return parts_lie_as({&data, &data}, structure, shape::entry_shape({}, {}));
  }
  return term.arguments.empty() && names_.refer(structure) == term.name;
}

bool CapnpLayout::entry_lies_as(const Term& map, capnp::StructSchema schema) {
  const Term &key = map.arguments[0], &value = map.arguments[1];
  const shape::Measure first{held_size(key, schema, 0), false};
  const shape::Measure second{held_size(value, schema, 1), value.name == "optional"};
  return parts_lie_as({&key, &value}, schema, shape::entry_shape(first, second));
}

bool CapnpLayout::parts_lie_as(std::initializer_list<const Term*> terms, capnp::StructSchema schema,
                               const shape::Shape& expected) {
  const auto fields = schema.getFields();
  const auto proto = schema.getProto().getStruct();
  if (fields.size() != terms.size() || proto.getDataWordCount() != expected.data_words ||
      proto.getPointerCount() != expected.pointers)
    return false;
  unsigned index = 0;
  for (const Term* term : terms) {
    const auto field = fields[index];
    const shape::Slot& slot = expected.slots[index++];
    BindingMember binding;
    if (field.getProto().isSlot()) binding.number = field.getProto().getSlot().getOffset();
    if (!lies_as(*term, field, binding, true) || binding.number != slot.offset) return false;
    if (slot.discriminant != shape::Slot::none && binding.discriminant != slot.discriminant)
      return false;
    if (field.getProto().isSlot() && field.getProto().getSlot().getHadExplicitDefault())
      return false;
  }
  return true;
}

void drop_derived_binding(ImportedType& imported) {
  const auto nodes = imported.type.nodes();
  for (const TypeNode& node : nodes) {
    if (node.kind == Kind::enumeration) continue;
    const shape::Shape derived = shape::shape_of(node, nodes);
    const BindingNode* bound = imported.binding.find(node.name);
    if (bound == nullptr || bound->data_words != derived.data_words ||
        bound->pointers != derived.pointers)
      return;
    const bool is_union = node.kind == Kind::union_;
    if (is_union && bound->discriminant != derived.discriminant) return;
    for (std::size_t i = 0; i < node.fields.size(); ++i) {
      const BindingMember& member = bound->members[i];
      const shape::Slot& slot = derived.slots[i];
      if (member.flat || member.mask != 0 || member.number != slot.offset) return;
      if (is_union && member.discriminant != i + 1) return;
      if (!is_union && slot.discriminant != shape::Slot::none &&
          member.discriminant != slot.discriminant)
        return;
    }
  }
  imported.binding = Binding();
}

}  // namespace dts::schema
