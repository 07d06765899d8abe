#include <format/ion_text_reader.hpp>

#include <charconv>
#include <cmath>

namespace dts::format::ion {

namespace {

bool to_real(const std::string& text, bool single, double& value) {
  const char* end = text.data() + text.size();
  float narrow = 0;
  const auto [stop, error] =
      single ? std::from_chars(text.data(), end, narrow) : std::from_chars(text.data(), end, value);
  if (single) value = narrow;
  return error == std::errc{} && stop == end && !std::isinf(value);
}

// $ion_2_0 and the like, which are for nothing but the version.
bool is_version(std::string_view word) {
  if (!word.starts_with("$ion_") || word.size() < 8) return false;
  word.remove_prefix(5);
  const std::size_t major = word.find_first_not_of("0123456789");
  if (major == 0 || major == word.npos || word[major] != '_') return false;
  word.remove_prefix(major + 1);
  return !word.empty() && word.find_first_not_of("0123456789") == word.npos;
}

}  // namespace

bool TextReader::mismatch(const char* expected) {
  return named::not_expected(failure_, what_is_next(), expected);
}

bool TextReader::wrong(std::string_view text, const char* what) {
  return failure_.set(ErrorCode::wrong_value, named::quote(text) + " " + what);
}

std::string_view TextReader::what_is_next() {
  if (has_key_) return "a name";
  return open() ? token_name(scanner_.look()) : "something broken";
}

bool TextReader::begin() {
  if (!base::is_utf8(text_)) {
    return failure_.set(ErrorCode::decode, "not valid Ion",
                        "it begins as text, which is not valid UTF-8");
  }
  for (;;) {
    if (!scanner_.blank()) return false;
    if (scanner_.next() != '$') return true;
    const Mark from = scanner_.position();
    const std::string_view word = scanner_.word();
    bool annotates = false;
    std::string_view text;
    const Mark behind = scanner_.position();
    scanner_.go_to(from);
    if (!scanner_.annotation(annotates, text)) return false;
    if (annotates && word == system_symbols[symbol_table_id]) {
      return failure_.set(ErrorCode::decode, "a symbol table in Ion text",
                          "DTS reads names as text there", "write names, not numbers");
    }
    if (annotates || !is_version(word)) {
      scanner_.go_to(from);
      return true;
    }
    if (word != "$ion_1_0") return scanner_.invalid("a version other than Ion 1.0");
    scanner_.go_to(behind);
  }
}

bool TextReader::finish() {
  return scanner_.blank() && (scanner_.at_end() || scanner_.invalid("something follows the value"));
}

bool TextReader::open() {
  for (bool again = true; again;) {
    std::string_view text;
    if (!scanner_.blank() || !scanner_.annotation(again, text)) return false;
  }
  return true;
}

// ---- scalars ------------------------------------------------------------------------------------

bool TextReader::null(bool& is_null) {
  is_null = false;
  if (has_key_) return true;
  if (!scanner_.blank()) return false;
  is_null = scanner_.look() == Token::null;  // an annotated null is not: a union's case holds it
  return !is_null || scanner_.null();
}

bool TextReader::boolean(bool& value) {
  if (has_key_) {
    value = key_ == "true";
    if (!value && key_ != "false") return mismatch("true or false");
    has_key_ = false;
    return true;
  }
  if (!open()) return false;
  if (scanner_.look() != Token::boolean) return mismatch("true or false");
  value = scanner_.word() == "true";
  return true;
}

bool TextReader::number(NumberText& number, const char* expected) {
  if (!has_key_ && !open()) return false;
  if (has_key_ || scanner_.look() != Token::integer) return mismatch(expected);
  return scanner_.number(number);
}

bool TextReader::integer(named::Integer& value) {
  if (has_key_) {
    if (!integer_from(key_, value)) return mismatch("a number");
    has_key_ = false;
    return true;
  }
  NumberText token;
  if (!number(token, "a number")) return false;
  double real;
  const bool fine = token.kind == NumberText::Kind::real
                        ? to_real(token.text, false, real) && to_integer(real, value)
                        : token.fits && to_integer(token.number, value);
  return fine || wrong(token.text, "is no whole number of 64 bits");
}

bool TextReader::real(double& value, bool single) {
  if (!has_key_ && !open()) return false;
  if (!has_key_ && scanner_.look() == Token::special) return scanner_.special(value);
  NumberText token;
  if (!number(token, "a number")) return false;
  if (token.kind != NumberText::Kind::integer)
    return to_real(token.text, single, value) || wrong(token.text, "is too large for a float");
  named::Integer integer;
  const bool exact = token.fits && to_integer(token.number, integer) &&
                     ion::to_real(integer, value) &&
                     (!single || static_cast<double>(static_cast<float>(value)) == value);
  if (exact && token.number.negative && value == 0) value = 0;  // -0 is an int, and that is 0
  return exact || failure_.set(ErrorCode::wrong_value, "an int that is not exact as a float", {},
                               "write it with a point");
}

bool TextReader::text(std::string_view& text) {
  if (has_key_) {
    has_key_ = false;
    text = key_;
    return true;
  }
  if (!open()) return false;
  const Token token = scanner_.look();
  if (token == Token::string) return scanner_.string(text);
  return token == Token::symbol ? scanner_.symbol(text) : mismatch("a string");
}

bool TextReader::symbol(bool& is_text, std::string_view& symbol, named::Integer& value) {
  is_text = true;
  if (has_key_) {
    is_text = !integer_from(key_, value);
    has_key_ = false;
    symbol = key_;
    return true;
  }
  if (!open()) return false;
  if (scanner_.look() != Token::integer) return text(symbol);
  is_text = false;
  return integer(value);
}

bool TextReader::bytes(ByteView& bytes) {
  if (!open()) return false;
  if (scanner_.look() != Token::lob) return mismatch("a blob");
  if (!scanner_.lob(bytes_)) return false;
  bytes = bytes_;
  return true;
}

bool TextReader::time(std::int64_t& ns) {
  if (!open()) return false;
  if (scanner_.look() != Token::timestamp) return mismatch("a timestamp");
  const Mark from = scanner_.position();
  MomentText text;
  if (!scanner_.timestamp(text)) return false;
  if (text.has_day && text.fine && to_nanoseconds(text.moment, ns)) return true;
  return wrong({from, static_cast<std::size_t>(scanner_.position() - from)},
               !text.has_day ? "has no day"
               : !text.fine  ? "is finer than a nanosecond"
                             : "is no moment of the years 1677 to 2262");
}

bool TextReader::duration(std::int64_t& ns) {
  NumberText token;
  if (!number(token, "a decimal of seconds")) return false;
  if (token.kind == NumberText::Kind::real) return wrong(token.text, "is a float, not a decimal");
  return (token.fits && to_duration(token.number, ns)) ||
         wrong(token.text, "is no duration of whole nanoseconds in 64 bits");
}

bool TextReader::decimal(Decimal& decimal) {
  NumberText token;
  if (!number(token, "a decimal")) return false;
  if (token.kind == NumberText::Kind::real) return wrong(token.text, "is a float, not a decimal");
  if (token.kind == NumberText::Kind::integer) {
    named::Integer integer;
    if (token.fits && to_integer(token.number, integer) && to_decimal(integer, decimal))
      return true;
  } else {
    if (token.number.negative && token.fits && token.number.coefficient == 0)
      return wrong(token.text, "is a negative zero");
    if (token.fits && to_decimal(token.number, decimal)) return true;
  }
  return wrong(token.text, "does not fit 64 bits x 10^-128 to 10^127");
}

// ---- lists, maps, structs, unions ---------------------------------------------------------------

bool TextReader::enter(named::Container& container, Token token, const char* expected) {
  if (!has_key_ && !open()) return false;
  if (has_key_ || scanner_.look() != token) return mismatch(expected);
  scanner_.accept(scanner_.next());
  container.left = 0;
  return true;
}

// Container::left: not zero behind the first.
bool TextReader::next(named::Container& container, char close, bool& more) {
  if (!scanner_.blank()) return false;
  if (container.left != 0 && scanner_.next() != close) {
    if (!scanner_.expect(',', close == ']' ? "',' or ']'" : "',' or '}'") || !scanner_.blank())
      return false;
  }
  container.left = 1;
  more = scanner_.next() != close;
  return true;
}

bool TextReader::next_member(named::Container& structure, bool& more, std::string_view& name) {
  if (!next(structure, '}', more)) return false;
  return !more || scanner_.name(name);
}

// {key: value}, or [[key, value], ...] (Container::counted).
bool TextReader::begin_map(named::Container& map) {
  if (!open()) return false;
  map.counted = scanner_.look() == Token::list;
  return map.counted ? begin_list(map)
                     : enter(map, Token::structure, "a list of keys with values, or a struct");
}

bool TextReader::next_entry(named::Container& map, bool& more) {
  if (map.counted) {
    if (!next_item(map, more)) return false;
    named::Container pair;
    return !more || enter(pair, Token::list, "a list of a key and its value");
  }
  std::string_view name;
  if (!next_member(map, more, name)) return false;
  if (!more) return true;
  key_ = name;
  has_key_ = true;
  return true;
}

bool TextReader::middle_of_entry(named::Container& map) {
  return !map.counted || (scanner_.blank() && scanner_.expect(',', "','"));
}

bool TextReader::end_entry(named::Container& map) {
  if (!map.counted) return true;
  if (!scanner_.blank()) return false;
  if (scanner_.accept(',') && !scanner_.blank()) return false;
  return scanner_.expect(']', "']'");
}

bool TextReader::end_map(named::Container& map) {
  return map.counted ? end_list(map) : end_struct(map);
}

// case::value, or {case: value} (Container::counted).
bool TextReader::begin_case(named::Container& container, bool& none, std::string_view& name) {
  bool annotated;
  none = false;
  if (!scanner_.blank() || !scanner_.annotation(annotated, name)) return false;
  container.counted = !annotated;
  if (annotated) return true;
  if (!enter(container, Token::structure, "a case as annotation")) return false;
  bool more;
  if (!next_member(container, more, name)) return false;
  none = !more;
  return more || end_struct(container);
}

bool TextReader::end_case(named::Container& container) {
  if (!container.counted) return true;
  bool more;
  if (!next(container, '}', more)) return false;
  return more ? scanner_.invalid("more than one case of a union") : end_struct(container);
}

bool TextReader::skip() {
  if (!open()) return false;
  std::string_view text;
  double real;
  NumberText number;
  MomentText moment;
  switch (scanner_.look()) {
    case Token::null:
      return scanner_.null();
    case Token::boolean:
      scanner_.word();
      return true;
    case Token::integer:
      return scanner_.number(number);
    case Token::special:
      return scanner_.special(real);
    case Token::timestamp:
      return scanner_.timestamp(moment);
    case Token::symbol:
      return scanner_.symbol(text);
    case Token::string:
      return scanner_.string(text);
    case Token::lob:
      return scanner_.lob(bytes_);
    case Token::list:
    case Token::structure: {
      if (!allowance_.enter(failure_)) return false;
      const bool fine = skip_container();
      allowance_.leave();
      return fine;
    }
    default:
      return mismatch("a value");
  }
}

bool TextReader::skip_container() {
  named::Container container;
  const bool is_list = scanner_.look() == Token::list;
  if (!(is_list ? begin_list(container) : begin_struct(container))) return false;
  for (;;) {
    bool more;
    std::string_view name;
    if (!(is_list ? next_item(container, more) : next_member(container, more, name))) return false;
    if (!more) return is_list ? end_list(container) : end_struct(container);
    if (!skip()) return false;
  }
}

}  // namespace dts::format::ion
