#include <format/ion_writer.hpp>

#include <algorithm>

namespace dts::format::ion {

// What was left free for the length is rarely all it takes: what the container holds moves there.
void Writer::close(std::uint8_t type) {
  const Frame frame = top();
  --frames_;
  const std::size_t from = frame.start + 1 + frame.length_bytes;
  const std::size_t length = used() - from;
  const std::size_t count = length < 14 ? 0 : var_uint_bytes(length);
  if (count != frame.length_bytes) {
    if (count > frame.length_bytes) need(count - frame.length_bytes);
    std::uint8_t* to = out_.data() + frame.start + 1 + count;
    std::memmove(to, out_.data() + from, length);
    at_ = to + length;
  }
  std::uint8_t* head = out_.data() + frame.start;
  head[0] = static_cast<std::uint8_t>(type | (count == 0 ? length : 14));
  if (count != 0) put_var_uint(head + 1, length, count);
}

// Copied once: appended, so that the room for it is not filled with zeros first, and behind lengths
// that are wide enough, so that no container moves it when it ends.
void Writer::put_large(std::uint8_t type, ByteView bytes) {
  start_value(head_bytes_max);
  widen(head_bytes_max + bytes.size());
  need(head_bytes_max);
  put_head(type, bytes.size());
  constexpr std::size_t behind = 256;
  const std::size_t begin = used(), end = begin + bytes.size();
  out_.resize(begin);
  if (end + behind > out_.capacity()) {
    out_.reserve(std::max(end + end / 8 + behind, 2 * out_.capacity()));
  }
  out_.insert(out_.end(), bytes.begin(), bytes.end());
  out_.resize(end + behind);
  at_ = out_.data() + end;
  end_ = out_.data() + out_.size();
}

// Room in every open container for the length it will have with `count` bytes more. What moves is
// what lies before them.
void Writer::widen(std::size_t count) {
  for (std::size_t i = 0; i < frames_; ++i) {
    Frame& frame = frame_[i];
    const std::size_t from = frame.start + 1 + frame.length_bytes, held = used() - from;
    const auto wanted = static_cast<std::uint32_t>(var_uint_bytes(held + count));
    if (wanted <= frame.length_bytes) continue;
    const std::uint32_t more = wanted - frame.length_bytes;
    need(more);
    std::memmove(out_.data() + from + more, out_.data() + from, held);
    at_ += more;
    frame.length_bytes = wanted;
    for (std::size_t inner = i + 1; inner < frames_; ++inner) frame_[inner].start += more;
  }
}

void Writer::open_cases() {
  std::size_t ids = 0;
  for (std::size_t i = 0; i < cases_; ++i) ids += case_keys_[i]->id_bytes;
  need(head_bytes_max + 2 + ids + sizeof(Key::id));
  push(1);
  top().cases = static_cast<std::uint32_t>(cases_);
  const std::size_t count = var_uint_bytes(ids);
  put_var_uint(at_, ids, count);
  at_ += count;
  for (std::size_t i = 0; i < cases_; ++i) {
    std::memcpy(at_, case_keys_[i]->id.data(), sizeof(Key::id));
    at_ += case_keys_[i]->id_bytes;
  }
  cases_ = 0;
}

// 6d  80            offset 0 minutes: UTC
//     0f ea  8b 96  2026-11-22
//     8a 98 b0      10:24:48
//     c9 .. .. ..   10^-9 x the nanoseconds, none when they are 0
void Writer::time(std::int64_t ns) {
  start_value(20);
  constexpr std::int64_t second_ns = 1'000'000'000;
  std::int64_t seconds = ns / second_ns, rest = ns % second_ns;
  if (rest < 0) {
    rest += second_ns;
    --seconds;
  }
  std::int64_t days = seconds / 86400, in_day = seconds % 86400;
  if (in_day < 0) {
    in_day += 86400;
    --days;
  }
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(days))};
  std::uint8_t* head = at_++;
  const auto one = [this](auto value) { *at_++ = static_cast<std::uint8_t>(0x80 | value); };
  one(0);
  put_var_uint(at_, static_cast<std::uint64_t>(static_cast<int>(date.year())), 2);
  at_ += 2;
  one(static_cast<unsigned>(date.month()));
  one(static_cast<unsigned>(date.day()));
  one(in_day / 3600);
  one(in_day / 60 % 60);
  one(in_day % 60);
  *at_++ = 0xc9;
  put_int(static_cast<std::uint64_t>(rest), false);
  *head = static_cast<std::uint8_t>(0x60 | (at_ - head - 1));
}

// Sign and magnitude: the highest bit of the first byte is the sign. Zero takes no byte.
void Writer::put_int(std::uint64_t magnitude, bool negative) {
  if (magnitude == 0) return;
  const std::size_t count = static_cast<std::size_t>(std::bit_width(magnitude)) / 8 + 1;
  if (count == 9) *at_++ = 0;
  std::uint8_t* first = count == 9 ? at_ - 1 : at_;
  put_big_endian(magnitude, count == 9 ? 8 : count);
  if (negative) *first |= 0x80;
}

void Writer::put_decimal(std::int64_t coefficient, int exponent) {
  start_value(16);
  std::uint8_t* head = at_++;
  if (coefficient != 0 || exponent != 0) {
    // VarInt: the sign is the second highest bit of the first byte.
    const bool negative = exponent < 0;
    const auto size = static_cast<std::uint64_t>(negative ? -exponent : exponent);
    const std::size_t count = size < 64 ? 1 : 2;
    put_var_uint(at_, size, count);
    if (negative) *at_ |= 0x40;
    at_ += count;
    put_int(magnitude(coefficient), coefficient < 0);
  }
  *head = static_cast<std::uint8_t>(0x50 | (at_ - head - 1));
}

namespace {

template <class T, class Put>
void each(const void* first, std::size_t count, Put&& put) {
  const auto* from = static_cast<const std::uint8_t*>(first);
  for (std::size_t i = 0; i < count; ++i) put(base::load<T>(from + i * sizeof(T)));
}

}  // namespace

bool Writer::numbers(Kind element, const void* first, std::size_t count) {
  // A guess of the length that is right for floating point, and never above what is written by
  // enough to matter for the others.
  const std::size_t most = element == Kind::f64 ? 9 : element == Kind::f32 ? 5 : 9;
  open(count * (element >= Kind::f32 ? most : 1));
  need(count * most + 8);
  const auto put_signed = [this](std::int64_t value) {
    put_magnitude(value < 0 ? 0x30 : 0x20, magnitude(value));
  };
  const auto put_unsigned = [this](std::uint64_t value) { put_magnitude(0x20, value); };
  const auto put_float = [this](auto value) { put_real(value); };
  switch (element) {
    case Kind::i8:
      each<std::int8_t>(first, count, put_signed);
      break;
    case Kind::i16:
      each<std::int16_t>(first, count, put_signed);
      break;
    case Kind::i32:
      each<std::int32_t>(first, count, put_signed);
      break;
    case Kind::i64:
      each<std::int64_t>(first, count, put_signed);
      break;
    case Kind::u8:
      each<std::uint8_t>(first, count, put_unsigned);
      break;
    case Kind::u16:
      each<std::uint16_t>(first, count, put_unsigned);
      break;
    case Kind::u32:
      each<std::uint32_t>(first, count, put_unsigned);
      break;
    case Kind::u64:
      each<std::uint64_t>(first, count, put_unsigned);
      break;
    case Kind::f32:
      each<float>(first, count, put_float);
      break;
    default:
      each<double>(first, count, put_float);
  }
  close(0xb0);
  return true;
}

}  // namespace dts::format::ion
