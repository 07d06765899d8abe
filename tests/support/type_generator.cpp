#include <support/type_generator.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include <base/assert.hpp>
#include <base/endian.hpp>
#include <dts/format.hpp>
#include <type/default_value.hpp>

namespace dts::test {

namespace {

constexpr std::array scalar_kinds{
    Kind::boolean, Kind::i8,   Kind::i16,      Kind::i32,     Kind::i64, Kind::u8,
    Kind::u16,     Kind::u32,  Kind::u64,      Kind::f32,     Kind::f64, Kind::text,
    Kind::bytes,   Kind::time, Kind::duration, Kind::decimal, Kind::any};

class TypeMaker {
 public:
  explicit TypeMaker(base::Random& random) : random_(random) {}

  Type make() {
    const std::size_t count = 1 + random_.below(5);
    for (std::size_t i = 0; i < count; ++i) {
      TypeNode& node = nodes_.emplace_back();
      node.name = i == 0 ? "gen.Root" : "gen.part_" + std::to_string(i);
      const std::uint64_t kind = random_.below(10);
      node.kind = i == 0     ? (kind == 0 ? Kind::union_ : Kind::structure)
                  : kind < 5 ? Kind::structure
                  : kind < 8 ? Kind::enumeration
                             : Kind::union_;
      node.closed = node.kind != Kind::structure && random_.chance(0.3);
    }
    for (std::size_t i = 0; i < count; ++i) fill(i);
    auto type = Type::make(nodes_);
    DTS_ASSERT(type.ok());
    return *type;
  }

 private:
  void fill(std::size_t index) {
    TypeNode& node = nodes_[index];
    if (node.kind == Kind::enumeration) return symbols(node);
    const bool ids = random_.chance(0.3);
    const std::size_t count = node.kind == Kind::union_ ? 1 + random_.below(6) : random_.below(12);
    for (std::size_t i = 0; i < count + (index == 0); ++i) {
      static constexpr std::array names{"a",     "snake_case_", "Pascal", "camelCase", "_under",
                                        "union", "X_Y__z",      "list",   "none"};
      Field field;
      field.name = names[random_.below(names.size())] + std::to_string(i);
      if (ids) field.id = static_cast<std::uint32_t>(1 + (count - i) * 3);
      field.type = reference_or(index, 0, node.kind == Kind::structure);
      if (node.kind == Kind::structure && random_.chance(0.3)) set_default(field);
      if (field.type.kind == Kind::f64 && random_.chance(0.5)) field.unit = "Cel";
      nodes_[index].fields.push_back(std::move(field));
    }
  }

  void symbols(TypeNode& node) {
    const std::size_t count = 1 + random_.below(6);
    const bool dense = random_.chance(0.6);
    std::int32_t value = dense ? 0 : static_cast<std::int32_t>(random_.next());
    if (!dense) value = value / 2;
    for (std::size_t i = 0; i < count; ++i) {
      node.symbols.push_back({"Symbol_" + std::to_string(i), value, ""});
      value += dense ? 1 : static_cast<std::int32_t>(1 + random_.below(1000));
    }
  }

  // References go to later nodes, or, where recursion is kept apart, to any.
  TypeRef reference_or(std::size_t index, int depth, bool may_recur) {
    const std::uint64_t choice = random_.below(depth > 2 ? 6 : 10);
    TypeRef type;
    if (choice < 5) {
      type.kind = scalar_kinds[random_.below(scalar_kinds.size())];
    } else if (choice == 5) {
      type.kind = Kind::i32;
      if (index + 1 < nodes_.size()) {
        type.kind = Kind::reference;
        type.node =
            static_cast<std::uint32_t>(index + 1 + random_.below(nodes_.size() - index - 1));
      }
    } else if (choice == 6) {
      type.kind = Kind::array;
      type.length = static_cast<std::uint32_t>(1 + random_.below(4));
      type.arguments.push_back(reference_or(index, depth + 1, false));
    } else if (choice == 7) {
      type.kind = Kind::map;
      static constexpr std::array keys{Kind::boolean, Kind::i8, Kind::i64, Kind::u64, Kind::text};
      type.arguments.push_back({keys[random_.below(keys.size())], 0, 0, {}});
      type.arguments.push_back(reference_or(index, depth + 1, false));
    } else {
      type.kind = choice == 8 ? Kind::list : Kind::optional;
      TypeRef inner = reference_or(index, depth + 1, false);
      if (may_recur && random_.chance(0.1) && nodes_[0].kind == Kind::structure) {
        inner = {Kind::reference, 0, 0, {}};
      }
      if (type.kind == Kind::optional && inner.kind == Kind::optional) inner = inner.arguments[0];
      type.arguments.push_back(std::move(inner));
    }
    return type;
  }

