// Protobuf values: reads what follows a tag: numbers, text, times and the other values that are
// no messages of the publisher's types. The decoder that derives from it reads those. One call,
// one thread.
#pragma once

#include <cstring>

#include <base/endian.hpp>
#include <base/text.hpp>
#include <dts/value.hpp>
#include <format/protobuf_reader.hpp>

namespace dts::format::protobuf::reading {

using Cursor = const std::uint8_t*;  // into the message; null after a failure

inline constexpr std::int64_t second_ns = 1'000'000'000;
inline constexpr std::uint8_t zeros[16] = {};  // every value that is zero or empty, after its tag

inline void* set(const PlanStep& step, void* to) { return step.to->functions.set(*step.to, to); }

class Values {
 public:
  Values(std::size_t message_bytes, const std::shared_ptr<const Bytes>* owner,
         const DecodeLimits& limits)
      : owner_(owner), allowance_(limits, message_bytes) {}
  Failure failure;

 protected:
  ~Values() = default;
  // The inside of a message or union.
  virtual bool inside(const Reader& reader, Cursor at, Cursor end, std::byte* to) = 0;

  // What fails is kept out of the way of what does not.
  [[gnu::cold, gnu::noinline]] Cursor bad(const char* why) {
    failure.set(ErrorCode::decode, "not a valid Protocol Buffers message", why);
    return nullptr;
  }
  [[gnu::cold, gnu::noinline]] Cursor wrong(std::string what) {
    failure.set(ErrorCode::wrong_value, std::move(what));
    return nullptr;
  }
  bool take(std::uint64_t bytes) {
    if (bytes > allowance_.bytes) [[unlikely]]
      return allowance_.take(1, bytes, failure);
    allowance_.bytes -= bytes;
    return true;
  }

  // ---- the notation

  Cursor number(Cursor at, Cursor end, std::uint64_t& value) {
    at = read_varint(at, end, value);
    return at != nullptr ? at : bad("a number is cut off, or longer than 64 bits");
  }
  Cursor tag(Cursor at, Cursor end, std::uint32_t& tag) {
    if (*at < 0x80 && *at >= 8) {
      tag = *at;
      return at + 1;
    }
    std::uint64_t value = 0;
    at = number(at, end, value);
    if (at == nullptr) return nullptr;
    if (value > 0xffffffff || value < 8) return bad("a field has a number that there is not");
    tag = static_cast<std::uint32_t>(value);
    return at;
  }
  Cursor slice(Cursor at, Cursor end, ByteView& bytes) {
    std::uint64_t size = 0;
    at = number(at, end, size);
    if (at == nullptr) return nullptr;
    if (size > static_cast<std::size_t>(end - at)) return bad("a length leads out of the message");
    bytes = ByteView(at, static_cast<std::size_t>(size));
    return at + size;
  }
  // Behind what follows a tag.
  Cursor skip(std::uint32_t field_tag, Cursor at, Cursor end) {
    switch (field_tag & 7) {
      case varint: {
        std::uint64_t value = 0;
        return number(at, end, value);
      }
      case eight:
        return end - at >= 8 ? at + 8 : bad("a number is cut off");
      case four:
        return end - at >= 4 ? at + 4 : bad("a number is cut off");
      case length: {
        ByteView bytes;
        return slice(at, end, bytes);
      }
      case group:
        return skip_group(field_tag >> 3, at, end);
      default:
        return bad("a group ends that did not begin, or a wire type that there is not");
    }
  }
  Cursor skip_group(std::uint32_t group_number, Cursor at, Cursor end) {
    if (!allowance_.enter(failure)) return nullptr;
    while (at != end) {
      std::uint32_t found = 0;
      at = tag(at, end, found);
      if (at == nullptr) return nullptr;
      if ((found & 7) == group_end) {
        if (found >> 3 != group_number) return bad("a group ends as another one began");
        allowance_.leave();
        return at;
      }
      at = skip(found, at, end);
      if (at == nullptr) return nullptr;
    }
    return bad("a group does not end");
  }

  // ---- values: what follows a tag

  Cursor value(const Reader& reader, Cursor at, Cursor end, void* to) {
    if (reader.wrap != nullptr) {
      if (!take(reader.step->to->size)) return nullptr;
      to = set(*reader.wrap, to);
    }
    return plain(reader, reader.read, at, end, to);
  }

