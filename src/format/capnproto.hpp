// Capnproto: the encoder and the decoder that the format in capnproto.cpp hands out.
#pragma once

#include <memory>

#include <dts/format.hpp>

namespace dts::format::capnproto {

Result<std::unique_ptr<Encoder>> make_encoder(const Layout& layout);
Result<std::unique_ptr<Decoder>> make_decoder(const Assignment& assignment, const Layout& layout,
                                              const DecodeLimits& limits);

// What our encoder refuses, so that every message it makes can be read with the default limits.
constexpr std::uint32_t depth_max = 64;

}  // namespace dts::format::capnproto
