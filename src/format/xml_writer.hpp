// XML writer: values as elements named after the fields that hold them, in the notation that the
// shared walk of named formats asks for (named.hpp). No white space that means nothing, no
// declaration (UTF-8 is what a document without one is), an empty element as <x/>.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <string>
#include <string_view>

#include <base/base64.hpp>
#include <dts/bytes.hpp>
#include <dts/time.hpp>
#include <dts/value.hpp>
#include <format/named.hpp>
#include <format/spelling.hpp>
#include <format/xml_scanner.hpp>

namespace dts::format::xml {

// A name with its tags, <name></name>, and room behind: short tags are copied at once whatever
// their length.
class Key {
 public:
  static constexpr std::size_t copy_bytes = 32;

  Key() = default;
  explicit Key(std::string_view name) : size_(name.size()) {
    tags_.reserve(2 * size_ + 5 + copy_bytes);
    tags_.append("<").append(name).append("></").append(name).append(">");
    tags_.append(copy_bytes, '\0');
  }
  std::string_view name() const { return {tags_.data() + 1, size_}; }
  std::string_view begin() const { return {tags_.data(), size_ + 2}; }
  std::string_view end() const { return {tags_.data() + size_ + 2, size_ + 3}; }

 private:
  std::string tags_;
  std::size_t size_ = 0;
};

class Names {
 public:
  using Key = xml::Key;
  explicit Names(const Type& type) : root_(type.name()) {}
  Key key(std::string_view name) const { return Key(name); }
  const Key& root() const { return root_; }
  const Key item{"item"}, entry{"entry"}, entry_key{"key"}, entry_value{"value"};

 private:
  const Key root_;
};

class Writer {
 public:
  using Names = xml::Names;
  static constexpr bool any_is_message = false;

  Writer(Bytes& out, const Names& names) : out_(out), names_(names), start_(out.size()) {
    out_.resize(std::min(std::max(out.capacity(), start_ + 256), start_ + 1024));
    at_ = data() + start_;
    limit_ = data() + out_.size();
    begin(names_.root());
  }

  void finish() {
    end(names_.root());
    if (uses_instance_) declare_instance();
    out_.resize(static_cast<std::size_t>(at_ - data()));
  }

  void boolean(bool value) { put(value ? std::string_view("true") : std::string_view("false")); }
  void integer(std::int64_t value) { number(value); }
  void unsigned_integer(std::uint64_t value) { number(value); }
  void real(float value) { floating(value); }
  void real(double value) { floating(value); }

  bool text(std::string_view utf8, Failure&) {
    switch (worst_of(utf8)) {
      case plain:
        put(utf8);
        break;
      case escaped:
        escape(utf8);
        break;
      default:
        attribute(" enc=\"base64\">");
        base64(as_bytes(utf8));
    }
    return true;
  }
  void bytes(ByteView value) { base64(value); }
  void time(std::int64_t nanoseconds) { put(to_rfc3339(Time(Duration(nanoseconds)))); }
  void duration(std::int64_t nanoseconds) {
    at_ = write_duration(room(duration_bytes_max), nanoseconds);
  }
  void decimal(const Decimal& value) { at_ = write_decimal(room(decimal_bytes_max), value); }
  void null() {
    attribute(" xsi:nil=\"true\">");
    uses_instance_ = true;
    content_ = at_;
  }
  void symbol(const Key& key) { put(key.name()); }
  bool numbers(Kind, const void*, std::size_t) { return false; }

  void begin_list(std::size_t) {}
  void begin_item() { begin(names_.item); }
  void end_item() { end(names_.item); }
  void end_list() {}
  void begin_map(std::size_t) {}
  void begin_entry() {
    begin(names_.entry);
    begin(names_.entry_key);
  }
  void middle_of_entry() {
    end(names_.entry_key);
    begin(names_.entry_value);
  }
  void end_entry() {
    end(names_.entry_value);
    end(names_.entry);
  }
  void end_map() {}
  void begin_struct(std::size_t) {}
  void begin_member(const Key& key) { begin(key); }
  void end_member(const Key& key) { end(key); }
  void end_struct() {}
  void begin_case(const Key& key) { begin(key); }
  void end_case(const Key& key) { end(key); }
  void no_case() {}

 private:
  // What the bytes of a text need, from harmless to base64.
  enum Need : std::uint8_t { plain = 0, escaped = 1, impossible = 2 };

  char* data() { return reinterpret_cast<char*>(out_.data()); }
  char* room(std::size_t count) {
    if (static_cast<std::size_t>(limit_ - at_) < count) grow(count);
    return at_;
  }
  void grow(std::size_t count) {
    const auto used = static_cast<std::size_t>(at_ - data());
    const auto content = content_ == nullptr ? 0 : static_cast<std::size_t>(content_ - data());
    out_.resize(std::max(used + count + 256, out_.size() * 2));
    at_ = data() + used;
    content_ = data() + content;
    limit_ = data() + out_.size();
  }

  void put(std::string_view text) {
    std::memcpy(room(text.size()), text.data(), text.size());
    at_ += text.size();
  }
  void put_tag(std::string_view tag) {
    char* const to = room(std::max(tag.size(), Key::copy_bytes));
    if (tag.size() <= Key::copy_bytes)
      std::memcpy(to, tag.data(), Key::copy_bytes);
    else
      std::memcpy(to, tag.data(), tag.size());
    at_ += tag.size();
  }
  void begin(const Key& key) {
    put_tag(key.begin());
    content_ = at_;
  }
  void end(const Key& key) {
    if (at_ != content_) return put_tag(key.end());
    room(1);  // <x> becomes <x/>
    at_[-1] = '/';
    *at_++ = '>';
  }
  // The start tag that was just written gets an attribute: `text` replaces its '>'.
  void attribute(std::string_view text) {
    --at_;
    put(text);
  }

  template <class T>
  void number(T value) {
    char* const to = room(24);
    at_ = std::to_chars(to, to + 24, value).ptr;
  }
  template <class T>
  void floating(T value) {
    if (!std::isfinite(value)) return put(std::isnan(value) ? "NaN" : value > 0 ? "INF" : "-INF");
    char* const to = room(32);
    at_ = std::to_chars(to, to + 32, value).ptr;
  }
  void base64(ByteView bytes) { at_ = base::write_base64(room(bytes.size() / 3 * 4 + 4), bytes); }

  static Need worst_of(std::string_view text);
  void escape(std::string_view text);
  void declare_instance();

  Bytes& out_;
  const Names& names_;
  const std::size_t start_;
  char* at_;
  char* limit_;
  char* content_ = nullptr;  // behind the last start tag
  bool uses_instance_ = false;
};

}  // namespace dts::format::xml