  Cursor plain(const Reader& reader, Read read, Cursor at, Cursor end, void* to) {
    const PlanStep& step = *reader.step;
    std::uint64_t raw = 0;
    switch (read) {
      case Read::boolean:
        at = number(at, end, raw);
        if (at == nullptr) return nullptr;
        if (raw > 1) return wrong(std::to_string(raw) + " is not a bool");
        base::store(to, static_cast<std::uint8_t>(raw));
        return at;
      case Read::plain:
        at = number(at, end, raw);
        if (at == nullptr) return nullptr;
        if (raw > reader.largest) return misfit(step, raw);
        store_low(to, raw, reader.size);
        return at;
      case Read::signs:
      case Read::whole: {
        at = number(at, end, raw);
        if (at == nullptr) return nullptr;
        const std::int64_t whole =
            read == Read::signs ? unzigzag(raw) : static_cast<std::int64_t>(raw);
        // The magnitude, of a negative one less one.
        if (static_cast<std::uint64_t>(whole ^ whole >> 63) > reader.largest)
          return misfit(step, whole);
        store_low(to, static_cast<std::uint64_t>(whole), reader.size);
        return at;
      }
      case Read::bits4:
        if (end - at < 4) return bad("a number is cut off");
        std::memcpy(to, at, 4);
        return at + 4;
      case Read::bits8:
        if (end - at < 8) return bad("a number is cut off");
        std::memcpy(to, at, 8);
        return at + 8;
      case Read::symbol: {
        at = number(at, end, raw);
        if (at == nullptr) return nullptr;
        const auto symbol = static_cast<std::int64_t>(raw);
        if (symbol < INT32_MIN || symbol > INT32_MAX)
          return wrong(std::to_string(symbol) + " is not a value of an enumeration");
        return store_symbol(step, to, symbol, failure) ? at : nullptr;
      }
      case Read::number:
        return converted(reader, at, end, to);
      default:
        return sized(reader, read, at, end, to);
    }
  }

  template <class T>
  [[gnu::cold, gnu::noinline]] Cursor misfit(const PlanStep& step, T number) {
    return wrong(std::to_string(number) + " does not fit " + kind_text(step.from));
  }

  // A number that is widened, changes its unit, or is wider in the message than in its type.
  Cursor converted(const Reader& reader, Cursor at, Cursor end, void* to) {
    const PlanStep& step = *reader.step;
    std::uint64_t raw = 0;
    if (reader.wire == varint) {
      at = number(at, end, raw);
      if (at == nullptr) return nullptr;
    } else {
      const std::size_t size = reader.wire == eight ? 8 : 4;
      if (static_cast<std::size_t>(end - at) < size) return bad("a number is cut off");
      std::memcpy(&raw, at, size);
      at += size;
    }
    if (step.from == Kind::f64)
      return store_real(step, to, base::load<double>(&raw), failure) ? at : nullptr;
    if (step.from == Kind::f32)
      return store_real(step, to, base::load<float>(&raw), failure) ? at : nullptr;
    static constexpr std::uint8_t bits[] = {8, 16, 32, 64, 8, 16, 32, 64};  // i8 ... u64
    const unsigned width = bits[static_cast<unsigned>(step.from) - static_cast<unsigned>(Kind::i8)];
    if (step.from >= Kind::u8) {
      if (width < 64 && raw >> width != 0) return misfit(step, raw);
      return store_unsigned(step, to, raw, failure) ? at : nullptr;
    }
    std::int64_t whole = static_cast<std::int64_t>(raw);
    if (reader.wire == four) whole = static_cast<std::int32_t>(raw);
    if (reader.coding == Coding::zigzag) whole = unzigzag(raw);
    if (static_cast<std::uint64_t>(whole ^ whole >> 63) >> (width - 1) != 0)
      return misfit(step, whole);
    return store_signed(step, to, whole, failure) ? at : nullptr;
  }

