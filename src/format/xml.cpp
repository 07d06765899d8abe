// XML: elements named after the fields. docs/reference/formats/xml.md has the rules.
#include <dts/format.hpp>
#include <format/named_decoder.hpp>
#include <format/named_encoder.hpp>
#include <format/xml_reader.hpp>
#include <format/xml_writer.hpp>

namespace dts::format {

namespace {

class Xml final : public Format {
 public:
  std::string_view name() const override { return "xml"; }
  std::uint8_t code() const override { return 8; }
  std::string_view media_type() const override { return "application/xml"; }
  bool is_text() const override { return true; }
  Result<std::unique_ptr<Encoder>> encoder(const Layout& layout) const override {
    return named::make_encoder<xml::Writer>(layout);
  }
  Result<std::unique_ptr<Decoder>> decoder(const Assignment& assignment, const Layout& layout,
                                           const DecodeLimits& limits) const override {
    return named::make_decoder<xml::Reader>(assignment, layout, limits);
  }
};

}  // namespace

const Format& xml_format() {
  static const Xml format;
  return format;
}

}  // namespace dts::format
