// CBOR as a format. docs/reference/formats/cbor.md has the rules.
#include <format/cbor.hpp>

#include <format/cbor_reader.hpp>
#include <format/named_decoder.hpp>

namespace dts::format {

namespace cbor {

Result<std::unique_ptr<Decoder>> make_decoder(const Assignment& assignment, const Layout& layout,
                                              const DecodeLimits& limits) {
  return named::make_decoder<CborReader>(assignment, layout, limits);
}

}  // namespace cbor

namespace {

class Cbor final : public Format {
 public:
  std::string_view name() const override { return "cbor"; }
  std::uint8_t code() const override { return 5; }
  std::string_view media_type() const override { return "application/cbor"; }
  bool is_text() const override { return false; }
  Result<std::unique_ptr<Encoder>> encoder(const Layout& layout) const override {
    return cbor::make_encoder(layout);
  }
  Result<std::unique_ptr<Decoder>> decoder(const Assignment& assignment, const Layout& layout,
                                           const DecodeLimits& limits) const override {
    return cbor::make_decoder(assignment, layout, limits);
  }
};

}  // namespace

const Format& cbor_format() {
  static const Cbor format;
  return format;
}

}  // namespace dts::format
