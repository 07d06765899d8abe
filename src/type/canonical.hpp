// The deterministic CBOR of type documents and defaults (RFC 8949 section 4.2.1): shortest heads,
// no maps, tags or indefinite lengths, one NaN. Owns the bytes of single items; what the items mean
// is in document.cpp and default_value.cpp. One thread at a time.
#pragma once

#include <cstdint>
#include <string_view>

#include <dts/bytes.hpp>

namespace dts {

class CanonicalWriter {
 public:
  void null() { out_.push_back(0xf6); }
  void boolean(bool value) { out_.push_back(value ? 0xf5 : 0xf4); }
  void unsigned_integer(std::uint64_t value) { head(0, value); }
  void integer(std::int64_t value);
  void f32(float value);   // always fa + 4 bytes; NaN is 7fc00000
  void f64(double value);  // always fb + 8 bytes; NaN is 7ff8000000000000
  void text(std::string_view value);
  void bytes(ByteView value);
  void array(std::uint64_t count) { head(4, count); }
  // Items that are encoded already.
  void raw(ByteView items) { out_.insert(out_.end(), items.begin(), items.end()); }

  const Bytes& view() const noexcept { return out_; }
  Bytes take() { return std::move(out_); }

 private:
  void head(unsigned major, std::uint64_t value);
  void big_endian(std::uint64_t value, int bytes);
  Bytes out_;
};

// Each function consumes the next item when it is of that kind and canonical; otherwise it returns
// false and the reader stays where it was. Views point into the bytes read.
class CanonicalReader {
 public:
  explicit CanonicalReader(ByteView bytes) : rest_(bytes) {}

  bool null();
  bool boolean(bool& value);
  bool unsigned_integer(std::uint64_t& value);
  bool integer(std::int64_t& value);
  bool f32(float& value);
  bool f64(double& value);
  bool text(std::string_view& value);  // does not check UTF-8
  bool bytes(ByteView& value);
  bool array(std::uint64_t& count);  // a count above the bytes left is refused

  bool at_end() const noexcept { return rest_.empty(); }
  ByteView rest() const noexcept { return rest_; }

 private:
  bool head(unsigned major, std::uint64_t& value, std::size_t& size) const;
  bool string(unsigned major, ByteView& value);
  ByteView rest_;
};

}  // namespace dts
