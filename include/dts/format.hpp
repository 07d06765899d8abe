// Format: a data interchange format as a plug-in. An Encoder turns a value in memory into message
// bytes; a Decoder is the plan that turns one publisher's bytes into one subscriber's value.
// Both are compiled once (microseconds) and used per message. Interfaces: implement them in one
// file and add one line to src/plugins.cmake. Encoders and decoders are immutable; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <dts/assignment.hpp>
#include <dts/binding.hpp>
#include <dts/bytes.hpp>
#include <dts/layout.hpp>
#include <dts/result.hpp>

namespace dts {

// What every decoder enforces on hostile bytes.
struct DecodeLimits {
  std::uint32_t depth_max = 64;
  std::uint64_t allocation_bytes_max = 1ull << 30;  // and never more than 64 x the message + 64 KiB
};

class Encoder {
 public:
  virtual ~Encoder() = default;
  // Appends the message to `out` (its start must be 8-byte aligned in memory). `value` lies as
  // the Layout the encoder was made for. Fails for a value the format cannot hold, e.g. text that
  // is not UTF-8; then `out` is as before.
  virtual Result<void> encode(const void* value, Bytes& out) const = 0;
};

class Decoder {
 public:
  virtual ~Decoder() = default;
  // Overwrites the constructed `value`, which lies as the Layout the decoder was made for.
  // Never reads outside `message` (any alignment); refuses trailing bytes. On an error `value` is
  // valid but unspecified.
  virtual Result<void> decode(ByteView message, void* value) const = 0;
  // The same for a message that lies in *owner, memory that nobody changes any more: large fields
  // of type Blob may share it. A format whose bytes do not lie in the message as they are has
  // nothing to share and leaves this alone.
  virtual Result<void> decode_shared(ByteView message, const std::shared_ptr<const Bytes>& owner,
                                     void* value) const {
    (void)owner;
    return decode(message, value);
  }
};

class Format {
 public:
  virtual ~Format() = default;
  virtual std::string_view name() const = 0;        // "capnproto"
  virtual std::uint8_t code() const = 0;            // on the wire; docs/wire.md lists them
  virtual std::string_view media_type() const = 0;  // "application/json"
  virtual bool is_text() const = 0;                 // bytes are for reading by people
  // An error when a value of this type cannot be held by the format. The layout must outlive the
  // encoder, and the decoder.
  virtual Result<std::unique_ptr<Encoder>> encoder(const Layout& layout) const = 0;
  // `assignment.subscriber()` is `layout.type`; it must be readable.
  virtual Result<std::unique_ptr<Decoder>> decoder(const Assignment& assignment,
                                                   const Layout& layout,
                                                   const DecodeLimits& limits = {}) const = 0;
  // The same for messages laid out by a foreign schema. A format whose bytes say everything by
  // themselves has no use for a binding and refuses it.
  virtual Result<std::unique_ptr<Encoder>> bound_encoder(const Layout& layout,
                                                         const Binding& binding) const;
  virtual Result<std::unique_ptr<Decoder>> bound_decoder(const Assignment& assignment,
                                                         const Layout& layout,
                                                         const Binding& binding,
                                                         const DecodeLimits& limits = {}) const;
};

// The table of formats: src/plugins.cmake generates the one of this build.
using Formats = std::span<const Format* const>;
Formats built_in_formats();
const Format* find_format(Formats formats, std::string_view name);
const Format* find_format(Formats formats, std::uint8_t code);

// A value as people read and write it, one line, fields in the type's order. For a few values;
// whoever has many keeps an encoder or decoder of the format "json".
Result<std::string> to_json(const Layout& layout, const void* value);
// Overwrites the constructed `value`. The error names the path and what to try.
Result<void> from_json(std::string_view text, const Layout& layout, void* value);
// The Cap'n Proto schema that messages of the format "capnproto" are laid out by, as `capnp` reads
// it.
std::string to_capnp_schema(const Type& type);
// The proto3 schema that messages of the format "protobuf" are laid out by, as `protoc` reads it;
// `binding`: by the one of this type. A type with ids that Protocol Buffers reserve (19000 to
// 19999) gives a schema that `protoc` refuses.
std::string to_proto_schema(const Type& type, const Binding& binding = {});

}  // namespace dts
