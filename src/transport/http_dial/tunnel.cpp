#include "transport/http_dial/tunnel.hpp"

#include <signal.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "base/text.hpp"
#include "transport/http/request.hpp"

namespace dts::transport {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
constexpr seconds kOpenTimeout{9}, kDownTimeout{40}, kUpTimeout{30};
constexpr seconds kRepeatFor{10};      // a request that fails on its way
constexpr milliseconds kBetween{200};  // one attempt and the next
constexpr seconds kParting{1};         // the most that leaving takes
constexpr std::size_t kPortionBytes = 64u * 1024;

constexpr std::string_view kOpened = "DTS/1 ", kStream = "application/x-dts";

}  // namespace

void Tunnel::run() {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  open_session();
  while (!over_ && session_.empty() && !leaving_) calls_.wait(nullptr, seconds(1));
  while (!over_ && !leaving_) {
    read_stream();
    write_stream();
    fetch();
    post();
    pollfd wanted{stream_.get(), 0, 0};
    if (!at_end_ && next_.size() < kHttpBodyBytesMax) wanted.events |= POLLIN;
    if (!arrived_.empty()) wanted.events |= POLLOUT;
    calls_.wait(&wanted, pause(Clock::now()));
    if (at_end_ && next_.empty() && body_.empty()) break;
  }
  if (leaving_ || at_end_) part();
  ::shutdown(stream_.get(), SHUT_RDWR);  // what is in it can still be read
}

// With what is said to that in time.
void Tunnel::part() {
  const auto end = Clock::now() + kParting;
  const auto left = [&] { return std::chrono::duration_cast<milliseconds>(end - Clock::now()); };
  while (!over_ && !session_.empty() && left().count() > 0) {
    read_stream();
    if (!up_.busy && body_.empty() && next_.empty()) break;
    post();
    calls_.wait(nullptr, std::min(left(), pause(Clock::now())));
  }
  if (over_ || session_.empty() || left().count() <= 0) return;
  static const Bytes nothing;
  bool told = false;
  calls_.send(session_ + "/end", &nothing, kParting, [&](const HttpReply&) { told = true; });
  while (!told && left().count() > 0) calls_.wait(nullptr, left());
}

void Tunnel::leave() {
  leaving_ = true;
  calls_.wake();
}

std::optional<Error> Tunnel::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

void Tunnel::fail(Error why) {
  const std::lock_guard lock(mutex_);
  failure_ = std::move(why);
  over_ = true;
}

void Tunnel::open_session() {
  static const Bytes nothing;
  calls_.send("/open", &nothing, kOpenTimeout, [this](const HttpReply& reply) {
    if (reply.failure) return fail(*reply.failure);
    std::string_view name(reply.body);
    const bool ours = reply.status == 200 && reply.type == kStream && name.starts_with(kOpened) &&
                      name.ends_with('\n') && name.size() == kOpened.size() + 33;
    if (!ours)
      return fail(Error(ErrorCode::decode, "what is there is no node of DTS", {},
                        "it answered 'HTTP " + std::to_string(reply.status) + "' with " +
                            (reply.type.empty() ? "nothing" : base::printable(reply.type)),
                        "look at the port and the path"));
    session_ = "/" + std::string(name.substr(kOpened.size(), 32));
  });
}

// Is there to be another attempt? It says so when not.
bool Tunnel::failed(Lane& lane, const HttpReply& reply) {
  const auto now = Clock::now();
  lane.busy = false;
  if (!reply.failure) {
    lane.bad.reset();
    return false;
  }
  if (!lane.bad) lane.bad = now;
  lane.again = now + kBetween;
  if (reply.final || now - *lane.bad >= kRepeatFor) fail(*reply.failure);
  return true;
}

