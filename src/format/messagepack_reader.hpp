// MessagePack reader: the notation of what named_decoder.hpp walks. Takes whatever form a value
// has, not only the shortest. What comes often is here, to be inlined; the rest is in
// messagepack_reader.cpp. One decode call, one thread.
#pragma once

#include <format/binary_reader.hpp>
#include <format/messagepack.hpp>

namespace dts::format::messagepack {

class MessagePackReader : public named::BinaryReader<MessagePackReader> {
 public:
  static constexpr named::FirstBytes first_bytes = {"MessagePack", mark_f32, mark_f64, mark_text,
                                                    31};

  using BinaryReader::BinaryReader;

  std::string what_is_next();

  bool null(bool& is_null) {
    is_null = at_ < end_ && *at_ == mark_nil;
    at_ += is_null;
    return true;
  }
  bool boolean(bool& value);
  bool integer(named::Integer& number) {
    if (at_ == end_) return truncated();
    const std::uint8_t first = *at_;
    if (first < 0x80) {
      number = {first, false};
    } else if (first >= mark_negative) {
      number = {static_cast<std::uint64_t>(0xff - first), true};
    } else {
      return wide_integer(number);
    }
    ++at_;
    return true;
  }
  bool text(std::string_view& text) {
    if (!name(text, "text")) return false;
    return base::is_utf8(text) || not_utf8();
  }
  bool bytes(ByteView& bytes);
  bool time(std::int64_t& ns);
  bool duration(std::int64_t& ns);
  bool decimal(Decimal& value);
  bool symbol(bool& is_text, std::string_view& symbol, named::Integer& value);
  bool numbers(Kind, bool& is_block, ByteView&) {
    is_block = false;
    return true;
  }
  bool items(named::Container& list, Kind element, void* first, std::size_t count,
             std::size_t& read);

  bool begin_list(named::Container& list) {
    return container(mark_list, mark_list_16, 1, list, "a list");
  }
  bool next_item(named::Container& list, bool& more) {
    more = list.left > 0;
    list.left -= more;
    return true;
  }
  bool begin_map(named::Container& map) {
    return container(mark_map, mark_map_16, 2, map, "a map");
  }

  // Whether the name is UTF-8 does not matter: it is one of the type's, or refused.
  bool next_member(named::Container& members, bool& more, std::string_view& text) {
    next_item(members, more);
    return !more || name(text, "a name");
  }

  bool skip();

 private:
  friend BinaryReader;
  bool name(std::string_view& text, const char* expected) {
    if (at_ == end_) return truncated();
    if ((*at_ & 0xe0) != mark_text) return long_text(text, expected);
    const std::size_t size = *at_ & 31;
    if (size >= left()) return truncated();
    text = {reinterpret_cast<const char*>(at_) + 1, size};
    at_ += 1 + size;
    return true;
  }
  // Every item takes a byte at least, every entry two.
  bool container(std::uint8_t mark, std::uint8_t mark_16, std::size_t each,
                 named::Container& container, const char* expected) {
    if (at_ == end_) return truncated();
    if ((*at_ & 0xf0) != mark) return long_container(mark_16, each, container, expected);
    container.left = container.count = *at_++ & 15;
    return container.count * each <= left() || truncated();
  }

  bool wide_integer(named::Integer& number);
  bool real_slow(double& value, bool single);
  bool long_text(std::string_view& text, const char* expected);
  bool long_container(std::uint8_t mark_16, std::size_t each, named::Container& container,
                      const char* expected);
  bool extension(std::uint8_t& type, ByteView& bytes);
  template <class T>
  bool integer_items(std::byte* first, std::size_t count, std::size_t& read);
  template <class T>
  void real_items(std::byte* first, std::size_t count, std::size_t& read);
  bool skip_items(std::uint64_t count);

  using BinaryReader::mismatch;
  bool mismatch(const std::uint8_t* item, const char* expected, const char* hint);
};

}  // namespace dts::format::messagepack
