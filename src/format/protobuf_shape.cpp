#include <format/protobuf_shape.hpp>

#include <algorithm>
#include <string>

namespace dts::format::protobuf {

namespace {

Error refuse(const TypeNode& node, std::string_view member, std::string why) {
  return Error(ErrorCode::unsupported, "Protocol Buffers cannot number " + node.name,
               std::string(member), std::move(why), "give the field another id");
}

std::string problem_of(std::uint32_t number) {
  if (number == 0 || number > number_max)
    return "its number " + std::to_string(number) + " is not between 1 and 536870911";
  if (number >= 19000 && number <= 19999)
    return "its number " + std::to_string(number) + " is one of 19000 to 19999, which are reserved";
  return {};
}

}  // namespace

Result<std::vector<Slot>> slots_of(const TypeNode& node, const Binding* binding) {
  const BindingNode* bound = binding != nullptr ? binding->find(node.name) : nullptr;
  std::vector<Slot> slots(node.fields.size());
  for (std::size_t i = 0; i < slots.size(); ++i) {
    Slot& slot = slots[i];
    if (bound == nullptr) {
      slot.number = node.fields[i].id.value_or(static_cast<std::uint32_t>(i + 1));
    } else {
      const BindingMember& member = bound->members[i];
      slot.number = member.number;
      slot.numbers = {member.coding, member.key, member.packed};
      slot.implicit = member.implicit;
      slot.flat = member.flat;
    }
    if (slot.flat) continue;
    if (std::string problem = problem_of(slot.number); !problem.empty())
      return refuse(node, node.fields[i].name, std::move(problem));
  }
  return slots;
}

Result<void> check_distinct(const TypeNode& node, std::vector<std::uint32_t> numbers) {
  std::sort(numbers.begin(), numbers.end());
  const auto twice = std::adjacent_find(numbers.begin(), numbers.end());
  if (twice == numbers.end()) return {};
  return refuse(node, {}, "two of its members have the number " + std::to_string(*twice));
}

Coding coding_of(Kind kind, Coding wanted) {
  switch (kind) {
    case Kind::i8:
    case Kind::i16:
    case Kind::i32:
    case Kind::i64:
      return wanted;
    case Kind::u8:
    case Kind::u16:
    case Kind::u32:
    case Kind::u64:
      return wanted == Coding::fixed ? wanted : Coding::natural;
    case Kind::f32:
    case Kind::f64:
      return Coding::fixed;
    default:
      return Coding::natural;
  }
}

Wire wire_of(Kind kind, Coding coding) {
  switch (kind) {
    case Kind::boolean:
    case Kind::enumeration:
      return varint;
    case Kind::f32:
      return four;
    case Kind::f64:
      return eight;
    case Kind::i64:
    case Kind::u64:
      return coding == Coding::fixed ? eight : varint;
    case Kind::i8:
    case Kind::i16:
    case Kind::i32:
    case Kind::u8:
    case Kind::u16:
    case Kind::u32:
      return coding == Coding::fixed ? four : varint;
    default:
      return length;
  }
}

}  // namespace dts::format::protobuf
