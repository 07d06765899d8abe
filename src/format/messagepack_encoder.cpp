// MessagePack encoder: the notation of what named_encoder.hpp walks. Everything in the shortest
// form, floats in the width of their kind.
#include <bit>

#include <format/messagepack.hpp>
#include <format/named_encoder.hpp>
#include <format/output.hpp>
#include <format/spelling.hpp>

namespace dts::format::messagepack {

namespace {

struct MessagePackNames {
  using Key = Piece;
  Key key(std::string_view name);
};

// These write at `to`, where there is room for 9 bytes, and return the end.
template <class T>
std::uint8_t* put(std::uint8_t* to, std::uint8_t mark, T value) {
  *to = mark;
  base::store_big(to + 1, value);
  return to + 1 + sizeof value;
}

std::uint8_t* put_unsigned(std::uint8_t* to, std::uint64_t value) {
  if (value < 0x80) return *to = static_cast<std::uint8_t>(value), to + 1;
  if (value <= 0xff) return put(to, mark_u8, static_cast<std::uint8_t>(value));
  if (value <= 0xffff) return put(to, mark_u16, static_cast<std::uint16_t>(value));
  if (value <= 0xffffffff) return put(to, mark_u32, static_cast<std::uint32_t>(value));
  return put(to, mark_u64, value);
}

std::uint8_t* put_integer(std::uint8_t* to, std::int64_t value) {
  if (value >= 0) return put_unsigned(to, static_cast<std::uint64_t>(value));
  if (value >= -32) return *to = static_cast<std::uint8_t>(value), to + 1;
  if (value >= INT8_MIN) return put(to, mark_i8, static_cast<std::uint8_t>(value));
  if (value >= INT16_MIN) return put(to, mark_i16, static_cast<std::uint16_t>(value));
  if (value >= INT32_MIN) return put(to, mark_i32, static_cast<std::uint32_t>(value));
  return put(to, mark_i64, static_cast<std::uint64_t>(value));
}

template <class T>
std::uint8_t* put_number(std::uint8_t* to, T value) {
  if constexpr (std::is_same_v<T, float>) {
    return put(to, mark_f32, std::bit_cast<std::uint32_t>(value));
  } else if constexpr (std::is_same_v<T, double>) {
    return put(to, mark_f64, std::bit_cast<std::uint64_t>(value));
  } else if constexpr (std::is_signed_v<T>) {
    return put_integer(to, value);
  } else {
    return put_unsigned(to, value);
  }
}

class MessagePackWriter {
 public:
  using Names = MessagePackNames;
  static constexpr bool any_is_message = false;

  MessagePackWriter(Bytes& out, const Names&) : out_(out) {}
  bool finish(Failure& failure) {
    out_.finish();
    return !too_long_ || failure.set(ErrorCode::encode, "a part of the value is too long",
                                     "MessagePack holds 2^32 - 1 bytes or elements in each");
  }

  void boolean(bool value) { byte(value ? mark_true : mark_false); }
  void null() { byte(mark_nil); }
  void integer(std::int64_t value) { out_.used(put_integer(out_.room(9), value)); }
  void unsigned_integer(std::uint64_t value) { out_.used(put_unsigned(out_.room(9), value)); }
  void real(float value) { out_.used(put_number(out_.room(9), value)); }
  void real(double value) { out_.used(put_number(out_.room(9), value)); }
  bool text(std::string_view utf8, Failure&) {
    name(utf8);
    return true;
  }
  void name(std::string_view text) {
    if (text.size() < 32) {
      byte(static_cast<std::uint8_t>(mark_text | text.size()));
    } else {
      sized(mark_text_8, text.size());
    }
    out_.block(text.data(), text.size());
  }
  void bytes(ByteView bytes) {
    sized(mark_bytes_8, bytes.size());
    out_.block(bytes.data(), bytes.size());
  }

  // d6 ff seconds(4)                          whole seconds from 1970 to 2106
  // d7 ff nanoseconds(30 bits) seconds(34)    from 1970 to 2514
  // c7 0c ff nanoseconds(4) seconds(8)        the rest
  void time(std::int64_t ns) {
    constexpr std::int64_t second = 1'000'000'000;
    std::int64_t seconds = ns / second, rest = ns % second;
    if (rest < 0) {
      rest += second;
      --seconds;
    }
    std::uint8_t* to = out_.room(15);
    const auto bits = static_cast<std::uint64_t>(seconds);
    if (seconds < 0) {
      *to = mark_extension_8;
      to[1] = 12;
      to[2] = extension_time;
      base::store_big(to + 3, static_cast<std::uint32_t>(rest));
      base::store_big(to + 7, bits);
      return out_.used(to + 15);
    }
    to[1] = extension_time;
    if (rest == 0 && bits <= UINT32_MAX) {
      *to = mark_extension_of_4;
      base::store_big(to + 2, static_cast<std::uint32_t>(bits));
      return out_.used(to + 6);
    }
    *to = mark_extension_of_8;
    base::store_big(to + 2, static_cast<std::uint64_t>(rest) << 34 | bits);
    out_.used(to + 10);
  }
  void duration(std::int64_t ns) { integer(ns); }
  void decimal(const Decimal& value) {
    char digits[decimal_bytes_max];
    name({digits, static_cast<std::size_t>(write_decimal(digits, value) - digits)});
  }

