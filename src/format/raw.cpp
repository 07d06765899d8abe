// Raw: the message is the value, without a byte around it. Either opaque, a struct whose only field
// is `bytes`: whatever is in the field is what travels; or packed (raw_packed.hpp). Every other
// type is refused, with the reason. docs/reference/formats/raw.md has the rules.
#include <dts/format.hpp>
#include <format/plan.hpp>
#include <format/raw_packed.hpp>

namespace dts::format {

namespace {

bool is_opaque(const TypeNode& node) {
  return node.kind == Kind::structure && node.fields.size() == 1 &&
         node.fields[0].type.kind == Kind::bytes;
}

class OpaqueEncoder final : public Encoder {
 public:
  explicit OpaqueEncoder(const LayoutField& field) : field_(field) {}

  Result<void> encode(const void* value, Bytes& out) const override {
    const Layout& layout = *field_.layout;
    const ByteView bytes =
        layout.functions.view(layout, static_cast<const std::byte*>(value) + field_.offset);
    out.insert(out.end(), bytes.begin(), bytes.end());
    return {};
  }

 private:
  const LayoutField field_;
};

class OpaqueDecoder final : public Decoder {
 public:
  OpaqueDecoder(std::unique_ptr<const Plan> plan, const DecodeLimits& limits)
      : plan_(std::move(plan)), limits_(limits) {}

  Result<void> decode(ByteView message, void* value) const override {
    return decode_shared(message, nullptr, value);
  }
  Result<void> decode_shared(ByteView message, const std::shared_ptr<const Bytes>& owner,
                             void* value) const override {
    const PlanPair& pair = *plan_->root().pair;
    store_absent(pair, value);
    const PlanMember& member = pair.members[0];
    if (member.step == nullptr) return {};
    const Layout* layout = member.step->to;
    void* place = static_cast<std::byte*>(value) + member.offset;
    for (; layout->kind == Kind::optional; layout = layout->element)
      place = layout->functions.set(*layout, place);
    if (borrow(*layout, place, message, owner ? &owner : nullptr)) return {};
    if (message.size() > limits_.allocation_bytes_max)
      return Error(ErrorCode::limit_reached, "the message needs too much memory");
    layout->functions.assign(*layout, place, message);
    return {};
  }

 private:
  const std::unique_ptr<const Plan> plan_;
  const DecodeLimits limits_;
};

class Raw final : public Format {
 public:
  std::string_view name() const override { return "raw"; }
  std::uint8_t code() const override { return 3; }
  std::string_view media_type() const override { return "application/octet-stream"; }
  bool is_text() const override { return false; }
  Result<std::unique_ptr<Encoder>> encoder(const Layout& layout) const override {
    if (!is_opaque(layout.type.root())) return raw::make_packed_encoder(layout);
    return std::unique_ptr<Encoder>(new OpaqueEncoder(layout.fields[0]));
  }
  Result<std::unique_ptr<Decoder>> decoder(const Assignment& assignment, const Layout& layout,
                                           const DecodeLimits& limits) const override {
    DTS_ASSIGN(auto plan, Plan::make(assignment, layout, Plan::Omission::never));
    if (!is_opaque(plan->publisher().root()))
      return raw::make_packed_decoder(std::move(plan), limits);
    return std::unique_ptr<Decoder>(new OpaqueDecoder(std::move(plan), limits));
  }
};

}  // namespace

const Format& raw_format() {
  static const Raw format;
  return format;
}

}  // namespace dts::format
