#include <format/ion_binary_reader.hpp>

namespace dts::format::ion {

namespace {

// Beyond this no exponent is of any use, and sums of two are far from what an i64 holds.
constexpr std::uint64_t exponent_max = 1u << 30;

const char* const type_names[] = {
    "null",          "a bool",   "an int", "an int", "a float", "a decimal",       "a timestamp",
    "a symbol",      "a string", "a clob", "a blob", "a list",  "an s-expression", "a struct",
    "an annotation", ""};

}  // namespace

// ---- heads --------------------------------------------------------------------------------------

bool BinaryReader::invalid(const char* why) {
  return failure_.set(ErrorCode::decode, "not valid Ion",
                      std::string(why) + ", at byte " + std::to_string(at_ - begin_));
}

bool BinaryReader::mismatch(const char* expected) {
  return named::not_expected(failure_, what_is_next(), expected);
}

bool BinaryReader::wrong(const char* what) {
  return failure_.set(ErrorCode::wrong_value, std::string(what_is_next()) + " " + what);
}

std::string_view BinaryReader::what_is_next() {
  if (!open()) return "something broken";
  if (head_.type == name_type) return "a name";
  std::uint64_t magnitude;
  if ((head_.type != 2 && head_.type != 3) || !uint_of(head_.content, head_.end, magnitude))
    return type_names[head_.type];
  found_ = (head_.type == 3 ? "the number -" : "the number ") + std::to_string(magnitude);
  return found_;
}

// Groups of seven bits, most significant first; the last has the highest bit set.
bool BinaryReader::var_uint(const std::uint8_t*& at, const std::uint8_t* limit,
                            std::uint64_t& value) {
  for (value = 0; at != limit;) {
    if (value >> 57 != 0) return invalid("a VarUInt of more than 64 bits");
    const std::uint8_t byte = *at++;
    value = value << 7 | (byte & 0x7f);
    if ((byte & 0x80) != 0) return true;
  }
  return invalid("the end inside of a VarUInt");
}

// As VarUInt, but the first byte has the sign in its second highest bit.
bool BinaryReader::var_int(const std::uint8_t*& at, const std::uint8_t* limit, std::int64_t& value,
                           bool& negative) {
  if (at == limit) return invalid("the end where a VarInt is expected");
  const std::uint8_t first = *at++;
  negative = (first & 0x40) != 0;
  std::uint64_t magnitude = first & 0x3f;
  if ((first & 0x80) == 0) {
    std::uint64_t rest;
    const std::uint8_t* from = at;
    if (!var_uint(at, limit, rest)) return false;
    const auto bits = 7 * (at - from);
    if (magnitude != 0 && bits > 49) return invalid("a VarInt of more than 55 bits");
    if (magnitude != 0) rest |= magnitude << bits;
    magnitude = rest;
  }
  if (magnitude > std::uint64_t{1} << 62) return invalid("a VarInt of more than 62 bits");
  value = static_cast<std::int64_t>(magnitude);
  if (negative) value = -value;
  return true;
}

bool BinaryReader::uint_of(const std::uint8_t* at, const std::uint8_t* end,
                           std::uint64_t& magnitude) {
  while (at != end && *at == 0) ++at;
  if (end - at > 8) return false;
  magnitude = big_endian(at, static_cast<std::size_t>(end - at));
  return true;
}

// Sign and magnitude: the highest bit of the first byte is the sign. Nothing at all is zero.
bool BinaryReader::int_of(const std::uint8_t* at, const std::uint8_t* end, std::uint64_t& magnitude,
                          bool& negative) {
  negative = false;
  magnitude = 0;
  if (at == end) return true;
  negative = (*at & 0x80) != 0;
  const std::uint8_t first = *at++ & 0x7f;
  if (first == 0) return uint_of(at, end, magnitude);
  if (end - at > 7) return false;
  magnitude = big_endian(at, static_cast<std::size_t>(end - at)) | std::uint64_t{first}
                                                                       << 8 * (end - at);
  return true;
}

// The descriptor at `at`, without what an annotation wraps.
bool BinaryReader::descriptor(const std::uint8_t* at, const std::uint8_t* limit, Head& head) {
  if (at == limit) return invalid("the end where a value is expected");
  const std::uint8_t type = *at >> 4, low = *at & 0x0f;
  ++at;
  if (type == 0xf || (type == 0xe && (low < 3 || low == 0xf)))
    return invalid("a byte that begins no value");
  head = {at, at, nullptr, nullptr, low == 0xf ? null_type : type, low};
  if (low == 0xf) return true;
  if (type == 0) return invalid("padding where a value is expected");
  if ((type == 1 && low > 1) || (type == 4 && low != 0 && low != 4 && low != 8))
    return invalid("a length that the type cannot have");
  std::uint64_t size = type == 1 ? 0 : low;
  // A struct of length 1 is one with its names in order; the length follows.
  const bool ordered = type == 0xd && low == 1;
  if ((low == 14 || ordered) && !var_uint(at, limit, size)) return false;
  if (ordered && size == 0) return invalid("a length that the type cannot have");
  if (size > static_cast<std::uint64_t>(limit - at))
    return invalid("a length that goes beyond what holds it");
  head.content = at;
  head.end = at + size;
  return true;
}

// ex  length  length of the ids  ids  value
bool BinaryReader::annotations(const std::uint8_t* content, const std::uint8_t* end, Head& head) {
  std::uint64_t size, id;
  if (!var_uint(content, end, size)) return false;
  if (size == 0 || size > static_cast<std::uint64_t>(end - content))
    return invalid("a length of annotations that is wrong");
  const std::uint8_t* notes = content;
  content += size;
  for (const std::uint8_t* at = notes; at != content;) {
    if (!var_uint(at, content, id)) return false;
  }
  if (!descriptor(content, end, head)) return false;
  if (head.type == 0xe) return invalid("an annotation of an annotation");
  if (head.end != end) return invalid("an annotation that does not end with its value");
  head.notes = notes;
  head.notes_end = content;
  return true;
}

bool BinaryReader::other_open() {
  ready_ = false;
  if (!descriptor(at_, limit_, head_)) return false;
  if (head_.type == 0xe && !annotations(head_.content, head_.end, head_)) return false;
  ready_ = true;
  return true;
}

bool BinaryReader::other_skip_pads() {
  while (at_ != limit_ && *at_ <= 0x0e) {
    if (!pad()) return false;
  }
  return true;
}

// At the first byte of padding.
bool BinaryReader::pad() {
  const std::uint8_t* at = at_ + 1;
  std::uint64_t size = *at_;
  if (size == 14 && !var_uint(at, limit_, size)) return false;
  if (size > static_cast<std::uint64_t>(limit_ - at))
    return invalid("padding that goes beyond what holds it");
  at_ = at + size;
  return true;
}

// ---- the stream and its symbol table ------------------------------------------------------------

bool BinaryReader::begin() {
  const auto begins_with = [this](ByteView bytes) {
    return static_cast<std::size_t>(end_ - at_) >= bytes.size() &&
           std::memcmp(at_, bytes.data(), bytes.size()) == 0;
  };
  if (expected_ != nullptr && begins_with(expected_->block())) {
    at_ += expected_->block().size();
    symbols_ = expected_->texts();
  } else if (begins_with(version_marker)) {
    at_ += version_marker.size();
  } else {
    return invalid("a message begins with e0 01 00 ea");
  }
  return at_ == end_ || (*at_ > 0x0e && *at_ < 0xe0) || system_values();
}

bool BinaryReader::no_text(std::uint64_t id) {
  return failure_.set(ErrorCode::decode, "not valid Ion",
                      "the symbol $" + std::to_string(id) + " has no text, at byte " +
                          std::to_string(at_ - begin_));
}

bool BinaryReader::finish() {
  return skip_pads() && (at_ == end_ || invalid("something follows the value"));
}

// ---- scalars ------------------------------------------------------------------------------------

bool BinaryReader::other_boolean(bool& value) {
  if (head_.type != name_type || (name_ != "true" && name_ != "false"))
    return mismatch("true or false");
  value = name_ == "true";
  return take();
}

bool BinaryReader::other_integer(named::Integer& value) {
  Number number;
  switch (head_.type) {
    case 2:
    case 3: {
      std::uint64_t magnitude;
      if (!uint_of(head_.content, head_.end, magnitude)) return wrong("has more than 64 bits");
      if (head_.type == 3 && magnitude == 0) return invalid("a negative zero that is an int");
      value = integer_of(magnitude, head_.type == 3);
      return take();
    }
    case 4: {
      double real = 0;
      if (head_.low == 8) real = double_at(head_.content);
      if (head_.low == 4) real = float_at(head_.content);
      return to_integer(real, value) ? take() : wrong("is no whole number that is exact");
    }
    case 5:
      if (!this->number(number)) return false;
      return to_integer(number, value) ? take() : wrong("is no whole number of 64 bits");
    case name_type:
      return integer_from(name_, value) ? take() : mismatch("a number");
    default:
      return mismatch("a number");
  }
}

bool BinaryReader::other_real(double& value, bool single) {
  Number number;
  named::Integer integer;
  switch (head_.type) {
    case 4:
      value = 0;
      if (head_.low == 8) value = double_at(head_.content);
      if (single && value == value && static_cast<double>(static_cast<float>(value)) != value)
        return wrong("is not exact as f32");
      return take();
    case 5:
      if (!this->number(number)) return false;
      return to_real(number, single, value) ? take() : wrong("is too large");
    case 2:
    case 3:
      if (!other_integer(integer)) return false;
      if (to_real(integer, value) &&
          (!single || static_cast<double>(static_cast<float>(value)) == value)) {
        return true;
      }
      return failure_.set(ErrorCode::wrong_value, "an int that is not exact as a float");
    default:
      return mismatch("a number");
  }
}

bool BinaryReader::other_text(std::string_view& text) {
  std::uint64_t id;
  if (head_.type == name_type) {
    text = name_;
  } else if (head_.type != 7) {
    return mismatch("a string");
  } else if (!uint_of(head_.content, head_.end, id)) {
    return invalid("a symbol of more than 64 bits");
  } else if (!text_of(id, text)) {
    return false;
  }
  return take();
}

bool BinaryReader::bytes(ByteView& bytes) {
  if (!open()) return false;
  if (head_.type != 0xa && head_.type != 9) return mismatch("a blob");
  bytes = {head_.content, head_.end};
  return take();
}

bool BinaryReader::symbol(bool& is_text, std::string_view& symbol, named::Integer& value) {
  if (!open()) return false;
  is_text = head_.type == 7 || head_.type == 8;
  if (head_.type == name_type) is_text = !integer_from(name_, value);
  if (is_text) return text(symbol);
  if (head_.type != 2 && head_.type != 3 && head_.type != name_type) return mismatch("a symbol");
  return integer(value);
}

bool BinaryReader::number(Number& number) {
  const std::uint8_t* at = head_.content;
  if (at == head_.end) return true;
  bool negative;
  if (!var_int(at, head_.end, number.exponent, negative)) return false;
  const auto size =
      static_cast<std::uint64_t>(number.exponent < 0 ? -number.exponent : number.exponent);
  if (!int_of(at, head_.end, number.coefficient, number.negative))
    return wrong("has a coefficient of more than 64 bits");
  return size <= exponent_max || wrong("has an exponent that is out of range");
}

bool BinaryReader::decimal(Decimal& decimal) {
  if (!open()) return false;
  if (head_.type == 2 || head_.type == 3) {
    named::Integer integer;
    if (!other_integer(integer)) return false;
    return to_decimal(integer, decimal) ||
           failure_.set(ErrorCode::wrong_value, "an int that a decimal of 64 bits does not hold");
  }
  if (head_.type != 5) return mismatch("a decimal");
  Number number;
  if (!this->number(number)) return false;
  if (number.negative && number.coefficient == 0) return wrong("is a negative zero");
  return to_decimal(number, decimal) ? take() : wrong("does not fit 64 bits x 10^-128 to 10^127");
}

// Seconds.
bool BinaryReader::duration(std::int64_t& ns) {
  if (!open()) return false;
  Number seconds;
  if (head_.type == 2 || head_.type == 3) {
    if (!uint_of(head_.content, head_.end, seconds.coefficient)) return wrong("is too long");
    seconds.negative = head_.type == 3;
  } else if (head_.type != 5) {
    return mismatch("a decimal of seconds");
  } else if (!number(seconds)) {
    return false;
  }
  return to_duration(seconds, ns) ? take()
                                  : wrong("is no duration of whole nanoseconds in 64 bits");
}

// Exactly as Writer::time() spells it, which is the most common way.
bool BinaryReader::time_as_written(std::int64_t& ns) {
  const std::uint8_t* at = head_.content;
  const std::size_t size = head_.size();
  std::uint64_t first;
  if (size < 9 || size > 13) return false;
  std::memcpy(&first, at, sizeof first);
  // 80  0y yy  8m 8d 8h 8m 8s  c9: the highest bits say where each ends.
  if ((first & 0x8080808080808080) != 0x8080808080800080 || at[0] != 0x80 || at[8] != 0xc9)
    return false;
  if (size > 9 && (at[9] & 0x80) != 0) return false;
  Moment moment;
  moment.year = at[1] << 7 | (at[2] & 0x7f);
  moment.month = at[3] & 0x7f;
  moment.day = at[4] & 0x7f;
  moment.hour = at[5] & 0x7f;
  moment.minute = at[6] & 0x7f;
  moment.second = at[7] & 0x7f;
  moment.nanosecond = static_cast<std::uint32_t>(big_endian(at + 9, size - 9));
  return to_nanoseconds(moment, ns);
}

// VarInt offset in minutes, which changes nothing: what follows is UTC. VarUInt year, month, day,
// hour, minute, second; VarInt exponent and Int coefficient of the fraction. Any end is one, but
// not before the minute.
bool BinaryReader::time(std::int64_t& ns) {
  if (!open()) return false;
  if (head_.type != 6) return mismatch("a timestamp");
  if (time_as_written(ns)) return take();
  const std::uint8_t* at = head_.content;
  bool negative;
  Moment moment;
  std::int64_t offset;
  if (!var_int(at, head_.end, offset, negative)) return false;
  std::int64_t* const parts[] = {&moment.year, &moment.month,  &moment.day,
                                 &moment.hour, &moment.minute, &moment.second};
  std::size_t count = 0;
  for (; count < 6 && at != head_.end; ++count) {
    std::uint64_t part;
    if (!var_uint(at, head_.end, part)) return false;
    *parts[count] = static_cast<std::int64_t>(std::min<std::uint64_t>(part, 100000));
  }
  if (count == 4) return invalid("a timestamp with an hour and no minute");
  if (count < 3) return wrong("has no day");
  if (at != head_.end) {
    Number second;
    if (!var_int(at, head_.end, second.exponent, negative)) return false;
    if (second.exponent < -100000 || second.exponent > 100000 ||
        !int_of(at, head_.end, second.coefficient, second.negative) ||
        (second.negative && second.coefficient != 0)) {
      return wrong("has a fraction of a second that is none");
    }
    second.exponent += 9;
    named::Integer nanosecond;
    if (!to_integer(second, nanosecond)) return wrong("is finer than a nanosecond");
    if (nanosecond.magnitude > 999999999) return wrong("has a fraction of a second that is none");
    moment.nanosecond = static_cast<std::uint32_t>(nanosecond.magnitude);
  }
  if (offset < -1439 || offset > 1439 || !to_nanoseconds(moment, ns))
    return wrong("is no moment of the years 1677 to 2262");
  return take();
}

// ---- lists of numbers ---------------------------------------------------------------------------

// Only a list in which each element is spelt as this kind and fits it; any other is read one by
// one, which says what is wrong with it.
template <class T>
bool BinaryReader::block_of(bool& is_block, ByteView& bytes) {
  constexpr bool real = std::is_floating_point_v<T>;
  std::size_t count = 0;
  for (const std::uint8_t* at = head_.content; at != head_.end; ++count) {
    const std::uint8_t type = *at >> 4, low = *at & 0x0f;
    const bool fits =
        real ? type == 4 && low == sizeof(T) : (type == 2 || (type == 3 && low != 0)) && low <= 8;
    if (!fits || low >= head_.end - at) return true;
    at += 1 + low;
  }
  if (count == 0) return true;
  block_.resize(count * sizeof(T));
  std::uint8_t* to = block_.data();
  for (const std::uint8_t* at = head_.content; at != head_.end; to += sizeof(T)) {
    const std::size_t low = *at & 0x0f;
    const std::uint64_t bits = big_endian(at + 1, low);
    T value;
    if constexpr (real) {
      using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
      value = std::bit_cast<T>(static_cast<Bits>(bits));
    } else if (*at >> 4 == 2) {
      if (!std::in_range<T>(bits)) return true;
      value = static_cast<T>(bits);
    } else {
      // -magnitude is -1 - (magnitude - 1).
      if (bits == 0 || bits > std::uint64_t{1} << 63) return true;
      const std::int64_t negative = -1 - static_cast<std::int64_t>(bits - 1);
      if (!std::in_range<T>(negative)) return true;
      value = static_cast<T>(negative);
    }
    std::memcpy(to, &value, sizeof value);
    at += 1 + low;
  }
  bytes = block_;
  is_block = true;
  return take();
}

bool BinaryReader::numbers(Kind element, bool& is_block, ByteView& bytes) {
  is_block = false;
  if (!open()) return false;
  if (head_.type != 0xb) return true;
  switch (element) {
    case Kind::i8:
      return block_of<std::int8_t>(is_block, bytes);
    case Kind::i16:
      return block_of<std::int16_t>(is_block, bytes);
    case Kind::i32:
      return block_of<std::int32_t>(is_block, bytes);
    case Kind::i64:
      return block_of<std::int64_t>(is_block, bytes);
    case Kind::u8:
      return block_of<std::uint8_t>(is_block, bytes);
    case Kind::u16:
      return block_of<std::uint16_t>(is_block, bytes);
    case Kind::u32:
      return block_of<std::uint32_t>(is_block, bytes);
    case Kind::u64:
      return block_of<std::uint64_t>(is_block, bytes);
    case Kind::f32:
      return block_of<float>(is_block, bytes);
    default:
      return block_of<double>(is_block, bytes);
  }
}

// ---- maps, structs, unions ----------------------------------------------------------------------

bool BinaryReader::begin_map(named::Container& map) {
  if (!open()) return false;
  map.counted = head_.type == 0xd;
  if (!map.counted && head_.type != 0xb) return mismatch("a list of keys with values, or a struct");
  push(map, head_.content, head_.end);
  return true;
}

bool BinaryReader::next_entry(named::Container& map, bool& more) {
  if (map.counted) {
    if (!next_member(map, more, name_)) return false;
    if (!more) return true;
    head_ = {at_, at_, nullptr, nullptr, name_type, 0};
    ready_ = true;
    return true;
  }
  if (!next_item(map, more)) return false;
  if (!more) return true;
  if (!open()) return false;
  if (head_.type != 0xb) return mismatch("a list of a key and its value");
  at_ = head_.content;
  limit_ = head_.end;
  ready_ = false;
  return skip_pads();
}

bool BinaryReader::end_entry(named::Container& map) {
  if (map.counted) return true;
  if (!skip_pads()) return false;
  if (at_ != limit_) return invalid("an entry of a map with more than a key and its value");
  limit_ = begin_ + map.end;
  return true;
}

bool BinaryReader::other_member(bool& more, std::string_view& name) {
  for (;;) {
    more = at_ != limit_;
    if (!more) return true;
    std::uint64_t id;
    if (!var_uint(at_, limit_, id)) return false;
    if (at_ != limit_ && *at_ <= 0x0e) {  // padding, whatever its name
      if (!pad()) return false;
      continue;
    }
    return text_of(id, name);
  }
}

// case::value, of which the value may be annotated again: a case in a case. Or {case: value}.
bool BinaryReader::begin_case(named::Container& container, bool& none, std::string_view& name) {
  if (!open()) return false;
  none = false;
  container.counted = head_.notes == head_.notes_end;
  if (!container.counted) {
    std::uint64_t id;
    return var_uint(head_.notes, head_.notes_end, id) && text_of(id, name);
  }
  if (!enter(container, 0xd, "a case as annotation")) return false;
  bool more;
  if (!next_member(container, more, name)) return false;
  none = !more;
  return more || leave(container);
}

bool BinaryReader::end_case(named::Container& container) {
  if (!container.counted) return true;
  bool more;
  std::string_view name;
  if (!next_member(container, more, name)) return false;
  return more ? invalid("more than one case of a union") : leave(container);
}

bool BinaryReader::holds_message() { return open() && head_.type == 0xa; }

}  // namespace dts::format::ion
