// What pickle_check.py asks of our pickles: `write COUNT` prints values of random types, a line
// each, as ["type in notation", "value as JSON", "pickle in hex"]; `read` reads lines of
// ["type", "pickle in hex"] and prints what it read as ["as we write it"], or ["", "the error"].
#include <cstdio>
#include <iostream>
#include <string>

#include <dts/format.hpp>
#include <support/type_generator.hpp>

namespace {

using namespace dts;

const Format& pickle() { return *find_format(built_in_formats(), "pickle"); }

std::string to_hex(const Value& value) {
  Bytes message;
  pickle().encoder(value.layout()).value()->encode(value.data(), message).value();
  std::string hex;
  for (const std::uint8_t byte : message) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  return hex;
}

Bytes from_hex(const std::string& hex) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return bytes;
}

void print(const std::vector<std::string>& row) {
  static const Type type = Type::parse("t.Row{row:list<text>}").value();
  Value value = Value::of(type).value();
  for (std::size_t i = 0; i < row.size(); ++i)
    value.set("row." + std::to_string(i), row[i]).value();
  const std::string object = to_json(value.layout(), value.data()).value();  // {"row":[...]}
  std::puts(object.substr(7, object.size() - 8).c_str());
}

void write(std::uint64_t count) {
  for (std::uint64_t seed = 1; seed <= count; ++seed) {
    base::Random random(seed);
    const Type type = test::generate_type(random);
    const Value value = test::generate_value(type, random);
    print({type.print(Type::Style::one_line), to_json(value.layout(), value.data()).value(),
           to_hex(value)});
  }
}

void read() {
  const Type row_type = Type::parse("t.Row{row:list<text>}").value();
  for (std::string line; std::getline(std::cin, line);) {
    Value row = Value::of(row_type).value();
    from_json("{\"row\":" + line + "}", row.layout(), row.data()).value();
    const Type type = Type::parse(row.text("row.0").value()).value();
    Value value = Value::of(type).value();
    const auto decoder = pickle().decoder(Assignment::make(type, type), value.layout()).value();
    const auto done = decoder->decode(from_hex(row.text("row.1").value()), value.data());
    print(done ? std::vector{to_hex(value)} : std::vector{std::string(), done.error().text()});
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count == 3 && std::string_view(arguments[1]) == "write")
    write(std::stoull(arguments[2]));
  else
    read();
  return 0;
}
