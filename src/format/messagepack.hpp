// MessagePack: the encoder and the decoder that the format in messagepack.cpp hands out, and what
// the two share. docs/reference/formats/messagepack.md has the rules.
//
// The first byte says what follows, and for what is small, how much of it:
//   00..7f 0 to 127        80..8f map           90..9f list          a0..bf text
//   c0 nil  c2 false  c3 true   c4..c6 bytes    c7..c9 extension     ca f32  cb f64
//   cc..cf unsigned        d0..d3 signed        d4..d8 extension of 1, 2, 4, 8, 16 bytes
//   d9..db text            dc dd list           de df map            e0..ff -32 to -1
#pragma once

#include <cstdint>
#include <memory>

#include <dts/format.hpp>
#include <format/plan.hpp>

namespace dts::format::messagepack {

Result<std::unique_ptr<Encoder>> make_encoder(const Layout& layout);
Result<std::unique_ptr<Decoder>> make_decoder(const Assignment& assignment, const Layout& layout,
                                              const DecodeLimits& limits);

enum Mark : std::uint8_t {
  mark_map = 0x80,
  mark_list = 0x90,
  mark_text = 0xa0,
  mark_nil = 0xc0,
  mark_unused = 0xc1,
  mark_false = 0xc2,
  mark_true = 0xc3,
  mark_bytes_8 = 0xc4,
  mark_extension_8 = 0xc7,
  mark_f32 = 0xca,
  mark_f64 = 0xcb,
  mark_u8 = 0xcc,
  mark_u16 = 0xcd,
  mark_u32 = 0xce,
  mark_u64 = 0xcf,
  mark_i8 = 0xd0,
  mark_i16 = 0xd1,
  mark_i32 = 0xd2,
  mark_i64 = 0xd3,
  mark_extension_of_1 = 0xd4,
  mark_extension_of_4 = 0xd6,
  mark_extension_of_8 = 0xd7,
  mark_text_8 = 0xd9,
  mark_list_16 = 0xdc,
  mark_list_32 = 0xdd,
  mark_map_16 = 0xde,
  mark_map_32 = 0xdf,
  mark_negative = 0xe0,
};

constexpr std::uint8_t extension_time = 0xff;  // -1

}  // namespace dts::format::messagepack
