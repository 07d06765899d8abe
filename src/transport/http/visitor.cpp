#include "transport/http/visitor.hpp"

#include <sys/socket.h>

#include "transport/stream/http_head.hpp"

namespace dts::transport {
namespace {

using std::chrono::seconds;
constexpr seconds kHeadPatience{10};  // with one who has not sent all of a head, or is to go
constexpr seconds kBodyPatience{30};  // ... all of a body, or has not read its answer
constexpr seconds kIdlePatience{60};  // ... no request at all; a stranger: as with a head
constexpr std::size_t kPortionBytes = 64u * 1024;

// As far as both go.
bool begins_with_start_of(std::string_view text, std::string_view word) {
  return text.starts_with(word.substr(0, text.size()));
}

}  // namespace

bool Visitor::read() {
  static thread_local std::uint8_t portion[kPortionBytes];
  if (state_ == State::leaving) return !drained(handle());
  const auto got = channel_->read(portion);
  if (!got && got.error().code() != ErrorCode::closed && got.error().code() != ErrorCode::system) {
    leave();  // it is told why by what is below HTTP
    return true;
  }
  if (!got) return false;
  if (*got == 0) return true;
  if (state_ == State::waiting || state_ == State::answering) return false;  // out of its turn
  if (in_.empty()) since_ = Clock::now();
  in_.append(reinterpret_cast<const char*>(portion), *got);
  return true;
}

Visitor::Has Visitor::next() {
  if (state_ == State::head) {
    const std::string_view head = std::string_view(in_).substr(0, kHttpHeadBytesMax);
    const bool ours = begins_with_start_of(head, "GET ") || begins_with_start_of(head, "POST ");
    const auto end = head.find("\r\n\r\n");
    if (!ours || end == std::string_view::npos) {
      if (ours && in_.size() < kHttpHeadBytesMax) return Has::nothing;
      request_ = HttpRequest{.method{}, .path{}};
      request_.status = ours ? 431 : 400;
      request_.why = ours ? "the head is too large" : "this is no GET or POST of HTTP/1.1";
      return Has::head;
    }
    head_bytes_ = end + 4;
    request_ = parse_http_request(std::string_view(in_).substr(0, head_bytes_));
    become(State::body);
    return Has::head;
  }
  if (state_ != State::body || in_.size() < head_bytes_ + request_.body_bytes) return Has::nothing;
  last_ = last_ || in_.size() > head_bytes_ + request_.body_bytes;  // it does not wait its turn
  return Has::whole;
}

ByteView Visitor::body() const {
  return {reinterpret_cast<const std::uint8_t*>(in_.data()) + head_bytes_, request_.body_bytes};
}

void Visitor::wait() {
  become(State::waiting);
  std::string().swap(in_);
}

void Visitor::answer(int status, std::string_view type, std::string_view body) {
  last_ = last_ || !request_.persistent;
  put(http_answer(status, type, body, !last_));
}

void Visitor::refuse(int status, std::string_view why) {
  last_ = true;
  put(http_answer(status, "text/plain", std::string(why) + "\n", false));
}

void Visitor::put(std::string answer) {
  become(State::answering);
  std::string().swap(in_);
  out_ = std::move(answer);
  sent_ = 0;
  send_on();
}

bool Visitor::send_on() {
  while (sent_ < out_.size()) {
    const iovec part{out_.data() + sent_, out_.size() - sent_};
    const auto done = channel_->write({&part, 1});
    if (!done) break;  // it is broken: reading says so
    if (*done == 0) return true;
    sent_ += *done;
  }
  if (channel_->pending() && channel_->write({}).has_value() && channel_->pending()) return true;
  if (state_ != State::answering) return false;
  std::string().swap(out_);
  sent_ = 0;
  if (last_)
    leave();
  else
    become(State::head);
  return false;
}

// What it still sends is read until it is gone.
void Visitor::leave() {
  become(State::leaving);
  ::shutdown(handle(), SHUT_WR);
}

bool Visitor::overdue(Clock::time_point now) const {
  const auto waited = now - since_;
  switch (state_) {
    case State::head:
      return waited >= (stranger || !in_.empty() ? kHeadPatience : kIdlePatience);
    case State::body:
    case State::answering:
      return waited >= kBodyPatience;
    case State::leaving:
      return waited >= kHeadPatience;
    case State::waiting:
      break;
  }
  return false;
}

}  // namespace dts::transport
