// Packed: a struct of fixed-size fields only, one behind the other in the type's order,
// little-endian, without padding. One of the two things that raw carries (raw.cpp).
#pragma once

#include <memory>

#include <dts/format.hpp>
#include <format/plan.hpp>

namespace dts::format::raw {

Result<std::unique_ptr<Encoder>> make_packed_encoder(const Layout& layout);
// `plan`: of a publisher whose type can be packed.
Result<std::unique_ptr<Decoder>> make_packed_decoder(std::unique_ptr<const Plan> plan,
                                                     const DecodeLimits& limits);

}  // namespace dts::format::raw
