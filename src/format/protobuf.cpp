// Protobuf: the format. A message is what libprotobuf makes of the same value with the schema that
// protobuf_schema.cpp writes, byte for byte. docs/reference/formats/protobuf.md has the rules.
#include <format/protobuf.hpp>

namespace dts::format {

namespace {

class Protobuf final : public Format {
 public:
  std::string_view name() const override { return "protobuf"; }
  std::uint8_t code() const override { return 4; }
  std::string_view media_type() const override { return "application/protobuf"; }
  bool is_text() const override { return false; }

  Result<std::unique_ptr<Encoder>> encoder(const Layout& layout) const override {
    DTS_TRY(check(layout));
    return protobuf::make_encoder(layout, nullptr);
  }
  Result<std::unique_ptr<Decoder>> decoder(const Assignment& assignment, const Layout& layout,
                                           const DecodeLimits& limits) const override {
    DTS_TRY(check(layout));
    return protobuf::make_decoder(assignment, layout, nullptr, limits);
  }
  Result<std::unique_ptr<Encoder>> bound_encoder(const Layout& layout,
                                                 const Binding& binding) const override {
    DTS_TRY(check(layout));
    DTS_TRY(check(binding, layout.type));
    return protobuf::make_encoder(layout, &binding);
  }
  Result<std::unique_ptr<Decoder>> bound_decoder(const Assignment& assignment, const Layout& layout,
                                                 const Binding& binding,
                                                 const DecodeLimits& limits) const override {
    DTS_TRY(check(layout));
    DTS_TRY(check(binding, assignment.publisher()));
    return protobuf::make_decoder(assignment, layout, &binding, limits);
  }

 private:
  static Result<void> check(const Layout& layout) {
    if (layout.kind == Kind::structure || layout.kind == Kind::union_) return {};
    return Error(ErrorCode::unsupported, "a Protocol Buffers message holds a struct or a union",
                 layout.type.valid() ? layout.type.name() : std::string(),
                 "this is " + std::string(kind_name(layout.kind)), "put it into a struct");
  }
  static Result<void> check(const Binding& binding, const Type& type) {
    if (binding.valid() && binding.format() == "protobuf" && binding.type() == type.id()) return {};
    return Error(ErrorCode::unsupported, "the binding is not one of this type for protobuf",
                 type.name(),
                 !binding.valid()                 ? "it is empty"
                 : binding.format() != "protobuf" ? "it is for " + binding.format()
                                                  : "it is for another type");
  }
};

}  // namespace

const Format& protobuf_format() {
  static const Protobuf format;
  return format;
}

}  // namespace dts::format
