// HttpServer: HTTP/1.1 on one address, by cpp-httplib, which only http_server.cpp knows. A request
// is looked at twice: by `admit` with its head alone, before a byte of its body is read, and by
// `answer` when it is whole.
//
// Threads: `admit` and `answer` are called on the server's own threads, several at once; what a
// stream has to say is taken on the one that serves its connection, which it keeps.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <dts/result.hpp>

namespace dts::cli {

struct HttpRequest {
  std::string method, path;  // the path decoded, without what is behind ?
  std::multimap<std::string, std::string> parameters{};
  std::multimap<std::string, std::string> headers{};  // names in small letters
  std::string body{};

  std::string header(std::string_view name) const;  // the first; "" when there is none
  std::optional<std::string> parameter(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string type = "application/json";
  std::string body{};
  std::map<std::string, std::string> headers{};
  // A body without an end: appends what there is, waiting a moment when there is nothing. False:
  // it is over.
  std::function<bool(std::string& out)> stream{};
};

class HttpServer {
 public:
  struct Options {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;  // 0: one the system chooses
    std::size_t threads = 64;
    std::size_t body_bytes_max = 64u << 20;
  };
  using Admit = std::function<std::optional<HttpResponse>(const HttpRequest&)>;
  using Answer = std::function<HttpResponse(const HttpRequest&)>;

  // Listens, and serves from now on.
  static Result<std::unique_ptr<HttpServer>> open(const Options& options, Admit admit,
                                                  Answer answer);
  ~HttpServer();  // ends the streams, waits for the others
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  std::uint16_t port() const;

 private:
  struct State;
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace dts::cli
