// Writes a pickle of protocol 4: what the shared walk of named formats brings (named.hpp), as plain
// data without a class or a call, whatever the type. Names that come again and again within lists
// and maps are written once and remembered. One thread; for one encode call.
#pragma once

#include <array>
#include <bit>
#include <string>
#include <string_view>

#include <format/named.hpp>
#include <format/output.hpp>
#include <format/pickle_opcodes.hpp>
#include <format/spelling.hpp>

namespace dts::format::pickle {

struct Names {
  struct Key {
    std::string bytes;  // SHORT_BINUNICODE | length | name
    std::size_t slot = 0;
  };
  // Where keys that were written lie: see Writer::name.
  static constexpr std::size_t slots = 64;
  Key key(std::string_view name) const;  // at most 255 bytes: a rule for all names
};

class Writer {
 public:
  using Names = pickle::Names;
  using Key = Names::Key;
  static constexpr bool any_is_message = false;

  Writer(Bytes& out, const Names&) : bytes_(out), start_(out.size()), out_(out) {
    std::uint8_t* to = out_.room(2);
    to[0] = static_cast<std::uint8_t>(Opcode::PROTO);
    to[1] = 4;
    out_.used(to + 2);
  }
  void finish() {
    put(Opcode::STOP);
    out_.finish();
  }

  void null() { put(Opcode::NONE); }
  void boolean(bool value) { put(value ? Opcode::NEWTRUE : Opcode::NEWFALSE); }
  void integer(std::int64_t value) { out_.used(write(out_.room(scalar_bytes_max), value)); }
  void unsigned_integer(std::uint64_t value) {
    out_.used(write(out_.room(scalar_bytes_max), value));
  }
  void real(float value) { real(static_cast<double>(value)); }
  void real(double value) { out_.used(write(out_.room(scalar_bytes_max), value)); }
  void time(std::int64_t nanoseconds) { integer(nanoseconds); }
  void duration(std::int64_t nanoseconds) { integer(nanoseconds); }
  bool text(std::string_view utf8, Failure&) {
    sized(Opcode::SHORT_BINUNICODE, Opcode::BINUNICODE, Opcode::BINUNICODE8, as_bytes(utf8));
    return true;
  }
  void bytes(ByteView bytes) {
    sized(Opcode::SHORT_BINBYTES, Opcode::BINBYTES, Opcode::BINBYTES8, bytes);
  }
  void decimal(const Decimal& value) {
    std::uint8_t* to = out_.room(decimal_bytes_max + 2);
    char* const first = reinterpret_cast<char*>(to + 2);
    char* const end = write_decimal(first, value);
    to[0] = static_cast<std::uint8_t>(Opcode::SHORT_BINUNICODE);
    to[1] = static_cast<std::uint8_t>(end - first);
    out_.used(reinterpret_cast<std::uint8_t*>(end));
  }
  void symbol(const Key& key) { name(key); }
  bool numbers(Kind element, const void* first, std::size_t count);

  void begin_list(std::size_t count) {
    begin(Opcode::EMPTY_LIST, count);
    repeating_ = repeating_ << 1 | static_cast<std::uint64_t>(count > 1);
  }
  void begin_item() {}
  void end_item() {}
  void end_list() {
    repeating_ >>= 1;
    end(Opcode::APPENDS);
  }
  void begin_map(std::size_t count) {
    begin(Opcode::EMPTY_DICT, count);
    repeating_ = repeating_ << 1 | static_cast<std::uint64_t>(count > 1);
  }
  void begin_entry() {}
  void middle_of_entry() {}
  void end_entry() {}
  void end_map() {
    repeating_ >>= 1;
    end(Opcode::SETITEMS);
  }
  void begin_struct(std::size_t members) { begin(Opcode::EMPTY_DICT, members); }
  void begin_member(const Key& key) { name(key); }
  void end_member(const Key&) {}
  void end_struct() { end(Opcode::SETITEMS); }
  void begin_case(const Key& key) {
    put(Opcode::EMPTY_DICT);
    name(key);
  }
  void end_case(const Key&) { put(Opcode::SETITEM); }
  void no_case() { put(Opcode::EMPTY_DICT); }

