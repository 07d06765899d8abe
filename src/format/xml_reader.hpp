// XML reader: what the shared walk of named formats asks of a message (named.hpp), answered from
// the scanner's tags and text. Everything but text may have white space around it.
#pragma once

#include <string>
#include <string_view>

#include <dts/bytes.hpp>
#include <dts/value.hpp>
#include <format/named.hpp>
#include <format/xml_scanner.hpp>

namespace dts::format::xml {

class Reader {
 public:
  using Container = named::Container;
  using Integer = named::Integer;
  using Mark = Scanner::Mark;
  static constexpr bool any_is_message = false;

  Reader(ByteView message, Allowance& allowance, Failure& failure)
      : text_(as_text(message)),
        allowance_(allowance),
        failure_(failure),
        scanner_(text_, failure) {}

  // The name of the type, which the root element must have.
  struct Prepared {
    explicit Prepared(const Type& type) : root(type.name()) {}
    std::string root;
  };
  void prepare(const Prepared& prepared) { root_ = prepared.root; }
  bool begin();
  bool finish() { return scanner_.close_root(); }
  std::string what_is_next() { return scanner_.what_is_next(); }

  bool null(bool& is_null) {
    is_null = scanner_.is_nil();
    return true;  // its end tag is what is next: end_member and the like read it
  }
  bool boolean(bool& value);
  bool integer(Integer& value);
  bool real(double& value, bool single);
  bool text(std::string_view& value);
  bool bytes(ByteView& value);
  bool time(std::int64_t& nanoseconds);
  bool duration(std::int64_t& nanoseconds);
  bool decimal(Decimal& value);
  bool symbol(bool& is_text, std::string_view& symbol, Integer& value);
  bool numbers(Kind, bool& is_block, ByteView&) {
    is_block = false;
    return true;
  }

  bool begin_list(Container&) { return is_plain("elements"); }
  bool next_item(Container& list, bool& more) {
    if (list.end != 0 && !scanner_.close()) return false;  // the item before
    list.end = 1;
    return next("item", more);
  }
  bool end_list(Container&) { return true; }
  // <entry><key>...</key><value>...</value></entry>
  bool begin_map(Container&) { return is_plain("elements"); }
  bool next_entry(Container&, bool& more) {
    return next("entry", more) && (!more || scanner_.child("key"));
  }
  bool middle_of_entry(Container&) { return scanner_.close() && scanner_.child("value"); }
  bool end_entry(Container&);
  bool end_map(Container&) { return true; }
  bool begin_struct(Container&) { return is_plain("elements"); }
  bool next_member(Container&, bool& more, std::string_view& name) {
    if (!scanner_.next_child(more)) return false;
    name = scanner_.name();
    return true;
  }
  bool next_is(Container&, std::string_view name) { return scanner_.opens(name); }
  bool end_member(Container&) { return scanner_.close(); }
  bool end_struct(Container&) { return true; }
  bool begin_case(Container&, bool& none, std::string_view& name);
  bool end_case(Container&);

  bool skip() { return scanner_.skip(allowance_); }
  Mark mark() const { return scanner_.mark(); }
  void go_to(const Mark& mark) { scanner_.go_to(mark); }

 private:
  bool is_plain(const char* expected);
  bool next(std::string_view name, bool& more);
  bool token(std::string_view& text, const char* expected);
  bool wrong(std::string_view text, const char* expected, const char* hint = "");
  bool read_integer(std::string_view text, Integer& value);
  bool decode_base64(std::string_view text);

  const std::string_view text_;
  Allowance& allowance_;
  Failure& failure_;
  std::string_view root_;
  Scanner scanner_;
  Bytes bytes_;
};

}  // namespace dts::format::xml
