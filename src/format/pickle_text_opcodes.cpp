// The machine: what protocol 0 spells as lines of text.
#include <charconv>

#include <base/hex.hpp>
#include <base/text.hpp>
#include <format/pickle_machine.hpp>

namespace dts::format::pickle {

namespace {

// `count` hexadecimal digits at `at`.
bool read_hex(std::string_view text, std::size_t at, std::size_t count, std::uint32_t& value) {
  if (text.size() - at < count) return false;
  value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    const int digit = base::hex_digit(text[i]);
    if (digit < 0) return false;
    value = value << 4 | static_cast<std::uint32_t>(digit);
  }
  return true;
}

}  // namespace

bool Machine::line(std::string_view& text) {
  const std::string_view rest = as_text(message_).substr(position_);
  const std::size_t end = rest.find('\n');
  work_ += std::min(end, rest.size()) / 64;
  if (end == std::string_view::npos) return refuse("has no end of line");
  text = rest.substr(0, end);
  position_ += end + 1;
  return true;
}

bool Machine::line_index(std::uint64_t& index) {
  std::string_view text;
  if (!line(text)) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  return (error == std::errc{} && end == text.data() + text.size()) ||
         refuse("is not followed by a number");
}

// I12 I-12 I00 (False) I01 (True) L12L
bool Machine::line_integer(bool is_long) {
  std::string_view text;
  if (!line(text)) return false;
  Node made = node(NodeKind::integer);
  if (!is_long && (text == "00" || text == "01")) {
    made.kind = NodeKind::boolean;
    made.flag = text == "01";
    return push(made);
  }
  if (is_long && text.ends_with('L')) text.remove_suffix(1);
  made.flag = text.starts_with('-');
  if (made.flag) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), made.bits);
  if (error == std::errc::result_out_of_range) return refuse("holds a number of more than 64 bits");
  if (error != std::errc{} || end != text.data() + text.size())
    return refuse("is not followed by an integer");
  if (made.bits == 0)
    made.flag = false;
  else if (made.flag)
    --made.bits;
  return push(made);
}

bool Machine::line_real() {
  std::string_view text;
  if (!line(text)) return false;
  Node made = node(NodeKind::real);
  work_ += text.size();
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), made.real);
  if (error == std::errc::result_out_of_range) return refuse("holds a number that no float holds");
  if (error != std::errc{} || end != text.data() + text.size())
    return refuse("is not followed by a number");
  return push(made);
}

// S'...'\n of Python 2: bytes with the escapes of its source text.
bool Machine::line_string() {
  std::string_view text;
  if (!line(text)) return false;
  if (text.size() < 2 || (text[0] != '\'' && text[0] != '"') || text.back() != text[0])
    return refuse("holds text without quotes");
  text = text.substr(1, text.size() - 2);
  Node made;
  if (text.find('\\') == std::string_view::npos)
    return text_node(as_bytes(text), true, made) && push(made);
  std::uint8_t* memory;
  if (!take(memory, text.size())) return false;
  std::uint8_t* to = memory;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      *to++ = static_cast<std::uint8_t>(text[i]);
      continue;
    }
    if (++i == text.size()) return refuse("ends within an escape");
    static constexpr std::string_view letters = "abfnrtv\\'\"", meanings = "\a\b\f\n\r\t\v\\'\"";
    const std::size_t letter = letters.find(text[i]);
    std::uint32_t value = 0;
    if (letter != std::string_view::npos) {
      value = static_cast<std::uint8_t>(meanings[letter]);
    } else if (text[i] == 'x' && read_hex(text, i + 1, 2, value)) {
      i += 2;
    } else if (text[i] >= '0' && text[i] <= '7') {
      const std::size_t first = i;
      for (; i < text.size() && i < first + 3 && text[i] >= '0' && text[i] <= '7'; ++i)
        value = value * 8 + static_cast<std::uint32_t>(text[i] - '0');
      --i;
    } else {
      return refuse("holds an escape that Python does not write");
    }
    if (value > 0xff) return refuse("holds an escape that is no byte");
    *to++ = static_cast<std::uint8_t>(value);
  }
  return text_node(ByteView(memory, to), true, made) && push(made);
}

// V...\n: Latin-1, and \uXXXX or \UXXXXXXXX for the rest, for line ends and for backslashes.
bool Machine::line_unicode() {
  std::string_view text;
  if (!line(text)) return false;
  Node made;
  const auto plain = [](char c) { return c != '\\' && static_cast<unsigned char>(c) < 0x80; };
  if (std::all_of(text.begin(), text.end(), plain))
    return text_node(as_bytes(text), false, made) && push(made);
  std::uint8_t* memory;
  if (!take(memory, text.size() * 2)) return false;  // a byte of Latin-1 becomes two at most
  std::uint8_t* to = memory;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::uint32_t point = static_cast<unsigned char>(text[i]);
    if (point == '\\' && i + 1 < text.size()) {
      if (text[i + 1] == 'u') {
        if (!read_hex(text, i + 2, 4, point)) return refuse("holds an escape that is not complete");
        i += 5;
      } else if (text[i + 1] == 'U') {
        if (!read_hex(text, i + 2, 8, point) || point > 0x10ffff)
          return refuse("holds an escape that is no character");
        i += 9;
      }
    }
    to = base::write_utf8(to, point);
  }
  return text_node(ByteView(memory, to), false, made) && push(made);
}

}  // namespace dts::format::pickle
