// KeptValue: a value as it is kept beyond its publisher's life: what it is, whose, when, and its
// bytes. Stored as the type dts.KeptValue in the format capnproto, so it can be read without us.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <dts/dts.hpp>

namespace dts::cli {

struct KeptValue {
  std::string type;    // the exact type's id, in hex
  std::string source;  // "host/node", as source_of() names it
  std::map<std::string, std::string> labels;
  std::string node;  // who published it: NodeId in hex
  std::uint32_t stream = 0;
  std::uint64_t sequence = 0;
  std::int64_t published_ns = 0;      // by the publisher's clock, since 1970
  std::vector<std::uint8_t> message;  // capnproto, of that type
  static constexpr auto dts =
      dts::type("dts.KeptValue", dts::field(&KeptValue::published_ns).unit("ns"));

  // Sample::source() without the number that tells sources of one name apart: each who hears them
  // counts for itself.
  static std::string source_of(std::string_view name);
  // What it is once: the same value that came twice has one id.
  std::string id() const;
  // What its source is called in the store: 16 hex digits, of its name, its labels and the type.
  std::string source_key() const;

  Result<Bytes> encode() const;
  // Never trusts the bytes. Fails with `decode`.
  static Result<KeptValue> decode(ByteView bytes);
};

}  // namespace dts::cli
