// HttpCalls: requests of HTTP to one server, by libcurl's multi interface; which proxy to take is
// libcurl's business (http_proxy, https_proxy, no_proxy). One thread; any may wake() it.
#pragma once

#include <sys/poll.h>

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <dts/bytes.hpp>
#include <dts/result.hpp>

#include "transport/stream/layers.hpp"

namespace dts::transport {

struct HttpReply {
  long status = 0;
  std::string type;  // of its body
  std::string body;
  // Why there is none, or none that is good.
  std::optional<Error> failure;
  bool final = false;  // repeating would not help
};

class HttpCalls {
 public:
  using Done = std::function<void(HttpReply)>;

  explicit HttpCalls(const Layers& layers);
  HttpCalls(const HttpCalls&) = delete;
  ~HttpCalls();

  Result<void> open();
  // `path` behind that of the layers. With a body it is a POST of it, which stays as it is until
  // `done` is called, by wait().
  void send(const std::string& path, const Bytes* body, std::chrono::seconds timeout, Done done);
  // Waits for answers, for what `extra` wants, for wake(), or that long.
  void wait(struct pollfd* extra, std::chrono::milliseconds most);
  void wake();

 private:
  struct Request;
  void take_finished();
  HttpReply reply_of(const Request& request, int code) const;

  const Layers layers_;
  std::string base_;        // of all URLs
  std::string connect_to_;  // where that is not what they name
  void* multi_ = nullptr;
  std::vector<std::unique_ptr<Request>> requests_;
};

}  // namespace dts::transport
