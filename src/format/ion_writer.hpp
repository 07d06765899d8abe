// Ion writer: the notation of binary Ion 1.0 for the walk in named_encoder.hpp. Lengths come before
// what they measure, so a container leaves room for its length and is closed up when it ends; every
// length is written in as few bytes as it takes. One thread.
//
//   e0 01 00 ea   version     ee .. $ion_symbol_table::{symbols: [...]}     the value
//
// A value is a descriptor, its type above its length, then the length again if it is 14 (e), then
// what it holds. A union's case is an annotation: ex, length, length of the ids, the ids, the
// value.
#pragma once

#include <bit>
#include <chrono>
#include <cstring>

#include <base/assert.hpp>
#include <base/endian.hpp>
#include <format/ion_symbols.hpp>
#include <format/named.hpp>

namespace dts::format::ion {

class Writer {
 public:
  using Names = SymbolTable;
  using Key = SymbolTable::Key;
  static constexpr bool any_is_message = true;  // its names are in another symbol table

  Writer(Bytes& out, const Names& names) : out_(out) {
    const ByteView block = names.block();
    const std::size_t start = out.size();
    out.resize(start + block.size() + 256);
    at_ = out.data() + start;
    end_ = out.data() + out.size();
    put(block.data(), block.size());
  }
  void finish() { out_.resize(used()); }

  void boolean(bool value) {
    start_value(1);
    *at_++ = value ? 0x11 : 0x10;
  }
  void integer(std::int64_t value) {
    start_value(9);
    const bool negative = value < 0;
    put_magnitude(negative ? 0x30 : 0x20, magnitude(value));
  }
  void unsigned_integer(std::uint64_t value) {
    start_value(9);
    put_magnitude(0x20, value);
  }
  void real(float value) {
    start_value(5);
    put_real(value);
  }
  void real(double value) {
    start_value(9);
    put_real(value);
  }
  bool text(std::string_view utf8, Failure&) {
    put_block(0x80, as_bytes(utf8));
    return true;
  }
  void bytes(ByteView bytes) { put_block(0xa0, bytes); }
  void time(std::int64_t ns);
  void duration(std::int64_t ns) { put_decimal(ns, -9); }  // seconds
  void decimal(const Decimal& decimal) { put_decimal(decimal.coefficient, decimal.exponent); }
  void null() {
    start_value(1);
    *at_++ = 0x0f;
  }
  // As a string: the table would carry every symbol of the enumeration in every message.
  void symbol(const Key& key) {
    start_value(key.string.size());
    put_unchecked(key.string.data(), key.string.size());
  }

  bool numbers(Kind element, const void* first, std::size_t count);

  void begin_list(std::size_t count) { open(count); }
  void begin_item() {}
  void end_item() {}
  void end_list() { close(0xb0); }
  // [[key, value], ...]: keys that are data would have to be symbols in a struct.
  void begin_map(std::size_t count) { open(count * 3); }
  void begin_entry() { open(0); }
  void middle_of_entry() {}
  void end_entry() { close(0xb0); }
  void end_map() { close(0xb0); }
  void begin_struct(std::size_t members) { open(members * 12); }
  void begin_member(const Key& key) {
    need(sizeof key.id);
    std::memcpy(at_, key.id.data(), sizeof key.id);
    at_ += key.id_bytes;
  }
  void end_member(const Key&) {}
  void end_struct() { close(0xd0); }

  // Cases in cases share one wrapper, for Ion has no annotation of an annotation: a::b::5.
  void begin_case(const Key& key) {
    DTS_ASSERT(cases_ < cases_max);
    case_keys_[cases_++] = &key;
  }
  void end_case(const Key&) {
    Frame& frame = top();
    DTS_ASSERT(frame.cases > 0);
    if (--frame.cases == 0) close(0xe0);
  }
  void no_case() {
    start_value(1);
    *at_++ = 0xd0;
  }

 private:
  // The walk goes 64 levels deep; a map's entry is a list of its own.
  static constexpr std::size_t cases_max = 64, frames_max = 2 * 64;
  static constexpr std::size_t head_bytes_max = 11;
  static constexpr std::size_t large_bytes_min = 4096;

  // Not initialised: there are many, and few are used.
  struct Frame {
    std::size_t start;           // of the descriptor, in out_
    std::uint32_t length_bytes;  // left free for the length
    std::uint32_t cases;         // of an annotation: not ended yet
  };