  void symbol(const Piece& key) { key.write(out_); }
  bool numbers(Kind element, const void* first, std::size_t count);

  void begin_list(std::size_t count) { head(mark_list, mark_list_16, count); }
  void begin_item() {}
  void end_item() {}
  void end_list() {}
  void begin_map(std::size_t count) { head(mark_map, mark_map_16, count); }
  void begin_entry() {}
  void middle_of_entry() {}
  void end_entry() {}
  void end_map() {}
  void begin_struct(std::size_t members) { begin_map(members); }
  void begin_member(const Piece& key) { key.write(out_); }
  void end_member(const Piece&) {}
  void end_struct() {}
  void begin_case(const Piece& key) {
    byte(mark_map | 1);
    key.write(out_);
  }
  void end_case(const Piece&) {}
  void no_case() { byte(mark_map); }

 private:
  void byte(std::uint8_t value) {
    std::uint8_t* to = out_.room(1);
    *to = value;
    out_.used(to + 1);
  }
  // A length behind one of three marks in a row, of 1, 2 and 4 bytes.
  void sized(std::uint8_t mark, std::size_t size) {
    std::uint8_t* to = out_.room(9);
    if (size <= 0xff) {
      out_.used(put(to, mark, static_cast<std::uint8_t>(size)));
    } else if (size <= 0xffff) {
      out_.used(put(to, mark + 1, static_cast<std::uint16_t>(size)));
    } else {
      too_long_ |= size > UINT32_MAX;
      out_.used(put(to, mark + 2, static_cast<std::uint32_t>(size)));
    }
  }
  // A count up to 15 in the mark, or behind one of two marks in a row, of 2 and 4 bytes.
  void head(std::uint8_t mark, std::uint8_t mark_16, std::size_t count) {
    std::uint8_t* to = out_.room(9);
    if (count < 16) {
      *to = static_cast<std::uint8_t>(mark | count);
      out_.used(to + 1);
    } else if (count <= 0xffff) {
      out_.used(put(to, mark_16, static_cast<std::uint16_t>(count)));
    } else {
      too_long_ |= count > UINT32_MAX;
      out_.used(put(to, mark_16 + 1, static_cast<std::uint32_t>(count)));
    }
  }

  // With room for many at a time.
  template <class T>
  bool put_all(const void* first, std::size_t count) {
    constexpr std::size_t batch = 512;
    const auto* from = static_cast<const std::byte*>(first);
    while (count > 0) {
      const std::size_t now = std::min(count, batch);
      std::uint8_t* to = out_.room(now * 9);
      for (std::size_t i = 0; i < now; ++i)
        to = put_number(to, base::load<T>(from + i * sizeof(T)));
      out_.used(to);
      from += now * sizeof(T);
      count -= now;
    }
    return true;
  }

  Output out_;
  bool too_long_ = false;
};

bool MessagePackWriter::numbers(Kind element, const void* first, std::size_t count) {
  begin_list(count);
  switch (element) {
    case Kind::i8:
      return put_all<std::int8_t>(first, count);
    case Kind::i16:
      return put_all<std::int16_t>(first, count);
    case Kind::i32:
      return put_all<std::int32_t>(first, count);
    case Kind::i64:
      return put_all<std::int64_t>(first, count);
    case Kind::u8:
      return put_all<std::uint8_t>(first, count);
    case Kind::u16:
      return put_all<std::uint16_t>(first, count);
    case Kind::u32:
      return put_all<std::uint32_t>(first, count);
    case Kind::u64:
      return put_all<std::uint64_t>(first, count);
    case Kind::f32:
      return put_all<float>(first, count);
    default:
      return put_all<double>(first, count);
  }
}

Piece MessagePackNames::key(std::string_view name) {
  Bytes bytes;
  MessagePackWriter writer(bytes, *this);
  writer.name(name);
  Failure unused;  // a name is short
  writer.finish(unused);
  return Piece(bytes);
}

}  // namespace

Result<std::unique_ptr<Encoder>> make_encoder(const Layout& layout) {
  return named::make_encoder<MessagePackWriter>(layout);
}

}  // namespace dts::format::messagepack
