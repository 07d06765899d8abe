// Server: somebody else's program (a broker), started for a test and ended with it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace dts::test {

std::uint16_t free_port();  // of 127.0.0.1, as of now

class Server {
 public:
  // Runs the command, whose output is kept in a file, and returns when something accepts
  // connections at 127.0.0.1:port; the test fails when nothing does within 10 s.
  Server(const std::vector<std::string>& command, std::uint16_t port);
  Server(const Server&) = delete;
  ~Server();
  std::uint16_t port() const { return port_; }
  std::string place() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string output() const;
  // It stands still, as a machine does that swaps; and goes on.
  void stop() const;
  void go_on() const;

 private:
  std::uint16_t port_;
  std::string output_;
  pid_t child_ = -1;
};

std::string written(const std::string& text);  // the path of a file with this text

// A real mosquitto with these lines of configuration besides its listener.
std::unique_ptr<Server> mosquitto(const std::string& options, std::uint16_t port);
// The same of a real nats-server.
std::unique_ptr<Server> nats_server(const std::string& options, std::uint16_t port);

// The broker by which peers of this scheme meet; null for those that need none. `url` becomes what
// they open.
std::unique_ptr<Server> broker_of(std::string_view scheme, std::string& url);

}  // namespace dts::test
