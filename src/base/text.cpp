#include <base/text.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>

namespace dts::base {

namespace {

// The length in bytes of the valid UTF-8 sequence at p, and its code point; 0 when it is not one.
std::size_t sequence_at(const unsigned char* p, std::size_t left, std::uint32_t& point) noexcept {
  const unsigned char lead = *p;
  if (lead < 0x80) return point = lead, 1;
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || left < length) return 0;
  point = lead & (0xff >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((p[i] & 0xc0) != 0x80) return 0;
    point = point << 6 | (p[i] & 0x3f);
  }
  const std::uint32_t least = length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000;
  const bool surrogate = point >= 0xd800 && point <= 0xdfff;
  return point < least || point > 0x10ffff || surrogate ? 0 : length;
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t left = text.size();
  const auto ascii = [](const unsigned char* eight) {
    std::uint64_t word;
    std::memcpy(&word, eight, 8);
    return (word & 0x8080808080808080ull) == 0;
  };
  const auto ascii32 = [](const unsigned char* bytes) {
    std::uint64_t words[4];
    std::memcpy(words, bytes, 32);
    return ((words[0] | words[1] | words[2] | words[3]) & 0x8080808080808080ull) == 0;
  };
  // The last eight may overlap those before.
  if (left >= 8 && left <= 16 && ascii(p) && ascii(p + left - 8)) return true;
  while (left > 0) {
    if (left >= 32 && ascii32(p)) {
      p += 32;
      left -= 32;
      continue;
    }
    if (left >= 8 && ascii(p)) {
      p += 8;
      left -= 8;
      continue;
    }
    std::size_t length = 1;
    if (*p >= 0x80) {
      std::uint32_t point;
      length = sequence_at(p, left, point);
      if (length == 0) return false;
    }
    p += length;
    left -= length;
  }
  return true;
}

std::uint8_t* write_utf8(std::uint8_t* to, std::uint32_t point) noexcept {
  const auto put = [&to](std::uint32_t byte) {
    *to++ = static_cast<std::uint8_t>(byte);
    return to;
  };
  if (point < 0x80) return put(point);
  if (point < 0x800) {
    put(0xc0 | point >> 6);
  } else {
    if (point < 0x10000) {
      put(0xe0 | point >> 12);
    } else {
      put(0xf0 | point >> 18);
      put(0x80 | (point >> 12 & 63));
    }
    put(0x80 | (point >> 6 & 63));
  }
  return put(0x80 | (point & 63));
}

void append_utf8(std::string& to, std::uint32_t point) {
  std::uint8_t bytes[4];
  to.append(bytes, write_utf8(bytes, point));
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

bool glob_match(std::string_view pattern, std::string_view text) noexcept {
  std::size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

int edit_distance(std::string_view a, std::string_view b, int limit) {
  if (a.size() > b.size()) std::swap(a, b);
  if (b.size() - a.size() > static_cast<std::size_t>(limit)) return limit + 1;
  const std::size_t width = a.size() + 1;
  std::vector<int> before(width), last(width), row(width);
  for (std::size_t i = 0; i < width; ++i) last[i] = static_cast<int>(i);
  for (std::size_t j = 1; j <= b.size(); ++j) {
    row[0] = static_cast<int>(j);
    for (std::size_t i = 1; i < width; ++i) {
      row[i] = std::min({last[i] + 1, row[i - 1] + 1, last[i - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[i] = std::min(row[i], before[i - 2] + 1);
      }
    }
    before.swap(last);
    last.swap(row);
  }
  return std::min(last[a.size()], limit + 1);
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  const int limit = word.size() < 4 ? 1 : 2;
  const std::string wanted = lower(word);
  std::string best;
  int best_distance = limit + 1;
  for (const std::string& candidate : candidates) {
    int distance = edit_distance(wanted, lower(candidate), limit);
    const std::size_t dot = candidate.rfind('.');  // "Temprature" is near "brewery.Temperature"
    if (dot != std::string::npos && wanted.find('.') == std::string::npos) {
      distance = std::min(distance, edit_distance(wanted, lower(candidate.substr(dot + 1)), limit));
    }
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string suggestion(std::string_view word, const std::vector<std::string>& candidates,
                       std::string_view offer) {
  constexpr std::size_t shown_max = 12;
  const std::string near = nearest(word, candidates);
  if (!near.empty()) return "did you mean \"" + near + "\"?";
  if (candidates.empty()) return {};
  std::string all(offer);
  for (std::size_t i = 0; i < candidates.size() && i < shown_max; ++i)
    all += (i > 0 ? ", " : " ") + candidates[i];
  return all + (candidates.size() > shown_max ? ", ..." : "");
}

std::string printable(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t left = text.size();
  while (left > 0) {
    std::uint32_t point = *p;
    const std::size_t length = sequence_at(p, left, point);
    char escape[16];
    const bool control = point < 0x20 || (point >= 0x7f && point < 0xa0);
    const bool direction =
        (point >= 0x200e && point <= 0x200f) || (point >= 0x202a && point <= 0x202e) ||
        (point >= 0x2066 && point <= 0x2069) || point == 0x2028 || point == 0x2029;
    if (length == 0 || control) {
      std::snprintf(escape, sizeof escape, "\\x%02x", length == 0 ? *p : point);
      result += escape;
    } else if (direction) {
      std::snprintf(escape, sizeof escape, "\\u{%04x}", point);
      result += escape;
    } else {
      result.append(reinterpret_cast<const char*>(p), length);
    }
    p += length == 0 ? 1 : length;
    left -= length == 0 ? 1 : length;
  }
  return result;
}

}  // namespace dts::base
