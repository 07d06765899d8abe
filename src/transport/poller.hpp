// Poller: the one handle that a transport with several descriptors shows to the loop, and a timer
// among them. One thread at a time, but for follow() and arm(), which any thread may call.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "transport/descriptor.hpp"

namespace dts::transport {

class Poller {
 public:
  static constexpr std::uint64_t timer_tag = ~std::uint64_t{0};
  struct Event {
    std::uint64_t tag = 0;
    bool readable = false, writable = false;  // an error or a hang-up counts as both
  };

  Result<void> open();
  int handle() const noexcept { return epoll_.get(); }
  explicit operator bool() const noexcept { return static_cast<bool>(epoll_); }
  // Events of `fd` come with the tag; closing the descriptor ends that.
  Result<void> follow(int fd, std::uint64_t tag, bool writable);
  // Is room to write waited for too?
  void want(int fd, std::uint64_t tag, bool writable);
  // No more events of `fd`, which stays open.
  void leave(int fd);
  // The timer's event comes once after this time; zero: never.
  void arm(std::chrono::nanoseconds after);
  // What has happened, one after the other and all in turn; nothing when nothing has. Never waits.
  std::optional<Event> next();
  void close();

 private:
  Descriptor epoll_, timer_;
};

}  // namespace dts::transport
