// SHA-256 (FIPS 180-4), by OpenSSL. Thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>

#include <dts/bytes.hpp>

namespace dts::base {

using Sha256 = std::array<std::uint8_t, 32>;

Sha256 sha256(ByteView bytes);
// Of the parts one after the other.
Sha256 sha256(std::initializer_list<ByteView> parts);

}  // namespace dts::base
