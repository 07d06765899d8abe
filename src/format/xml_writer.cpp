#include <format/xml_writer.hpp>

#include <array>

namespace dts::format::xml {

namespace {

constexpr std::array<std::uint8_t, 256> needs = [] {
  std::array<std::uint8_t, 256> made{};
  for (unsigned c = 0; c < 0x20; ++c) made[c] = 2;
  made['\t'] = made['\n'] = 0;
  // A bare carriage return is read as a line feed.
  made['\r'] = made['&'] = made['<'] = made['>'] = 1;
  return made;
}();

std::string_view reference_to(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    default:
      return "&#13;";
  }
}

}  // namespace

Writer::Need Writer::worst_of(std::string_view text) {
  std::uint8_t all = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    all |= needs[c];
    // U+FFFE and U+FFFF are ef bf be and ef bf bf.
    if (c == 0xef && i + 2 < text.size() && static_cast<unsigned char>(text[i + 1]) == 0xbf &&
        static_cast<unsigned char>(text[i + 2]) >= 0xbe) {
      return impossible;
    }
  }
  return (all & 2) != 0 ? impossible : static_cast<Need>(all);
}

void Writer::escape(std::string_view text) {
  std::size_t from = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (needs[static_cast<unsigned char>(text[i])] == 0) continue;
    put(text.substr(from, i - from));
    put(reference_to(text[i]));
    from = i + 1;
  }
  put(text.substr(from));
}

// Only a document with a nil has the namespace: it goes into the root's tag at the end.
void Writer::declare_instance() {
  static constexpr std::string_view before = " xmlns:xsi=\"";
  const std::size_t count = before.size() + instance_namespace.size() + 1;
  room(count);
  char* const tag = data() + start_ + 1 + names_.root().name().size();
  std::memmove(tag + count, tag, static_cast<std::size_t>(at_ - tag));
  std::memcpy(tag, before.data(), before.size());
  std::memcpy(tag + before.size(), instance_namespace.data(), instance_namespace.size());
  tag[count - 1] = '"';
  at_ += count;
}

}  // namespace dts::format::xml
