// CBOR reader: the notation of what named_decoder.hpp walks. Reads whatever RFC 8949 allows: heads
// of any width, indefinite lengths, halves, tags. A tag that says nothing about how to read what is
// beneath is passed over; one that does, where something else is expected, is refused. What comes
// often is here, to be inlined; the rest is in cbor_reader.cpp. One decode call, one thread.
#pragma once

#include <bit>

#include <base/endian.hpp>
#include <base/text.hpp>
#include <format/cbor.hpp>
#include <format/named.hpp>

namespace dts::format::cbor {

struct Head {
  std::uint8_t major = 0, info = 0;
  std::uint64_t argument = 0;  // of a float: its bits
};

class CborReader {
 public:
  static constexpr bool any_is_message = false;
  using Mark = const std::uint8_t*;

  CborReader(ByteView message, Allowance& allowance, Failure& failure)
      : begin_(message.data()),
        at_(begin_),
        end_(begin_ + message.size()),
        allowance_(allowance),
        failure_(failure) {}

  bool begin() { return true; }
  bool finish() { return at_ == end_ || broken("something follows the value"); }
  std::string what_is_next();

  bool null(bool& is_null) {
    is_null = at_ < end_ && (*at_ & 0xfe) == 0xf6;  // or undefined
    at_ += is_null;
    return true;
  }
  bool boolean(bool& value);
  bool integer(named::Integer& number) {
    if (at_ == end_ || *at_ >> 5 > major_negative) return integer_slow(number);
    Head head;
    if (!read_head(head)) return false;
    number = {head.argument, head.major == major_negative};
    return true;
  }
  bool real(double& value, bool single) {
    if (left() >= 9 && *at_ == 0xfb && !single) {
      value = std::bit_cast<double>(base::load_big<std::uint64_t>(at_ + 1));
      at_ += 9;
      return true;
    }
    if (left() >= 5 && *at_ == 0xfa) {
      value = std::bit_cast<float>(base::load_big<std::uint32_t>(at_ + 1));
      at_ += 5;
      return true;
    }
    return real_slow(value, single);
  }
  bool text(std::string_view& text) {
    ByteView bytes;
    if (!string_of(major_text, bytes, "text")) return false;
    text = as_text(bytes);
    return base::is_utf8(text) || not_utf8();
  }
  bool bytes(ByteView& bytes) { return string_of(major_bytes, bytes, "bytes"); }
  bool time(std::int64_t& ns);
  bool duration(std::int64_t& ns);
  bool decimal(Decimal& value);
  // Whether it is UTF-8 does not matter: it is one of the enumeration's, or refused.
  bool symbol(bool& is_text, std::string_view& symbol, named::Integer& value) {
    is_text = at_ < end_ && *at_ >> 5 == major_text;
    if (!is_text) return symbol_slow(is_text, symbol, value);
    ByteView bytes;
    if (!string_of(major_text, bytes, "text")) return false;
    symbol = as_text(bytes);
    return true;
  }
  bool numbers(Kind element, bool& is_block, ByteView& bytes) {
    // d8 tag | bytes
    is_block = left() > 2 && *at_ == 0xd8 && at_[1] == typed_array_tag(element) &&
               at_[2] >> 5 == major_bytes && (at_[2] & 31) != 31;
    if (!is_block) return numbers_slow(element, is_block, bytes);
    at_ += 2;
    Head head;
    if (!read_head(head) || !body(head.argument, bytes)) return false;
    return (bytes.size() & (element_width(element) - 1)) == 0 || half_an_element();
  }

  bool begin_list(named::Container& list) { return container(major_list, list, "a list"); }
  bool next_item(named::Container& list, bool& more) {
    if (list.counted) {
      more = list.left > 0;
      list.left -= more;
      return true;
    }
    if (at_ == end_) return truncated();
    more = *at_ != 0xff;
    at_ += !more;
    return true;
  }
  bool end_list(named::Container&) { return true; }
  bool begin_map(named::Container& map) { return container(major_map, map, "a map"); }
  bool next_entry(named::Container& map, bool& more) { return next_item(map, more); }
  bool middle_of_entry(named::Container&) { return true; }
  bool end_entry(named::Container&) { return true; }
  bool end_map(named::Container&) { return true; }

