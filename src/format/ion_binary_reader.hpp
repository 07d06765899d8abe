// Ion binary reader: binary Ion 1.0 for the walk in named_decoder.hpp. Every length is compared
// with what is left of the container before anything behind it is looked at. Symbol tables are kept
// as views into the message; a message that begins with the table DTS itself writes for the
// publisher's type is not parsed but compared. One thread.
#pragma once

#include <array>
#include <bit>
#include <cstring>
#include <vector>

#include <base/text.hpp>
#include <format/ion_scalar.hpp>
#include <format/ion_symbols.hpp>
#include <format/named.hpp>

namespace dts::format::ion {

constexpr std::size_t symbols_max = 65536;  // in the table of a message

class BinaryReader {
 public:
  static constexpr bool any_is_message = false;  // it may be: holds_message()
  using MessageReader = BinaryReader;
  using Prepared = SymbolTable;

  BinaryReader(ByteView message, Allowance& allowance, Failure& failure)
      : begin_(message.data()),
        end_(begin_ + message.size()),
        at_(begin_),
        limit_(end_),
        allowance_(allowance),
        failure_(failure) {}
  void prepare(const SymbolTable& expected) { expected_ = &expected; }

  bool begin();
  bool finish();
  std::string_view what_is_next();

  bool null(bool& is_null) {
    if (!open()) return false;
    // An annotated null is not: it is what a union's case holds.
    is_null = head_.type == null_type && head_.notes == head_.notes_end;
    if (is_null) take();
    return true;
  }
  bool boolean(bool& value) {
    if (!open()) return false;
    if (head_.type != 1) return other_boolean(value);
    value = head_.low == 1;
    return take();
  }
  bool integer(named::Integer& value) {
    if (!open()) return false;
    const std::size_t size = head_.size();
    if (head_.type == 2 && size <= 8) {
      value = {big_endian(head_.content, size), false};
      return take();
    }
    return other_integer(value);
  }
  bool real(double& value, bool single) {
    if (!open()) return false;
    if (head_.type == 4 && head_.low == 8 && !single) {
      value = double_at(head_.content);
      return take();
    }
    if (head_.type == 4 && head_.low == 4) {
      value = float_at(head_.content);
      return take();
    }
    return other_real(value, single);
  }
  bool text(std::string_view& text) {
    if (!open()) return false;
    if (head_.type != 8) return other_text(text);
    text = content_text();
    if (!base::is_utf8(text)) return invalid("a string that is not UTF-8");
    return take();
  }
  bool bytes(ByteView& bytes);
  bool time(std::int64_t& ns);
  bool duration(std::int64_t& ns);
  bool decimal(Decimal& decimal);
  bool symbol(bool& is_text, std::string_view& symbol, named::Integer& value);
  bool numbers(Kind element, bool& is_block, ByteView& bytes);

  bool begin_list(named::Container& list) { return enter(list, 0xb, "a list"); }
  bool next_item(named::Container&, bool& more) {
    if (!skip_pads()) return false;
    more = at_ != limit_;
    return true;
  }
  bool end_list(named::Container& list) { return leave(list); }
  // [[key, value], ...], or a struct whose names are the keys.
  bool begin_map(named::Container& map);
  bool next_entry(named::Container& map, bool& more);
  bool middle_of_entry(named::Container&) { return skip_pads(); }
  bool end_entry(named::Container& map);
  bool end_map(named::Container& map) { return leave(map); }
  bool begin_struct(named::Container& structure) { return enter(structure, 0xd, "a struct"); }
  bool next_member(named::Container&, bool& more, std::string_view& name) {
    more = at_ != limit_;
    if (!more) return true;
    const std::uint8_t first = *at_;
    if (limit_ - at_ >= 2 && (first & 0x80) != 0 && at_[1] > 0x0f) {  // one byte, and no pad
      ++at_;
      return text_of(first & 0x7f, name);
    }
    return other_member(more, name);
  }
  bool end_member(named::Container&) { return true; }
  bool end_struct(named::Container& structure) { return leave(structure); }
  bool begin_case(named::Container& container, bool& none, std::string_view& name);
  bool end_case(named::Container& container);
  // Whatever it holds: a length says where it ends.
  bool skip() { return open() && take(); }
  bool holds_message();

 private:
  static constexpr std::uint8_t null_type = 0, name_type = 0x10;

  // The value that comes next.
  struct Head {
    const std::uint8_t* content = nullptr;
    const std::uint8_t* end = nullptr;
    const std::uint8_t* notes = nullptr;  // ids of annotations
    const std::uint8_t* notes_end = nullptr;
    std::uint8_t type = 0;  // 0: null; name_type: the key of an entry, already read
    std::uint8_t low = 0;
    std::size_t size() const { return static_cast<std::size_t>(end - content); }
  };

 public:
  struct Mark {
    const std::uint8_t* at;
    const std::uint8_t* limit;
    Head head;
    bool ready;
  };
  Mark mark() const { return {at_, limit_, head_, ready_}; }
  void go_to(const Mark& mark) {
    at_ = mark.at;
    limit_ = mark.limit;
    head_ = mark.head;
    ready_ = mark.ready;
  }

