#include "transport/poller.hpp"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>

namespace dts::transport {
namespace {

int control(int epoll, int operation, int fd, std::uint64_t tag, bool writable) {
  epoll_event event{};
  event.events = EPOLLIN | (writable ? std::uint32_t{EPOLLOUT} : 0u);
  event.data.u64 = tag;
  return ::epoll_ctl(epoll, operation, fd, &event);
}

}  // namespace

Result<void> Poller::open() {
  epoll_ = Descriptor(::epoll_create1(EPOLL_CLOEXEC));
  timer_ = Descriptor(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  if (!epoll_ || !timer_) return system_error("wait for packets (epoll)", "transport", errno);
  return follow(timer_.get(), timer_tag, false);
}

Result<void> Poller::follow(int fd, std::uint64_t tag, bool writable) {
  if (control(epoll_.get(), EPOLL_CTL_ADD, fd, tag, writable) != 0)
    return system_error("wait for packets (epoll)", "transport", errno);
  return {};
}

void Poller::want(int fd, std::uint64_t tag, bool writable) {
  control(epoll_.get(), EPOLL_CTL_MOD, fd, tag, writable);
}

void Poller::leave(int fd) { ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr); }

void Poller::arm(std::chrono::nanoseconds after) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(after);
  itimerspec spec{};
  spec.it_value.tv_sec = seconds.count();
  spec.it_value.tv_nsec = static_cast<long>((after - seconds).count());
  ::timerfd_settime(timer_.get(), 0, &spec, nullptr);
}

std::optional<Poller::Event> Poller::next() {
  epoll_event event{};
  if (::epoll_wait(epoll_.get(), &event, 1, 0) <= 0) return std::nullopt;
  if (event.data.u64 == timer_tag) {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = ::read(timer_.get(), &count, sizeof count);
  }
  const bool over = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
  return Event{event.data.u64, over || (event.events & EPOLLIN) != 0,
               over || (event.events & EPOLLOUT) != 0};
}

void Poller::close() {
  epoll_.reset();
  timer_.reset();
}

}  // namespace dts::transport