  void set_default(Field& field) {
    std::string text;
    switch (field.type.kind) {
      case Kind::boolean:
        text = "true";
        break;
      case Kind::f32:
      case Kind::f64:
        text = "1.5";
        break;
      case Kind::text:
        text = "\"a default\"";
        break;
      case Kind::duration:
        text = "90s";
        break;
      case Kind::decimal:
        text = "1.50";
        break;
      case Kind::i8:
      case Kind::i16:
      case Kind::i32:
      case Kind::i64:
      case Kind::u8:
      case Kind::u16:
      case Kind::u32:
      case Kind::u64:
        text = "77";
        break;
      default:
        return;
    }
    field.default_value = default_from_text(text, field.type, nodes_).value();
  }

  base::Random& random_;
  std::vector<TypeNode> nodes_;
};

Kind wider(Kind kind) {
  switch (kind) {
    case Kind::i8:
      return Kind::i16;
    case Kind::i16:
      return Kind::i32;
    case Kind::i32:
      return Kind::i64;
    case Kind::u8:
      return Kind::i16;
    case Kind::u16:
      return Kind::u32;
    case Kind::u32:
      return Kind::i64;
    case Kind::f32:
      return Kind::f64;
    default:
      return kind;
  }
}

TypeRef packed(const TypeRef& type, std::uint32_t of, base::Random& random) {
  static constexpr std::array kinds{Kind::boolean, Kind::i8,   Kind::i16,     Kind::i32, Kind::i64,
                                    Kind::u8,      Kind::u16,  Kind::u32,     Kind::u64, Kind::f32,
                                    Kind::f64,     Kind::time, Kind::duration};
  const bool has_size = std::find(kinds.begin(), kinds.end(), type.kind) != kinds.end();
  if (has_size || (type.kind == Kind::reference && type.node > of)) return type;
  if (type.kind == Kind::array)
    return {Kind::array, type.length, 0, {packed(type.arguments[0], of, random)}};
  if (type.kind == Kind::list || type.kind == Kind::optional)
    return packed(type.arguments[0], of, random);
  return {kinds[random.below(kinds.size())], 0, 0, {}};
}

// ---- values

template <class T>
void fill_integer(void* to, base::Random& random) {
  T value = static_cast<T>(random.next());
  switch (random.below(6)) {
    case 0:
      value = std::numeric_limits<T>::min();
      break;
    case 1:
      value = std::numeric_limits<T>::max();
      break;
    case 2:
      value = static_cast<T>(random.below(100));
      break;
    case 3:
      value = 0;
      break;
    default:
      break;
  }
  base::store(to, value);
}

template <class T>
void fill_real(void* to, base::Random& random) {
  T value = static_cast<T>(random.fraction() * 200 - 100);
  switch (random.below(10)) {
    case 0:
      value = std::numeric_limits<T>::quiet_NaN();
      break;
    case 1:
      value = -std::numeric_limits<T>::infinity();
      break;
    case 2:
      value = std::numeric_limits<T>::denorm_min();
      break;
    case 3:
      value = std::numeric_limits<T>::max();
      break;
    case 4:
      value = -T{0};
      break;
    case 5:
      value = static_cast<T>(random.below(1000));
      break;
    default:
      break;
  }
  base::store(to, value);
}

std::string generate_text(base::Random& random) {
  static constexpr std::array pieces{"plain",
                                     " ",
                                     "\"",
                                     "\\",
                                     "\n",
                                     "\xc3\xa9",
                                     "\xe2\x82\xac",
                                     "\xf0\x9f\x8d\xb6",
                                     "</x>",
                                     "\x01",
                                     "'",
                                     "long enough to leave the string"};
  std::string text;
  for (std::uint64_t i = random.below(5); i > 0; --i) text += pieces[random.below(pieces.size())];
  if (random.chance(0.05)) text += std::string(1, '\0') + "after zero";
  return text;
}

Any generate_any(base::Random& random) {
  static const Type type =
      Type::parse("gen.Inner{number:i32, words:list<text>, maybe:optional<f64>}").value();
  Any any;
  if (random.chance(0.2)) return any;
  const Value value = generate_value(type, random);
  any.type = type;
  const auto encoder = find_format(built_in_formats(), "capnproto")->encoder(value.layout());
  DTS_ASSERT(encoder.ok() && (*encoder)->encode(value.data(), any.message).ok());
  return any;
}

void fill_symbol(const Layout& layout, void* to, base::Random& random) {
  const TypeNode& node = layout.type.root();
  std::int64_t value = node.symbols[random.below(node.symbols.size())].value;
  if (!node.closed && layout.width > 1 && random.chance(0.2))
    value = static_cast<std::int64_t>(random.below(30000));
  std::memcpy(to, &value, layout.width);
}

void fill_map(const Layout& layout, void* map, base::Random& random, int depth) {
  layout.functions.map_clear(layout, map);
  alignas(16) std::byte key[64];
  DTS_ASSERT(layout.key->size <= sizeof key);
  for (std::uint64_t i = depth > 5 ? 0 : random.below(5); i > 0; --i) {
    layout.key->construct(key);
    fill(*layout.key, key, random, depth + 1);
    if (void* place = layout.functions.map_insert(layout, map, key))
      fill(*layout.element, place, random, depth + 1);
    layout.key->destroy(key);
  }
}

void fill_union(const Layout& layout, void* value, base::Random& random, int depth) {
  const bool none = !layout.type.root().closed && random.chance(0.1);
  const std::uint32_t which =
      none ? Layout::no_case : static_cast<std::uint32_t>(random.below(layout.fields.size()));
  if (void* place = layout.functions.choose(layout, value, which))
    fill(*layout.fields[which].layout, place, random, depth + 1);
}

void fill_elements(const Layout& layout, void* list, base::Random& random, int depth) {
  const std::size_t count = layout.kind == Kind::array ? layout.length
                            : depth > 5                ? 0
                                                       : random.below(5);
  auto* first = static_cast<std::byte*>(layout.functions.resize(layout, list, count));
  for (std::size_t i = 0; i < count; ++i)
    fill(*layout.element, first + i * layout.element->size, random, depth + 1);
}

}  // namespace

Type generate_type(base::Random& random) { return TypeMaker(random).make(); }

namespace {

Kind narrower(Kind kind) {
  switch (kind) {
    case Kind::i16:
    case Kind::i32:
      return Kind::i8;
    case Kind::i64:
      return Kind::u32;
    case Kind::u16:
    case Kind::u32:
      return Kind::i16;
    case Kind::u64:
      return Kind::f64;
    case Kind::f64:
      return Kind::f32;
    default:
      return kind;
  }
}

bool refers(const TypeRef& type) {
  return type.kind == Kind::reference ||
         std::any_of(type.arguments.begin(), type.arguments.end(), refers);
}

// Another type for the field, and what becomes of values that do not fit it.
void vary_field(Field& field, const std::vector<TypeNode>& nodes, base::Random& random) {
  if (field.unit == "Cel" && random.chance(0.5)) field.unit = random.chance(0.5) ? "[degF]" : "K";
  if (random.chance(0.2) && narrower(field.type.kind) != field.type.kind) {
    field.narrow = true;
    field.type.kind = narrower(field.type.kind);
    if (field.default_value || random.chance(0.5))
      field.default_value = default_from_text("7", field.type, nodes).value();
  } else if (!field.default_value && random.chance(0.4)) {
    field.type.kind = wider(field.type.kind);
  }
  if (field.type.kind == Kind::list && !refers(field.type) && random.chance(0.4)) {
    field.type.kind = Kind::array;
    field.type.length = 2;
    if (random.chance(0.6)) field.misfit = OnMisfit::trim;
  }
  if (!field.default_value && field.type.kind != Kind::optional && random.chance(0.3))
    field.type = {Kind::optional, 0, 0, {TypeRef(field.type)}};
  if (field.misfit == OnMisfit::discard && random.chance(0.5) &&
      (field.default_value || field.type.kind == Kind::optional)) {
    field.misfit = OnMisfit::use_default;
    field.narrow = true;
    if (field.type.kind == Kind::optional) {
      TypeRef& element = field.type.arguments[0];
      if (element.kind == Kind::list)
        element.arguments[0].kind = narrower(element.arguments[0].kind);
    }
  }
}

// Closed, and without what came last: what the publisher has more does not fit.
template <class Members>
void close(TypeNode& node, Members& members, base::Random& random) {
  if (!random.chance(0.3)) return;
  node.closed = true;
  if (members.size() > 1) members.pop_back();
}

}  // namespace

Type generate_reader(const Type& type, base::Random& random) {
  std::vector<TypeNode> nodes(type.nodes().begin(), type.nodes().end());
  for (TypeNode& node : nodes) {
    if (node.kind == Kind::enumeration) close(node, node.symbols, random);
    if (node.kind == Kind::union_) close(node, node.fields, random);
    if (node.kind != Kind::structure) continue;
    if (node.fields.size() > 1 && random.chance(0.4))
      node.fields.erase(node.fields.begin() +
                        static_cast<std::ptrdiff_t>(random.below(node.fields.size())));
    for (Field& field : node.fields) vary_field(field, nodes, random);
    const bool ids = !node.fields.empty() && node.fields[0].id.has_value();
    if (!node.fields.empty() && random.chance(0.5)) {
      Field added;
      if (ids) added.id = 1000;
      added.name = "added_here";
      added.type.kind = Kind::text;
      added.default_value = default_from_text("\"ours\"", added.type, nodes).value();
      node.fields.push_back(added);
    }
    if (!node.fields.empty() && random.chance(0.5)) {
      Field added;
      if (ids) added.id = 1001;
      added.name = "also_added";
      added.type = {Kind::optional, 0, 0, {{Kind::f64, 0, 0, {}}}};
      node.fields.push_back(added);
    }
  }
  auto made = Type::make(std::move(nodes));
  DTS_ASSERT(made.ok());
  return *made;
}

Type generate_packed_type(base::Random& random) {
  const Type type = generate_type(random);
  std::vector<TypeNode> nodes(type.nodes().begin(), type.nodes().end());
  for (std::uint32_t i = 0; i < nodes.size(); ++i) {
    TypeNode& node = nodes[i];
    if (node.kind == Kind::enumeration) continue;
    node.kind = Kind::structure;
    node.closed = false;
    for (Field& field : node.fields) {
      const TypeRef before = field.type;
      field.type = packed(before, i, random);
      if (field.type.kind != before.kind) field.default_value.reset();
      if (field.type.kind != Kind::f64) field.unit.clear();
    }
    if (node.fields.empty()) {
      node.fields.emplace_back().name = "only";
      node.fields[0].type.kind = Kind::u16;
    }
  }
  auto made = Type::make(std::move(nodes));
  return made.value();
}

namespace {

void fill_number(const Layout& layout, void* value, base::Random& random) {
  switch (layout.kind) {
    case Kind::i8:
      fill_integer<std::int8_t>(value, random);
      break;
    case Kind::i16:
      fill_integer<std::int16_t>(value, random);
      break;
    case Kind::i32:
      fill_integer<std::int32_t>(value, random);
      break;
    case Kind::i64:
    case Kind::time:
    case Kind::duration:
      fill_integer<std::int64_t>(value, random);
      break;
    case Kind::u8:
      fill_integer<std::uint8_t>(value, random);
      break;
    case Kind::u16:
      fill_integer<std::uint16_t>(value, random);
      break;
    case Kind::u32:
      fill_integer<std::uint32_t>(value, random);
      break;
    case Kind::u64:
      fill_integer<std::uint64_t>(value, random);
      break;
    case Kind::f32:
      fill_real<float>(value, random);
      break;
    default:
      fill_real<double>(value, random);
      break;
  }
}

}  // namespace

void fill(const Layout& layout, void* value, base::Random& random, int depth) {
  switch (layout.kind) {
    case Kind::boolean:
      *static_cast<bool*>(value) = random.chance(0.5);
      break;
    case Kind::text:
      layout.functions.assign(layout, value, as_bytes(generate_text(random)));
      break;
    case Kind::bytes: {
      Bytes bytes(random.below(20));
      for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random.next());
      layout.functions.assign(layout, value, bytes);
      break;
    }
    case Kind::decimal: {
      Decimal& decimal = *static_cast<Decimal*>(value);
      fill_integer<std::int64_t>(&decimal.coefficient, random);
      fill_integer<std::int8_t>(&decimal.exponent, random);
      break;
    }
    case Kind::any:
      *static_cast<Any*>(value) = generate_any(random);
      break;
    case Kind::enumeration:
      fill_symbol(layout, value, random);
      break;
    case Kind::list:
    case Kind::array:
      fill_elements(layout, value, random, depth);
      break;
    case Kind::map:
      fill_map(layout, value, random, depth);
      break;
    case Kind::optional:
      if (depth > 5 || random.chance(0.4))
        layout.functions.reset(layout, value);
      else
        fill(*layout.element, layout.functions.set(layout, value), random, depth + 1);
      break;
    case Kind::union_:
      fill_union(layout, value, random, depth);
      break;
    case Kind::structure:
      for (const LayoutField& field : layout.fields) {
        fill(*field.layout, static_cast<std::byte*>(value) + field.offset, random, depth + 1);
      }
      break;
    default:
      fill_number(layout, value, random);
  }
}

Value generate_value(const Type& type, base::Random& random) {
  return generate_value(Value::of(type).value().layout_ptr(), random);
}

Value generate_value(LayoutPtr layout, base::Random& random) {
  Value value(std::move(layout));
  fill(value.layout(), value.data(), random);
  return value;
}

}  // namespace dts::test