  std::size_t used() const { return static_cast<std::size_t>(at_ - out_.data()); }
  void need(std::size_t count) {
    if (static_cast<std::size_t>(end_ - at_) < count) grow(count);
  }
  void grow(std::size_t count) {
    const std::size_t at = used();
    out_.resize(std::max(at + count + 256, out_.size() * 2));
    at_ = out_.data() + at;
    end_ = out_.data() + out_.size();
  }
  // Room for a value of `count` bytes, and what is written before it.
  void start_value(std::size_t count) {
    if (cases_ != 0) open_cases();
    need(count + 8);  // magnitudes are stored eight bytes at a time
  }
  void put_unchecked(const void* from, std::size_t count) {
    if (count != 0) std::memcpy(at_, from, count);
    at_ += count;
  }
  void put(const void* from, std::size_t count) {
    need(count);
    put_unchecked(from, count);
  }

  void put_block(std::uint8_t type, ByteView bytes) {
    if (bytes.size() >= large_bytes_min) return put_large(type, bytes);
    start_value(bytes.size() + head_bytes_max);
    put_head(type, bytes.size());
    put_unchecked(bytes.data(), bytes.size());
  }
  void put_large(std::uint8_t type, ByteView bytes);
  void widen(std::size_t count);

  static std::uint64_t magnitude(std::int64_t value) {
    return value < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(value)
                     : static_cast<std::uint64_t>(value);
  }
  static std::size_t bytes_of(std::uint64_t magnitude) {
    return (static_cast<std::size_t>(std::bit_width(magnitude)) + 7) / 8;
  }
  // Most significant byte first, `count` bytes of it; eight are written.
  void put_big_endian(std::uint64_t value, std::size_t count) {
    if (count == 0) return;
    base::store(at_, __builtin_bswap64(value << (64 - 8 * count)));
    at_ += count;
  }
  void put_magnitude(std::uint8_t type, std::uint64_t magnitude) {
    const std::size_t count = bytes_of(magnitude);
    *at_++ = static_cast<std::uint8_t>(type | count);
    put_big_endian(magnitude, count);
  }
  void put_real(float value) {
    *at_ = 0x44;
    base::store(at_ + 1, __builtin_bswap32(std::bit_cast<std::uint32_t>(value)));
    at_ += 5;
  }
  void put_real(double value) {
    *at_ = 0x48;
    base::store(at_ + 1, __builtin_bswap64(std::bit_cast<std::uint64_t>(value)));
    at_ += 9;
  }
  void put_decimal(std::int64_t coefficient, int exponent);
  void put_int(std::uint64_t magnitude, bool negative);

  static std::size_t var_uint_bytes(std::uint64_t value) {
    std::size_t count = 1;
    while (value >>= 7) ++count;
    return count;
  }
  static void put_var_uint(std::uint8_t* to, std::uint64_t value, std::size_t count) {
    to[count - 1] = static_cast<std::uint8_t>(0x80 | (value & 0x7f));
    for (std::size_t i = count - 1; i-- > 0;) to[i] = (value >>= 7) & 0x7f;
  }
  void put_head(std::uint8_t type, std::size_t length) {
    if (length < 14) {
      *at_++ = static_cast<std::uint8_t>(type | length);
      return;
    }
    *at_++ = type | 14;
    const std::size_t count = var_uint_bytes(length);
    put_var_uint(at_, length, count);
    at_ += count;
  }

  Frame& top() {
    DTS_ASSERT(frames_ > 0);
    return frame_[frames_ - 1];
  }
  void open(std::size_t length_guess) {
    start_value(head_bytes_max);
    push(length_guess < 128 ? 1 : var_uint_bytes(length_guess));
  }
  void push(std::size_t length_bytes) {
    DTS_ASSERT(frames_ < frames_max);
    frame_[frames_++] = {used(), static_cast<std::uint32_t>(length_bytes), 0};
    at_ += 1 + length_bytes;
  }
  void close(std::uint8_t type);
  void open_cases();

  Bytes& out_;
  std::uint8_t* at_ = nullptr;
  std::uint8_t* end_ = nullptr;
  std::size_t frames_ = 0;
  std::size_t cases_ = 0;  // begun, not written yet
  Frame frame_[frames_max];
  const Key* case_keys_[cases_max];
};

}  // namespace dts::format::ion
