#include "server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include "certificates.hpp"

namespace dts::test {
namespace {

sockaddr_in here(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool accepts(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = here(port);
  const bool accepted =
      ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return accepted;
}

}  // namespace

std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = here(0);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  ::close(fd);
  return ntohs(address.sin_port);
}

Server::Server(const std::vector<std::string>& command, std::uint16_t port) : port_(port) {
  std::string pattern = ::testing::TempDir() + "dts-server-XXXXXX";
  const int out = ::mkstemp(pattern.data());
  output_ = pattern;
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  child_ = ::fork();
  if (child_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(out, 1);
    ::dup2(out, 2);
    ::setenv("PATH", (std::string(std::getenv("PATH")) + ":/usr/sbin").c_str(), 1);
    ::execvp(arguments[0], arguments.data());
    std::_Exit(127);
  }
  ::close(out);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!accepts(port)) {
    const bool ended = ::waitpid(child_, nullptr, WNOHANG) == child_;
    if (ended) child_ = -1;
    if (ended || std::chrono::steady_clock::now() > end) {
      ADD_FAILURE() << command[0] << " does not run: " << output();
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

Server::~Server() {
  if (child_ > 0) {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }
  ::unlink(output_.c_str());
}

void Server::stop() const { EXPECT_EQ(::kill(child_, SIGSTOP), 0); }

void Server::go_on() const { EXPECT_EQ(::kill(child_, SIGCONT), 0); }

std::string Server::output() const {
  std::ostringstream all;
  all << std::ifstream(output_).rdbuf();
  return all.str();
}

std::string written(const std::string& text) {
  std::string pattern = ::testing::TempDir() + "dts-server-XXXXXX";
  ::close(::mkstemp(pattern.data()));
  std::ofstream(pattern) << text;
  return pattern;
}

std::unique_ptr<Server> mosquitto(const std::string& options, std::uint16_t port) {
  const std::string file = written("listener " + std::to_string(port) +
                                   " 127.0.0.1\nset_tcp_nodelay true\nuser root\n" + options);
  auto server =
      std::make_unique<Server>(std::vector<std::string>{"mosquitto", "-v", "-c", file}, port);
  ::unlink(file.c_str());
  return server;
}

std::unique_ptr<Server> nats_server(const std::string& options, std::uint16_t port) {
  const std::string file =
      written("listen: \"127.0.0.1:" + std::to_string(port) + "\"\n" + options);
  auto server = std::make_unique<Server>(std::vector<std::string>{"nats-server", "-c", file}, port);
  ::unlink(file.c_str());
  return server;
}

// With keys that it does not check, and a list of members for every message.
std::unique_ptr<Server> sqs_server() {
  const std::uint16_t port = free_port();
  auto server = std::make_unique<Server>(
      std::vector<std::string>{"node", DTS_ROOT "/tests/support/sqs_server.js",
                               std::to_string(port)},
      port);
  ::setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
  ::setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", 1);
  ::setenv("AWS_ENDPOINT_URL_SQS", ("http://" + server->place()).c_str(), 1);
  return server;
}

std::unique_ptr<Server> broker_of(std::string_view scheme, std::string& url) {
  std::unique_ptr<Server> server;
  if (scheme == "mqtt") server = mosquitto("allow_anonymous true\n", free_port());
  if (scheme == "mqtts") {
    const Certificates& all = certificates();
    all.set_environment();
    server = mosquitto("allow_anonymous true\ncertfile " + all.file("here.pem") + "\nkeyfile " +
                           all.file("here.key") + "\n",
                       free_port());
  }
  if (scheme == "nats") server = nats_server("", free_port());
  if (scheme == "natss") {
    const Certificates& all = certificates();
    all.set_environment();
    server = nats_server("tls { cert_file: \"" + all.file("here.pem") + "\", key_file: \"" +
                             all.file("here.key") + "\" }\n",
                         free_port());
  }
  if (server) url += server->place();
  if (scheme == "sqs") {
    server = sqs_server();
    url += "eu-central-1/dts?members_s=0";
  }
  return server;
}

}  // namespace dts::test
