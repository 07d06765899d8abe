// Datagrams of the Python package. The bytes were made by Python: the messages by hand
// (tests/lab/python_node.py) and checked with `capnp decode`, the compression by python3-blosc.
#include <bridge/python_dts/datagram.hpp>

#include <gtest/gtest.h>

#include <base/endian.hpp>
#include <base/hex.hpp>
#include <bridge/python_dts/host_id.hpp>

using namespace dts;
using namespace dts::bridge::python_dts;

namespace {

constexpr std::string_view kMachine = "3d1219c7c4c5404aaa1f6d2a48adfda4\n";

constexpr std::string_view kValue =
    "000000000e0000000000000003000300154d8a9f455d8d150000000000000000080706050403020109000000620000"
    "000d000000a2000000150000008200000054656d70657261747572650000000000f7767a46386a76c454df13f19220"
    "0202c13d68870000000030313233343536373839616263646566";
constexpr std::string_view kWords =
    "000000000c0000000000000003000300154d8a9f455d8d150100000000000000080706050403020109000000320000"
    "0009000000a2000000110000003a0000004c6576656c000000f7767a46386a76c454df13f192200202c13d68870000"
    "00006c61746573740000";
constexpr std::string_view kMembershipMessage =
    "00000000150000000000000003000300154d8a9f455d8d150000000000000000080706050403020109000000d20000"
    "0015000000a20000001d000000c2010000446f6d61696e5479706547726f75704d656d626572736869700000000000"
    "0000f7767a46386a76c454df13f192200202c13d688700000000000000000600000000000000000002000500000062"
    "000000090000002200000054656d70657261747572650000000000efff030700000000";
// A message with a host id and content that blosc can do something about: 3,304 bytes.
constexpr std::string_view kPacked =
    "02010108000d0000000d000017010000140000001d0000002a0000110007097d85547565e01102046568686800e0ff"
    "6b00020000001d0000002a0000060000000000657272e01102047268686800e0ff6b00020000001d0000002a000000"
    "00000000006d6561e01102046168686800e0ff6b00020000001d0000002a0000000000000000700074e01102047468"
    "686800e0ff6b00020000001c0000002a9f0300000082a2c2655475e011020375686800e0ff6c00020000001c000000"
    "2a010000000007005d726572e011020372686800e0ff6c00020000001c0000002a0003000000000000616d65e01102"
    "0365686800e0ff6c00020000001b0000002900000000000000007470e012020300686800e0ff6c0002000000";

Bytes hex(std::string_view digits) { return base::from_hex(digits).value(); }

Datagram value() {
  Datagram datagram;
  datagram.struct_name = "Temperature";
  datagram.host_id = host_id_of(kMachine);
  datagram.instance_id = 0x0102030405060708;
  datagram.timestamp_ns = 1553000000123456789;
  const ByteView content = as_bytes("0123456789abcdef");
  datagram.content.assign(content.begin(), content.end());
  return datagram;
}

// The wrapping that blosc gives bytes that it cannot make fewer.
Bytes wrapped(const Bytes& message) {
  Bytes frame = hex("02011308");
  frame.resize(16);
  base::store(frame.data() + 4, static_cast<std::uint32_t>(message.size()));
  base::store(frame.data() + 8, static_cast<std::uint32_t>(message.size()));
  base::store(frame.data() + 12, static_cast<std::uint32_t>(message.size() + 16));
  frame.insert(frame.end(), message.begin(), message.end());
  return frame;
}

}  // namespace

TEST(PythonHostId, is_the_hash_of_the_machines_id_without_the_end_of_the_line) {
  EXPECT_EQ(base::to_hex(host_id_of(kMachine)), "f7767a46386a76c454df13f192200202c13d6887");
  EXPECT_EQ(host_id_of("3d1219c7c4c5404aaa1f6d2a48adfda4"), host_id_of(kMachine));
  EXPECT_EQ(own_host_id().size(), 20u);
}

TEST(PythonDatagram, reads_a_value) {
  const auto read = read_message(unpack(wrapped(hex(kValue))).value()).value();
  const Datagram expected = value();
  EXPECT_EQ(read.struct_name, expected.struct_name);
  EXPECT_EQ(read.host_id, expected.host_id);
  EXPECT_EQ(read.instance_id, expected.instance_id);
  EXPECT_EQ(read.timestamp_ns, expected.timestamp_ns);
  EXPECT_EQ(read.content, expected.content);
  EXPECT_FALSE(read.query);
}