  bool begin_struct(named::Container& members) { return begin_map(members); }
  // Whether the name is UTF-8 does not matter: it is one of the type's, or refused.
  bool next_member(named::Container& members, bool& more, std::string_view& name) {
    if (!next_item(members, more)) return false;
    if (!more) return true;
    ByteView bytes;
    if (!string_of(major_text, bytes, "a name")) return false;
    name = as_text(bytes);
    return true;
  }
  bool next_is(named::Container& members, std::string_view name) {
    if (members.left == 0 || name.size() >= 24 || left() <= name.size() ||
        *at_ != (major_text << 5 | name.size()) ||
        !named::same_name({reinterpret_cast<const char*>(at_) + 1, name.size()}, name)) {
      return false;
    }
    at_ += 1 + name.size();
    --members.left;
    return true;
  }
  bool end_member(named::Container&) { return true; }
  bool end_struct(named::Container&) { return true; }
  bool begin_case(named::Container& cases, bool& none, std::string_view& name) {
    bool more = false;
    if (!begin_map(cases) || !next_member(cases, more, name)) return false;
    none = !more;
    return true;
  }
  bool end_case(named::Container& cases) {
    bool more = false;
    if (!next_item(cases, more)) return false;
    return !more || failure_.set(ErrorCode::wrong_value, "a union holds one case");
  }

  bool skip();
  Mark mark() const { return at_; }
  void go_to(Mark mark) { at_ = mark; }

 private:
  static constexpr std::uint64_t no_tag = ~std::uint64_t{0};

  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  bool read_head(Head& head) {
    if (at_ == end_) return truncated();
    head.major = *at_ >> 5;
    head.info = *at_ & 31;
    if (head.info >= 24) return wide_head(head);
    head.argument = head.info;
    ++at_;
    return true;
  }
  bool body(std::uint64_t size, ByteView& bytes) {
    if (size > left()) return truncated();
    bytes = {at_, static_cast<std::size_t>(size)};
    at_ += size;
    return true;
  }
  bool string_of(Major major, ByteView& bytes, const char* expected) {
    if (at_ == end_ || *at_ >> 5 != major || (*at_ & 31) == 31)
      return string_slow(major, bytes, expected);
    Head head;
    return read_head(head) && body(head.argument, bytes);
  }
  bool container(Major major, named::Container& container, const char* expected) {
    if (at_ == end_ || *at_ >> 5 != major || (*at_ & 31) == 31)
      return container_slow(major, container, expected);
    Head head;
    return read_head(head) && counted(head, container);
  }
  // Every item takes a byte at least.
  bool counted(const Head& head, named::Container& container) {
    if (head.argument > (head.major == major_map ? left() / 2 : left())) return truncated();
    container.left = container.count = head.argument;
    return true;
  }

  bool wide_head(Head& head);
  // Passes over tags; gives the one that says how to read what is beneath, if there is one.
  bool tags(std::uint64_t& tag);
  bool integer_slow(named::Integer& number);
  bool bignum(bool negative, named::Integer& number);
  bool real_slow(double& value, bool single);
  bool string_slow(Major major, ByteView& bytes, const char* expected);
  bool string(Major major, ByteView& bytes, const char* expected);
  bool symbol_slow(bool& is_text, std::string_view& symbol, named::Integer& value);
  bool numbers_slow(Kind element, bool& is_block, ByteView& bytes);
  bool container_slow(Major major, named::Container& container, const char* expected);
  bool to_signed(const named::Integer& number, std::int64_t& value);
  bool to_nanoseconds(__int128 sum, std::int64_t& ns);
  bool seconds_number(__int128& ns);
  bool seconds_map(std::int64_t& ns);
  bool skip_string(const Head& head);
  bool skip_chunks(std::uint8_t major);
  bool skip_items(const Head& head);

  // What is at `item` is something else. All of these return false.
  bool mismatch(const std::uint8_t* item, const char* expected);
  bool not_exact(const char* kind);
  bool broken(const char* why);
  bool half_an_element() { return broken("half an element of a typed array"); }
  bool truncated();
  bool not_utf8();

  const std::uint8_t* begin_;
  const std::uint8_t* at_;
  const std::uint8_t* end_;
  Allowance& allowance_;
  Failure& failure_;
  Bytes scratch_;
};

}  // namespace dts::format::cbor
