// Json: one pass, recursive, at most kDepthMax deep.
#include "transport/sqs/json.hpp"

#include <algorithm>

#include "base/hex.hpp"
#include "base/text.hpp"

namespace dts::transport::sqs {
namespace {

constexpr int kDepthMax = 16;

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool read_all(Json& to) {
    if (!read(to, 0)) return false;
    skip_space();
    return at_ == text_.size();
  }

 private:
  bool read(Json& to, int depth) {
    skip_space();
    if (at_ >= text_.size() || depth > kDepthMax) return false;
    switch (text_[at_]) {
      case '{':
        to.kind = Json::Kind::object;
        return read_list('}', [&] {
          skip_space();
          if (!read_text(to.names.emplace_back())) return false;
          skip_space();
          return take(':') && read(to.items.emplace_back(), depth + 1);
        });
      case '[':
        to.kind = Json::Kind::array;
        return read_list(']', [&] { return read(to.items.emplace_back(), depth + 1); });
      case '"':
        to.kind = Json::Kind::text;
        return read_text(to.text);
      default:
        return read_word(to);
    }
  }

  template <class Each>
  bool read_list(char end, Each each) {
    ++at_;
    skip_space();
    if (take(end)) return true;
    while (each()) {
      skip_space();
      if (take(end)) return true;
      if (!take(',')) return false;
    }
    return false;
  }

  bool read_word(Json& to) {
    const std::size_t first = at_;
    while (at_ < text_.size() && std::string_view(",]} \t\r\n").find(text_[at_]) == text_.npos)
      ++at_;
    to.text = text_.substr(first, at_ - first);
    if (to.text.empty()) return false;
    const bool number = to.text[0] == '-' || (to.text[0] >= '0' && to.text[0] <= '9');
    if (to.text == "true" || to.text == "false")
      to.kind = Json::Kind::boolean;
    else if (number)
      to.kind = Json::Kind::number;
    else if (to.text != "null")
      return false;
    return true;
  }

  bool read_text(std::string& to) {
    if (!take('"')) return false;
    while (at_ < text_.size()) {
      const std::size_t next = std::min(text_.find_first_of("\"\\", at_), text_.size());
      to.append(text_.substr(at_, next - at_));
      at_ = next;
      if (take('"')) return true;
      if (at_ + 1 >= text_.size() || !read_escape(to)) return false;
    }
    return false;
  }

  bool read_escape(std::string& to) {
    constexpr std::string_view escapes = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
    const char escape = text_[at_ + 1];
    at_ += 2;
    if (escape != 'u') {
      const auto index = escapes.find(escape);
      if (index == std::string_view::npos) return false;
      to += meant[index];
      return true;
    }
    std::uint32_t point = 0;
    if (!read_point(point)) return false;
    if (point >= 0xd800 && point < 0xdc00) {
      std::uint32_t low = 0;
      if (text_.substr(at_, 2) != "\\u") return false;
      at_ += 2;
      if (!read_point(low) || low < 0xdc00 || low > 0xdfff) return false;
      point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
    }
    base::append_utf8(to, point);
    return true;
  }

  bool read_point(std::uint32_t& point) {
    if (text_.size() - at_ < 4) return false;
    for (const char c : text_.substr(at_, 4)) {
      const int digit = base::hex_digit(c);
      if (digit < 0) return false;
      point = point << 4 | static_cast<std::uint32_t>(digit);
    }
    at_ += 4;
    return true;
  }

  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void skip_space() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

const Json& Json::at(std::string_view name) const {
  static const Json none;
  const auto found = std::find(names.begin(), names.end(), name);
  return found == names.end() ? none : items[static_cast<std::size_t>(found - names.begin())];
}

Result<Json> read_json(std::string_view text) {
  Json json;
  if (!Reader(text).read_all(json))
    return Error(ErrorCode::decode, "an answer that is no JSON", {},
                 base::printable(text.substr(0, 80)));
  return json;
}

void append_json(std::string& to, std::string_view text) {
  to += '"';
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (c == '"' || c == '\\') {
      to += '\\';
      to += c;
    } else if (byte < 0x20) {
      to += "\\u00" + base::to_hex({&byte, 1});
    } else {
      to += c;
    }
  }
  to += '"';
}

}  // namespace dts::transport::sqs