 private:
  // By descriptor: the size of what is neither null, annotated, padding nor broken.
  static constexpr std::uint8_t size_follows = 0xf0, size_not_plain = 0xff;
  static constexpr std::array<std::uint8_t, 256> plain_sizes = [] {
    std::array<std::uint8_t, 256> sizes{};
    for (unsigned byte = 0; byte < 256; ++byte) {
      const unsigned type = byte >> 4, low = byte & 0x0f;
      std::uint8_t size = size_not_plain;
      if (type == 1 && low <= 1) size = 0;
      if (type >= 2 && type <= 0xd && type != 4 && low < 14 && !(type == 0xd && low == 1))
        size = static_cast<std::uint8_t>(low);
      if (type == 4 && (low == 0 || low == 4 || low == 8)) size = static_cast<std::uint8_t>(low);
      if (type >= 2 && type <= 0xd && type != 4 && low == 14) size = size_follows;
      sizes[byte] = size;
    }
    return sizes;
  }();

  // Reads the head of the value at at_, once.
  bool open() {
    if (ready_) return true;
    ready_ = true;
    if (at_ != limit_) {
      std::uint8_t size = plain_sizes[*at_];
      const std::uint8_t* content = at_ + 1;
      if (size == size_follows && limit_ - content > 0 && *content >= 0x80) {
        size = *content++ & 0x7f;
      }
      if (size < size_follows && size <= limit_ - content) {
        head_ = {content,
                 content + size,
                 nullptr,
                 nullptr,
                 static_cast<std::uint8_t>(*at_ >> 4),
                 static_cast<std::uint8_t>(*at_ & 0x0f)};
        return true;
      }
    }
    return other_open();
  }
  bool other_open();
  bool descriptor(const std::uint8_t* at, const std::uint8_t* limit, Head& head);
  bool annotations(const std::uint8_t* content, const std::uint8_t* end, Head& head);
  // Behind the value.
  bool take() {
    at_ = head_.end;
    ready_ = false;
    return true;
  }
  bool skip_pads() {
    if (at_ == limit_ || *at_ > 0x0e) return true;
    return other_skip_pads();
  }
  bool other_skip_pads();
  bool pad();
  bool other_boolean(bool& value);
  bool other_integer(named::Integer& value);
  bool other_real(double& value, bool single);
  bool other_text(std::string_view& text);
  bool other_member(bool& more, std::string_view& name);
  bool number(Number& number);  // head_ is a decimal
  bool time_as_written(std::int64_t& ns);
  template <class T>
  bool block_of(bool& is_block, ByteView& bytes);

  bool enter(named::Container& container, std::uint8_t type, const char* expected) {
    if (!open()) return false;
    if (head_.type != type) return mismatch(expected);
    push(container, head_.content, head_.end);
    return true;
  }
  // The container's end is the limit of what is read, until it is left.
  void push(named::Container& container, const std::uint8_t* content, const std::uint8_t* end) {
    container.end = static_cast<std::size_t>(end - begin_);
    container.left = static_cast<std::uint64_t>(limit_ - begin_);
    at_ = content;
    limit_ = end;
    ready_ = false;
  }
  bool leave(const named::Container& container) {
    if (at_ != limit_) return invalid("more in a container than is expected");
    limit_ = begin_ + container.left;
    return true;
  }

  bool var_uint(const std::uint8_t*& at, const std::uint8_t* limit, std::uint64_t& value);
  bool var_int(const std::uint8_t*& at, const std::uint8_t* limit, std::int64_t& value,
               bool& negative);
  bool int_of(const std::uint8_t* at, const std::uint8_t* end, std::uint64_t& magnitude,
              bool& negative);
  bool uint_of(const std::uint8_t* at, const std::uint8_t* end, std::uint64_t& magnitude);
  static std::uint64_t big_endian(const std::uint8_t* at, std::size_t size) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value = value << 8 | at[i];
    return value;
  }
  static double double_at(const std::uint8_t* at) {
    std::uint64_t bits;
    std::memcpy(&bits, at, sizeof bits);
    return std::bit_cast<double>(__builtin_bswap64(bits));
  }
  static float float_at(const std::uint8_t* at) {
    std::uint32_t bits;
    std::memcpy(&bits, at, sizeof bits);
    return std::bit_cast<float>(__builtin_bswap32(bits));
  }
  std::string_view content_text() const {
    return {reinterpret_cast<const char*>(head_.content), head_.size()};
  }

  bool text_of(std::uint64_t id, std::string_view& text) {
    if (id >= symbols_.size() || symbols_[id].data() == nullptr) return no_text(id);
    text = symbols_[id];
    return true;
  }
  bool no_text(std::uint64_t id);
  bool system_values();
  bool symbol_table(const Head& table);
  bool imports(const Head& value, bool& append);
  bool import_of(const Head& table);
  bool symbols(const Head& value);
  struct TableField {
    std::uint64_t id = 0;
    Head value;
  };
  bool next_field(const std::uint8_t*& at, const std::uint8_t* end, bool& more, TableField& field);

  bool mismatch(const char* expected);
  bool wrong(const char* what);
  bool invalid(const char* why);

  const std::uint8_t* begin_;
  const std::uint8_t* end_;
  const std::uint8_t* at_;
  const std::uint8_t* limit_;  // the end of the container at_ is in
  Allowance& allowance_;
  Failure& failure_;
  bool ready_ = false;  // head_ is of what is at at_
  Head head_;
  std::span<const std::string_view> symbols_ = system_symbols;
  const SymbolTable* expected_ = nullptr;
  std::vector<std::string_view> own_;  // the table of the message
  Bytes block_;                        // of numbers()
  std::string_view name_;              // of head_, when its type is name_type
  std::string found_;                  // what what_is_next() says
};

}  // namespace dts::format::ion
