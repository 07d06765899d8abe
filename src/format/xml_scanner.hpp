// XML scanner: the tags, attributes and character data of one document, as they come. It owns what
// well-formed means: tags that match, references to XML's five entities and to characters, and
// nothing that a DTD would bring. What the elements mean is the reader's (xml_reader.hpp).
// The document is UTF-8 of legal characters (xml::is_text). One thread; reads nothing behind it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <format/digits.hpp>
#include <format/named.hpp>
#include <format/plan.hpp>

namespace dts::format::xml {

constexpr std::string_view instance_namespace = "http://www.w3.org/2001/XMLSchema-instance";
constexpr std::uint32_t depth_max = 64;

class Scanner {
 public:
  Scanner(std::string_view document, Failure& failure)
      : begin_(document.data()), at_(begin_), end_(begin_ + document.size()), failure_(failure) {}

  // From the start of the document into the root element.
  bool open_root();
  // Out of the root element, behind which nothing is left.
  bool close_root();

  // Inside an element: into its next child, or `there` = false before its end tag.
  bool next_child(bool& there);
  // The same when there must be a child of this name.
  bool child(std::string_view name);
  // Short ways for what is written as usual. False: nothing was passed over, and the general way is
  // to be taken, which also says what is wrong.
  // Into the next child, if it is <name> without anything else.
  bool opens(std::string_view name) {
    const std::size_t size = name.size();
    if (empty_ || depth_ == open_max || static_cast<std::size_t>(end_ - at_) < size + 2 ||
        *at_ != '<' || at_[size + 1] != '>' || !named::same_name({at_ + 1, size}, name)) {
      return false;
    }
    open_[depth_++] = {at_ + 1, size};
    name_ = {at_ + 1, size};
    nil_ = base64_ = false;
    at_ += size + 2;
    return true;
  }
  // All of the content of the innermost open element is a number.
  template <class T>
  bool plain_real(T& number) {
    return !empty_ && !base64_ && pass_to(read_plain_real(at_, end_, number));
  }
  bool plain_whole(std::uint64_t& magnitude, bool& negative) {
    if (empty_ || base64_) return false;
    negative = at_ != end_ && *at_ == '-';
    return pass_to(read_plain_whole(at_ + negative, end_, magnitude));
  }

  // All of the character data of the innermost open element, which has no children. The text lives
  // until the next call.
  bool content(std::string_view& text);
  // What is left of the innermost open element, all of it checked, to before its end tag.
  bool skip(const Allowance& allowance);
  // The end tag of the innermost open element.
  bool close();

  // Of the element just opened: its name without a prefix, and what its attributes said.
  std::string_view name() const { return name_; }
  bool is_nil() const { return nil_; }
  bool is_base64() const { return base64_; }
  // "the text", "an element", "nothing", "nil": what the element just opened holds.
  std::string what_is_next();

  bool invalid(const std::string& why);
  std::string where() const;

 private:
  struct Open {
    const char* name;  // in the start tag, with its prefix
    std::size_t size;
  };
  struct Attributes;
  // A level of nesting is at most two elements: a map's entry and its value.
  static constexpr std::size_t open_max = 2 * depth_max + 8;

 public:
  // A place to come back to as long as the element around is open.
  struct Mark {
    const char* at;
    std::size_t depth;
    Open top;
    std::string_view name;
    bool empty, nil, base64;
  };
  Mark mark() const { return {at_, depth_, open_[depth_ - 1], name_, empty_, nil_, base64_}; }
  void go_to(const Mark& mark);

 private:
  bool starts(std::string_view word) const {
    return static_cast<std::size_t>(end_ - at_) >= word.size() &&
           std::string_view(at_, word.size()) == word;
  }
  // To the end of what is all of an element's content; null: it is not.
  bool pass_to(const char* behind) {
    if (behind == nullptr || end_ - behind < 2 || behind[0] != '<' || behind[1] != '/')
      return false;
    at_ = behind;
    return true;
  }
  bool at_end_tag() const { return end_ - at_ >= 2 && at_[0] == '<' && at_[1] == '/'; }
  bool white_space();
  bool ignorable();
  bool comment();
  bool instruction();
  bool declaration();
  bool declared(std::string_view name, std::string_view value);
  bool markup_refused();
  bool open();
  bool attributes();
  bool attribute(Attributes& seen);
  bool known(std::string_view name, std::string_view value, Attributes& seen);
  bool qualified_name(std::string_view& name);
  bool quoted(std::string_view& value);
  bool slow_content(const char* start, std::string_view& text);
  bool markup(bool& element);
  bool data(std::string& to);
  bool cdata(std::string& to);
  bool reference(std::string& to);
  bool character_reference(std::string& to);
  bool wrong_end();
  std::string_view innermost() const { return {open_[depth_ - 1].name, open_[depth_ - 1].size}; }

  const char* begin_;
  const char* at_;
  const char* end_;
  Failure& failure_;
  std::string_view name_;
  std::size_t depth_ = 0;
  bool empty_ = false;  // the element just opened is <x/>
  bool nil_ = false;
  bool base64_ = false;
  bool instance_declared_ = false;  // xmlns:xsi
  std::string scratch_;
  Open open_[open_max];  // uninitialised from depth_ on
};

}  // namespace dts::format::xml
