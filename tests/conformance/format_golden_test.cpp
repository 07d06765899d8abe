// Messages that others made: capnproto/make_vectors.sh runs the capnp tool,
// protobuf/make_vectors.sh protoc, json/make_vectors.py and xml/make_vectors.py are Python,
// ion/make_vectors.mjs is JavaScript. All lie in tests/golden/.
#include <gtest/gtest.h>

#include <fstream>

#include <base/hex.hpp>
#include <dts/format.hpp>
#include <dts/value.hpp>
#include <support/rows.hpp>

namespace dts {
namespace {

std::string read_file(const std::string& name) {
  std::ifstream file(std::string(DTS_GOLDEN) + "/" + name, std::ios::binary);
  EXPECT_TRUE(file) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

Bytes encoded(const char* format, const Value& value) {
  Bytes message;
  const auto encoder = find_format(built_in_formats(), format)->encoder(value.layout()).value();
  EXPECT_TRUE(encoder->encode(value.data(), message).ok());
  return message;
}

void expect_read(const char* format, ByteView message, const Value& value) {
  Value read(value.layout_ptr());
  const auto decoder = find_format(built_in_formats(), format)
                           ->decoder(Assignment::make(value.type(), value.type()), value.layout())
                           .value();
  const auto decoded = decoder->decode(message, read.data());
  ASSERT_TRUE(decoded.ok()) << decoded.error().text();
  EXPECT_EQ(value, read);
}

// Calls with each row of a file of ["type in notation", "value as JSON", ...], and with the value.
template <class Handler>
int rows(const std::string& name, Handler handler) {
  std::ifstream file(std::string(DTS_GOLDEN) + "/" + name);
  int count = 0;
  for (const test::Row& row : test::read_rows(file)) {
    SCOPED_TRACE(test::row_text(row));
    Value value = Value::of(Type::parse(row[0]).value()).value();
    const auto parsed = from_json(row[1], value.layout(), value.data());
    EXPECT_TRUE(parsed.ok()) << parsed.error().text();
    handler(row, value);
    ++count;
  }
  return count;
}

Value batch() {
  Value value = Value::of(Type::parse(read_file("capnproto/batch.type")).value()).value();
  const auto parsed = from_json(read_file("capnproto/batch.json"), value.layout(), value.data());
  EXPECT_TRUE(parsed.ok()) << parsed.error().text();
  return value;
}

TEST(FormatGolden, reads_what_the_capnp_tool_wrote) {
  expect_read("capnproto", as_bytes(read_file("capnproto/batch.bin")), batch());
}

// The same value, by protobuf/make_vectors.sh with protoc.
TEST(FormatGolden, reads_and_writes_what_protoc_wrote) {
  const std::string message = read_file("protobuf/batch.bin");
  expect_read("protobuf", as_bytes(message), batch());
  EXPECT_EQ(as_text(encoded("protobuf", batch())), message);
}

TEST(FormatGolden, reads_and_writes_json_as_python_does) {
  const int count = rows("json/scalars.json", [](const auto& cells, const Value& value) {
    EXPECT_EQ(to_json(value.layout(), value.data()).value(), cells[1]);
  });
  EXPECT_GT(count, 30);
}

// Behind the value: XML as DTS writes it, and other XML of it.
TEST(FormatGolden, reads_and_writes_xml_as_python_does) {
  const int count = rows("xml/vectors.json", [](const auto& cells, const Value& value) {
    EXPECT_EQ(as_text(encoded("xml", value)), cells[2]);
    for (std::size_t i = 2; i < cells.size(); ++i) expect_read("xml", as_bytes(cells[i]), value);
  });
  EXPECT_GT(count, 30);
}

TEST(FormatGolden, reads_ion_of_ion_js_in_binary_and_in_text) {
  const int count = rows("ion/theirs.json", [](const auto& cells, const Value& value) {
    expect_read("ion", base::from_hex(cells[2]).value(), value);
    expect_read("ion", as_bytes(cells[3]), value);
    expect_read("ion", as_bytes(cells[4]), value);
  });
  EXPECT_GT(count, 60);
}

TEST(FormatGolden, writes_ion_that_ion_js_reads) {
  const int count = rows("ion/ours.json", [](const auto& cells, const Value& value) {
    EXPECT_EQ(encoded("ion", value), base::from_hex(cells[2]));
    expect_read("ion", as_bytes(cells[3]), value);  // as ion-js says what it read
  });
  EXPECT_GT(count, 60);
}

}  // namespace
}  // namespace dts
