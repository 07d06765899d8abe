// CBOR reader: the notation of what named_decoder.hpp walks. Reads whatever RFC 8949 allows: heads
// of any width, indefinite lengths, halves, tags. A tag that says nothing about how to read what is
// beneath is passed over; one that does, where something else is expected, is refused. What comes
// often is here, to be inlined; the rest is in cbor_reader.cpp. One decode call, one thread.
#pragma once

#include <format/binary_reader.hpp>
#include <format/cbor.hpp>

namespace dts::format::cbor {

struct Head {
  std::uint8_t major = 0, info = 0;
  std::uint64_t argument = 0;  // of a float: its bits
};

class CborReader : public named::BinaryReader<CborReader> {
 public:
  static constexpr named::FirstBytes first_bytes = {"CBOR", 0xfa, 0xfb, major_text << 5, 23};

  using BinaryReader::BinaryReader;

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
  bool begin_map(named::Container& map) { return container(major_map, map, "a map"); }

  // Whether the name is UTF-8 does not matter: it is one of the type's, or refused.
  bool next_member(named::Container& members, bool& more, std::string_view& name) {
    if (!next_item(members, more)) return false;
    if (!more) return true;
    ByteView bytes;
    if (!string_of(major_text, bytes, "a name")) return false;
    name = as_text(bytes);
    return true;
  }

  bool skip();

 private:
  friend BinaryReader;
  static constexpr std::uint64_t no_tag = ~std::uint64_t{0};

  bool read_head(Head& head) {
    if (at_ == end_) return truncated();
    head.major = *at_ >> 5;
    head.info = *at_ & 31;
    if (head.info >= 24) return wide_head(head);
    head.argument = head.info;
    ++at_;
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
  bool seconds_number(__int128& ns);
  bool seconds_map(std::int64_t& ns);
  bool skip_string(const Head& head);
  bool skip_chunks(std::uint8_t major);
  bool skip_items(const Head& head);

  bool half_an_element() { return broken("half an element of a typed array"); }

  Bytes scratch_;
};

}  // namespace dts::format::cbor
