#include <type/default_value.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>

#include <base/text.hpp>
#include <type/canonical.hpp>

namespace dts {

namespace {

Error bad(std::string what, std::string hint = {}) {
  return Error(ErrorCode::invalid_type, std::move(what), {}, {}, std::move(hint));
}

bool bytes_less(ByteView a, ByteView b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
}

// One walk over the bytes, led by the type. The depth is bounded because a default of a recursive
// type may nest as deep as its bytes are long.
class DefaultChecker {
 public:
  DefaultChecker(ByteView bytes, std::span<const TypeNode> nodes) : reader_(bytes), nodes_(nodes) {}

  Result<void> check(const TypeRef& type, std::size_t depth = 0) {
    if (depth > TypeLimits::depth_max) return bad("the default nests too deep");
    switch (type.kind) {
      case Kind::list:
      case Kind::array:
        return check_list(type, depth);
      case Kind::map:
        return check_map(type, depth);
      case Kind::optional:
        return check_optional(type, depth);
      case Kind::reference:
        return check_node(nodes_[type.node], depth);
      case Kind::any:
        return bad("any has no default", "remove the default");
      default:
        break;
    }
    if (check_scalar(type.kind)) return {};
    return bad("the default is not a canonical " + std::string(kind_name(type.kind)));
  }

  bool at_end() const { return reader_.at_end(); }

 private:
  template <class Int>
  bool check_integer() {
    if constexpr (std::is_signed_v<Int>) {
      std::int64_t value;
      return reader_.integer(value) && value >= std::numeric_limits<Int>::min() &&
             value <= std::numeric_limits<Int>::max();
    } else {
      std::uint64_t value;
      return reader_.unsigned_integer(value) && value <= std::numeric_limits<Int>::max();
    }
  }

  bool check_scalar(Kind kind) {
    switch (kind) {
      case Kind::boolean: {
        bool value;
        return reader_.boolean(value);
      }
      case Kind::i8:
        return check_integer<std::int8_t>();
      case Kind::i16:
        return check_integer<std::int16_t>();
      case Kind::i32:
        return check_integer<std::int32_t>();
      case Kind::i64:
      case Kind::time:
      case Kind::duration:
        return check_integer<std::int64_t>();
      case Kind::u8:
        return check_integer<std::uint8_t>();
      case Kind::u16:
        return check_integer<std::uint16_t>();
      case Kind::u32:
        return check_integer<std::uint32_t>();
      case Kind::u64:
        return check_integer<std::uint64_t>();
      case Kind::f32: {
        float value;
        return reader_.f32(value);
      }
      case Kind::f64: {
        double value;
        return reader_.f64(value);
      }
      case Kind::text: {
        std::string_view value;
        return reader_.text(value) && base::is_utf8(value);
      }
      case Kind::bytes: {
        ByteView value;
        return reader_.bytes(value);
      }
      case Kind::decimal: {
        std::uint64_t count;
        return reader_.array(count) && count == 2 && check_integer<std::int64_t>() &&
               check_integer<std::int8_t>();
      }
      default:
        return false;
    }
  }

  Result<void> check_list(const TypeRef& type, std::size_t depth) {
    std::uint64_t count;
    if (!reader_.array(count)) return bad("the default is not a list");
    if (type.kind == Kind::array && count != type.length) {
      return bad("the default has " + std::to_string(count) + " elements, the array " +
                 std::to_string(type.length));
    }
    for (std::uint64_t i = 0; i < count; ++i) DTS_TRY(check(type.arguments[0], depth + 1));
    return {};
  }

  // Entries are sorted by the bytes of their encoded keys, each key once.
  Result<void> check_map(const TypeRef& type, std::size_t depth) {
    std::uint64_t count, two;
    if (!reader_.array(count)) return bad("the default is not a map");
    ByteView before;
    for (std::uint64_t i = 0; i < count; ++i) {
      if (!reader_.array(two) || two != 2) return bad("a map entry of the default is not a pair");
      const ByteView from = reader_.rest();
      DTS_TRY(check(type.arguments[0], depth + 1));
      const ByteView key = from.first(from.size() - reader_.rest().size());
      if (i > 0 && !bytes_less(before, key)) {
        return bad("the default's map keys are not sorted, or one is there twice");
      }
      before = key;
      DTS_TRY(check(type.arguments[1], depth + 1));
    }
    return {};
  }

  Result<void> check_optional(const TypeRef& type, std::size_t depth) {
    std::uint64_t count;
    if (reader_.null()) return {};
    if (!reader_.array(count) || count != 1) return bad("the default is not an optional");
    return check(type.arguments[0], depth + 1);
  }

  Result<void> check_node(const TypeNode& node, std::size_t depth) {
    std::uint64_t count;
    if (node.kind == Kind::enumeration) {
      std::int64_t value;
      if (!reader_.integer(value)) return bad("the default is not an enumeration value");
      for (const Symbol& symbol : node.symbols) {
        if (symbol.value == value) return {};
      }
      return bad(node.name + " has no value " + std::to_string(value));
    }
    if (!reader_.array(count)) return bad("the default is not a " + node.name);
    if (node.kind == Kind::union_) {
      std::uint64_t which;
      if (count != 2 || !reader_.unsigned_integer(which) || which >= node.fields.size()) {
        return bad("the default is not a case of " + node.name);
      }
      return check(node.fields[static_cast<std::size_t>(which)].type, depth + 1);
    }
    if (count != node.fields.size()) return bad("the default is not a " + node.name);
    for (const Field& field : node.fields) DTS_TRY(check(field.type, depth + 1));
    return {};
  }

  CanonicalReader reader_;
  std::span<const TypeNode> nodes_;
};

}  // namespace

Result<void> check_default(ByteView encoded, const TypeRef& type, std::span<const TypeNode> nodes) {
  DefaultChecker checker(encoded, nodes);
  DTS_TRY(checker.check(type));
  if (!checker.at_end()) return bad("bytes follow the default");
  return {};
}

}  // namespace dts
