#include <schema/capnp_default.hpp>

#include <bit>

namespace dts::schema {

namespace {

using Which = capnp::schema::Value::Which;

std::uint64_t bits_of(capnp::schema::Value::Reader value) {
  switch (value.which()) {
    case Which::BOOL:
      return value.getBool() ? 1 : 0;
    case Which::INT8:
      return static_cast<std::uint8_t>(value.getInt8());
    case Which::INT16:
      return static_cast<std::uint16_t>(value.getInt16());
    case Which::INT32:
      return static_cast<std::uint32_t>(value.getInt32());
    case Which::INT64:
      return static_cast<std::uint64_t>(value.getInt64());
    case Which::UINT8:
      return value.getUint8();
    case Which::UINT16:
      return value.getUint16();
    case Which::UINT32:
      return value.getUint32();
    case Which::UINT64:
      return value.getUint64();
    case Which::FLOAT32:
      return std::bit_cast<std::uint32_t>(value.getFloat32());
    case Which::FLOAT64:
      return std::bit_cast<std::uint64_t>(value.getFloat64());
    case Which::ENUM:
      return value.getEnum();
    default:
      return 0;
  }
}

}  // namespace

Result<void> read_default(capnp::StructSchema::Field field, DraftMember& member) {
  const auto slot = field.getProto().getSlot();
  const bool is_case =
      field.getProto().getDiscriminantValue() != capnp::schema::Field::NO_DISCRIMINANT;
  if (!is_case && !slot.getHadExplicitDefault()) return {};
  const auto value = slot.getDefaultValue();
  member.binding.mask = bits_of(value);
  if (is_case) return {};
  switch (value.which()) {
    case Which::BOOL:
      member.default_value = value.getBool() ? "true" : "false";
      break;
    case Which::FLOAT32:
      member.default_value = real_text(value.getFloat32());
      break;
    case Which::FLOAT64:
      member.default_value = real_text(value.getFloat64());
      break;
    case Which::TEXT: {
      const auto text = value.getText();
      member.default_value = quote(std::string_view(text.begin(), text.size()));
      break;
    }
    case Which::DATA: {
      const auto data = value.getData();
      member.default_value = hex_bytes(ByteView(data.begin(), data.size()));
      break;
    }
    case Which::ENUM:
      member.default_value = std::to_string(value.getEnum());
      break;
    case Which::INT8:
      member.default_value = std::to_string(value.getInt8());
      break;
    case Which::INT16:
      member.default_value = std::to_string(value.getInt16());
      break;
    case Which::INT32:
      member.default_value = std::to_string(value.getInt32());
      break;
    case Which::INT64:
      member.default_value = std::to_string(value.getInt64());
      break;
    case Which::UINT8:
    case Which::UINT16:
    case Which::UINT32:
    case Which::UINT64:
      member.default_value = std::to_string(member.binding.mask);
      break;
    default:
      return refused("a default of a list or struct is not supported", member.place,
                     "a null pointer would stand for it", "remove the default");
  }
  return {};
}

}  // namespace dts::schema
