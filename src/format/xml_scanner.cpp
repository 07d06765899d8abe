#include <format/xml_scanner.hpp>

#include <algorithm>
#include <array>
#include <cstring>

#include <base/text.hpp>
#include <format/text_place.hpp>
#include <format/xml_characters.hpp>

namespace dts::format::xml {

namespace {

constexpr std::size_t attributes_max = 32;

}  // namespace

// ---- errors

std::string Scanner::where() const {
  return place_behind({begin_, static_cast<std::size_t>(at_ - begin_)});
}

bool Scanner::invalid(const std::string& why) {
  return failure_.set(ErrorCode::decode, "not XML that DTS reads", why + " " + where());
}

// At "<!" that begins neither a comment nor, where that is allowed, a CDATA section.
bool Scanner::markup_refused() {
  if (!starts("<!DOCTYPE")) return invalid("unknown markup");
  return failure_.set(ErrorCode::decode, "a document type definition (<!DOCTYPE) is refused",
                      "it could define entities that grow or read files, " + where(),
                      "leave the DTD out: DTS needs none");
}

std::string Scanner::what_is_next() {
  if (nil_) return "nil";
  if (empty_ || at_end_tag()) return "nothing";
  const char* p = at_;
  while (p < end_ && is(*p, is_space)) ++p;
  if (p == end_) return "the end";
  if (*p == '<') return "an element";
  std::string_view shown(p, static_cast<std::size_t>(end_ - p));
  shown = shown.substr(0, std::min<std::size_t>(shown.find('<'), 60));
  return "the text \"" + base::printable(shown) + "\"";
}

// ---- what stands between elements

// Gives whether there was some.
bool Scanner::white_space() {
  const char* const start = at_;
  while (at_ < end_ && is(*at_, is_space)) ++at_;
  return at_ > start;
}

// White space, comments and processing instructions.
bool Scanner::ignorable() {
  for (;;) {
    white_space();
    if (end_ - at_ < 2 || at_[0] != '<') return true;
    if (at_[1] == '?') {
      if (!instruction()) return false;
    } else if (starts("<!--")) {
      if (!comment()) return false;
    } else {
      return true;
    }
  }
}

// <!-- anything without two hyphens -->
bool Scanner::comment() {
  const std::string_view rest(at_ + 4, static_cast<std::size_t>(end_ - at_ - 4));
  const std::size_t hyphens = rest.find("--");
  if (hyphens == std::string_view::npos) return invalid("a comment without an end");
  if (rest.substr(hyphens, 3) != "-->") {
    at_ += 4 + hyphens;
    return invalid("two hyphens inside a comment");
  }
  at_ += 4 + hyphens + 3;
  return true;
}

// <?target anything?>
bool Scanner::instruction() {
  const char* const target = at_ + 2;
  const char* const target_end = name_end(target, end_);
  const std::string_view name(target, static_cast<std::size_t>(target_end - target));
  if (name.empty()) return invalid("a processing instruction without a name");
  if (name.size() == 3 && (name[0] | 32) == 'x' && (name[1] | 32) == 'm' && (name[2] | 32) == 'l')
    return invalid("an XML declaration that is not at the start");
  const std::string_view rest(target_end, static_cast<std::size_t>(end_ - target_end));
  const std::size_t close = rest.find("?>");
  if (close == std::string_view::npos) return invalid("a processing instruction without an end");
  if (close != 0 && !is(rest[0], is_space))
    return invalid("a processing instruction with a broken name");
  at_ = target_end + close + 2;
  return true;
}

// <?xml version="1.0" encoding="UTF-8" standalone="yes"?>
bool Scanner::declaration() {
  at_ += 5;
  for (int expected = 0;; ++expected) {
    const bool apart = white_space();
    if (starts("?>")) {
      at_ += 2;
      return expected > 0 || invalid("an XML declaration without a version");
    }
    std::string_view name, value;
    if (!apart || expected == 3) return invalid("a broken XML declaration");
    if (!qualified_name(name) || !quoted(value)) return false;
    static constexpr std::array<std::string_view, 3> names{"version", "encoding", "standalone"};
    if (expected == 1 && name == names[2]) expected = 2;
    if (name != names[static_cast<std::size_t>(expected)])
      return invalid("a broken XML declaration");
    if (!declared(name, value)) return false;
  }
}

bool Scanner::declared(std::string_view name, std::string_view value) {
  if (name == "version") return value == "1.0" || invalid("XML of another version than 1.0");
  if (name == "standalone")
    return value == "yes" || value == "no" || invalid("standalone is yes or no");
  std::string encoding(value.substr(0, 60));
  for (char& c : encoding) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 32) : c;
  if (encoding == "utf-8") return true;
  const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  if (encoding == "us-ascii" && std::all_of(begin_, end_, is_ascii)) return true;  // is UTF-8, too
  return failure_.set(ErrorCode::decode, "the XML says that it is " + base::printable(encoding),
                      "DTS reads UTF-8 only", "encode it as UTF-8");
}

