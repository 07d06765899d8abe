// WebSocket on streams, with a client that is not ours (python3-websockets), and servers that are
// not.
#include <cstdio>

#include "certificates.hpp"
#include "streams.hpp"

namespace dts::test {
namespace {

class WebSocket : public Streams {};

// Says hello, joins group 1, hears what the node that listens sends there, and answers to it alone.
constexpr const char* kClient = R"(
import asyncio, ssl, struct, sys
import websockets

def frame(kind, group, member, body=b''):
    return struct.pack('<IBBQ', 10 + len(body), kind, group, member) + body

async def main(url, ca, origin):
    context = ssl.create_default_context(cafile=ca) if url.startswith('wss') else None
    try:
        async with websockets.connect(url, ssl=context, origin=origin or None) as socket:
            await socket.send(b'DTS/1 \r\n' + frame(1, 0, 0, b'default'))
            await socket.send(frame(4, 1, 1)[:7])
            await socket.send(frame(4, 1, 1)[7:])
            await (await socket.ping(b'are you there'))
            stream = b''
            while True:
                stream += await socket.recv()
                if stream.startswith(b'DTS/1 \r\n'):
                    stream = stream[8:]
                while len(stream) >= 14 and len(stream) >= 4 + struct.unpack_from('<I', stream)[0]:
                    size, kind, group, member = struct.unpack_from('<IBBQ', stream)
                    body, stream = stream[14:4 + size], stream[4 + size:]
                    if kind == 7:
                        await socket.send(frame(8, 0, member, body[::-1]))
                        print('heard', body.decode())
                        return
    except websockets.exceptions.InvalidStatusCode as error:
        print('status', error.status_code)

asyncio.run(main(*sys.argv[1:4]))
)";

std::string run_client(const std::string& url, const std::string& origin = {}) {
  const std::string script = certificates().file("client.py");
  FILE* const file = std::fopen(script.c_str(), "w");
  std::fputs(kClient, file);
  std::fclose(file);
  return "timeout 20 /usr/bin/python3 " + script + " " + url + " " + certificates().file("ca.pem") +
         " '" + origin + "' 2>&1";
}

class Client {
 public:
  explicit Client(const std::string& command) : out_(::popen(command.c_str(), "r")) {}
  ~Client() { ::pclose(out_); }
  bool said_something() {
    pollfd wait{::fileno(out_), POLLIN, 0};
    return ::poll(&wait, 1, 0) == 1;
  }
  std::string said() {
    std::string all;
    char line[256];
    while (std::fgets(line, sizeof line, out_)) all += line;
    return all;
  }

 private:
  FILE* out_;
};

TEST_F(WebSocket, a_client_that_is_not_ours_takes_part) {
  for (const std::string scheme : {"ws", "wss"}) {
    Peer host =
        open_peer({.url = scheme + "-listen://127.0.0.1:0/bus" +
                          (scheme == "wss" ? "?" + certificates().parameters("here") : "")});
    Client client(run_client(scheme + "://" + address(host) + "/bus"));
    ASSERT_TRUE(until({&host}, [&] {
      host.send(1, {'a', 'b', 'c'});
      return !host.heard.empty();
    })) << client.said();
    EXPECT_EQ(host.heard[0].bytes, (Bytes{'c', 'b', 'a'}));
    EXPECT_FALSE(host.heard[0].multicast);
    ASSERT_TRUE(until({&host}, [&] { return client.said_something(); }));
    EXPECT_EQ(client.said(), "heard abc\n");
  }
}

TEST_F(WebSocket, another_path_or_origin_is_refused) {
  Peer host = open_peer({.url = "ws-listen://127.0.0.1:0/bus?origin=https://page.example"});
  for (const auto& [path, origin, status] :
       {std::tuple("/", "", "status 404\n"),
        std::tuple("/bus", "https://evil.example", "status 403\n")}) {
    Client client(run_client("ws://" + address(host) + path, origin));
    ASSERT_TRUE(until({&host}, [&] { return client.said_something(); }));
    EXPECT_EQ(client.said(), status);
  }
  Client page(run_client("ws://" + address(host) + "/bus", "https://page.example"));
  ASSERT_TRUE(until({&host}, [&] {
    host.send(1, {'a'});
    return page.said_something();
  }));
  EXPECT_EQ(page.said(), "heard a\n");
}

TEST_F(WebSocket, what_is_no_websocket_is_named) {
  Peer plain = open_peer({.url = "tcp-listen://127.0.0.1:0"});
  Peer guest = opening("ws://" + address(plain));
  EXPECT_NE(refusal(plain, guest).find("does not speak WebSocket"), std::string::npos);
  Peer host = open_peer({.url = "ws-listen://127.0.0.1:0/bus"});
  Peer naked = opening("tcp://" + address(host));
  EXPECT_NE(refusal(host, naked).find("it began with 'HTTP/1.1 400"), std::string::npos);
  Peer lost = opening("ws://" + address(host) + "/elsewhere");
  EXPECT_NE(refusal(host, lost).find("it answered 'HTTP/1.1 404"), std::string::npos);
  Peer right = opening("ws://" + address(host) + "/bus");
  EXPECT_TRUE(settled({&host, &right}));
}

}  // namespace
}  // namespace dts::test
