// JSON: the encoder and the decoder that the format in json.cpp hands out. How scalars that JSON
// has no notation for are spelt is in spelling.hpp.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <dts/format.hpp>
#include <dts/value.hpp>
#include <format/spelling.hpp>

namespace dts::format::json {

Result<std::unique_ptr<Encoder>> make_encoder(const Layout& layout);
Result<std::unique_ptr<Decoder>> make_decoder(const Assignment& assignment, const Layout& layout,
                                              const DecodeLimits& limits);

constexpr std::uint32_t depth_max = 64;
// Integers beyond are written as strings: a double, which is all many readers have, rounds them.
constexpr std::int64_t integer_max = (std::int64_t{1} << 53) - 1;

}  // namespace dts::format::json