TEST(PythonDatagram, writes_the_bytes_that_were_made_by_hand) {
  EXPECT_EQ(unpack(write_datagram(value()).value()).value(), hex(kValue));
  Datagram words = value();
  words.struct_name = "Level";
  words.query = "latest";
  EXPECT_EQ(unpack(write_datagram(words).value()).value(), hex(kWords));
  Datagram membership = value();
  membership.struct_name = std::string(kMembershipName);
  membership.content = write_membership({"Temperature", 0xefff0307});
  EXPECT_EQ(unpack(write_datagram(membership).value()).value(), hex(kMembershipMessage));
}

TEST(PythonDatagram, reads_a_query_with_words_and_one_without) {
  EXPECT_EQ(read_message(hex(kWords)).value().query, "latest");
  Datagram none = value();
  none.query = "";
  const auto read = read_message(unpack(write_datagram(none).value()).value()).value();
  EXPECT_EQ(read.query, "");
}

TEST(PythonDatagram, reads_a_membership) {
  const auto read = read_message(hex(kMembershipMessage)).value();
  const auto membership = read_membership(read.content).value();
  EXPECT_EQ(membership.struct_name, "Temperature");
  EXPECT_EQ(membership.group, 0xefff0307u);
}

TEST(PythonDatagram, unpacks_what_python_packed) {
  const auto read = read_message(unpack(hex(kPacked)).value()).value();
  EXPECT_EQ(read.timestamp_ns, 1553u);
  EXPECT_EQ(read.host_id, Bytes(20, 'h'));
  EXPECT_EQ(read.content, Bytes(3000, 0));
}

TEST(PythonDatagram, refuses_every_part_of_a_frame) {
  const Bytes whole = hex(kPacked);
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(unpack(ByteView(whole).first(size))) << size;
}

TEST(PythonDatagram, refuses_every_part_of_a_message) {
  const Bytes whole = hex(kMembershipMessage);
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(read_message(ByteView(whole).first(size))) << size;
}

TEST(PythonDatagram, refuses_to_unpack_more_than_the_limit) {
  Bytes bomb = hex(kPacked);
  base::store(bomb.data() + 4, static_cast<std::uint32_t>(kUnpackedBytesMax + 1));
  EXPECT_EQ(unpack(bomb).error().code(), ErrorCode::too_large);
}

TEST(PythonDatagram, refuses_bytes_behind_the_message_and_unknown_cases) {
  Bytes more = hex(kValue);
  more.resize(more.size() + 8);
  EXPECT_EQ(read_message(more).error().code(), ErrorCode::decode);
  Bytes other = hex(kValue);
  other[24] = 2;
  EXPECT_EQ(read_message(other).error().code(), ErrorCode::decode);
}

TEST(PythonDatagram, refuses_a_membership_without_a_group_of_four_bytes) {
  EXPECT_FALSE(read_membership(write_membership({"", 0xefff0307})));
  EXPECT_FALSE(read_membership(hex(kValue)));
  EXPECT_FALSE(read_membership({}));
}

TEST(PythonDatagram, refuses_to_write_what_udp_cannot_carry) {
  Datagram large = value();
  large.content.resize(200'000);
  std::uint32_t noise = 1;
  for (std::uint8_t& byte : large.content)
    byte = static_cast<std::uint8_t>((noise = noise * 1664525 + 1013904223) >> 24);
  EXPECT_EQ(write_datagram(large).error().code(), ErrorCode::too_large);
}

// Segment 0 holds a far pointer, segment 1 its landing pad and the struct: one word, 0x2a.
TEST(PythonDatagram, brings_content_of_several_segments_into_one) {
  const Bytes two =
      hex("01000000"
          "01000000"
          "02000000"
          "00000000"
          "0200000001000000"
          "0000000001000000"
          "2a00000000000000");
  const Bytes one = in_one_segment(two).value();
  EXPECT_EQ(one, hex("0000000002000000"
                     "0000000001000000"
                     "2a00000000000000"));
  EXPECT_EQ(in_one_segment(one).value(), one);
}

// Two pointers to one list of a thousand words: in a message of its own each would be a copy.
TEST(PythonDatagram, does_not_multiply_what_is_pointed_at_twice) {
  Bytes message =
      hex("01000000"
          "03000000"
          "e9030000"
          "00000000");
  const Bytes first =
      hex("0000000000000200"
          "0200000001000000"
          "0200000001000000");
  message.insert(message.end(), first.begin(), first.end());
  const Bytes list = hex("01000000451f0000");  // 1,000 elements of 8 bytes behind it
  message.insert(message.end(), list.begin(), list.end());
  message.resize(message.size() + 8000);
  EXPECT_FALSE(in_one_segment(message));
}
