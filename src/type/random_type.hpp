// Random legal types with random defaults, the same for the same seed: the input of property tests
// (notation, document, formats). Only tests include it.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <vector>

#include <dts/type.hpp>

#include <base/random.hpp>
#include <type/canonical.hpp>
#include <type/closure.hpp>

namespace dts {

class RandomType {
 public:
  explicit RandomType(std::uint64_t seed) : random_(seed) {}

  // The nodes of a type, root first, in no particular order of members or nodes.
  std::vector<TypeNode> nodes() {
    nodes_.clear();
    nodes_.resize(1 + random_.below(6));
    for (std::size_t i = 0; i < nodes_.size(); ++i) shape(i);
    for (std::size_t i = 0; i < nodes_.size(); ++i) fill(i);
    for (TypeNode& node : nodes_) add_defaults(node);
    return nodes_;
  }

 private:
  // The random word and a number that makes it unique.
  std::string word(std::size_t number) {
    static constexpr std::string_view letters = "abcdefgXYZ_019";
    std::string text(1, letters[random_.below(11)]);
    for (std::uint64_t i = random_.below(6); i > 0; --i) text += letters[random_.below(14)];
    return text + "_" + std::to_string(number);
  }

  void shape(std::size_t i) {
    TypeNode& node = nodes_[i];
    node.name = word(i);
    for (std::uint64_t k = random_.below(3); k > 0; --k) node.name += "." + word(i);
    const std::uint64_t sort = random_.below(4);
    node.kind = sort == 0 ? Kind::enumeration : sort == 1 ? Kind::union_ : Kind::structure;
    node.closed = node.kind != Kind::structure && random_.chance(0.5);
    if (node.kind != Kind::enumeration) return;
    std::int64_t value = random_.chance(0.3) ? INT32_MIN : 0;
    for (std::size_t k = 0, n = 1 + random_.below(5); k < n; ++k) {
      const std::string name = random_.chance(0.1) && k == 0 ? "none" : word(k);
      node.symbols.insert(node.symbols.begin() + static_cast<long>(random_.below(k + 1)),
                          Symbol{name, static_cast<std::int32_t>(value), {}});
      value += 1 + static_cast<std::int64_t>(random_.below(1000));
    }
  }

  void fill(std::size_t i) {
    TypeNode& node = nodes_[i];
    if (node.kind == Kind::enumeration) return;
    const std::size_t least = node.kind == Kind::union_ ? 1 : 0;
    const std::size_t count = least + random_.below(8);
    const bool ids = random_.chance(0.5);
    std::uint32_t id = static_cast<std::uint32_t>(count * 1000);
    for (std::size_t k = 0; k < count; ++k) {
      Field field;
      field.name = word(k);
      if (ids) field.id = id -= 1 + static_cast<std::uint32_t>(random_.below(900));
      field.type = type(i, 0, node.kind == Kind::union_);
      const TypeRef* inner = &field.type;
      while (!inner->arguments.empty()) inner = &inner->arguments.back();
      const bool number =
          (inner->kind >= Kind::i8 && inner->kind <= Kind::f64) || inner->kind == Kind::decimal;
      static constexpr const char* units[] = {"Cel", "kPa", "[degF]", "m/s2", "10*3/uL", "%"};
      static constexpr const char* tags[] = {"delta", "wgs84", "a.b-c"};
      if (number && random_.chance(0.4)) field.unit = units[random_.below(6)];
      if (random_.chance(0.2)) field.quantity = tags[random_.below(3)];
      if (node.kind == Kind::structure) {
        const bool plain = (field.type.kind >= Kind::boolean && field.type.kind <= Kind::u64) ||
                           field.type.kind == Kind::text;
        field.key = plain && random_.chance(0.2);
        field.must_understand = random_.chance(0.2);
      }
      node.fields.push_back(std::move(field));
    }
  }

  TypeRef scalar() { return {static_cast<Kind>(1 + random_.below(17)), 0, 0, {}}; }

  // `apart`: below a list, map, optional or union, where any type may be referred to; elsewhere
  // only later ones, so that none contains itself.
  TypeRef type(std::size_t owner, std::size_t depth, bool apart) {
    const std::uint64_t sort = random_.below(depth < 3 ? 12 : 7);
    const auto wrap = [&](Kind kind, bool inside_apart) {
      TypeRef type{kind, 0, 0, {}};
      type.arguments.push_back(this->type(owner, depth + 1, inside_apart));
      return type;
    };
    if (sort < 6) return scalar();
    if (sort == 6) {
      const std::size_t first = apart ? 0 : owner + 1;
      if (first >= nodes_.size()) return scalar();
      const auto node = static_cast<std::uint32_t>(first + random_.below(nodes_.size() - first));
      return {Kind::reference, 0, node, {}};
    }
    if (sort == 7 || sort == 8) return wrap(Kind::list, true);
    if (sort == 9) {
      TypeRef array = wrap(Kind::array, apart);
      array.length = 1 + static_cast<std::uint32_t>(random_.below(3));
      return array;
    }
    if (sort == 10) {
      TypeRef optional = wrap(Kind::optional, true);
      if (optional.arguments[0].kind == Kind::optional) return optional.arguments[0];
      return optional;
    }
    static constexpr Kind keys[] = {Kind::boolean, Kind::i32, Kind::u64, Kind::text};
    TypeRef map = wrap(Kind::map, true);
    map.arguments.insert(map.arguments.begin(), TypeRef{keys[random_.below(4)], 0, 0, {}});
    return map;
  }

