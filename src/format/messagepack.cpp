// MessagePack as a format. docs/reference/formats/messagepack.md has the rules.
#include <format/messagepack.hpp>

#include <format/messagepack_reader.hpp>
#include <format/named_decoder.hpp>

namespace dts::format {

namespace messagepack {

Result<std::unique_ptr<Decoder>> make_decoder(const Assignment& assignment, const Layout& layout,
                                              const DecodeLimits& limits) {
  return named::make_decoder<MessagePackReader>(assignment, layout, limits);
}

}  // namespace messagepack

namespace {

class MessagePack final : public Format {
 public:
  std::string_view name() const override { return "messagepack"; }
  std::uint8_t code() const override { return 6; }
  std::string_view media_type() const override { return "application/vnd.msgpack"; }
  bool is_text() const override { return false; }
  Result<std::unique_ptr<Encoder>> encoder(const Layout& layout) const override {
    return messagepack::make_encoder(layout);
  }
  Result<std::unique_ptr<Decoder>> decoder(const Assignment& assignment, const Layout& layout,
                                           const DecodeLimits& limits) const override {
    return messagepack::make_decoder(assignment, layout, limits);
  }
};

}  // namespace

const Format& messagepack_format() {
  static const MessagePack format;
  return format;
}

}  // namespace dts::format
