// The scanner: character data, CDATA and references.
#include <base/hex.hpp>
#include <base/text.hpp>
#include <format/xml_characters.hpp>
#include <format/xml_scanner.hpp>

namespace dts::format::xml {

bool Scanner::content(std::string_view& text) {
  text = {};
  if (empty_) return true;
  const char* const start = at_;
  while (at_ < end_ && !is(*at_, ends_data)) ++at_;
  if (!at_end_tag()) return slow_content(start, text);
  text = {start, static_cast<std::size_t>(at_ - start)};
  return true;
}

bool Scanner::slow_content(const char* start, std::string_view& text) {
  at_ = start;
  scratch_.clear();
  for (;;) {
    if (!data(scratch_)) return false;
    if (at_end_tag()) break;
    bool element;
    if (!markup(element)) return false;
    if (!element) continue;
    const char* const name = at_ + 1;
    return failure_.set(ErrorCode::wrong_value,
                        tag({name, static_cast<std::size_t>(name_end(name, end_) - name)}) +
                            " where text is expected",
                        "in " + tag(innermost()) + ", " + where());
  }
  text = scratch_;
  return true;
}

// At '<' inside an element: a comment, an instruction or CDATA is taken; an element is left.
bool Scanner::markup(bool& element) {
  element = false;
  if (starts("<!--")) return comment();
  if (starts("<?")) return instruction();
  if (starts("<![CDATA[")) return cdata(scratch_);
  if (starts("<!")) return markup_refused();
  element = true;
  return true;
}

// Up to the next '<'. Line ends become one line feed.
bool Scanner::data(std::string& to) {
  const char* const first = at_;
  for (;;) {
    const char* const start = at_;
    while (at_ < end_ && !is(*at_, ends_data)) ++at_;
    to.append(start, at_);
    if (at_ == end_) return invalid("the end inside " + tag(innermost()));
    switch (*at_) {
      case '<':
        return true;
      case '&':
        if (!reference(to)) return false;
        break;
      case '\r':
        to += '\n';
        ++at_;
        if (at_ < end_ && *at_ == '\n') ++at_;
        break;
      default:
        if (at_ - first >= 2 && at_[-1] == ']' && at_[-2] == ']') return invalid("\"]]>\" in text");
        to += *at_++;
    }
  }
}

// <![CDATA[anything]]>
bool Scanner::cdata(std::string& to) {
  at_ += 9;
  const std::string_view rest(at_, static_cast<std::size_t>(end_ - at_));
  const std::size_t close = rest.find("]]>");
  if (close == std::string_view::npos) return invalid("a CDATA section without an end");
  for (std::size_t i = 0; i < close; ++i) {
    if (rest[i] != '\r')
      to += rest[i];
    else if (i + 1 == close || rest[i + 1] != '\n')
      to += '\n';
  }
  at_ += close + 3;
  return true;
}

// At '&'.
bool Scanner::reference(std::string& to) {
  if (starts("&#")) return character_reference(to);
  struct Entity {
    std::string_view text;
    char means;
  };
  static constexpr Entity entities[] = {
      {"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&apos;", '\''}, {"&quot;", '"'}};
  for (const Entity& entity : entities) {
    if (!starts(entity.text)) continue;
    to += entity.means;
    at_ += entity.text.size();
    return true;
  }
  const char* const name = at_ + 1;
  const char* const stop = name_end(name, end_);
  if (stop == name || stop == end_ || *stop != ';') return invalid("'&' that is no reference");
  const std::string shown =
      base::printable(std::string_view(name, static_cast<std::size_t>(stop - name)).substr(0, 60));
  return invalid("the entity &" + shown + "; is none of XML's own five");
}

// &#233; or &#xe9;
bool Scanner::character_reference(std::string& to) {
  const char* p = at_ + 2;
  const bool hex = p < end_ && *p == 'x';
  p += hex;
  std::uint32_t point = 0;
  const char* const first = p;
  for (; p < end_; ++p) {
    const int digit = base::hex_digit(*p);
    if (digit < 0 || digit >= (hex ? 16 : 10)) break;
    if (point <= 0x10ffff) point = point * (hex ? 16 : 10) + static_cast<std::uint32_t>(digit);
  }
  if (p == first || p == end_ || *p != ';') return invalid("a broken character reference");
  if (!is_legal(point)) return invalid("a reference to a character that XML does not allow");
  base::append_utf8(to, point);
  at_ = p + 1;
  return true;
}

// ---- skipping

}  // namespace dts::format::xml
