#include <type/canonical.hpp>

#include <bit>
#include <cmath>

namespace dts {

namespace {

constexpr std::uint32_t kNan32 = 0x7fc00000;
constexpr std::uint64_t kNan64 = 0x7ff8000000000000;

std::uint64_t big_endian_at(ByteView bytes, std::size_t at, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value = value << 8 | bytes[at + i];
  return value;
}

}  // namespace

// | major (3 bits) | 0..23, or 24..27: 1, 2, 4 or 8 bytes follow, most significant first |
void CanonicalWriter::head(unsigned major, std::uint64_t value) {
  const auto first = [&](unsigned low) {
    out_.push_back(static_cast<std::uint8_t>(major << 5 | low));
  };
  if (value < 24) return first(static_cast<unsigned>(value));
  const int log = value <= 0xff ? 0 : value <= 0xffff ? 1 : value <= 0xffffffff ? 2 : 3;
  first(24u + static_cast<unsigned>(log));
  big_endian(value, 1 << log);
}

void CanonicalWriter::big_endian(std::uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    out_.push_back(static_cast<std::uint8_t>(value >> shift));
  }
}

void CanonicalWriter::integer(std::int64_t value) {
  // CBOR's major 1 holds -1 - n, which is the complement.
  if (value >= 0)
    head(0, static_cast<std::uint64_t>(value));
  else
    head(1, ~static_cast<std::uint64_t>(value));
}

void CanonicalWriter::f32(float value) {
  out_.push_back(0xfa);
  big_endian(std::isnan(value) ? kNan32 : std::bit_cast<std::uint32_t>(value), 4);
}

void CanonicalWriter::f64(double value) {
  out_.push_back(0xfb);
  big_endian(std::isnan(value) ? kNan64 : std::bit_cast<std::uint64_t>(value), 8);
}

void CanonicalWriter::text(std::string_view value) {
  head(3, value.size());
  raw(as_bytes(value));
}

void CanonicalWriter::bytes(ByteView value) {
  head(2, value.size());
  raw(value);
}

bool CanonicalReader::head(unsigned major, std::uint64_t& value, std::size_t& size) const {
  if (rest_.empty() || rest_[0] >> 5 != major) return false;
  const unsigned low = rest_[0] & 31u;
  if (low < 24) {
    value = low;
    size = 1;
    return true;
  }
  if (low > 27) return false;
  const std::size_t count = std::size_t{1} << (low - 24);
  if (rest_.size() < 1 + count) return false;
  value = big_endian_at(rest_, 1, count);
  size = 1 + count;
  // Only the shortest head is canonical.
  return low == 24 ? value >= 24 : value >> (4 * count) != 0;
}

bool CanonicalReader::null() {
  if (rest_.empty() || rest_[0] != 0xf6) return false;
  rest_ = rest_.subspan(1);
  return true;
}

bool CanonicalReader::boolean(bool& value) {
  if (rest_.empty() || (rest_[0] != 0xf4 && rest_[0] != 0xf5)) return false;
  value = rest_[0] == 0xf5;
  rest_ = rest_.subspan(1);
  return true;
}

bool CanonicalReader::unsigned_integer(std::uint64_t& value) {
  std::size_t size;
  if (!head(0, value, size)) return false;
  rest_ = rest_.subspan(size);
  return true;
}

bool CanonicalReader::integer(std::int64_t& value) {
  std::uint64_t magnitude;
  std::size_t size;
  const bool negative = !rest_.empty() && rest_[0] >> 5 == 1;
  if (!head(negative ? 1 : 0, magnitude, size) || magnitude >> 63 != 0) return false;
  value = static_cast<std::int64_t>(negative ? ~magnitude : magnitude);
  rest_ = rest_.subspan(size);
  return true;
}

bool CanonicalReader::f32(float& value) {
  if (rest_.size() < 5 || rest_[0] != 0xfa) return false;
  const auto bits = static_cast<std::uint32_t>(big_endian_at(rest_, 1, 4));
  value = std::bit_cast<float>(bits);
  if (std::isnan(value) && bits != kNan32) return false;
  rest_ = rest_.subspan(5);
  return true;
}

bool CanonicalReader::f64(double& value) {
  if (rest_.size() < 9 || rest_[0] != 0xfb) return false;
  const std::uint64_t bits = big_endian_at(rest_, 1, 8);
  value = std::bit_cast<double>(bits);
  if (std::isnan(value) && bits != kNan64) return false;
  rest_ = rest_.subspan(9);
  return true;
}

bool CanonicalReader::string(unsigned major, ByteView& value) {
  std::uint64_t length;
  std::size_t size;
  if (!head(major, length, size) || length > rest_.size() - size) return false;
  value = rest_.subspan(size, static_cast<std::size_t>(length));
  rest_ = rest_.subspan(size + static_cast<std::size_t>(length));
  return true;
}

bool CanonicalReader::text(std::string_view& value) {
  ByteView view;
  if (!string(3, view)) return false;
  value = as_text(view);
  return true;
}

bool CanonicalReader::bytes(ByteView& value) { return string(2, value); }

bool CanonicalReader::array(std::uint64_t& count) {
  std::size_t size;
  // Every element takes a byte at least.
  if (!head(4, count, size) || count > rest_.size() - size) return false;
  rest_ = rest_.subspan(size);
  return true;
}

}  // namespace dts
