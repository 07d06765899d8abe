// Where an error is: line, column, the line itself and a caret under it.
#include <type/notation.hpp>

#include <algorithm>

#include <base/text.hpp>

namespace dts {

namespace {

constexpr std::size_t kLineMax = 120;  // of a line shown, around the place
constexpr std::size_t kCaretsMax = 40;

// Code points: bytes that do not continue one.
std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

// Tabs as single spaces keep the caret in place.
std::string shown(std::string_view text) {
  std::string line(text);
  std::replace(line.begin(), line.end(), '\t', ' ');
  return base::printable(line);
}

}  // namespace

Error SourceText::error(std::size_t offset, std::size_t length, std::string what, std::string hint,
                        ErrorCode code) const {
  const std::string_view text = text_;
  offset = std::min(offset, text.size());
  const std::size_t line_number =
      1 + static_cast<std::size_t>(
              std::count(text.begin(), text.begin() + static_cast<long>(offset), '\n'));
  const std::size_t begin = offset == 0 ? 0 : text.rfind('\n', offset - 1) + 1;
  std::size_t end = std::min(text.find('\n', offset), text.size());
  if (end > begin && text[end - 1] == '\r') --end;
  offset = std::min(offset, end);
  const std::size_t column = 1 + code_points(text.substr(begin, offset - begin));

  const std::size_t from = offset - begin > kLineMax / 2 ? offset - kLineMax / 2 : begin;
  const std::string before = shown(text.substr(from, offset - from));
  const std::string after = shown(text.substr(offset, std::min(end - offset, kLineMax / 2)));
  const std::size_t carets = std::clamp<std::size_t>(
      code_points(text.substr(offset, std::min(length, end - offset))), 1, kCaretsMax);

  const std::string number = std::to_string(line_number);
  std::string why = "\n  " + number + " | " + before + after + "\n  ";
  why += std::string(number.size(), ' ') + " | " + std::string(code_points(before), ' ') +
         std::string(carets, '^');
  std::string where = name_.empty() ? "" : name_ + ":";
  where += number + ":" + std::to_string(column);
  return Error(code, std::move(what), std::move(where), std::move(why), std::move(hint));
}

Error ParsedNotation::locate(const Error& error) const {
  const auto place = places.find(error.where());
  if (place == places.end()) return error;
  return source.error(place->second.offset, place->second.length, error.what(), error.hint(),
                      error.code());
}

}  // namespace dts
