// MessagePack reader: the notation of what named_decoder.hpp walks. Takes whatever form a value
// has, not only the shortest. What comes often is here, to be inlined; the rest is in
// messagepack_reader.cpp. One decode call, one thread.
#pragma once

#include <bit>

#include <base/endian.hpp>
#include <base/text.hpp>
#include <format/messagepack.hpp>
#include <format/named.hpp>

namespace dts::format::messagepack {

class MessagePackReader {
 public:
  static constexpr bool any_is_message = false;
  using Mark = const std::uint8_t*;

  MessagePackReader(ByteView message, Allowance& allowance, Failure& failure)
      : begin_(message.data()),
        at_(begin_),
        end_(begin_ + message.size()),
        allowance_(allowance),
        failure_(failure) {}

  bool begin() { return true; }
  bool finish() { return at_ == end_ || broken("something follows the value"); }
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
  bool real(double& value, bool single) {
    if (left() >= 9 && *at_ == mark_f64 && !single) {
      value = std::bit_cast<double>(base::load_big<std::uint64_t>(at_ + 1));
      at_ += 9;
      return true;
    }
    if (left() >= 5 && *at_ == mark_f32) {
      value = std::bit_cast<float>(base::load_big<std::uint32_t>(at_ + 1));
      at_ += 5;
      return true;
    }
    return real_slow(value, single);
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
  bool end_list(named::Container&) { return true; }
  bool begin_map(named::Container& map) {
    return container(mark_map, mark_map_16, 2, map, "a map");
  }
  bool next_entry(named::Container& map, bool& more) { return next_item(map, more); }
  bool middle_of_entry(named::Container&) { return true; }
  bool end_entry(named::Container&) { return true; }
  bool end_map(named::Container&) { return true; }

  bool begin_struct(named::Container& members) { return begin_map(members); }
  // Whether the name is UTF-8 does not matter: it is one of the type's, or refused.
  bool next_member(named::Container& members, bool& more, std::string_view& text) {
    next_item(members, more);
    return !more || name(text, "a name");
  }
  bool next_is(named::Container& members, std::string_view name) {
    if (members.left == 0 || name.size() >= 32 || left() <= name.size() ||
        *at_ != (mark_text | name.size()) ||
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
    return cases.left == 0 || failure_.set(ErrorCode::wrong_value, "a union holds one case");
  }

  bool skip();
  Mark mark() const { return at_; }
  void go_to(Mark mark) { at_ = mark; }

 private:
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
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

  // The big-endian number of `width` bytes behind the mark; passes over both.
  bool argument(std::size_t width, std::uint64_t& value);
  bool body(std::size_t size, ByteView& bytes);
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

  // What is at `item` is something else. All of these return false.
  bool mismatch(const std::uint8_t* item, const char* expected, const char* hint = "");
  bool not_exact(const char* kind);
  bool broken(const char* why);
  bool truncated();
  bool not_utf8();

  const std::uint8_t* begin_;
  const std::uint8_t* at_;
  const std::uint8_t* end_;
  Allowance& allowance_;
  Failure& failure_;
};

}  // namespace dts::format::messagepack
