// Client: connecting, what is listened to, messages in, and why a connection ended.
//
// A SUB hears all and selects by itself, so what is asked of it is in effect at once. That messages
// pass from the one door to the other is seen by a mark: one of our own, on a topic of our own,
// sent again until it comes back; when all is over, it says that what was sent before it has left.
//
// Threads: one of its own connects and hears, and tells all events; any may publish, under the
// lock.
#include "transport/nng/client.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "transport/broker/topic.hpp"
#include "transport/knock.hpp"

namespace dts::transport::nng {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kPatience{5};   // with a connection that is being made
constexpr std::chrono::seconds kLastWords{1};  // until what was published has left
constexpr int kMarkAgainMs = 20;
constexpr std::size_t kMessagesMax = 512;  // wait to be sent

class Client final : public BrokerClient {
 public:
  Client(ClientSettings settings, BrokerEvents& events)
      : settings_(std::move(settings)), events_(events) {}
  ~Client() override {
    over_ = true;
    wake(stop_);
    wake(wake_);
    if (thread_.joinable()) thread_.join();
  }

  Result<void> open() {
    wake_ = Descriptor(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    stop_ = Descriptor(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    if (!wake_ || !stop_) return system_error("open a wake handle", "nng", errno);
    thread_ = std::thread([this] { run(); });
    return {};
  }
  void connect() override {
    begin_ = true;
    wake(wake_);
  }
  void listen(const Place& place, std::uint64_t number) override {
    {
      const std::lock_guard lock(wanted_mutex_);
      wanted_.insert(topic_of(settings_.prefix, place));
    }
    events_.settled(number);
  }
  void ignore(const Place& place, std::uint64_t number) override {
    {
      const std::lock_guard lock(wanted_mutex_);
      wanted_.erase(topic_of(settings_.prefix, place));
    }
    events_.settled(number);
  }
  bool publish(const Place& place, ByteView envelope) override {
    return send(topic_of(settings_.prefix, place), envelope);
  }
  std::size_t message_bytes_max() const override { return kSpMessageBytesMax - kTopicBytesMax; }

 private:
  static void wake(const Descriptor& handle) {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(handle.get(), &one, sizeof one);
  }
  void run();
  void wait(int patience_ms);
  void begin();
  Result<void> meet();
  Result<Forwarder::Ends> find() const;
  bool send(std::string_view topic, ByteView envelope);
  void send_mark() { send(mark_, {}); }
  Result<void> hear();
  void take(ByteView message);
  void say_last_words();
  void lose(std::optional<Error> why);
  Error why(const Error& error) const;

  const ClientSettings settings_;
  BrokerEvents& events_;
  Descriptor wake_, stop_;
  std::atomic<bool> over_{false}, begin_{false};
  std::string mark_;        // of this attempt
  bool works_ = false;      // it has been told
  bool last_came_ = false;  // the last word has come back
  std::uint64_t attempts_ = 0;
  Clock::time_point since_;
  std::optional<Sp> down_;  // of the thread

  std::mutex mutex_;  // of writing
  std::optional<Sp> up_;
  std::mutex wanted_mutex_;
  std::set<std::string, std::less<>> wanted_;  // topics
  std::thread thread_;
};

void Client::run() {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  while (!over_) {
    wait(down_ && !works_ ? kMarkAgainMs : -1);
    if (over_) break;
    if (begin_.exchange(false)) begin();
    if (!down_) continue;
    if (const auto heard = hear(); !heard)
      lose(why(heard.error()));
    else if (!works_ && Clock::now() - since_ > kPatience)
      lose(Error(ErrorCode::timeout, "nng answers there, but passes nothing on", {},
                 "what we say does not come back to us",
                 "both ports have to be those of one node that listens"));
    else if (!works_)
      send_mark();
  }
  say_last_words();
  lose({});
}

// Until there is something to do; sends what there is room for.
void Client::wait(int patience_ms) {
  pollfd all[] = {{wake_.get(), POLLIN, 0}, {-1, POLLIN, 0}, {-1, POLLIN, 0}};
  if (down_) {
    const std::lock_guard lock(mutex_);
    all[1] = {down_->handle(), static_cast<short>(POLLIN | (down_->waiting() ? POLLOUT : 0)), 0};
    all[2] = {up_->handle(), static_cast<short>(POLLIN | (up_->waiting() ? POLLOUT : 0)), 0};
  }
  ::poll(all, 3, patience_ms);
  std::uint64_t count = 0;
  if (all[0].revents != 0) {
    [[maybe_unused]] const auto got = ::read(wake_.get(), &count, sizeof count);
  }
  if (!down_) return;
  const std::lock_guard lock(mutex_);
  down_->flush();
  up_->flush();
}

void Client::begin() {
  works_ = last_came_ = false;
  since_ = Clock::now();
  mark_ = settings_.prefix + "mark-" + place_name({.member = settings_.self}).substr(1) + "-" +
          std::to_string(++attempts_) + " ";
  const auto done = meet();
  if (!done) return lose(done.error());
  send_mark();
}

Result<void> Client::meet() {
  auto ends = settings_.forwarder ? settings_.forwarder->enter() : find();
  if (!ends) return ends.error();
  const SpLine line = settings_.place.endpoint ? SpLine::tcp : SpLine::ipc;
  const bool greeted = !settings_.forwarder;
  const std::lock_guard lock(mutex_);
  up_.emplace(
      std::move(ends->in),
      Sp::Terms{
          .line = line, .self = SpKind::push, .other = SpKind::pull, .messages_max = kMessagesMax},
      greeted);
  down_.emplace(
      std::move(ends->out),
      Sp::Terms{.line = line, .self = SpKind::sub, .other = SpKind::pub, .messages_max = 1},
      greeted);
  return {};
}

// Connects and greets, at both doors.
Result<Forwarder::Ends> Client::find() const {
  const auto greeting = [](SpKind kind) {
    const auto bytes = sp_greeting(kind);
    return std::string(bytes.begin(), bytes.end());
  };
  const bool tcp = settings_.place.endpoint.has_value();
  Knock how{.what = "the protocols of nng and nanomsg",
            .greeting = greeting(SpKind::push),
            .same = 4,
            .cure = std::string("a node that listens there with ") +
                    (tcp ? "nng+tcp-listen://" : "nng+ipc-listen://"),
            .stop = stop_.get()};
  if (!tcp) {
    DTS_ASSIGN(Answered in, knock(settings_.place.path + ".in", how));
    how.greeting = greeting(SpKind::sub);
    DTS_ASSIGN(Answered out, knock(settings_.place.path + ".out", how));
    return Forwarder::Ends{std::move(in.socket), std::move(out.socket)};
  }
  DTS_ASSIGN(Answered in, knock(*settings_.place.endpoint, how));
  Endpoint next = *settings_.place.endpoint;
  ++next.port;
  how.greeting = greeting(SpKind::sub);
  how.cure =
      "the port after the one in the URL, " + std::to_string(next.port) + ", has to be open too";
  DTS_ASSIGN(Answered out, knock(next, how));
  return Forwarder::Ends{std::move(in.socket), std::move(out.socket)};
}

// Never blocks. False: there is no room, or nobody.
bool Client::send(std::string_view topic, ByteView envelope) {
  const SpLine line = settings_.place.endpoint ? SpLine::tcp : SpLine::ipc;
  auto message = sp_message(line, topic, envelope);
  const std::lock_guard lock(mutex_);
  if (!up_) return false;
  const bool waited = up_->waiting();
  const bool sent = up_->send(std::move(message));
  if (waited) return sent;  // the thread waits for room already
  up_->flush();
  if (up_->waiting()) wake(wake_);
  return sent;
}

Result<void> Client::hear() {
  if (settings_.forwarder)
    if (const auto dropped = settings_.forwarder->take_dropped()) events_.dropped(dropped);
  DTS_TRY(down_->read([this](ByteView, ByteView message) { take(message); }));
  return up_->read([](ByteView, ByteView) {});  // nobody says anything there: has it ended?
}

void Client::take(ByteView message) {
  if (std::equal(message.begin(), message.end(), mark_.begin(), mark_.end())) {
    if (!std::exchange(works_, true)) return events_.connected();
    last_came_ = last_came_ || over_;
    return;
  }
  const ByteView envelope = after_topic(message);
  const std::string_view topic(reinterpret_cast<const char*>(message.data()),
                               message.size() - envelope.size());
  {
    const std::lock_guard lock(wanted_mutex_);
    if (wanted_.find(topic) == wanted_.end()) return;
  }
  events_.message(envelope);
}

// What has not left when a socket is closed is lost.
void Client::say_last_words() {
  if (!works_) return;
  mark_.back() = '-';
  mark_ += "end ";
  const auto end = Clock::now() + kLastWords;
  while (!last_came_ && Clock::now() < end) {
    send_mark();
    wait(kMarkAgainMs);
    if (!hear()) return;
  }
}

void Client::lose(std::optional<Error> why) {
  down_.reset();
  {
    const std::lock_guard lock(mutex_);
    up_.reset();
  }
  works_ = false;
  const std::lock_guard lock(wanted_mutex_);
  wanted_.clear();
  if (why && why->code() != ErrorCode::closed) events_.lost(std::move(*why));
}

// `error` says how a connection ended.
Error Client::why(const Error& error) const {
  if (error.code() == ErrorCode::decode) return error;
  const std::string how =
      error.code() == ErrorCode::closed ? "the other side closed it" : error.text();
  if (works_) return Error(ErrorCode::system, "the connection is lost", {}, how);
  return Error(ErrorCode::system, "it ends the conversation", {},
               "it does not join a PULL and a PUB",
               "the port of a node that listens, not the one after it");
}

}  // namespace

Result<std::unique_ptr<BrokerClient>> make_client(ClientSettings settings, BrokerEvents& events) {
  auto client = std::make_unique<Client>(std::move(settings), events);
  DTS_TRY(client->open());
  return std::unique_ptr<BrokerClient>(std::move(client));
}

}  // namespace dts::transport::nng
