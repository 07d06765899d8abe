// Capnproto: the default format. A message is one segment with the standard stream header, laid
// out from the type, so that `capnp decode` reads it with the schema capnproto_schema.cpp writes;
// or as a binding says, which is how a .capnp file of somebody else's lays it out.
// docs/reference/formats/capnproto.md has the rules.
#include <format/capnproto.hpp>
#include <format/capnproto_shape.hpp>

namespace dts::format {

namespace {

class Capnproto final : public Format {
 public:
  std::string_view name() const override { return "capnproto"; }
  std::uint8_t code() const override { return 1; }
  std::string_view media_type() const override { return "application/capnp"; }
  bool is_text() const override { return false; }
  Result<std::unique_ptr<Encoder>> encoder(const Layout& layout) const override {
    DTS_TRY(check(layout));
    return capnproto::make_encoder(layout, nullptr);
  }
  Result<std::unique_ptr<Decoder>> decoder(const Assignment& assignment, const Layout& layout,
                                           const DecodeLimits& limits) const override {
    DTS_TRY(check(layout));
    return capnproto::make_decoder(assignment, layout, nullptr, limits);
  }
  Result<std::unique_ptr<Encoder>> bound_encoder(const Layout& layout,
                                                 const Binding& binding) const override {
    DTS_TRY(check(layout));
    DTS_TRY(capnproto::check_binding(binding, layout.type));
    return capnproto::make_encoder(layout, &binding);
  }
  Result<std::unique_ptr<Decoder>> bound_decoder(const Assignment& assignment, const Layout& layout,
                                                 const Binding& binding,
                                                 const DecodeLimits& limits) const override {
    DTS_TRY(check(layout));
    DTS_TRY(capnproto::check_binding(binding, assignment.publisher()));
    return capnproto::make_decoder(assignment, layout, &binding, limits);
  }

 private:
  static Result<void> check(const Layout& layout) {
    if (layout.kind == Kind::structure || layout.kind == Kind::union_) return {};
    return Error(ErrorCode::unsupported, "a Cap'n Proto message holds a struct or a union",
                 layout.type.valid() ? layout.type.name() : std::string(),
                 "this is " + std::string(kind_name(layout.kind)), "put it into a struct");
  }
};

}  // namespace

const Format& capnproto_format() {
  static const Capnproto format;
  return format;
}

}  // namespace dts::format
