// JSON: the encoder and the decoder that the format in json.cpp hands out, and how the scalars
// that JSON has no notation for are spelt (docs/reference/formats/json.md).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <dts/format.hpp>
#include <dts/value.hpp>

namespace dts::format::json {

Result<std::unique_ptr<Encoder>> make_encoder(const Layout& layout);
Result<std::unique_ptr<Decoder>> make_decoder(const Assignment& assignment, const Layout& layout,
                                              const DecodeLimits& limits);

constexpr std::uint32_t depth_max = 64;
// Integers beyond are written as strings: a double, which is all many readers have, rounds them.
constexpr std::int64_t integer_max = (std::int64_t{1} << 53) - 1;

// Writes what it appends at `to` and returns the end. The room each needs is at most:
constexpr std::size_t decimal_bytes_max = 32;
constexpr std::size_t duration_bytes_max = 32;
char* write_decimal(char* to, const Decimal& decimal);     // 12.50, -0.003, 5e3
char* write_duration(char* to, std::int64_t nanoseconds);  // 1.5s, -0.000000001s
char* write_base64(char* to, ByteView bytes);              // 4 bytes for each 3 begun
// The reverse; false when the text is not one. Durations may also be 1h30m, 500ms.
bool read_decimal(std::string_view text, Decimal& decimal);
bool read_duration(std::string_view text, std::int64_t& nanoseconds);
bool read_base64(std::string_view text, Bytes& bytes);  // standard or URL-safe, padded or not

}  // namespace dts::format::json
