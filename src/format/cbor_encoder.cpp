// CBOR encoder: the notation of what named_encoder.hpp walks. Definite lengths, shortest heads,
// floats in the width of their kind, numbers in lists as one block in memory order (RFC 8746).
#include <bit>

#include <format/cbor.hpp>
#include <format/named_encoder.hpp>
#include <format/output.hpp>

namespace dts::format::cbor {

namespace {

constexpr std::int64_t second = 1'000'000'000;

struct CborNames {
  using Key = Piece;
  Key key(std::string_view name);
};

class CborWriter {
 public:
  using Names = CborNames;
  static constexpr bool any_is_message = false;

  CborWriter(Bytes& out, const Names&) : out_(out) {}
  void finish() { out_.finish(); }

  void boolean(bool value) { byte(value ? 0xf5 : 0xf4); }
  void null() { byte(0xf6); }
  void integer(std::int64_t value) {
    // -1 - value is ~value
    if (value < 0) return head(major_negative, ~static_cast<std::uint64_t>(value));
    head(major_unsigned, static_cast<std::uint64_t>(value));
  }
  void unsigned_integer(std::uint64_t value) { head(major_unsigned, value); }
  void real(float value) {
    std::uint8_t* to = out_.room(5);
    *to = 0xfa;
    base::store_big(to + 1, std::bit_cast<std::uint32_t>(value));
    out_.used(to + 5);
  }
  void real(double value) {
    std::uint8_t* to = out_.room(9);
    *to = 0xfb;
    base::store_big(to + 1, std::bit_cast<std::uint64_t>(value));
    out_.used(to + 9);
  }
  bool text(std::string_view utf8, Failure&) {
    name(utf8);
    return true;
  }
  void name(std::string_view name) {
    head(major_text, name.size());
    out_.block(name.data(), name.size());
  }
  void bytes(ByteView bytes) {
    head(major_bytes, bytes.size());
    out_.block(bytes.data(), bytes.size());
  }

  // d9 03e9 a2 | 01 seconds | 28 nanoseconds, of 0 to 999,999,999
  void time(std::int64_t ns) { seconds_and_nanoseconds(tag_time, ns); }
  void duration(std::int64_t ns) { seconds_and_nanoseconds(tag_duration, ns); }
  // c4 82 exponent coefficient
  void decimal(const Decimal& value) {
    byte(0xc0 | tag_decimal);
    head(major_list, 2);
    integer(value.exponent);
    integer(value.coefficient);
  }

  void symbol(const Piece& key) { key.write(out_); }
  // d8 tag | 4x bytes | the numbers as they lie in memory
  bool numbers(Kind element, const void* first, std::size_t count) {
    std::uint8_t* to = out_.room(2);
    to[0] = 0xd8;
    to[1] = typed_array_tag(element);
    out_.used(to + 2);
    const std::size_t size = count * element_width(element);
    head(major_bytes, size);
    out_.block(first, size);
    return true;
  }

  void begin_list(std::size_t count) { head(major_list, count); }
  void begin_item() {}
  void end_item() {}
  void end_list() {}
  void begin_map(std::size_t count) { head(major_map, count); }
  void begin_entry() {}
  void middle_of_entry() {}
  void end_entry() {}
  void end_map() {}
  void begin_struct(std::size_t members) { head(major_map, members); }
  void begin_member(const Piece& key) { key.write(out_); }
  void end_member(const Piece&) {}
  void end_struct() {}
  void begin_case(const Piece& key) {
    head(major_map, 1);
    key.write(out_);
  }
  void end_case(const Piece&) {}
  void no_case() { head(major_map, 0); }

  void head(std::uint8_t major, std::uint64_t argument) {
    std::uint8_t* to = out_.room(9);
    const auto first = static_cast<std::uint8_t>(major << 5);
    if (argument < 24) {
      *to = first | static_cast<std::uint8_t>(argument);
      out_.used(to + 1);
    } else if (argument <= 0xff) {
      *to = first | 24;
      to[1] = static_cast<std::uint8_t>(argument);
      out_.used(to + 2);
    } else if (argument <= 0xffff) {
      *to = first | 25;
      base::store_big(to + 1, static_cast<std::uint16_t>(argument));
      out_.used(to + 3);
    } else if (argument <= 0xffffffff) {
      *to = first | 26;
      base::store_big(to + 1, static_cast<std::uint32_t>(argument));
      out_.used(to + 5);
    } else {
      *to = first | 27;
      base::store_big(to + 1, argument);
      out_.used(to + 9);
    }
  }

 private:
  void byte(std::uint8_t value) {
    std::uint8_t* to = out_.room(1);
    *to = value;
    out_.used(to + 1);
  }

  void seconds_and_nanoseconds(std::uint64_t tag, std::int64_t ns) {
    std::int64_t seconds = ns / second, rest = ns % second;
    if (rest < 0) {
      rest += second;
      --seconds;
    }
    head(major_tag, tag);
    head(major_map, 2);
    byte(0x01);
    integer(seconds);
    byte(0x28);  // -9
    integer(rest);
  }

  Output out_;
};

Piece CborNames::key(std::string_view name) {
  Bytes bytes;
  CborWriter writer(bytes, *this);
  writer.name(name);
  writer.finish();
  return Piece(bytes);
}

}  // namespace

Result<std::unique_ptr<Encoder>> make_encoder(const Layout& layout) {
  return named::make_encoder<CborWriter>(layout);
}

}  // namespace dts::format::cbor
