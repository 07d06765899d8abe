// JSON: the format people read and write. docs/reference/formats/json.md has the rules.
#include <format/json.hpp>

namespace dts::format {

namespace {

class Json final : public Format {
 public:
  std::string_view name() const override { return "json"; }
  std::uint8_t code() const override { return 2; }
  std::string_view media_type() const override { return "application/json"; }
  bool is_text() const override { return true; }
  Result<std::unique_ptr<Encoder>> encoder(const Layout& layout) const override {
    return json::make_encoder(layout);
  }
  Result<std::unique_ptr<Decoder>> decoder(const Assignment& assignment, const Layout& layout,
                                           const DecodeLimits& limits) const override {
    return json::make_decoder(assignment, layout, limits);
  }
};

}  // namespace

const Format& json_format() {
  static const Json format;
  return format;
}

}  // namespace dts::format

namespace dts {

Result<std::string> to_json(const Layout& layout, const void* value) {
  DTS_ASSIGN(const auto encoder, format::json::make_encoder(layout));
  Bytes text;
  DTS_TRY(encoder->encode(value, text));
  return std::string(as_text(text));
}

Result<void> from_json(std::string_view text, const Layout& layout, void* value) {
  DTS_ASSIGN(const auto decoder,
             format::json::make_decoder(Assignment::make(layout.type, layout.type), layout, {}));
  return decoder->decode(as_bytes(text), value);
}

}  // namespace dts
