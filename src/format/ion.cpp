// Ion: Amazon Ion 1.0, written as binary, read as binary or text, whichever the first bytes say.
// docs/reference/formats/ion.md has the rules; here is what the walks of named_*.hpp bring
// together.
#include <mutex>

#include <format/ion_binary_reader.hpp>
#include <format/ion_text_reader.hpp>
#include <format/ion_writer.hpp>
#include <format/named_decoder.hpp>
#include <format/named_encoder.hpp>

namespace dts::format {

namespace {

class IonDecoder final : public Decoder {
 public:
  IonDecoder(std::shared_ptr<const Plan> plan, const DecodeLimits& limits)
      : binary_(std::move(plan), limits), limits_(limits) {}

  Result<void> decode(ByteView message, void* value) const override {
    return of(message).decode(message, value);
  }
  Result<void> decode_shared(ByteView message, const std::shared_ptr<const Bytes>& owner,
                             void* value) const override {
    return of(message).decode_shared(message, owner, value);
  }

 private:
  // No text begins with the first byte of the version marker and the one behind it.
  const Decoder& of(ByteView message) const {
    if (message.empty() || message[0] == ion::version_marker[0]) return binary_;
    std::call_once(once_, [this] { text_.emplace(binary_.shared_plan(), limits_); });
    return *text_;
  }

  named::NamedDecoder<ion::BinaryReader> binary_;
  DecodeLimits limits_;
  // Few publishers write text: made when the first message of it comes.
  mutable std::once_flag once_;
  mutable std::optional<named::NamedDecoder<ion::TextReader>> text_;
};

class Ion final : public Format {
 public:
  std::string_view name() const override { return "ion"; }
  std::uint8_t code() const override { return 7; }
  std::string_view media_type() const override { return "application/ion"; }
  bool is_text() const override { return false; }
  Result<std::unique_ptr<Encoder>> encoder(const Layout& layout) const override {
    return named::make_encoder<ion::Writer>(layout);
  }
  Result<std::unique_ptr<Decoder>> decoder(const Assignment& assignment, const Layout& layout,
                                           const DecodeLimits& limits) const override {
    DTS_ASSIGN(auto plan, Plan::make(assignment, layout, Plan::Omission::possible));
    return std::unique_ptr<Decoder>(new IonDecoder(std::move(plan), limits));
  }
};

}  // namespace

const Format& ion_format() {
  static const Ion format;
  return format;
}

}  // namespace dts::format
