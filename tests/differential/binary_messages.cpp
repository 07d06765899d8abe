// What binary_check.py asks of a binary format: `FORMAT write COUNT` prints values of random types,
// a line each, as ["type in notation", "value as JSON", "message in hex"]; `FORMAT read` reads
// lines of ["type", "message in hex"] and prints what it read as ["value as JSON"], or ["", "the
// error"].
#include <charconv>
#include <cstdio>
#include <iostream>
#include <string>

#include <dts/format.hpp>
#include <support/type_generator.hpp>

namespace {

using namespace dts;

std::string to_hex(ByteView bytes) {
  std::string hex;
  for (const std::uint8_t byte : bytes) {
    constexpr char digits[] = "0123456789abcdef";
    hex += digits[byte >> 4];
    hex += digits[byte & 15];
  }
  return hex;
}

Bytes from_hex(std::string_view hex) {
  Bytes bytes(hex.size() / 2);
  for (std::size_t i = 0; i < bytes.size(); ++i)
    std::from_chars(hex.data() + 2 * i, hex.data() + 2 * i + 2, bytes[i], 16);
  return bytes;
}

void print(const std::vector<std::string>& row) {
  static const Type type = Type::parse("t.Row{row:list<text>}").value();
  Value value = Value::of(type).value();
  for (std::size_t i = 0; i < row.size(); ++i)
    value.set("row." + std::to_string(i), row[i]).value();
  const std::string text = to_json(value.layout(), value.data()).value();  // {"row":[...]}
  std::puts(text.substr(7, text.size() - 8).c_str());
}

void write(const Format& format, std::uint64_t count) {
  for (std::uint64_t seed = 1; seed <= count; ++seed) {
    base::Random random(seed);
    const Type type = test::generate_type(random);
    const Value value = test::generate_value(type, random);
    Bytes message;
    format.encoder(value.layout()).value()->encode(value.data(), message).value();
    print({type.print(Type::Style::one_line), to_json(value.layout(), value.data()).value(),
           to_hex(message)});
  }
}

void read(const Format& format) {
  const Type row_type = Type::parse("t.Row{row:list<text>}").value();
  for (std::string line; std::getline(std::cin, line);) {
    Value row = Value::of(row_type).value();
    from_json("{\"row\":" + line + "}", row.layout(), row.data()).value();
    const Type type = Type::parse(row.text("row.0").value()).value();
    Value value = Value::of(type).value();
    const auto decoder = format.decoder(Assignment::make(type, type), value.layout()).value();
    const auto done = decoder->decode(from_hex(row.text("row.1").value()), value.data());
    if (done)
      print({to_json(value.layout(), value.data()).value()});
    else
      print({std::string(), done.error().text()});
  }
}

}  // namespace

int main(int count, char** arguments) {
  const Format* format = count < 3 ? nullptr : find_format(built_in_formats(), arguments[1]);
  const std::string_view what = count < 3 ? "" : arguments[2];
  if (format == nullptr || (what != "read" && (what != "write" || count != 4))) {
    std::fputs("usage: dts_binary_messages FORMAT write COUNT | FORMAT read\n", stderr);
    return 2;
  }
  if (what == "read")
    read(*format);
  else
    write(*format, std::stoull(arguments[3]));
  return 0;
}
