// Http: signed requests to SQS, many at a time, on one thread. Nothing in it waits but wait(), and
// whoever has something to say to that thread ends that by wake().
//
// libcurl 7.88 signs a POST to the root right and query strings wrong: everything is in the body.
#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include <dts/result.hpp>

#include "transport/sqs/account.hpp"
#include "transport/sqs/calls.hpp"

namespace dts::transport::sqs {

struct Answer {
  std::string failure;        // why there is no answer, in libcurl's words; empty: there is one
  bool refused_peer = false;  // ... because the other side's certificate is not trusted
  long status = 0;
  std::string body;
  bool ok() const { return failure.empty() && status == 200; }
};

class Http {
 public:
  using Done = std::function<void(const Answer&)>;

  Http();
  ~Http();
  Http(const Http&) = delete;
  Http& operator=(const Http&) = delete;

  Result<void> open();
  // Of all later requests.
  void configure(std::string endpoint, std::string region, Keys keys);
  // `done` is called by wait(), unless the request is dropped before.
  void post(const Call& call, std::chrono::milliseconds timeout, Done done);
  // Waits for answers, for wake(), or that long; then gives out the answers that are there.
  void wait(std::chrono::milliseconds most);
  void wake();  // any thread
  void drop_all();
  std::size_t under_way() const { return requests_.size(); }

 private:
  struct Request;
  void finish(Request& request, int code);

  void* multi_ = nullptr;
  std::list<std::unique_ptr<Request>> requests_;
  std::string endpoint_, region_;
  Keys keys_;
};

}  // namespace dts::transport::sqs
