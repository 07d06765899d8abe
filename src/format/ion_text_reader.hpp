// Ion text reader: the text notation of Ion 1.0 for the walk in named_decoder.hpp. One thread.
#pragma once

#include <format/ion_binary_reader.hpp>
#include <format/ion_text_scanner.hpp>
#include <format/named.hpp>

namespace dts::format::ion {

class TextReader {
 public:
  static constexpr bool any_is_message = false;  // it may be: holds_message()
  using MessageReader = BinaryReader;            // a message in a blob is binary

  TextReader(ByteView message, Allowance& allowance, Failure& failure)
      : text_(as_text(message)),
        scanner_(text_, failure),
        allowance_(allowance),
        failure_(failure) {}

  bool begin();
  bool finish();
  std::string_view what_is_next();
  bool null(bool& is_null);
  bool boolean(bool& value);
  bool integer(named::Integer& value);
  bool real(double& value, bool single);
  bool text(std::string_view& text);
  bool bytes(ByteView& bytes);
  bool time(std::int64_t& ns);
  bool duration(std::int64_t& ns);
  bool decimal(Decimal& decimal);
  bool symbol(bool& is_text, std::string_view& symbol, named::Integer& value);
  bool numbers(Kind, bool& is_block, ByteView&) {
    is_block = false;
    return true;
  }
  bool begin_list(named::Container& list) { return enter(list, Token::list, "a list"); }
  bool next_item(named::Container& list, bool& more) { return next(list, ']', more); }
  bool end_list(named::Container&) { return scanner_.expect(']', "']'"); }
  bool begin_map(named::Container& map);
  bool next_entry(named::Container& map, bool& more);
  bool middle_of_entry(named::Container& map);
  bool end_entry(named::Container& map);
  bool end_map(named::Container& map);
  bool begin_struct(named::Container& structure) {
    return enter(structure, Token::structure, "a struct");
  }
  bool next_member(named::Container& structure, bool& more, std::string_view& name);
  bool end_member(named::Container&) { return true; }
  bool end_struct(named::Container&) { return scanner_.expect('}', "'}'"); }
  bool begin_case(named::Container& container, bool& none, std::string_view& name);
  bool end_case(named::Container& container);
  bool skip();
  // Annotations are left alone: they may be a case.
  bool holds_message() { return scanner_.blank() && scanner_.look() == Token::lob; }

  using Mark = TextScanner::Position;
  Mark mark() const { return scanner_.position(); }
  void go_to(Mark mark) { scanner_.go_to(mark); }

 private:
  bool open();  // at the value, behind its annotations
  bool enter(named::Container& container, Token token, const char* expected);
  bool next(named::Container& container, char close, bool& more);
  bool skip_container();
  bool number(NumberText& number, const char* expected);
  bool mismatch(const char* expected);
  bool wrong(std::string_view text, const char* what);

  std::string_view text_;
  TextScanner scanner_;
  Allowance& allowance_;
  Failure& failure_;
  bool has_key_ = false;  // the name of a struct that is read as a map comes next
  std::string key_;
  Bytes bytes_;
};

}  // namespace dts::format::ion