  void add_defaults(TypeNode& node) {
    if (node.kind != Kind::structure) return;
    std::vector<TypeNode> sorted = nodes_;
    for (TypeNode& other : sorted) sort_members(other);
    for (Field& field : node.fields) {
      CanonicalWriter out;
      if (random_.chance(0.5) && value(field.type, sorted, out, 0))
        field.default_value = out.take();
    }
  }

  // A random value in the canonical encoding; false when it has none or grows too deep.
  bool value(const TypeRef& type, const std::vector<TypeNode>& nodes, CanonicalWriter& out,
             std::size_t depth) {
    if (depth > 6) return false;
    switch (type.kind) {
      case Kind::list:
      case Kind::array: {
        const std::uint64_t n = type.kind == Kind::array ? type.length : random_.below(4);
        out.array(n);
        for (std::uint64_t i = 0; i < n; ++i) {
          if (!value(type.arguments[0], nodes, out, depth + 1)) return false;
        }
        return true;
      }
      case Kind::map: {  // one entry at most: sorted by nature
        const std::uint64_t n = random_.below(2);
        out.array(n);
        if (n == 0) return true;
        out.array(2);
        return value(type.arguments[0], nodes, out, depth + 1) &&
               value(type.arguments[1], nodes, out, depth + 1);
      }
      case Kind::optional:
        if (random_.chance(0.5)) return out.null(), true;
        out.array(1);
        return value(type.arguments[0], nodes, out, depth + 1);
      case Kind::reference: {
        const TypeNode& node = nodes[type.node];
        if (node.kind == Kind::enumeration) {
          out.integer(node.symbols[random_.below(node.symbols.size())].value);
          return true;
        }
        if (node.kind == Kind::union_) {
          const std::uint64_t which = random_.below(node.fields.size());
          out.array(2);
          out.unsigned_integer(which);
          return value(node.fields[which].type, nodes, out, depth + 1);
        }
        out.array(node.fields.size());
        for (const Field& field : node.fields) {
          if (!value(field.type, nodes, out, depth + 1)) return false;
        }
        return true;
      }
      default:
        return scalar_value(type.kind, out);
    }
  }

  // Numbers of every size: the random bits are shifted by a random amount.
  bool scalar_value(Kind kind, CanonicalWriter& out) {
    const std::uint64_t bits = random_.next() >> random_.below(64);
    const auto integer = [&](auto number) {
      out.integer(number);
      return true;
    };
    switch (kind) {
      case Kind::boolean:
        out.boolean(bits & 1);
        return true;
      case Kind::i8:
        return integer(static_cast<std::int8_t>(bits));
      case Kind::i16:
        return integer(static_cast<std::int16_t>(bits));
      case Kind::i32:
        return integer(static_cast<std::int32_t>(bits));
      case Kind::i64:
      case Kind::time:
      case Kind::duration:
        return integer(static_cast<std::int64_t>(random_.chance(0.5) ? bits : ~bits));
      case Kind::u8:
        return integer(static_cast<std::uint8_t>(bits));
      case Kind::u16:
        return integer(static_cast<std::uint16_t>(bits));
      case Kind::u32:
        return integer(static_cast<std::uint32_t>(bits));
      case Kind::u64:
        out.unsigned_integer(bits);
        return true;
      case Kind::f32:
        out.f32(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
        return true;
      case Kind::f64:
        out.f64(std::bit_cast<double>(bits));
        return true;
      case Kind::text:
        out.text(text());
        return true;
      case Kind::bytes:
        out.bytes(as_bytes(text()));
        return true;
      case Kind::decimal:
        out.array(2);
        out.integer(static_cast<std::int64_t>(bits));
        return integer(static_cast<std::int8_t>(random_.next()));
      default:
        return false;
    }
  }

  std::string text() {
    static constexpr std::string_view pieces[] = {"a",  " ", "\"",   "\\", "\n", "\x01",
                                                  "{",  "]", "//",   ",",  "é",  "\u202e",
                                                  "😀", "#", "none", "\r"};
    std::string text;
    for (std::uint64_t i = random_.below(8); i > 0; --i) text += pieces[random_.below(16)];
    return text;
  }

  base::Random random_;
  std::vector<TypeNode> nodes_;
};

}  // namespace dts
