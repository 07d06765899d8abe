// What messages.py, for the checks, asks of a format: `FORMAT write COUNT` prints values of random
// types, a row each: ["type in notation", "value as JSON", "message in hex"]; `FORMAT read` reads
// rows of
// ["type", "message in hex"] and prints what it read as ["value as JSON", "the message as we write
// it, in hex"], or ["", "the error"].
#include <cstdio>
#include <iostream>
#include <string>

#include <base/hex.hpp>
#include <dts/format.hpp>
#include <support/rows.hpp>
#include <support/type_generator.hpp>

namespace {

using namespace dts;

void print(const test::Row& row) { std::puts(test::row_text(row).c_str()); }

std::string json(const Value& value) { return to_json(value.layout(), value.data()).value(); }

std::string hex(const Format& format, const Value& value) {
  Bytes message;
  format.encoder(value.layout()).value()->encode(value.data(), message).value();
  return base::to_hex(message);
}

void write(const Format& format, std::uint64_t count) {
  for (std::uint64_t seed = 1; seed <= count; ++seed) {
    base::Random random(seed);
    const Type type = test::generate_type(random);
    const Value value = test::generate_value(type, random);
    print({type.print(Type::Style::one_line), json(value), hex(format, value)});
  }
}

void read(const Format& format) {
  for (const test::Row& row : test::read_rows(std::cin)) {
    const Type type = Type::parse(row.at(0)).value();
    Value value = Value::of(type).value();
    const auto decoder = format.decoder(Assignment::make(type, type), value.layout()).value();
    const auto done = decoder->decode(base::from_hex(row.at(1)).value(), value.data());
    if (done)
      print({json(value), hex(format, value)});
    else
      print({std::string(), done.error().text()});
  }
}

}  // namespace

int main(int count, char** arguments) {
  const Format* format = count < 3 ? nullptr : find_format(built_in_formats(), arguments[1]);
  const std::string_view what = count < 3 ? "" : arguments[2];
  if (format == nullptr || (what != "read" && (what != "write" || count != 4))) {
    std::fputs("usage: dts_messages FORMAT write COUNT | FORMAT read\n", stderr);
    return 2;
  }
  if (what == "read")
    read(*format);
  else
    write(*format, std::stoull(arguments[3]));
  return 0;
}
