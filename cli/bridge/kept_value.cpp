#include <cli/bridge/kept_value.hpp>

#include <base/hex.hpp>
#include <base/sha256.hpp>

namespace dts::cli {

namespace {

const Format& capnproto() { return *find_format(built_in_formats(), "capnproto"); }

}  // namespace

std::string KeptValue::source_of(std::string_view name) {
  const auto mark = name.rfind('#');
  const bool numbered = mark != name.npos && mark + 1 < name.size() &&
                        name.find_first_not_of("0123456789", mark + 1) == name.npos;
  return std::string(numbered ? name.substr(0, mark) : name);
}

std::string KeptValue::id() const {
  return node + "." + std::to_string(stream) + "." + std::to_string(sequence);
}

std::string KeptValue::source_key() const {
  std::string all = type + "\n" + source;
  for (const auto& [key, value] : labels) all += "\n" + key + "=" + value;
  const auto digest = base::sha256({reinterpret_cast<const std::uint8_t*>(all.data()), all.size()});
  return base::to_hex(ByteView(digest).first(8));
}

Result<Bytes> KeptValue::encode() const {
  static const auto encoder = capnproto().encoder(layout_of<KeptValue>()).value();
  Bytes bytes;
  DTS_TRY(encoder->encode(this, bytes));
  return bytes;
}

Result<KeptValue> KeptValue::decode(ByteView bytes) {
  static const Assignment same =
      Assignment::make(layout_of<KeptValue>().type, layout_of<KeptValue>().type);
  static const auto decoder = capnproto().decoder(same, layout_of<KeptValue>()).value();
  KeptValue value;
  DTS_TRY(decoder->decode(bytes, &value));
  return value;
}

}  // namespace dts::cli
