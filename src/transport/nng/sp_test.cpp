#include "transport/nng/sp.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

namespace dts::transport::nng {
namespace {

Bytes bytes_of(std::string_view text) { return Bytes(text.begin(), text.end()); }

Bytes said_by(SpKind kind, SpLine line, const std::vector<std::string>& messages) {
  const auto greeting = sp_greeting(kind);
  Bytes all(greeting.begin(), greeting.end());
  for (const std::string& each : messages) {
    const SpMessage message = sp_message(line, each, {});
    all.insert(all.end(), message->begin(), message->end());
  }
  return all;
}

// What a reader makes of it when it comes in pieces; what went wrong in `error`.
std::vector<std::string> heard(SpLine line, const Bytes& said, std::size_t piece,
                               std::string* error = nullptr) {
  SpReader reader(line, SpKind::push);
  std::vector<std::string> messages;
  for (std::size_t at = 0; at < said.size(); at += piece) {
    const std::size_t size = std::min(piece, said.size() - at);
    const auto room = reader.room(size);
    std::copy_n(said.begin() + static_cast<std::ptrdiff_t>(at), size, room.begin());
    const auto added = reader.added(size, [&](ByteView on_the_line, ByteView message) {
      EXPECT_EQ(on_the_line.size() - message.size(), line == SpLine::tcp ? 8u : 9u);
      messages.emplace_back(message.begin(), message.end());
    });
    if (added) continue;
    if (error != nullptr) *error = added.error().text();
    break;
  }
  return messages;
}

TEST(Sp, reads_the_same_however_the_bytes_are_cut) {
  const std::vector<std::string> messages{"one", "", std::string(kSpMessageBytesMax, 'x'), "four"};
  for (const SpLine line : {SpLine::tcp, SpLine::ipc})
    for (const std::size_t piece : {1, 7, 8, 9, 1000, 1 << 20})
      EXPECT_EQ(heard(line, said_by(SpKind::push, line, messages), piece), messages) << piece;
}

TEST(Sp, puts_before_a_message_what_the_mappings_say) {
  EXPECT_EQ(*sp_message(SpLine::tcp, "a ", bytes_of("b")),
            (Bytes{0, 0, 0, 0, 0, 0, 0, 3, 'a', ' ', 'b'}));
  EXPECT_EQ(*sp_message(SpLine::ipc, "a ", {}), (Bytes{1, 0, 0, 0, 0, 0, 0, 0, 2, 'a', ' '}));
  EXPECT_EQ(sp_greeting(SpKind::sub), (std::array<char, 8>{0, 'S', 'P', 0, 0, 0x21, 0, 0}));
}

TEST(Sp, says_who_is_there_instead) {
  std::string error;
  EXPECT_TRUE(heard(SpLine::tcp, said_by(SpKind::sub, SpLine::tcp, {"one"}), 3, &error).empty());
  EXPECT_NE(error.find("no PUSH: it says that it is SUB"), std::string::npos) << error;
  heard(SpLine::tcp, bytes_of("HTTP/1.1 400"), 99, &error);
  EXPECT_NE(error.find("it begins with 'HTTP"), std::string::npos) << error;
}

TEST(Sp, refuses_what_is_no_message_before_it_takes_memory_for_it) {
  std::string error;
  Bytes said = said_by(SpKind::push, SpLine::tcp, {"one"});
  said.insert(said.end(), {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff});
  EXPECT_EQ(heard(SpLine::tcp, said, 1, &error), std::vector<std::string>{"one"});
  EXPECT_NE(error.find("18446744073709551615 bytes"), std::string::npos) << error;
  said = said_by(SpKind::push, SpLine::ipc, {"one"});
  said[8] = 2;
  EXPECT_TRUE(heard(SpLine::ipc, said, 99, &error).empty());
  EXPECT_NE(error.find("no message"), std::string::npos) << error;
}

TEST(Sp, queues_what_the_socket_does_not_take_up_to_its_bound) {
  int both[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, both), 0);
  Sp from(Descriptor(both[0]), {.self = SpKind::push, .other = SpKind::pull, .messages_max = 100},
          false);
  Sp to(Descriptor(both[1]), {.self = SpKind::pull, .other = SpKind::push, .messages_max = 1},
        false);
  std::size_t sent = 0;
  for (const Bytes body(60'000); from.send(sp_message(SpLine::tcp, "t ", body)); ++sent)
    from.flush();
  EXPECT_GE(sent, 100u);
  EXPECT_TRUE(from.waiting());
  std::size_t came = 0;
  while (from.waiting() || came < sent) {
    from.flush();
    ASSERT_TRUE(to.read([&](ByteView, ByteView message) { came += message.size() == 60'002; }));
  }
  EXPECT_EQ(came, sent);
  EXPECT_TRUE(to.met());
}

}  // namespace
}  // namespace dts::transport::nng
