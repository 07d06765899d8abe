// What the CBOR reader meets less often: tags, large integers, times, chunks, typed arrays.
#include <format/cbor_reader.hpp>

#include <cmath>
#include <utility>

#include <format/exact_number.hpp>

namespace dts::format::cbor {

namespace {

constexpr std::int64_t second = 1'000'000'000;

bool is_meaningful(std::uint64_t tag) {
  return tag <= tag_bigfloat || tag == tag_string_reference || tag == tag_shared_reference ||
         (tag >= tag_typed_first && tag <= tag_typed_last) || tag == tag_time ||
         tag == tag_duration;
}

bool is_float(const Head& head) {
  return head.major == major_simple && head.info >= 25 && head.info <= 27;
}

double to_double(const Head& head) {
  if (head.info == 25) return from_half(static_cast<std::uint16_t>(head.argument));
  if (head.info == 26) return std::bit_cast<float>(static_cast<std::uint32_t>(head.argument));
  return std::bit_cast<double>(head.argument);
}

}  // namespace

// ---- heads --------------------------------------------------------------------------------------

bool CborReader::wide_head(Head& head) {
  if (head.info == 31) {
    head.argument = 0;
    if (head.major == major_unsigned || head.major == major_negative || head.major == major_tag)
      return broken("a number without an end");
    ++at_;
    return true;
  }
  if (head.info > 27) return broken("a reserved length");
  return argument(std::size_t{1} << (head.info - 24), head.argument);
}

bool CborReader::tags(std::uint64_t& tag) {
  tag = no_tag;
  while (at_ < end_ && *at_ >> 5 == major_tag) {
    Head head;
    if (!read_head(head)) return false;
    if (is_meaningful(head.argument)) {
      if (tag != no_tag) return broken("a tag of a tag");
      tag = head.argument;
    }
  }
  return true;
}

std::string CborReader::what_is_next() {
  if (at_ == end_) return "the end of the message";
  switch (*at_ >> 5) {
    case major_unsigned:
    case major_negative:
      return "an integer";
    case major_bytes:
      return "bytes";
    case major_text:
      return "text";
    case major_list:
      return "a list";
    case major_map:
      return "a map";
    case major_tag: {
      Failure unused;
      CborReader ahead(ByteView(at_, end_), allowance_, unused);
      Head head;
      if (!ahead.read_head(head)) return "a broken tag";
      if (typed_array_width(head.argument) != 0) return "a typed array";
      return "something with tag " + std::to_string(head.argument);
    }
    default:
      break;
  }
  switch (*at_ & 31) {
    case 20:
    case 21:
      return (*at_ & 31) == 20 ? "false" : "true";
    case 22:
      return "null";
    case 23:
      return "undefined";
    case 25:
    case 26:
    case 27:
      return "a float";
    case 31:
      return "an end mark";
    default:
      return "a simple value";
  }
}

// ---- scalars ------------------------------------------------------------------------------------

bool CborReader::boolean(bool& value) {
  const std::uint8_t* item = at_;
  std::uint64_t tag;
  if (!tags(tag)) return false;
  if (at_ == end_) return truncated();
  if (tag != no_tag || (*at_ & 0xfe) != 0xf4) return mismatch(item, "true or false");
  value = *at_++ == 0xf5;
  return true;
}

bool CborReader::integer_slow(named::Integer& number) {
  const std::uint8_t* item = at_;
  std::uint64_t tag;
  if (!tags(tag)) return false;
  if (tag == tag_bignum || tag == tag_negative_bignum) {
    return bignum(tag == tag_negative_bignum, number);
  }
  Head head;
  if (!read_head(head)) return false;
  if (tag != no_tag) return mismatch(item, "an integer");
  if (head.major <= major_negative) {
    number = {head.argument, head.major == major_negative};
    return true;
  }
  return (is_float(head) && exact_integer(to_double(head), number)) || mismatch(item, "an integer");
}

// Bytes, big-endian; -1 - n when negative.
bool CborReader::bignum(bool negative, named::Integer& number) {
  ByteView digits;
  if (!string(major_bytes, digits, "the bytes of a large integer")) return false;
  while (!digits.empty() && digits[0] == 0) digits = digits.subspan(1);
  if (digits.size() > 8)
    return failure_.set(ErrorCode::wrong_value, "an integer of more than 64 bits");
  number = {0, negative};
  for (const std::uint8_t digit : digits) number.magnitude = number.magnitude << 8 | digit;
  return true;
}

bool CborReader::real_slow(double& value, bool single) {
  const std::uint8_t* item = at_;
  std::uint64_t tag;
  if (!tags(tag)) return false;
  if (at_ < end_ && *at_ >> 5 == major_simple) {
    Head head;
    if (!read_head(head)) return false;
    if (tag != no_tag || !is_float(head)) return mismatch(item, "a number");
    value = to_double(head);
    if (!single || head.info < 27 || std::isnan(value) || static_cast<float>(value) == value)
      return true;
    return not_exact("f32");
  }
  if (at_ == end_) return truncated();
  if (tag == no_tag ? *at_ >> 5 > major_negative
                    : tag != tag_bignum && tag != tag_negative_bignum) {
    return mismatch(item, "a number");
  }
  named::Integer number;
  at_ = item;
  if (!integer_slow(number)) return false;
  return exact_real(number, single, value) || not_exact(single ? "f32" : "f64");
}

bool CborReader::string_slow(Major major, ByteView& bytes, const char* expected) {
  const std::uint8_t* item = at_;
  std::uint64_t tag;
  if (!tags(tag)) return false;
  if (tag != no_tag && !(major == major_bytes && tag == tag_typed_first))
    return mismatch(item, expected);  // 64: bytes as JavaScript writes them
  return string(major, bytes, expected);
}

// Without a tag: in one piece, or in chunks.
bool CborReader::string(Major major, ByteView& bytes, const char* expected) {
  const std::uint8_t* item = at_;
  Head head;
  if (!read_head(head)) return false;
  if (head.major != major) return mismatch(item, expected);
  if (head.info != 31) return body(head.argument, bytes);
  scratch_.clear();
  for (;;) {
    if (!read_head(head)) return false;
    if (head.major == major_simple && head.info == 31) break;
    if (head.major != major || head.info == 31) return broken("a chunk of another kind");
    if (!body(head.argument, bytes)) return false;
    if (major == major_text && !base::is_utf8(as_text(bytes))) return not_utf8();
    scratch_.insert(scratch_.end(), bytes.begin(), bytes.end());
  }
  bytes = scratch_;
  return true;
}

bool CborReader::decimal(Decimal& value) {
  const std::uint8_t* item = at_;
  std::uint64_t tag;
  if (!tags(tag)) return false;
  named::Integer number;
  if (tag != tag_decimal) {
    at_ = item;
    if (at_ < end_ &&
        (*at_ >> 5 <= major_negative || tag == tag_bignum || tag == tag_negative_bignum)) {
      value.exponent = 0;
      return integer(number) && to_signed(number, value.coefficient);
    }
    mismatch(item, "a decimal");
    return failure_.hint("tag 4 with [exponent, coefficient]");
  }
  named::Container parts;
  std::int64_t exponent = 0;
  bool more = false;
  if (!begin_list(parts)) return false;
  if (!next_item(parts, more) || !more || !integer(number) || !to_signed(number, exponent))
    return !failure_.is_set() && broken("a decimal without an exponent");
  if (!next_item(parts, more) || !more || !integer(number) || !to_signed(number, value.coefficient))
    return !failure_.is_set() && broken("a decimal without a coefficient");
  if (!next_item(parts, more)) return false;
  if (more) return broken("a decimal of more than two numbers");
  if (!std::in_range<std::int8_t>(exponent)) {
    return failure_.set(ErrorCode::wrong_value,
                        "the exponent " + std::to_string(exponent) + " is out of range",
                        "-128 to 127 are");
  }
  value.exponent = static_cast<std::int8_t>(exponent);
  return true;
}

bool CborReader::symbol_slow(bool& is_text, std::string_view& symbol, named::Integer& value) {
  const std::uint8_t* item = at_;
  std::uint64_t tag;
  if (!tags(tag)) return false;
  if (at_ == end_) return truncated();
  is_text = *at_ >> 5 == major_text;
  at_ = item;
  if (is_text) return text(symbol);
  return integer(value);
}

// ---- time ---------------------------------------------------------------------------------------

bool CborReader::time(std::int64_t& ns) {
  const std::uint8_t* item = at_;
  std::uint64_t tag;
  if (!tags(tag)) return false;
  switch (tag) {
    case tag_time:
      return seconds_map(ns);
    case tag_time_seconds: {
      __int128 whole;
      return seconds_number(whole) && to_nanoseconds(whole, ns);
    }
    case tag_time_text: {
      std::string_view text;
      if (!this->text(text)) return false;
      const auto time = from_rfc3339(text);
      if (!time) {
        return failure_.set(ErrorCode::wrong_value, named::quote(text) + " is not a time", {},
                            "\"2026-11-22T10:24:48Z\"");
      }
      ns = time->time_since_epoch().count();
      return true;
    }
    default:
      mismatch(item, "a time");
      return failure_.hint("tag 1001, 1 or 0");
  }
}

bool CborReader::duration(std::int64_t& ns) {
  const std::uint8_t* item = at_;
  std::uint64_t tag;
  if (!tags(tag)) return false;
  if (tag == tag_duration) return seconds_map(ns);
  mismatch(item, "a duration");
  return failure_.hint("tag 1002");
}

// Seconds as an integer, or as a float: that one to the nearest nanosecond.
bool CborReader::seconds_number(__int128& ns) {
  if (at_ < end_ && *at_ >> 5 == major_simple) {
    double value;
    if (!real(value, false)) return false;
    if (!(std::abs(value) < 1e10)) {
      std::int64_t unused;
      return to_nanoseconds(static_cast<__int128>(1) << 64, unused);  // fails and says so
    }
    const double whole = std::floor(value);
    ns = static_cast<__int128>(whole) * second +
         std::llround((value - whole) * static_cast<double>(second));
    return true;
  }
  named::Integer number;
  std::int64_t seconds = 0;
  if (!integer(number) || !to_signed(number, seconds)) return false;
  ns = static_cast<__int128>(seconds) * second;
  return true;
}

// RFC 9581: {1: seconds, -9: nanoseconds, ...}. Negative keys are hints and may be passed over,
// others may not.
bool CborReader::seconds_map(std::int64_t& ns) {
  named::Container map;
  if (!begin_map(map)) return false;
  __int128 whole = 0;
  std::int64_t rest = 0;
  bool has_whole = false, has_rest = false, more = false;
  for (;;) {
    if (!next_entry(map, more)) return false;
    if (!more) break;
    named::Integer number;
    std::int64_t key = 0;
    if (!integer(number) || !to_signed(number, key)) return false;
    const std::int64_t unit = key == -3 ? 1'000'000 : key == -6 ? 1000 : key == -9 ? 1 : 0;
    if (key == 1 && !has_whole) {
      has_whole = true;
      if (!seconds_number(whole)) return false;
    } else if (unit != 0 && !has_rest) {
      has_rest = true;
      if (!integer(number)) return false;
      if (number.negative || number.magnitude >= static_cast<std::uint64_t>(second / unit))
        return failure_.set(ErrorCode::wrong_value, "a part of a second out of range");
      rest = static_cast<std::int64_t>(number.magnitude) * unit;
    } else if (key == 1 || unit != 0) {
      return failure_.set(ErrorCode::wrong_value, "a part of the time is there twice");
    } else if (key >= 0 || key == -1 || key == -12 || key == -15 || key == -18) {
      return failure_.set(ErrorCode::wrong_value,
                          "the part " + std::to_string(key) + " of a time is not supported",
                          "seconds (1) and -3, -6 or -9 are");
    } else if (!skip()) {
      return false;
    }
  }
  if (!has_whole) return broken("a time without seconds");
  return to_nanoseconds(whole + rest, ns);
}

// ---- lists, maps and what is passed over --------------------------------------------------------

bool CborReader::numbers_slow(Kind element, bool& is_block, ByteView& bytes) {
  is_block = false;
  if (at_ == end_ || *at_ >> 5 != major_tag) return true;
  const std::uint8_t* item = at_;
  std::uint64_t tag;
  if (!tags(tag)) return false;
  const std::size_t width = tag == no_tag ? 0 : typed_array_width(tag);
  if (width == 0) {
    at_ = item;
    return true;
  }
  is_block = true;
  if (!string(major_bytes, bytes, "the bytes of a typed array")) return false;
  if (bytes.size() % width != 0) return half_an_element();
  if (tag == typed_array_tag(element)) return true;
  const std::size_t target = element_width(element);
  if (!allowance_.take(bytes.size() / width, target, failure_)) return false;
  Bytes converted;
  if (!convert_typed_array(tag, bytes, element, converted, failure_)) return false;
  scratch_ = std::move(converted);
  bytes = scratch_;
  return true;
}

bool CborReader::container_slow(Major major, named::Container& container, const char* expected) {
  const std::uint8_t* item = at_;
  std::uint64_t tag;
  if (!tags(tag)) return false;
  Head head;
  if (!read_head(head)) return false;
  if (tag != no_tag || head.major != major) return mismatch(item, expected);
  if (head.info == 31) {
    container.counted = false;
    return true;
  }
  return counted(head, container);
}

bool CborReader::skip() {
  Head head;
  do {
    if (!read_head(head)) return false;
  } while (head.major == major_tag);
  switch (head.major) {
    case major_unsigned:
    case major_negative:
      return true;
    case major_bytes:
    case major_text:
      return head.info == 31 ? skip_chunks(head.major) : skip_string(head);
    case major_list:
    case major_map:
      return skip_items(head);
    default:
      if (head.info == 31) return broken("an end mark where a value is expected");
      return head.info != 24 || head.argument >= 32 || broken("a simple value in two bytes");
  }
}

bool CborReader::skip_string(const Head& head) {
  ByteView bytes;
  if (!body(head.argument, bytes)) return false;
  return head.major == major_bytes || base::is_utf8(as_text(bytes)) || not_utf8();
}

bool CborReader::skip_chunks(std::uint8_t major) {
  Head head;
  for (;;) {
    if (!read_head(head)) return false;
    if (head.major == major_simple && head.info == 31) return true;
    if (head.major != major || head.info == 31) return broken("a chunk of another kind");
    if (!skip_string(head)) return false;
  }
}

bool CborReader::skip_items(const Head& head) {
  const bool is_map = head.major == major_map;
  named::Container items;
  if (head.info == 31) {
    items.counted = false;
  } else if (!counted(head, items)) {
    return false;
  }
  if (!allowance_.enter(failure_)) return false;
  for (;;) {
    bool more = false;
    if (!next_item(items, more)) return false;
    if (!more) break;
    if (!skip() || (is_map && !skip())) return false;
  }
  allowance_.leave();
  return true;
}

}  // namespace dts::format::cbor