// ---- tags

bool Scanner::open_root() {
  if (starts("\xef\xbb\xbf")) at_ += 3;
  if (starts("<?xml") && end_ - at_ > 5 && is(at_[5], is_space) && !declaration()) return false;
  if (!ignorable()) return false;
  if (end_ - at_ >= 2 && at_[0] == '<' && at_[1] == '!') return markup_refused();
  if (at_ == end_ || *at_ != '<') return invalid("an element expected");
  return open();
}

bool Scanner::close_root() {
  if (!close() || !ignorable()) return false;
  return at_ == end_ || invalid("something follows the root element");
}

bool Scanner::next_child(bool& there) {
  there = false;
  if (empty_) return true;
  if (at_end_tag()) return true;
  if (at_ < end_ && *at_ == '<' && end_ - at_ > 1 && is(at_[1], starts_name)) {
    there = true;
    return open();
  }
  if (!ignorable()) return false;
  if (at_ == end_) return invalid("the end inside " + tag(innermost()));
  if (at_end_tag()) return true;
  if (*at_ == '<' && !starts("<![CDATA[")) {
    if (starts("<!")) return markup_refused();
    there = true;
    return open();
  }
  return failure_.set(ErrorCode::wrong_value, what_is_next() + " where an element is expected",
                      "in " + tag(innermost()) + ", " + where());
}

bool Scanner::child(std::string_view name) {
  bool there;
  if (!next_child(there)) return false;
  if (there && name_ == name) return true;
  const std::string found = there ? tag(name_) : tag(innermost(), "</");
  return failure_.set(ErrorCode::wrong_value, found + " where " + tag(name) + " is expected",
                      where());
}

// At '<' of a start tag.
bool Scanner::open() {
  ++at_;
  const char* const start = at_;
  const char* p = name_end(at_, end_);
  name_ = {start, static_cast<std::size_t>(p - start)};
  empty_ = nil_ = base64_ = false;
  if (p == end_ || *p != '>' || p == start) {
    std::string_view full;
    if (!qualified_name(full)) return false;
    const std::size_t colon = full.find(':');
    name_ = colon == std::string_view::npos ? full : full.substr(colon + 1);
    p = at_;
  }
  if (depth_ == open_max)
    return failure_.set(ErrorCode::limit_reached, "the value is nested too deeply",
                        "64 levels are allowed");
  open_[depth_++] = {start, static_cast<std::size_t>(p - start)};
  at_ = p;
  if (at_ < end_ && *at_ == '>') {
    ++at_;
    return true;
  }
  return attributes();
}

// A name with at most one prefix.
bool Scanner::qualified_name(std::string_view& name) {
  const char* const start = at_;
  const char* p = name_end(at_, end_);
  if (p == start) return invalid("a name expected");
  if (p < end_ && *p == ':') {
    const char* const local = p + 1;
    p = name_end(local, end_);
    if (p == local || (p < end_ && *p == ':')) return invalid("a name with a broken prefix");
  }
  name = {start, static_cast<std::size_t>(p - start)};
  at_ = p;
  return true;
}

// = "value" or = 'value'
bool Scanner::quoted(std::string_view& value) {
  white_space();
  if (at_ == end_ || *at_ != '=') return invalid("'=' expected");
  ++at_;
  white_space();
  if (at_ == end_ || (*at_ != '"' && *at_ != '\'')) return invalid("a quote expected");
  const char quote = *at_++;
  const char* const start = at_;
  const auto* const close =
      static_cast<const char*>(std::memchr(start, quote, static_cast<std::size_t>(end_ - start)));
  if (close == nullptr) return invalid("an attribute without an end");
  value = {start, static_cast<std::size_t>(close - start)};
  if (value.find('<') != std::string_view::npos) return invalid("'<' in an attribute");
  if (value.find('&') != std::string_view::npos) {
    for (; at_ < close; ++at_) {
      if (*at_ != '&') continue;
      scratch_.clear();
      if (!reference(scratch_)) return false;
      --at_;
    }
  }
  at_ = close + 1;
  return true;
}

struct Scanner::Attributes {
  std::array<std::string_view, attributes_max> names;
  std::size_t count = 0;
  bool uses_instance = false;
};

