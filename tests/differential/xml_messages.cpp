// What xml_check.py asks of our XML: `write COUNT` prints values of random types, a line each, as
// ["type in notation", "value as JSON", "value as XML"]; `read` reads lines of ["type", "XML"] and
// prints what it read as ["XML as we write it"], or ["", "the error"].
#include <cstdio>
#include <iostream>
#include <string>

#include <dts/format.hpp>
#include <support/type_generator.hpp>

namespace {

using namespace dts;

const Format& xml() { return *find_format(built_in_formats(), "xml"); }

std::string to_xml(const Value& value) {
  Bytes message;
  xml().encoder(value.layout()).value()->encode(value.data(), message).value();
  return std::string(as_text(message));
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
           to_xml(value)});
  }
}

void read() {
  const Type row_type = Type::parse("t.Row{row:list<text>}").value();
  for (std::string line; std::getline(std::cin, line);) {
    Value row = Value::of(row_type).value();
    from_json("{\"row\":" + line + "}", row.layout(), row.data()).value();
    const Type type = Type::parse(row.text("row.0").value()).value();
    Value value = Value::of(type).value();
    const auto decoder = xml().decoder(Assignment::make(type, type), value.layout()).value();
    const std::string text = row.text("row.1").value();
    const auto done = decoder->decode(as_bytes(text), value.data());
    print(done ? std::vector{to_xml(value)} : std::vector{std::string(), done.error().text()});
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