  // What begins with its length.
  Cursor sized(const Reader& reader, Read read, Cursor at, Cursor end, void* to) {
    const PlanStep& step = *reader.step;
    ByteView bytes;
    at = slice(at, end, bytes);
    if (at == nullptr) return nullptr;
    bool fine;
    switch (read) {
      case Read::text:
        if (!base::is_utf8(as_text(bytes))) {
          failure.set(ErrorCode::decode, "a text is not valid UTF-8");
          return nullptr;
        }
        [[fallthrough]];
      case Read::bytes:
        if (borrow(*step.to, to, bytes, owner_)) return at;
        if (!take(bytes.size())) return nullptr;
        step.to->functions.assign(*step.to, to, bytes);
        return at;
      case Read::time:
      case Read::duration:
        fine = time(bytes, read == Read::time, to);
        break;
      case Read::decimal:
        fine = decimal(bytes, *static_cast<Decimal*>(to));
        break;
      case Read::any:
        fine = any(bytes, *static_cast<Any*>(to));
        break;
      default:
        fine =
            inside(reader, bytes.data(), bytes.data() + bytes.size(), static_cast<std::byte*>(to));
    }
    return fine ? at : nullptr;
  }

  // A message with the fields 1 and 2, both of one wire type; where they are not, they are zero.
  struct Two {
    std::uint64_t number[2] = {0, 0};
    ByteView bytes[2];
  };
  bool two(ByteView bytes, Wire wire, Two& found) {
    Cursor at = bytes.data();
    const Cursor end = at + bytes.size();
    bool seen[2] = {false, false};
    while (at != end) {
      std::uint32_t field_tag = 0;
      at = tag(at, end, field_tag);
      if (at == nullptr) return false;
      const std::uint32_t index = (field_tag >> 3) - 1;
      if (index > 1) {
        at = skip(field_tag, at, end);
      } else if ((field_tag & 7) != wire) {
        return bad("a field of another wire type than its own") != nullptr;
      } else if (std::exchange(seen[index], true)) {
        return bad("a field is there twice") != nullptr;
      } else {
        at = wire == varint ? number(at, end, found.number[index])
                            : slice(at, end, found.bytes[index]);
      }
      if (at == nullptr) return false;
    }
    return true;
  }

  bool time(ByteView bytes, bool since_epoch, void* to) {
    Two found;
    if (!two(bytes, varint, found)) return false;
    const auto seconds = static_cast<std::int64_t>(found.number[0]);
    const auto rest = static_cast<std::int64_t>(found.number[1]);
    const bool fine =
        rest > -second_ns && rest < second_ns &&
        (since_epoch ? rest >= 0 : (seconds <= 0 || rest >= 0) && (seconds >= 0 || rest <= 0));
    if (!fine)
      return wrong(std::to_string(rest) + " nanoseconds beside " + std::to_string(seconds) +
                   " seconds") != nullptr;
    const __int128 all = static_cast<__int128>(seconds) * second_ns + rest;
    if (all < INT64_MIN || all > INT64_MAX)
      return wrong(std::to_string(seconds) + " seconds are out of range") != nullptr;
    base::store(to, static_cast<std::int64_t>(all));
    return true;
  }

  bool decimal(ByteView bytes, Decimal& to) {
    Two found;
    if (!two(bytes, varint, found)) return false;
    const std::int64_t exponent = unzigzag(found.number[1]);
    if (exponent < INT8_MIN || exponent > INT8_MAX)
      return wrong("10^" + std::to_string(exponent) + " does not fit a decimal") != nullptr;
    to = {unzigzag(found.number[0]), static_cast<std::int8_t>(exponent)};
    return true;
  }

  bool any(ByteView bytes, Any& to) {
    Two found;
    if (!two(bytes, length, found)) return false;
    to = Any{};
    if (found.bytes[0].empty()) {
      return found.bytes[1].empty() ||
             failure.set(ErrorCode::decode, "an any has a value without a type");
    }
    if (!take(bytes.size())) return false;
    auto type = Type::from_document(found.bytes[0]);
    if (!type)
      return failure.set(ErrorCode::decode, "the type of an any is not valid", type.error().what());
    to.type = std::move(*type);
    to.message.assign(found.bytes[1].begin(), found.bytes[1].end());
    return true;
  }

  const std::shared_ptr<const Bytes>* owner_;
  Allowance allowance_;
};

}  // namespace dts::format::protobuf::reading
