// Python's pickle as a format: plain data written, and only data read. A message is never handed to
// Python's own pickle.loads, which runs what it is told to. docs/reference/formats/pickle.md has
// the rules.
#include <dts/format.hpp>
#include <format/named_decoder.hpp>
#include <format/named_encoder.hpp>
#include <format/pickle_reader.hpp>
#include <format/pickle_writer.hpp>

namespace dts::format {

namespace {

class Pickle final : public Format {
 public:
  std::string_view name() const override { return "pickle"; }
  std::uint8_t code() const override { return 9; }
  std::string_view media_type() const override { return "application/x-python-pickle"; }
  bool is_text() const override { return false; }
  Result<std::unique_ptr<Encoder>> encoder(const Layout& layout) const override {
    return named::make_encoder<pickle::Writer>(layout);
  }
  Result<std::unique_ptr<Decoder>> decoder(const Assignment& assignment, const Layout& layout,
                                           const DecodeLimits& limits) const override {
    return named::make_decoder<pickle::Reader>(assignment, layout, limits);
  }
};

}  // namespace

const Format& pickle_format() {
  static const Pickle format;
  return format;
}

}  // namespace dts::format