void Tunnel::fetch() {
  if (down_.busy || !arrived_.empty() || Clock::now() < down_.again) return;
  down_.busy = true;
  calls_.send(
      session_ + "/down?from=" + std::to_string(received_), nullptr, kDownTimeout,
      [this](HttpReply reply) {
        if (reply.status == 410) over_ = true;  // the other side closed the stream
        if (over_ || failed(down_, reply) || reply.status == 204) return;
        if (reply.status != 200 || reply.type != kStream)
          return fail(Error(ErrorCode::decode, "an answer is none of a node of DTS", {},
                            "it is 'HTTP " + std::to_string(reply.status) + "' with " +
                                (reply.type.empty() ? "nothing" : base::printable(reply.type)),
                            "look at what is on the way"));
        received_ += reply.body.size();
        arrived_.assign(reply.body.begin(), reply.body.end());
        written_ = 0;
        write_stream();
      });
}

void Tunnel::post() {
  if (up_.busy || Clock::now() < up_.again) return;
  if (body_.empty()) std::swap(body_, next_);
  if (body_.empty()) return;
  up_.busy = true;
  calls_.send(session_ + "/up?from=" + std::to_string(posted_), &body_, kUpTimeout,
              [this](const HttpReply& reply) {
                if (reply.status == 410) over_ = true;
                if (over_ || failed(up_, reply)) return;
                if (reply.status != 204)
                  return fail(Error(ErrorCode::decode, "an answer is none of a node of DTS", {},
                                    "it is 'HTTP " + std::to_string(reply.status) + "'",
                                    "look at what is on the way"));
                posted_ += body_.size();
                body_.clear();
              });
}

// How long nothing is to be done by itself.
milliseconds Tunnel::pause(Clock::time_point now) const {
  milliseconds least = seconds(10);
  for (const Lane* lane : {&down_, &up_})
    if (!lane->busy && lane->again > now)
      least = std::min(
          least, std::chrono::duration_cast<milliseconds>(lane->again - now) + milliseconds(1));
  return least;
}

void Tunnel::read_stream() {
  while (!at_end_ && next_.size() < kHttpBodyBytesMax) {
    const std::size_t before = next_.size();
    const std::size_t most = std::min(kPortionBytes, kHttpBodyBytesMax - before);
    next_.resize(before + most);
    const auto got = ::recv(stream_.get(), next_.data() + before, most, 0);
    next_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got > 0 || (got < 0 && errno == EINTR)) continue;
    at_end_ = got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
    return;
  }
}

void Tunnel::write_stream() {
  while (written_ < arrived_.size()) {
    const auto done =
        ::send(stream_.get(), arrived_.data() + written_, arrived_.size() - written_, MSG_NOSIGNAL);
    if (done > 0)
      written_ += static_cast<std::size_t>(done);
    else if (errno == EAGAIN || errno == EWOULDBLOCK)
      return;
    else if (errno != EINTR)
      written_ = arrived_.size();  // nobody reads it any more
  }
  arrived_.clear();
  written_ = 0;
}

namespace {

class TunnelChannel final : public Channel {
 public:
  TunnelChannel(const Layers& layers, Descriptor inner, Descriptor outer)
      : inner_(plain_channel(std::move(inner))), tunnel_(layers, std::move(outer)) {}
  Result<void> open() {
    DTS_TRY(tunnel_.open());
    work_ = std::thread([this] { tunnel_.run(); });
    return {};
  }
  ~TunnelChannel() override {
    tunnel_.leave();
    if (work_.joinable()) work_.join();
  }
  int handle() const noexcept override { return inner_->handle(); }
  std::optional<std::size_t> write(std::span<const iovec> parts) override {
    return inner_->write(parts);
  }
  Result<std::size_t> read(std::span<std::uint8_t> to) override {
    auto got = inner_->read(to);
    if (got) return got;
    const auto why = tunnel_.failure();
    return why ? *why : got.error();
  }

 private:
  const std::unique_ptr<Channel> inner_;
  Tunnel tunnel_;
  std::thread work_;
};

}  // namespace

Result<std::unique_ptr<Channel>> tunnel_channel(const Layers& layers) {
  int pair[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0)
    return system_error("open a pair of sockets", layers.scheme, errno);
  auto channel = std::make_unique<TunnelChannel>(layers, Descriptor(pair[0]), Descriptor(pair[1]));
  DTS_TRY(channel->open());
  return std::unique_ptr<Channel>(std::move(channel));
}

}  // namespace dts::transport