// At what follows the name of a start tag that is not '>'.
bool Scanner::attributes() {
  Attributes seen;
  for (;;) {
    const bool apart = white_space();
    if (at_ == end_) return invalid("the end inside a tag");
    if (*at_ == '>' || starts("/>")) break;
    if (!apart) return invalid("white space or '>' expected");
    if (!attribute(seen)) return false;
  }
  if (seen.uses_instance && !instance_declared_) return invalid("the prefix xsi is not declared");
  empty_ = *at_ == '/';
  at_ += empty_ ? 2 : 1;
  if (!nil_ || empty_) return true;
  if (!ignorable()) return false;
  return at_end_tag() || invalid(tag(innermost()) + " is nil but holds something");
}

bool Scanner::attribute(Attributes& seen) {
  std::string_view name, value;
  if (!qualified_name(name)) return false;
  if (seen.count == attributes_max)
    return failure_.set(ErrorCode::limit_reached, "an element has too many attributes",
                        std::to_string(attributes_max) + " are allowed");
  for (std::size_t i = 0; i < seen.count; ++i) {
    if (seen.names[i] == name)
      return invalid("the attribute " + base::printable(name.substr(0, 60)) + " is there twice");
  }
  seen.names[seen.count++] = name;
  return quoted(value) && known(name, value, seen);
}

bool Scanner::known(std::string_view name, std::string_view value, Attributes& seen) {
  if (name == "xmlns" || name.starts_with("xml:")) return true;
  if (name.starts_with("xmlns:")) {
    if (name != "xmlns:xsi") return true;
    instance_declared_ = true;
    return value == instance_namespace || invalid("the prefix xsi means something else");
  }
  if (name.starts_with("xsi:")) {
    seen.uses_instance = true;
    if (name != "xsi:nil") return true;
    nil_ = value == "true" || value == "1";
    return nil_ || value == "false" || value == "0" || invalid("xsi:nil is true or false");
  }
  if (name == "enc") {
    base64_ = value == "base64";
    return base64_ || invalid("enc is base64, nothing else");
  }
  return failure_.set(
      ErrorCode::unknown_field,
      tag(innermost()) + " has the attribute " + base::printable(name.substr(0, 60)),
      "only enc, xsi:nil and what belongs to namespaces is known, " + where(),
      "fields are elements");
}

bool Scanner::close() {
  if (empty_) {
    empty_ = nil_ = base64_ = false;
    --depth_;
    return true;
  }
  nil_ = base64_ = false;
  const Open& top = open_[depth_ - 1];
  if (static_cast<std::size_t>(end_ - at_) >= top.size + 3 && at_end_tag() &&
      named::same_name({at_ + 2, top.size}, {top.name, top.size})) {
    const char* p = at_ + 2 + top.size;
    while (p < end_ && is(*p, is_space)) ++p;
    if (p < end_ && *p == '>') {
      at_ = p + 1;
      --depth_;
      return true;
    }
  }
  return wrong_end();
}

bool Scanner::wrong_end() {
  if (!ignorable()) return false;
  if (at_ == end_) return invalid("the end inside " + tag(innermost()));
  if (!at_end_tag()) return invalid(tag(innermost(), "</") + " expected");
  at_ += 2;
  std::string_view found;
  if (!qualified_name(found)) return false;
  if (found == innermost()) return invalid("'>' expected");
  at_ = found.data() - 2;
  return invalid(tag(found, "</") + " where " + tag(innermost(), "</") + " is expected,");
}

void Scanner::go_to(const Mark& mark) {
  at_ = mark.at;
  depth_ = mark.depth;
  open_[depth_ - 1] = mark.top;
  name_ = mark.name;
  empty_ = mark.empty;
  nil_ = mark.nil;
  base64_ = mark.base64;
}

bool Scanner::skip(const Allowance& allowance) {
  const std::size_t outer = depth_;
  const std::size_t deepest = outer + 2 * std::size_t{allowance.depth} + 2;
  for (;;) {
    if (empty_ || at_end_tag()) {
      if (depth_ == outer) return true;
      if (!close()) return false;
      continue;
    }
    scratch_.clear();
    if (!data(scratch_)) return false;
    if (at_end_tag()) continue;
    bool element;
    if (!markup(element)) return false;
    if (!element) continue;
    if (depth_ == deepest)
      return failure_.set(ErrorCode::limit_reached, "the value is nested too deeply",
                          "64 levels are allowed");
    if (!open()) return false;
  }
}

}  // namespace dts::format::xml
