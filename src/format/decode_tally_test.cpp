#include <format/decode_tally.hpp>

#include <gtest/gtest.h>

#include <dts/format.hpp>
#include <dts/value.hpp>

namespace dts::format {
namespace {

// Of a message in Protocol Buffers, as bytes.
DecodeTally tally_of(const char* notation, std::string_view message) {
  const Type type = Type::parse(notation).value();
  Value value = Value::of(type).value();
  const auto decoder = find_format(built_in_formats(), "protobuf")
                           ->decoder(Assignment::make(type, type), value.layout());
  decode_tally() = {};
  const auto done = decoder.value()->decode(as_bytes(message), value.data());
  EXPECT_TRUE(done.ok()) << done.error().text();
  return decode_tally();
}

using namespace std::string_view_literals;

TEST(DecodeTally, counts_the_fields_of_a_message_that_its_type_does_not_have) {
  EXPECT_EQ(tally_of("t.T{a:i32=0}", "\x08\x01"sv).unknown, 0u);
  EXPECT_EQ(tally_of("t.T{a:i32=0}", "\x08\x01\x10\x02\x1a\x01x"sv).unknown, 2u);
  EXPECT_EQ(tally_of("t.T{m:t.M}; t.M{a:i32=0}", "\x0a\x04\x08\x01\x10\x02"sv).unknown, 1u);
  EXPECT_EQ(tally_of("t.T{m:map<u32,u32>}", "\x0a\x06\x08\x01\x10\x02\x18\x03"sv).unknown, 1u);
  EXPECT_EQ(tally_of("union t.U{a:i32, b:i32}", "\x08\x01\x1a\x01x"sv).unknown, 1u);
}

}  // namespace
}  // namespace dts::format
