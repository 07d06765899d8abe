#include <cli/json_object.hpp>

#include <charconv>
#include <cmath>
#include <cstdio>

#include <base/text.hpp>

namespace dts::cli {

namespace {

// Control characters beyond ASCII's and marks that turn the direction of text.
bool steers(std::uint32_t point) {
  return (point >= 0x7f && point < 0xa0) || (point >= 0x200e && point <= 0x200f) ||
         (point >= 0x2028 && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

void append_escape(std::string& out, std::uint32_t point) {
  char escape[8];
  std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(point & 0xffff));
  out += escape;
}

// The UTF-8 sequence of 2 or 3 bytes at text[at] as a code point; 0 for any other.
std::uint32_t short_sequence(std::string_view text, std::size_t at, std::size_t& length) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  if ((byte(0) & 0xe0) == 0xc0 && at + 1 < text.size()) {
    length = 2;
    return (byte(0) & 0x1fu) << 6 | (byte(1) & 0x3fu);
  }
  if ((byte(0) & 0xf0) == 0xe0 && at + 2 < text.size()) {
    length = 3;
    return (byte(0) & 0x0fu) << 12 | (byte(1) & 0x3fu) << 6 | (byte(2) & 0x3fu);
  }
  length = 1;
  return 0;
}

}  // namespace

std::string json_inert(std::string_view document) {
  std::string out;
  out.reserve(document.size());
  for (std::size_t at = 0; at < document.size();) {
    const auto c = static_cast<unsigned char>(document[at]);
    std::size_t length = 1;
    const std::uint32_t point = c < 0x80 ? c : short_sequence(document, at, length);
    if (point >= 0x7f && steers(point)) {
      append_escape(out, point);
    } else {
      out.append(document.substr(at, length));
    }
    at += length;
  }
  return out;
}

std::string json_string(std::string_view text) {
  std::string valid;
  if (!base::is_utf8(text)) {  // keep what is ASCII; the rest cannot be said in JSON
    for (char c : text) {
      if (static_cast<unsigned char>(c) < 0x80) {
        valid += c;
      } else {
        valid += "\xef\xbf\xbd";
      }
    }
    text = valid;
  }
  std::string out = "\"";
  for (char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\r':
        out += "\\r";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          append_escape(out, static_cast<unsigned char>(c));
        } else {
          out += c;
        }
    }
  }
  return json_inert(out) + "\"";
}

JsonObject& JsonObject::number(std::string_view key, double value) {
  if (!std::isfinite(value)) return raw(key, "null");
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof text, value);
  return raw(key, std::string_view(text, static_cast<std::size_t>(end - text)));
}

JsonObject& JsonObject::texts(std::string_view key, const std::vector<std::string>& values) {
  std::vector<std::string> items;
  for (const std::string& value : values) items.push_back(json_string(value));
  return raw(key, json_array(items));
}

JsonObject& JsonObject::texts(std::string_view key,
                              const std::map<std::string, std::string, std::less<>>& values) {
  JsonObject inner;
  for (const auto& [name, value] : values) inner.text(name, value);
  return raw(key, inner.str());
}

JsonObject& JsonObject::raw(std::string_view key, std::string_view json) {
  if (text_.size() > 1) text_ += ',';
  text_ += json_string(key);
  text_ += ':';
  text_ += json;
  return *this;
}

std::string json_array(const std::vector<std::string>& values) {
  std::string out = "[";
  for (const std::string& value : values) {
    if (out.size() > 1) out += ',';
    out += value;
  }
  return out + "]";
}

}  // namespace dts::cli
