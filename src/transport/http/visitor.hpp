// Visitor: one socket by which requests of HTTP come, one at a time: the next one is read when the
// answer to the last is sent. Who sends more than that, or slower than is borne, is let go of.
// One thread at a time.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <dts/bytes.hpp>

#include "transport/http/request.hpp"
#include "transport/stream/channel.hpp"

namespace dts::transport {

class Visitor {
 public:
  using Clock = std::chrono::steady_clock;
  enum class Has { nothing, head, whole };  // of a request

  explicit Visitor(std::unique_ptr<Channel> channel) : channel_(std::move(channel)) {}

  int handle() const noexcept { return channel_->handle(); }
  // Reads what is there. False: it is gone, or has to go.
  bool read();
  // How much of a request is there. A head comes once, before its body; it may be one that has to
  // be refused.
  Has next();
  const HttpRequest& request() const { return request_; }
  ByteView body() const;
  // Its request is answered later.
  void wait();
  bool waits() const { return state_ == State::waiting; }
  // The answer, sent as far as it goes.
  void answer(int status, std::string_view type = {}, std::string_view body = {});
  // The same, and it is the last one: what else comes is not looked at.
  void refuse(int status, std::string_view why);
  // Sends on what is not sent. Afterwards: has it to be told when there is room?
  bool send_on();
  // Has it been waited for too long?
  bool overdue(Clock::time_point now) const;
  Clock::time_point since() const { return since_; }

  bool stranger = true;  // it has named no session
  bool watched = false;  // it is told when there is room

 private:
  enum class State { head, body, waiting, answering, leaving };
  void become(State state) {
    state_ = state;
    since_ = Clock::now();
  }
  void leave();
  void put(std::string answer);

  std::unique_ptr<Channel> channel_;
  State state_ = State::head;
  Clock::time_point since_ = Clock::now();  // of this state; of a head, that it has begun
  std::string in_, out_;
  std::size_t head_bytes_ = 0, sent_ = 0;
  HttpRequest request_;
  bool last_ = false;  // nothing is taken after this answer
};

}  // namespace dts::transport
