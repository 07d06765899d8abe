// Capnproto: the encoder and the decoder that the format in capnproto.cpp hands out.
#pragma once

#include <memory>

#include <dts/format.hpp>

namespace dts::format::capnproto {

// `binding` is null or a checked binding of layout.type.
Result<std::unique_ptr<Encoder>> make_encoder(const Layout& layout, const Binding* binding);
// `binding` is null or a checked binding of the publisher's type.
Result<std::unique_ptr<Decoder>> make_decoder(const Assignment& assignment, const Layout& layout,
                                              const Binding* binding, const DecodeLimits& limits);
// Without a binding: what an any holds.
inline Result<std::unique_ptr<Encoder>> make_encoder(const Layout& layout) {
  return make_encoder(layout, nullptr);
}
inline Result<std::unique_ptr<Decoder>> make_decoder(const Assignment& assignment,
                                                     const Layout& layout,
                                                     const DecodeLimits& limits) {
  return make_decoder(assignment, layout, nullptr, limits);
}

// What our encoder refuses, so that every message it makes can be read with the default limits.
constexpr std::uint32_t depth_max = 64;

}  // namespace dts::format::capnproto
