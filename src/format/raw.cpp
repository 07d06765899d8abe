// Raw: the message is the value. For a struct whose only field is `bytes`: whatever is in the
// field is what travels, without a byte around it. Everything else is refused, with the reason.
#include <dts/format.hpp>
#include <format/plan.hpp>

namespace dts::format {

namespace {

// The one field, or why there is none.
Result<const LayoutField*> only_field(const Layout& layout) {
  const auto refuse = [&](std::string why) {
    return Error(ErrorCode::unsupported, "raw carries opaque bytes",
                 layout.type.valid() ? layout.type.name() : std::string(), std::move(why),
                 "declare one field of type bytes, or choose another format");
  };
  if (layout.kind != Kind::structure) return refuse("the type is no struct");
  if (layout.fields.size() != 1)
    return refuse("the type has " + std::to_string(layout.fields.size()) + " fields, not one");
  const LayoutField& field = layout.fields[0];
  if (field.layout->kind != Kind::bytes) {
    return refuse("its field " + layout.type.root().fields[0].name + " is " +
                  std::string(kind_name(field.layout->kind)) + ", not bytes");
  }
  return &field;
}

class RawCodec final : public Encoder, public Decoder {
 public:
  RawCodec(const LayoutField& field, const DecodeLimits& limits) : field_(field), limits_(limits) {}

  Result<void> encode(const void* value, Bytes& out) const override {
    const Layout& layout = *field_.layout;
    const ByteView bytes =
        layout.functions.view(layout, static_cast<const std::byte*>(value) + field_.offset);
    out.insert(out.end(), bytes.begin(), bytes.end());
    return {};
  }

  Result<void> decode_shared(ByteView message, const std::shared_ptr<const Bytes>& owner,
                             void* value) const override {
    void* const place = static_cast<std::byte*>(value) + field_.offset;
    if (owner != nullptr && borrow(*field_.layout, place, message, &owner)) return {};
    return decode(message, value);
  }

  Result<void> decode(ByteView message, void* value) const override {
    if (message.size() > limits_.allocation_bytes_max)
      return Error(ErrorCode::limit_reached, "the message needs too much memory");
    const Layout& layout = *field_.layout;
    layout.functions.assign(layout, static_cast<std::byte*>(value) + field_.offset, message);
    return {};
  }

 private:
  const LayoutField field_;
  const DecodeLimits limits_;
};

class Raw final : public Format {
 public:
  std::string_view name() const override { return "raw"; }
  std::uint8_t code() const override { return 3; }
  std::string_view media_type() const override { return "application/octet-stream"; }
  bool is_text() const override { return false; }
  Result<std::unique_ptr<Encoder>> encoder(const Layout& layout) const override {
    DTS_ASSIGN(const LayoutField* field, only_field(layout));
    return std::unique_ptr<Encoder>(new RawCodec(*field, {}));
  }
  Result<std::unique_ptr<Decoder>> decoder(const Assignment& assignment, const Layout& layout,
                                           const DecodeLimits& limits) const override {
    DTS_ASSIGN(const LayoutField* field, only_field(layout));
    if (assignment.outcome() != Outcome::identical &&
        assignment.publisher().root().fields.size() != 1)
      return Error(ErrorCode::unsupported, "raw carries opaque bytes",
                   assignment.publisher().name(), "the publisher's type has several fields");
    return std::unique_ptr<Decoder>(new RawCodec(*field, limits));
  }
};

}  // namespace

const Format& raw_format() {
  static const Raw format;
  return format;
}

}  // namespace dts::format