 private:
  static constexpr std::size_t scalar_bytes_max = 11;

  void put(Opcode opcode) {
    std::uint8_t* to = out_.room(1);
    *to = static_cast<std::uint8_t>(opcode);
    out_.used(to + 1);
  }
  void begin(Opcode empty, std::size_t count) {
    std::uint8_t* to = out_.room(2);
    *to++ = static_cast<std::uint8_t>(empty);
    if (count > 0) *to++ = static_cast<std::uint8_t>(Opcode::MARK);
    out_.used(to);
    marked_ = marked_ << 1 | static_cast<std::uint64_t>(count > 0);
  }
  void end(Opcode opcode) {
    if ((marked_ & 1) != 0) put(opcode);
    marked_ >>= 1;
  }
  void name(const Key& key) {
    if (repeating_ != 0) return repeated_name(key);
    out_.block(key.bytes.data(), key.bytes.size());
  }
  void repeated_name(const Key& key);
  void sized(Opcode brief, Opcode usual, Opcode large, ByteView bytes);

  // At most scalar_bytes_max bytes.
  static std::uint8_t* little(std::uint8_t* to, std::uint64_t value, std::size_t width) {
    for (std::size_t i = 0; i < width; ++i) *to++ = static_cast<std::uint8_t>(value >> 8 * i);
    return to;
  }
  static std::uint8_t* write(std::uint8_t* to, Opcode opcode) {
    *to = static_cast<std::uint8_t>(opcode);
    return to + 1;
  }
  static std::uint8_t* write(std::uint8_t* to, std::uint64_t value) {
    if (value <= 0xff) return little(write(to, Opcode::BININT1), value, 1);
    if (value <= 0xffff) return little(write(to, Opcode::BININT2), value, 2);
    if (value <= 0x7fffffff) return little(write(to, Opcode::BININT), value, 4);
    // Two's complement: one more bit for the sign.
    const auto width = static_cast<std::uint8_t>(std::bit_width(value) / 8 + 1);
    to = write(to, Opcode::LONG1);
    *to++ = width;
    to = little(to, value, width < 8 ? width : 8);
    if (width == 9) *to++ = 0;
    return to;
  }
  static std::uint8_t* write(std::uint8_t* to, std::int64_t value) {
    if (value >= 0) return write(to, static_cast<std::uint64_t>(value));
    const auto bits = static_cast<std::uint64_t>(value);
    if (value >= INT32_MIN) return little(write(to, Opcode::BININT), bits, 4);
    const auto width = static_cast<std::uint8_t>(std::bit_width(~bits) / 8 + 1);
    to = write(to, Opcode::LONG1);
    *to++ = width;
    return little(to, bits, width);
  }
  static std::uint8_t* write(std::uint8_t* to, double value) {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    to = write(to, Opcode::BINFLOAT);
    for (int shift = 56; shift >= 0; shift -= 8) *to++ = static_cast<std::uint8_t>(bits >> shift);
    return to;
  }
  template <class T>
  void numbers_of(const void* first, std::size_t count);

  const Bytes& bytes_;  // with room at its end while out_ is at work
  const std::size_t start_;
  Output out_;
  // A bit for each level that is open: something is in it; a name in it may come again.
  std::uint64_t marked_ = 0, repeating_ = 0;
  // Where in the message a key was written first, and what number Python remembers it by.
  struct Remembered {
    std::uint32_t at = 0, number = 0;
  };
  std::uint32_t remembered_count_ = 0;
  std::array<Remembered, Names::slots> remembered_;  // of no meaning while there are none
};

}  // namespace dts::format::pickle
