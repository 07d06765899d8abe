#include <format/convert.hpp>

#include <base/endian.hpp>
#include <cstring>

namespace dts::format {

namespace {

bool convert_number(const PlanStep& step, const void* from, void* to, Failure& failure) {
  switch (step.from) {
    case Kind::i8:
      return store_signed(step, to, base::load<std::int8_t>(from), failure);
    case Kind::i16:
      return store_signed(step, to, base::load<std::int16_t>(from), failure);
    case Kind::i32:
      return store_signed(step, to, base::load<std::int32_t>(from), failure);
    case Kind::u8:
      return store_unsigned(step, to, base::load<std::uint8_t>(from), failure);
    case Kind::u16:
      return store_unsigned(step, to, base::load<std::uint16_t>(from), failure);
    case Kind::u32:
      return store_unsigned(step, to, base::load<std::uint32_t>(from), failure);
    case Kind::u64:
      return store_unsigned(step, to, base::load<std::uint64_t>(from), failure);
    case Kind::f32:
      return store_real(step, to, base::load<float>(from), failure);
    case Kind::f64:
      return store_real(step, to, base::load<double>(from), failure);
    default:
      return store_signed(step, to, base::load<std::int64_t>(from), failure);
  }
}

bool convert_list(const PlanStep& step, const Layout& lies, const void* from, void* to,
                  Failure& failure) {
  const std::size_t count =
      lies.kind == Kind::array ? lies.length : lies.functions.count(lies, from);
  const Layout& target = *step.to;
  std::byte* place = nullptr;
  std::size_t kept = 0;
  if (!resize(step, to, count, kept, place, failure)) return false;
  const auto* element = static_cast<const std::byte*>(lies.functions.elements(lies, from));
  for (std::size_t i = 0; i < kept; ++i) {
    if (!convert(*step.element, *lies.element, element + i * lies.element->size,
                 place + i * target.element->size, failure)) {
      return failure.in(i);
    }
  }
  return true;
}

bool convert_map(const PlanStep& step, const Layout& lies, const void* from, void* to,
                 Failure& failure) {
  const Layout& target = *step.to;
  target.functions.map_clear(target, to);
  void* cursor = nullptr;
  const void *key = nullptr, *value = nullptr;
  MapKey held(*target.key);
  while (lies.functions.map_next(lies, from, &cursor, &key, &value)) {
    if (!convert(*step.key, *lies.key, key, held.place(), failure)) return false;
    void* place = target.functions.map_insert(target, to, held.place());
    if (place == nullptr) return failure.set(ErrorCode::wrong_value, "a key twice");
    if (!convert(*step.element, *lies.element, value, place, failure)) return false;
  }
  return true;
}

bool convert_union(const PlanStep& step, const Layout& lies, const void* from, void* to,
                   Failure& failure) {
  const PlanPair& pair = *step.pair;
  const std::uint32_t which = lies.functions.which(lies, from);
  const bool known = which < pair.members.size() && pair.members[which].step != nullptr;
  if (!known) return store_no_case(step, to, failure);
  const PlanMember& member = pair.members[which];
  void* place = pair.to->functions.choose(*pair.to, to, member.to);
  return convert(*member.step, *lies.fields[which].layout, lies.functions.held(lies, from), place,
                 failure) ||
         failure.in(pair.from->fields[which].name);
}

bool convert_structure(const PlanPair& pair, const Layout& lies, const void* from, void* to,
                       Failure& failure) {
  store_absent(pair, to);
  for (std::size_t i = 0; i < pair.members.size(); ++i) {
    const PlanMember& member = pair.members[i];
    if (member.step == nullptr) continue;
    if (!convert(*member.step, *lies.fields[i].layout,
                 static_cast<const std::byte*>(from) + lies.fields[i].offset,
                 static_cast<std::byte*>(to) + member.offset, failure) &&
        !recover(member, to, failure)) {
      return failure.in(pair.from->fields[i].name);
    }
  }
  return true;
}

}  // namespace

bool convert(const PlanStep& step, const Layout& lies, const void* from, void* to,
             Failure& failure) {
  const Layout& target = *step.to;
  switch (step.action) {
    case Action::bits:
      std::memcpy(to, from, target.size);
      return true;
    case Action::number:
      return convert_number(step, from, to, failure);
    case Action::text:
    case Action::bytes:
      target.functions.assign(target, to, lies.functions.view(lies, from));
      return true;
    case Action::decimal:
      *static_cast<Decimal*>(to) = *static_cast<const Decimal*>(from);
      return true;
    case Action::any:
      *static_cast<Any*>(to) = *static_cast<const Any*>(from);
      return true;
    case Action::enumeration:
      return store_symbol(step, to, load_symbol(lies, from), failure);
    case Action::list:
      return convert_list(step, lies, from, to, failure);
    case Action::map:
      return convert_map(step, lies, from, to, failure);
    case Action::wrap:
      return convert(*step.element, lies, from, target.functions.set(target, to), failure);
    case Action::optional:
    case Action::unwrap: {
      const void* held = lies.functions.get(lies, from);
      if (held == nullptr) return store_empty(step, to, failure);
      void* place = step.action == Action::unwrap ? to : target.functions.set(target, to);
      return convert(*step.element, *lies.element, held, place, failure);
    }
    case Action::structure:
      return convert_structure(*step.pair, lies, from, to, failure);
    case Action::union_:
      return convert_union(step, lies, from, to, failure);
  }
  return false;
}

}  // namespace dts::format
