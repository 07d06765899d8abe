// Messages that others made: capnproto/make_vectors.sh runs the capnp tool,
// protobuf/make_vectors.sh protoc, json/make_vectors.py and xml/make_vectors.py are Python,
// ion/make_vectors.mjs is JavaScript. All lie in tests/golden/.
#include <gtest/gtest.h>

#include <charconv>
#include <fstream>

#include <dts/format.hpp>
#include <dts/value.hpp>

namespace dts {
namespace {

std::string read_file(const std::string& name) {
  std::ifstream file(std::string(DTS_GOLDEN) + "/" + name, std::ios::binary);
  EXPECT_TRUE(file) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(FormatGolden, reads_what_the_capnp_tool_wrote) {
  const Type type = Type::parse(read_file("capnproto/batch.type")).value();
  Value read = Value::of(type).value();
  const auto decoder = find_format(built_in_formats(), "capnproto")
                           ->decoder(Assignment::make(type, type), read.layout())
                           .value();
  const std::string message = read_file("capnproto/batch.bin");
  const auto decoded = decoder->decode(as_bytes(message), read.data());
  ASSERT_TRUE(decoded.ok()) << decoded.error().text();
  EXPECT_EQ(to_json(read.layout(), read.data()).value() + "\n", read_file("capnproto/batch.json"));
}

// The same value, by protobuf/make_vectors.sh with protoc.
TEST(FormatGolden, reads_and_writes_what_protoc_wrote) {
  const Type type = Type::parse(read_file("capnproto/batch.type")).value();
  const Format& protobuf = *find_format(built_in_formats(), "protobuf");
  Value read = Value::of(type).value();
  const auto decoder = protobuf.decoder(Assignment::make(type, type), read.layout()).value();
  const std::string message = read_file("protobuf/batch.bin");
  const auto decoded = decoder->decode(as_bytes(message), read.data());
  ASSERT_TRUE(decoded.ok()) << decoded.error().text();
  EXPECT_EQ(to_json(read.layout(), read.data()).value() + "\n", read_file("capnproto/batch.json"));
  Bytes written;
  ASSERT_TRUE(protobuf.encoder(read.layout()).value()->encode(read.data(), written).ok());
  EXPECT_EQ(as_text(written), message);
}

// A line: ["type in notation", "value as text"].
TEST(FormatGolden, reads_and_writes_json_as_python_does) {
  const Type row_type = Type::parse("t.Row{row:list<text>}").value();
  std::ifstream file(std::string(DTS_GOLDEN) + "/json/scalars.json");
  int cases = 0;
  for (std::string line; std::getline(file, line); ++cases) {
    Value row = Value::of(row_type).value();
    ASSERT_TRUE(from_json("{\"row\":" + line + "}", row.layout(), row.data()).ok()) << line;
    const std::string text = row.text("row.1").value();
    const Type type = Type::parse(row.text("row.0").value()).value();
    Value value = Value::of(type).value();
    const auto read = from_json(text, value.layout(), value.data());
    ASSERT_TRUE(read.ok()) << line << "\n" << read.error().text();
    std::string written = to_json(value.layout(), value.data()).value();
    EXPECT_EQ(written, text);
  }
  EXPECT_GT(cases, 30);
}

// A line: ["type in notation", "value as JSON", "XML as DTS writes it", other XML ...].
TEST(FormatGolden, reads_and_writes_xml_as_python_does) {
  const Type row_type = Type::parse("t.Row{row:list<text>}").value();
  const Format& xml = *find_format(built_in_formats(), "xml");
  std::ifstream file(std::string(DTS_GOLDEN) + "/xml/vectors.json");
  int cases = 0;
  for (std::string line; std::getline(file, line); ++cases) {
    Value row = Value::of(row_type).value();
    ASSERT_TRUE(from_json("{\"row\":" + line + "}", row.layout(), row.data()).ok()) << line;
    const Type type = Type::parse(row.text("row.0").value()).value();
    Value value = Value::of(type).value(), read = value;
    ASSERT_TRUE(from_json(row.text("row.1").value(), value.layout(), value.data()).ok()) << line;
    Bytes written;
    ASSERT_TRUE(xml.encoder(value.layout()).value()->encode(value.data(), written).ok());
    EXPECT_EQ(as_text(written), row.text("row.2").value());
    const auto decoder = xml.decoder(Assignment::make(type, type), read.layout()).value();
    for (int i = 2; row.text("row." + std::to_string(i)); ++i) {
      const std::string text = row.text("row." + std::to_string(i)).value();
      const auto decoded = decoder->decode(as_bytes(text), read.data());
      ASSERT_TRUE(decoded.ok()) << text << "\n" << decoded.error().text();
      EXPECT_EQ(value, read) << text;
    }
  }
  EXPECT_GT(cases, 30);
}

Bytes from_hex(std::string_view hex) {
  Bytes bytes(hex.size() / 2);
  for (std::size_t i = 0; i < bytes.size(); ++i)
    std::from_chars(hex.data() + 2 * i, hex.data() + 2 * i + 2, bytes[i], 16);
  return bytes;
}

// Calls with the cells of each line of a file of ["type in notation", "value as JSON", ...], and
// with the value.
template <class Handler>
int rows(const std::string& name, Handler handler) {
  const Type row_type = Type::parse("t.Row{row:list<text>}").value();
  std::ifstream file(std::string(DTS_GOLDEN) + "/" + name);
  int count = 0;
  for (std::string line; std::getline(file, line); ++count) {
    SCOPED_TRACE(line);
    Value row = Value::of(row_type).value();
    EXPECT_TRUE(from_json("{\"row\":" + line + "}", row.layout(), row.data()).ok());
    std::vector<std::string> cells;
    while (auto cell = row.text("row." + std::to_string(cells.size())))
      cells.push_back(std::move(*cell));
    Value value = Value::of(Type::parse(cells[0]).value()).value();
    const auto parsed = from_json(cells[1], value.layout(), value.data());
    EXPECT_TRUE(parsed.ok()) << parsed.error().text();
    handler(cells, value);
  }
  return count;
}

void expect_ion(const Value& value, ByteView message) {
  Value read(value.layout_ptr());
  const auto decoder = find_format(built_in_formats(), "ion")
                           ->decoder(Assignment::make(value.type(), value.type()), value.layout())
                           .value();
  const auto decoded = decoder->decode(message, read.data());
  ASSERT_TRUE(decoded.ok()) << decoded.error().text();
  EXPECT_EQ(value, read);
}

TEST(FormatGolden, reads_ion_of_ion_js_in_binary_and_in_text) {
  const int count = rows("ion/theirs.json", [](const auto& cells, const Value& value) {
    expect_ion(value, from_hex(cells[2]));
    expect_ion(value, as_bytes(cells[3]));
    expect_ion(value, as_bytes(cells[4]));
  });
  EXPECT_GT(count, 60);
}

TEST(FormatGolden, writes_ion_that_ion_js_reads) {
  const int count = rows("ion/ours.json", [](const auto& cells, const Value& value) {
    Bytes written;
    ASSERT_TRUE(find_format(built_in_formats(), "ion")
                    ->encoder(value.layout())
                    .value()
                    ->encode(value.data(), written)
                    .ok());
    EXPECT_EQ(written, from_hex(cells[2]));
    expect_ion(value, as_bytes(cells[3]));  // as ion-js says what it read
  });
  EXPECT_GT(count, 60);
}

}  // namespace
}  // namespace dts
