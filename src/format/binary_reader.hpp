// Binary reader: what the Readers (named.hpp) of CBOR and MessagePack have in common. Both write a
// first byte that says what follows, and big-endian numbers behind it; containers say how many they
// hold. What a notation adds is in the class that derives from this. One decode call, one thread.
#pragma once

#include <bit>
#include <string>

#include <base/endian.hpp>
#include <base/text.hpp>
#include <format/named.hpp>

namespace dts::format::named {

// The first bytes of what comes most often.
struct FirstBytes {
  const char* notation;  // "CBOR"
  std::uint8_t f32, f64;
  std::uint8_t text;       // plus its length,
  std::uint8_t text_most;  // up to this one
};

// Derived: a Reader, with `static constexpr FirstBytes first_bytes`.
template <class Derived>
class BinaryReader {
 public:
  static constexpr bool any_is_message = false;
  using Mark = const std::uint8_t*;

  BinaryReader(ByteView message, Allowance& allowance, Failure& failure)
      : begin_(message.data()),
        at_(begin_),
        end_(begin_ + message.size()),
        allowance_(allowance),
        failure_(failure) {}

  bool begin() { return true; }
  bool finish() { return at_ == end_ || broken("something follows the value"); }

  bool real(double& value, bool single) {
    if (left() >= 9 && *at_ == Derived::first_bytes.f64 && !single) {
      value = std::bit_cast<double>(base::load_big<std::uint64_t>(at_ + 1));
      at_ += 9;
      return true;
    }
    if (left() >= 5 && *at_ == Derived::first_bytes.f32) {
      value = std::bit_cast<float>(base::load_big<std::uint32_t>(at_ + 1));
      at_ += 5;
      return true;
    }
    return self().real_slow(value, single);
  }

  bool end_list(Container&) { return true; }
  bool next_entry(Container& map, bool& more) { return self().next_item(map, more); }
  bool middle_of_entry(Container&) { return true; }
  bool end_entry(Container&) { return true; }
  bool end_map(Container&) { return true; }

  bool begin_struct(Container& members) { return self().begin_map(members); }
  bool next_is(Container& members, std::string_view name) {
    if (members.left == 0 || name.size() > Derived::first_bytes.text_most ||
        left() <= name.size() || *at_ != Derived::first_bytes.text + name.size() ||
        !same_name({reinterpret_cast<const char*>(at_) + 1, name.size()}, name)) {
      return false;
    }
    at_ += 1 + name.size();
    --members.left;
    return true;
  }
  bool end_member(Container&) { return true; }
  bool end_struct(Container&) { return true; }
  bool begin_case(Container& cases, bool& none, std::string_view& name) {
    bool more = false;
    if (!self().begin_map(cases) || !self().next_member(cases, more, name)) return false;
    none = !more;
    return true;
  }
  bool end_case(Container& cases) {
    bool more = false;
    if (!self().next_item(cases, more)) return false;
    return !more || failure_.set(ErrorCode::wrong_value, "a union holds one case");
  }

  Mark mark() const { return at_; }
  void go_to(Mark mark) { at_ = mark; }

 protected:
  ~BinaryReader() = default;

  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  bool body(std::uint64_t size, ByteView& bytes) {
    if (size > left()) return truncated();
    bytes = {at_, static_cast<std::size_t>(size)};
    at_ += size;
    return true;
  }
  // The big-endian number of 1, 2, 4 or 8 bytes behind the first byte; passes over both.
  bool argument(std::size_t width, std::uint64_t& value) {
    if (left() < 1 + width) return truncated();
    const std::uint8_t* from = at_ + 1;
    switch (width) {
      case 1:
        value = *from;
        break;
      case 2:
        value = base::load_big<std::uint16_t>(from);
        break;
      case 4:
        value = base::load_big<std::uint32_t>(from);
        break;
      default:
        value = base::load_big<std::uint64_t>(from);
    }
    at_ += 1 + width;
    return true;
  }
  bool to_signed(const Integer& number, std::int64_t& value) {
    if (number.magnitude > static_cast<std::uint64_t>(INT64_MAX))
      return not_of_kind(failure_, number, Kind::i64);
    value = static_cast<std::int64_t>(number.negative ? ~number.magnitude : number.magnitude);
    return true;
  }
  bool to_nanoseconds(__int128 sum, std::int64_t& ns) {
    ns = static_cast<std::int64_t>(sum);
    return ns == sum || failure_.set(ErrorCode::wrong_value, "a time out of range",
                                     "nanoseconds in 64 bits reach from 1677 to 2262");
  }

  // All of these return false. What is at `item` is something else:
  [[gnu::cold]] bool mismatch(const std::uint8_t* item, const char* expected) {
    at_ = item;
    return not_expected(failure_, self().what_is_next(), expected);
  }
  [[gnu::cold]] bool not_exact(const char* kind) {
    return failure_.set(ErrorCode::wrong_value,
                        std::string("a number that no ") + kind + " holds exactly");
  }
  [[gnu::cold]] bool broken(const char* why) {
    return not_valid(std::string(why) + " at byte " + std::to_string(at_ - begin_));
  }
  [[gnu::cold]] bool truncated() { return not_valid("the message is cut off"); }
  [[gnu::cold]] bool not_utf8() { return not_valid("the text is not valid UTF-8"); }

  const std::uint8_t* begin_;
  const std::uint8_t* at_;
  const std::uint8_t* end_;
  Allowance& allowance_;
  Failure& failure_;

 private:
  [[gnu::cold]] bool not_valid(std::string why) {
    return failure_.set(ErrorCode::decode,
                        std::string("not valid ") + Derived::first_bytes.notation, std::move(why));
  }
  Derived& self() { return static_cast<Derived&>(*this); }
};

}  // namespace dts::format::named
