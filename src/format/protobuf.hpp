// Protobuf: the encoder and the decoder that the format in protobuf.cpp hands out. Without a
// binding messages are laid out by the schema that protobuf_schema.cpp writes; with one, by the
// field numbers and codings of somebody's .proto file.
#pragma once

#include <memory>

#include <dts/format.hpp>

namespace dts::format::protobuf {

// `binding` is null or a binding of layout.type.
Result<std::unique_ptr<Encoder>> make_encoder(const Layout& layout, const Binding* binding);
// `binding` is null or a binding of the publisher's type.
Result<std::unique_ptr<Decoder>> make_decoder(const Assignment& assignment, const Layout& layout,
                                              const Binding* binding, const DecodeLimits& limits);

// What our encoder refuses, so that every message it makes can be read with the default limits.
constexpr std::uint32_t depth_max = 64;

}  // namespace dts::format::protobuf
