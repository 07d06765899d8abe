// What the MessagePack reader meets less often: wide forms, extensions, lists of numbers.
#include <format/messagepack_reader.hpp>

#include <cmath>
#include <limits>
#include <utility>

#include <format/exact_number.hpp>
#include <format/spelling.hpp>

namespace dts::format::messagepack {

namespace {

bool is_text_mark(std::uint8_t first) {
  return (first & 0xe0) == mark_text || (first >= mark_text_8 && first < mark_list_16);
}

bool is_extension(std::uint8_t first) {
  return (first >= mark_extension_8 && first < mark_f32) ||
         (first >= mark_extension_of_1 && first < mark_text_8);
}

bool is_integer(std::uint8_t first) {
  return first < mark_map || first >= mark_negative || (first >= mark_u8 && first <= mark_i64);
}

bool is_number(std::uint8_t first) {
  return is_integer(first) || first == mark_f32 || first == mark_f64;
}

}  // namespace

bool MessagePackReader::mismatch(const std::uint8_t* item, const char* expected, const char* hint) {
  mismatch(item, expected);
  return failure_.hint(hint);
}

std::string MessagePackReader::what_is_next() {
  if (at_ == end_) return "the end of the message";
  const std::uint8_t first = *at_;
  if (first < mark_map || first >= mark_negative) return "an integer";
  if (first < mark_list) return "a map";
  if (first < mark_text) return "a list";
  if (first < mark_nil) return "text";
  if (first == mark_nil) return "nil";
  if (first == mark_unused) return "a byte that begins nothing";
  if (first <= mark_true) return first == mark_true ? "true" : "false";
  if (first < mark_extension_8) return "bytes";
  if (first < mark_f32) return "an extension";
  if (first <= mark_f64) return "a float";
  if (first < mark_extension_of_1) return "an integer";
  if (first < mark_text_8) return "an extension";
  if (first < mark_list_16) return "text";
  return first < mark_map_16 ? "a list" : "a map";
}

bool MessagePackReader::boolean(bool& value) {
  if (at_ == end_) return truncated();
  if (*at_ != mark_false && *at_ != mark_true) return mismatch(at_, "true or false");
  value = *at_++ == mark_true;
  return true;
}

bool MessagePackReader::wide_integer(named::Integer& number) {
  const std::uint8_t* item = at_;
  const std::uint8_t first = *at_;
  std::uint64_t bits = 0;
  if (first >= mark_u8 && first <= mark_u64) {
    if (!argument(std::size_t{1} << (first - mark_u8), bits)) return false;
    number = {bits, false};
    return true;
  }
  if (first >= mark_i8 && first <= mark_i64) {
    const std::size_t width = std::size_t{1} << (first - mark_i8);
    if (!argument(width, bits)) return false;
    const auto up = static_cast<int>(64 - 8 * width);
    const std::int64_t value = static_cast<std::int64_t>(bits << up) >> up;
    number.negative = value < 0;
    number.magnitude = static_cast<std::uint64_t>(value < 0 ? ~value : value);
    return true;
  }
  if (first != mark_f32 && first != mark_f64) return mismatch(item, "an integer");
  double value;
  if (!real(value, false)) return false;
  return exact_integer(value, number) || mismatch(item, "an integer");
}

bool MessagePackReader::real_slow(double& value, bool single) {
  if (at_ == end_) return truncated();
  const std::uint8_t* item = at_;
  if (*at_ == mark_f32 || *at_ == mark_f64) {  // cut off, or an f64 for an f32
    std::uint64_t bits = 0;
    if (!argument(*at_ == mark_f32 ? 4 : 8, bits)) return false;
    value = std::bit_cast<double>(bits);
    return std::isnan(value) || static_cast<float>(value) == value || not_exact("f32");
  }
  named::Integer number;
  if (!is_integer(*at_)) return mismatch(item, "a number");
  if (!integer(number)) return false;
  return exact_real(number, single, value) || not_exact(single ? "f32" : "f64");
}

bool MessagePackReader::long_text(std::string_view& text, const char* expected) {
  if (*at_ < mark_text_8 || *at_ > mark_text_8 + 2) return mismatch(at_, expected);
  std::uint64_t size = 0;
  ByteView bytes;
  if (!argument(std::size_t{1} << (*at_ - mark_text_8), size) || !body(size, bytes)) return false;
  text = as_text(bytes);
  return true;
}

bool MessagePackReader::bytes(ByteView& bytes) {
  if (at_ == end_) return truncated();
  if (*at_ < mark_bytes_8 || *at_ > mark_bytes_8 + 2) return mismatch(at_, "bytes");
  std::uint64_t size = 0;
  return argument(std::size_t{1} << (*at_ - mark_bytes_8), size) && body(size, bytes);
}

bool MessagePackReader::long_container(std::uint8_t mark_16, std::size_t each,
                                       named::Container& container, const char* expected) {
  if (*at_ != mark_16 && *at_ != mark_16 + 1) return mismatch(at_, expected);
  if (!argument(*at_ == mark_16 ? 2 : 4, container.count)) return false;
  container.left = container.count;
  return container.count * each <= left() || truncated();
}

// ---- extensions ---------------------------------------------------------------------------------

bool MessagePackReader::extension(std::uint8_t& type, ByteView& bytes) {
  std::uint64_t size = 0;
  if (*at_ >= mark_extension_8 && *at_ <= mark_extension_8 + 2) {
    if (!argument(std::size_t{1} << (*at_ - mark_extension_8), size)) return false;
  } else {
    size = std::uint64_t{1} << (*at_ - mark_extension_of_1);
    ++at_;
  }
  if (at_ == end_) return truncated();
  type = *at_++;
  return body(size, bytes);
}

bool MessagePackReader::time(std::int64_t& ns) {
  constexpr std::int64_t second = 1'000'000'000;
  const std::uint8_t* item = at_;
  if (at_ == end_) return truncated();
  std::uint8_t type;
  ByteView bytes;
  if (!is_extension(*at_))
    return mismatch(item, "a time", "a timestamp is an extension of type -1");
  if (!extension(type, bytes)) return false;
  if (type != extension_time)
    return mismatch(item, "a time", "a timestamp is an extension of type -1");
  std::int64_t seconds = 0;
  std::uint64_t rest = 0;
  if (bytes.size() == 4) {
    seconds = base::load_big<std::uint32_t>(bytes.data());
  } else if (bytes.size() == 8) {
    const auto bits = base::load_big<std::uint64_t>(bytes.data());
    seconds = static_cast<std::int64_t>(bits & ((std::uint64_t{1} << 34) - 1));
    rest = bits >> 34;
  } else if (bytes.size() == 12) {
    rest = base::load_big<std::uint32_t>(bytes.data());
    seconds = static_cast<std::int64_t>(base::load_big<std::uint64_t>(bytes.data() + 4));
  } else {
    return broken("a timestamp that has not 4, 8 or 12 bytes");
  }
  if (rest >= static_cast<std::uint64_t>(second)) return broken("nanoseconds of over a second");
  const __int128 sum = static_cast<__int128>(seconds) * second + static_cast<std::int64_t>(rest);
  return to_nanoseconds(sum, ns);
}

// ---- what MessagePack has no form for -----------------------------------------------------------

bool MessagePackReader::duration(std::int64_t& ns) {
  const std::uint8_t* item = at_;
  if (at_ == end_) return truncated();
  std::string_view digits;
  if (is_text_mark(*at_)) {
    return text(digits) &&
           (read_duration(digits, ns) ||
            failure_.set(ErrorCode::wrong_value, named::quote(digits) + " is not a duration", {},
                         "nanoseconds, or \"1.5s\""));
  }
  named::Integer number;
  if (!is_number(*at_)) return mismatch(item, "a duration", "nanoseconds, or \"1.5s\"");
  return integer(number) && to_signed(number, ns);
}

bool MessagePackReader::decimal(Decimal& value) {
  const std::uint8_t* item = at_;
  if (at_ == end_) return truncated();
  std::string_view digits;
  if (is_text_mark(*at_)) {
    return text(digits) &&
           (read_decimal(digits, value) ||
            failure_.set(ErrorCode::wrong_value, named::quote(digits) + " is not a decimal", {},
                         "\"12.50\""));
  }
  named::Integer number;
  if (!is_integer(*at_)) return mismatch(item, "a decimal", "\"12.50\"");
  value.exponent = 0;
  return integer(number) && to_signed(number, value.coefficient);
}

// Whether it is UTF-8 does not matter: it is one of the enumeration's, or refused.
bool MessagePackReader::symbol(bool& is_text, std::string_view& symbol, named::Integer& value) {
  if (at_ == end_) return truncated();
  is_text = is_text_mark(*at_);
  if (is_text) return name(symbol, "a symbol");
  return is_number(*at_) ? integer(value) : mismatch(at_, "a symbol");
}

// ---- lists of numbers ---------------------------------------------------------------------------

template <class T>
bool MessagePackReader::integer_items(std::byte* first, std::size_t count, std::size_t& read) {
  for (read = 0; read < count; ++read) {
    const std::uint8_t* item = at_;
    named::Integer number;
    if (at_ < end_ && *at_ < 0x80) {
      number.magnitude = *at_++;
    } else if (!integer(number)) {
      return failure_.in(read);
    }
    const std::uint64_t largest = static_cast<std::uint64_t>(std::numeric_limits<T>::max());
    if (number.magnitude > largest || (number.negative && std::is_unsigned_v<T>)) {
      at_ = item;  // the walk says what is wrong
      return true;
    }
    const std::uint64_t bits = number.negative ? ~number.magnitude : number.magnitude;
    base::store(first + read * sizeof(T), static_cast<T>(bits));
  }
  return true;
}

template <class T>
void MessagePackReader::real_items(std::byte* first, std::size_t count, std::size_t& read) {
  constexpr std::uint8_t mark = sizeof(T) == 4 ? mark_f32 : mark_f64;
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  const std::size_t here = std::min(count, left() / (1 + sizeof(T)));
  const std::uint8_t* at = at_;
  std::size_t i = 0;
  for (; i < here && *at == mark; ++i, at += 1 + sizeof(T))
    base::store(first + i * sizeof(T), base::load_big<Bits>(at + 1));
  at_ = at;
  read = i;
}

bool MessagePackReader::items(named::Container& list, Kind element, void* first, std::size_t count,
                              std::size_t& read) {
  auto* to = static_cast<std::byte*>(first);
  bool fine = true;
  switch (element) {
    case Kind::i8:
      fine = integer_items<std::int8_t>(to, count, read);
      break;
    case Kind::i16:
      fine = integer_items<std::int16_t>(to, count, read);
      break;
    case Kind::i32:
      fine = integer_items<std::int32_t>(to, count, read);
      break;
    case Kind::i64:
      fine = integer_items<std::int64_t>(to, count, read);
      break;
    case Kind::u8:
      fine = integer_items<std::uint8_t>(to, count, read);
      break;
    case Kind::u16:
      fine = integer_items<std::uint16_t>(to, count, read);
      break;
    case Kind::u32:
      fine = integer_items<std::uint32_t>(to, count, read);
      break;
    case Kind::u64:
      fine = integer_items<std::uint64_t>(to, count, read);
      break;
    case Kind::f32:
      real_items<float>(to, count, read);
      break;
    default:
      real_items<double>(to, count, read);
  }
  list.left -= read;
  return fine;
}

// ---- what is passed over ------------------------------------------------------------------------

bool MessagePackReader::skip() {
  if (at_ == end_) return truncated();
  const std::uint8_t first = *at_;
  std::uint64_t size = 0;
  if (first < mark_map || first >= mark_negative || first == mark_nil || first == mark_false ||
      first == mark_true) {
    ++at_;
    return true;
  }
  if (first < mark_text) {
    ++at_;
    return skip_items(std::uint64_t{first} % 16 * (first < mark_list ? 2 : 1));
  }
  if (is_text_mark(first)) {
    std::string_view unused;
    return text(unused);
  }
  if (first == mark_unused) return broken("a byte that begins nothing");
  ByteView bytes;
  if (first < mark_extension_8) return this->bytes(bytes);
  std::uint8_t type;
  if (is_extension(first)) return extension(type, bytes);
  if (first == mark_f32 || first == mark_f64) return argument(first == mark_f32 ? 4 : 8, size);
  if (first < mark_extension_of_1) {
    return argument(std::size_t{1} << ((first - mark_u8) & 3), size);
  }
  const bool is_map = first >= mark_map_16;
  if (!argument(first == mark_list_16 || first == mark_map_16 ? 2 : 4, size)) return false;
  return skip_items(is_map ? size * 2 : size);
}

bool MessagePackReader::skip_items(std::uint64_t count) {
  if (count > left()) return truncated();
  if (!allowance_.enter(failure_)) return false;
  for (; count > 0; --count) {
    if (!skip()) return false;
  }
  allowance_.leave();
  return true;
}

}  // namespace dts::format::messagepack
