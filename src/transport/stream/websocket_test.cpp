#include "transport/stream/websocket.hpp"

#include <gtest/gtest.h>

#include "transport/stream/websocket_frames.hpp"

namespace dts::transport {
namespace {

using Answers = std::vector<WebSocketReader::Answer>;

Bytes frame(std::uint8_t opcode, const Bytes& payload, bool masked) {
  const std::array<std::uint8_t, 4> mask{1, 2, 3, 4};
  Bytes out;
  const ByteView part(payload);
  put_websocket_frame(out, opcode, {&part, 1}, masked ? &mask : nullptr);
  return out;
}

std::string request(const std::string& more = {}, const std::string& path = "/") {
  return "GET " + path +
         " HTTP/1.1\r\nHost: tank3:8080\r\nUpgrade: WebSocket\r\nConnection: keep-alive, "
         "Upgrade\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" +
         more + "\r\n";
}

std::string status(const std::string& asked, const WebSocketOptions& options = {}) {
  bool accepted = false;
  const std::string answer = websocket_answer(asked, options, accepted);
  EXPECT_EQ(accepted, answer.starts_with("HTTP/1.1 101"));
  return answer.substr(9, 3);
}

TEST(WebSocket, a_key_gets_the_answer_of_the_rfc) {
  EXPECT_EQ(websocket_accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(WebSocket, who_asks_otherwise_is_told_why) {
  EXPECT_EQ(status(request()), "101");
  EXPECT_EQ(status("POST / HTTP/1.1\r\n\r\n"), "400");
  EXPECT_EQ(status("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "426");
  EXPECT_EQ(status(request({}, "/other")), "404");
  EXPECT_EQ(status(request({}, "/bus?x=1"), {.path = "/bus"}), "101");
}

TEST(WebSocket, a_page_of_another_host_is_not_let_in_unless_it_is_named) {
  EXPECT_EQ(status(request("Origin: http://tank3:8080\r\n")), "101");
  EXPECT_EQ(status(request("Origin: https://evil.example\r\n")), "403");
  EXPECT_EQ(status(request("Origin: null\r\n")), "403");
  EXPECT_EQ(status(request("Origin: https://a.example\r\n"), {.origins = {"https://a.example"}}),
            "101");
}

TEST(WebSocket, frames_of_every_size_come_out_whole_in_any_pieces) {
  for (const bool masked : {false, true})
    for (const std::size_t size : {0, 1, 125, 126, 65535, 65536, 70000})
      for (const std::size_t piece : {1, 7, 100000}) {
        Bytes payload(size, 9);
        Bytes all = frame(2, payload, masked), data;
        WebSocketReader reader(masked);
        Answers answers;
        for (std::size_t at = 0; at < all.size(); at += piece) {
          const auto some = std::min(piece, all.size() - at);
          const auto got = reader.take({all.data() + at, some}, answers);
          ASSERT_TRUE(got);
          data.insert(data.end(), all.begin() + static_cast<std::ptrdiff_t>(at),
                      all.begin() + static_cast<std::ptrdiff_t>(at + *got));
        }
        EXPECT_EQ(data, payload);
      }
}

TEST(WebSocket, pings_are_answered_in_the_middle_of_a_message) {
  Bytes all = frame(2, {1, 2}, true);
  all[0] = 0x02;  // not the last of its message
  for (const Bytes& more : {frame(9, {7}, true), frame(0, {3}, true), frame(8, {3, 232}, true)})
    all.insert(all.end(), more.begin(), more.end());
  WebSocketReader reader(true);
  Answers answers;
  const auto got = reader.take(all, answers);
  ASSERT_TRUE(got);
  EXPECT_EQ(Bytes(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(*got)), (Bytes{1, 2, 3}));
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[0].opcode, 10);
  EXPECT_EQ(answers[0].bytes, Bytes{7});
  EXPECT_EQ(answers[1].opcode, 8);
  EXPECT_TRUE(reader.closed());
}

TEST(WebSocket, what_is_no_frame_is_refused) {
  const auto refused = [](Bytes bytes, bool masked) {
    WebSocketReader reader(masked);
    Answers answers;
    return !reader.take(bytes, answers);
  };
  EXPECT_TRUE(refused(frame(2, {1}, false), true)) << "a client that does not mask";
  EXPECT_TRUE(refused(frame(2, {1}, true), false)) << "a server that masks";
  EXPECT_TRUE(refused(frame(1, {1}, true), true)) << "text";
  EXPECT_TRUE(refused(frame(0, {1}, true), true)) << "the rest of nothing";
  EXPECT_TRUE(refused(frame(3, {1}, true), true)) << "no such opcode";
  EXPECT_TRUE(refused(frame(9, Bytes(126, 1), true), true)) << "a ping so large";
  EXPECT_TRUE(refused({0xc2, 0x80, 1, 2, 3, 4}, true)) << "compressed, which was not agreed on";
  EXPECT_TRUE(refused({0x82, 0xff, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0}, true))
      << "a length without an end";
}

}  // namespace
}  // namespace dts::transport
