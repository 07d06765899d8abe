#include "transport/nng/forwarder.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

namespace dts::transport::nng {
namespace {

constexpr int kAttempts = 20;                // to find two free ports side by side
constexpr std::size_t kGuestsMax = 2048;     // two for each member
constexpr std::size_t kForwardedMax = 4096;  // messages that wait for one who hears
constexpr int kEventsAtOnce = 64;
enum Tag : std::uint64_t { kWake, kIn, kOut, kFirstGuest };

Result<std::pair<Descriptor, Descriptor>> pair_of_sockets() {
  int both[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, both) != 0)
    return system_error("open a socket", "nng", errno);
  return std::pair(Descriptor(both[0]), Descriptor(both[1]));
}

}  // namespace

Result<std::unique_ptr<Forwarder>> Forwarder::open(const MeetingPlace& place) {
  std::unique_ptr<Forwarder> made(new Forwarder);
  made->line_ = place.endpoint ? SpLine::tcp : SpLine::ipc;
  for (int attempt = 1;; ++attempt) {
    const auto listens = made->listen_at(place);
    if (listens) break;
    if (!place.endpoint || place.endpoint->port != 0 || attempt == kAttempts)
      return listens.error();
  }
  made->last_tag_ = kFirstGuest;
  made->wake_ = Descriptor(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!made->wake_) return system_error("open a wake handle", "nng", errno);
  DTS_TRY(made->poller_.open());
  DTS_TRY(made->poller_.follow(made->wake_.get(), kWake, false));
  DTS_TRY(made->poller_.follow(made->in_.handle(), kIn, false));
  DTS_TRY(made->poller_.follow(made->out_.handle(), kOut, false));
  made->thread_ = std::thread([forwarder = made.get()] { forwarder->run(); });
  return made;
}

Result<void> Forwarder::listen_at(const MeetingPlace& place) {
  if (!place.endpoint) {
    DTS_ASSIGN(in_, Acceptor::at(place.path + ".in"));
    DTS_ASSIGN(out_, Acceptor::at(place.path + ".out"));
    text_ = place.path;
    return {};
  }
  Endpoint endpoint = *place.endpoint;
  if (endpoint.host == "*") endpoint.host.clear();
  in_.close();
  DTS_ASSIGN(in_, Acceptor::at(endpoint, "nng+tcp-listen"));
  text_ = in_.place();
  endpoint.port = static_cast<std::uint16_t>(in_.port() + 1);
  if (endpoint.port == 0)
    return Error(ErrorCode::address_in_use, "there is no port after this", text_);
  DTS_ASSIGN(out_, Acceptor::at(endpoint, "nng+tcp-listen"));
  return {};
}

Forwarder::~Forwarder() {
  over_ = true;
  if (wake_) {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
  }
  if (thread_.joinable()) thread_.join();
}

Result<Forwarder::Ends> Forwarder::enter() {
  DTS_ASSIGN(auto in, pair_of_sockets());
  DTS_ASSIGN(auto out, pair_of_sockets());
  const std::lock_guard lock(mutex_);
  arrivals_.push_back({std::move(in.first), std::move(out.first)});
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
  return Ends{std::move(in.second), std::move(out.second)};
}

void Forwarder::run() {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  while (!over_) {
    pollfd ready{poller_.handle(), POLLIN, 0};
    ::poll(&ready, 1, -1);
    for (int count = 0; count < kEventsAtOnce && !over_; ++count) {
      const auto event = poller_.next();
      if (!event) break;
      handle(*event);
    }
  }
}

void Forwarder::handle(const Poller::Event& event) {
  if (event.tag == kWake) return take_arrivals();
  if (event.tag == kIn) return accept(in_, true);
  if (event.tag == kOut) return accept(out_, false);
  const auto at = guests_.find(event.tag);
  if (at == guests_.end()) return;
  if (event.writable) at->second.sp.flush();
  watch_room(at->first, at->second);
  if (!event.readable) return;
  const bool publishes = at->second.publishes;
  if (!read(at->second)) guests_.erase(at);
  if (publishes) send_out();
}

void Forwarder::take_arrivals() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(wake_.get(), &count, sizeof count);
  std::vector<Ends> arrivals;
  {
    const std::lock_guard lock(mutex_);
    arrivals.swap(arrivals_);
  }
  for (Ends& ends : arrivals) {
    let_in(std::move(ends.in), true);
    let_in(std::move(ends.out), false);
  }
}

void Forwarder::accept(Acceptor& acceptor, bool publishes) {
  for (int count = 0; count < kEventsAtOnce; ++count) {
    auto socket = acceptor.next();
    if (!socket) return;
    let_in(std::move(*socket), publishes);
  }
}

void Forwarder::let_in(Descriptor socket, bool publishes) {
  make_room();
  const std::uint64_t tag = ++last_tag_;
  if (!poller_.follow(socket.get(), tag, true)) return;
  const Sp::Terms terms{.line = line_,
                        .self = publishes ? SpKind::pull : SpKind::pub,
                        .other = publishes ? SpKind::push : SpKind::sub,
                        .messages_max = kForwardedMax};
  guests_.try_emplace(tag, Guest{Sp(std::move(socket), terms, false), publishes});
}

// The first that has not said what it is goes, else the one that is there longest.
void Forwarder::make_room() {
  if (guests_.size() < kGuestsMax) return;
  const auto silent = std::find_if(guests_.begin(), guests_.end(),
                                   [](const auto& guest) { return !guest.second.sp.met(); });
  guests_.erase(silent != guests_.end() ? silent : guests_.begin());
}

// False: it is gone, or has to go.
bool Forwarder::read(Guest& guest) {
  return static_cast<bool>(guest.sp.read([&](ByteView on_the_line, ByteView) {
    if (guest.publishes) pass_on(on_the_line);
  }));
}

void Forwarder::pass_on(ByteView message) {
  const auto copy = std::make_shared<const Bytes>(message.begin(), message.end());
  for (auto& [tag, guest] : guests_)
    if (!guest.publishes && guest.sp.met() && !guest.sp.send(copy)) ++dropped_;
}

void Forwarder::send_out() {
  for (auto& [tag, guest] : guests_) {
    if (!guest.publishes && !guest.watched_room) guest.sp.flush();
    watch_room(tag, guest);
  }
}

// Room is waited for only while something is queued.
void Forwarder::watch_room(std::uint64_t tag, Guest& guest) {
  if (guest.sp.waiting() == guest.watched_room) return;
  guest.watched_room = !guest.watched_room;
  poller_.want(guest.sp.handle(), tag, guest.watched_room);
}

}  // namespace dts::transport::nng
