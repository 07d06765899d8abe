// Identifiers: fixed-size opaque bytes that compare, hash and print as lower-case hex.
// How each is computed is in docs/reference/types.md (types) and docs/wire.md (nodes).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>

#include <dts/bytes.hpp>
#include <dts/result.hpp>

namespace dts {

template <std::size_t N, class Tag>
struct Id {
  std::array<std::uint8_t, N> bytes{};

  friend auto operator<=>(const Id&, const Id&) = default;
  bool is_zero() const noexcept { return *this == Id{}; }
  ByteView view() const noexcept { return bytes; }
  std::string hex() const {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    text.reserve(2 * N);
    for (std::uint8_t b : bytes) {
      text += digits[b >> 4];
      text += digits[b & 15];
    }
    return text;
  }
  // The first eight hex digits: enough for people to tell two apart.
  std::string short_hex() const { return hex().substr(0, 8); }
  // From 2N hex digits.
  static Result<Id> from_hex(std::string_view text) {
    Id id;
    if (text.size() != 2 * N)
      return Error(ErrorCode::invalid_argument, "not an id", std::string(text));
    for (std::size_t i = 0; i < 2 * N; ++i) {
      const char c = text[i];
      const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
      if (digit < 0) return Error(ErrorCode::invalid_argument, "not an id", std::string(text));
      id.bytes[i / 2] = static_cast<std::uint8_t>(id.bytes[i / 2] << 4 | digit);
    }
    return id;
  }
};

// SHA-256 of the canonical type document, cut to 16 bytes: the exact structure.
using TypeId = Id<16, struct TypeIdTag>;
// SHA-256("dts-family\0" name), cut to 8 bytes: the name, what one subscribes to.
using FamilyId = Id<8, struct FamilyIdTag>;
// SHA-256 of the canonical binding document, cut to 8 bytes: how a foreign schema codes a type.
using BindingId = Id<8, struct BindingIdTag>;
// Random, new at every process start: one run of one process.
using NodeId = Id<12, struct NodeIdTag>;

}  // namespace dts

template <std::size_t N, class Tag>
struct std::hash<dts::Id<N, Tag>> {
  std::size_t operator()(const dts::Id<N, Tag>& id) const noexcept {
    std::uint64_t h;  // the bytes are random or a cryptographic hash: any eight of them will do
    std::memcpy(&h, id.bytes.data(), sizeof h);
    return static_cast<std::size_t>(h);
  }
};
