// Access: who may ask what of the gateway, by the head of a request alone. A page of any site can
// make its reader's browser send requests to this machine, under any name that leads here (DNS
// rebinding): so the Host must be a name of ours, and the Origin, where there is one, too. Writing
// needs the token, and so does everything where others than this machine reach us. Immutable; any
// thread.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include <cli/gateway/http_server.hpp>

namespace dts::cli {

class Access {
 public:
  struct Options {
    std::string address;                 // that is listened on
    std::vector<std::string> names{};    // by which we are asked for besides: "tank3.local"
    std::vector<std::string> origins{};  // whose pages may ask: "https://page.example"
    std::string token{};
    bool open_reading = false;  // without the token, wherever from
  };
  explicit Access(Options options);

  // Nothing: it may go on. Else what it is answered.
  std::optional<HttpResponse> refusal(const HttpRequest& request) const;
  // What an answer needs for a page of another origin to read it.
  void allow_origin(const HttpRequest& request, HttpResponse& response) const;

 private:
  bool is_our_name(const std::string& host) const;
  bool is_allowed_origin(const std::string& origin) const;

  Options options_;
  bool loopback_ = false;
  std::set<std::string> names_;
};

// 127.0.0.0/8, ::1, localhost.
bool is_loopback(const std::string& address);
// {"error": {...}} with the status that goes with it.
HttpResponse refused(int status, const Error& error);

}  // namespace dts::cli
