#include "transport/nats/session.hpp"

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "base/text.hpp"

namespace dts::transport {
namespace {

constexpr std::int64_t kPatienceMs = 8000;  // with all servers together, for a connection
constexpr std::int64_t kAnswerMs = 5000, kWriteMs = 5000, kPingMs = 3000;
constexpr int kBufferBytes = 256 << 10;  // of a read and a write
// Larger ones the server has to gather in memory of their own.
constexpr std::size_t kMessageBytesMost = 64u << 10;
constexpr int kServersMax = 16;
constexpr std::chrono::seconds kFarewell{1};

}  // namespace

Session::~Session() { ::natsOptions_Destroy(settings_); }

Result<void> Session::open() {
  servers_ = options_.access.servers;
  if (::natsOptions_Create(&settings_) != NATS_OK)
    return Error(ErrorCode::system, "cannot use libnats", {}, nats_last_word());
  // One of the library's threads hands all messages over, so that they keep their order; what is
  // written is written at once, and coming back is the owner's affair.
  ::natsOptions_UseGlobalMessageDelivery(settings_, true);
  ::natsOptions_SetSendAsap(settings_, true);
  ::natsOptions_SetAllowReconnect(settings_, false);
  ::natsOptions_SetIOBufSize(settings_, kBufferBytes);
  ::natsOptions_SetNoEcho(settings_, true);
  ::natsOptions_SetNoRandomize(settings_, true);
  ::natsOptions_SetWriteDeadline(settings_, kWriteMs);
  ::natsOptions_SetPingInterval(settings_, kPingMs);
  ::natsOptions_SetMaxPingsOut(settings_, 2);
  ::natsOptions_SetName(settings_, options_.name.c_str());
  ::natsOptions_SetClosedCB(settings_, &on_closed, this);
  ::natsOptions_SetErrorHandler(settings_, &on_error, this);
  return set_access(*settings_, options_.access);
}

namespace {
// The threads of sessions that nobody waits for. The library takes itself down when the process
// ends, and a thread that is in it then crashes: so the end waits for them. It comes behind no
// longer than an attempt to connect may last, and that only where a server stands still.
class Running {
 public:
  static Running& all() {
    static Running* const made = [] {
      std::atexit([] { all().wait(); });  // after the library's own: called before it
      return new Running;
    }();
    return *made;
  }
  void begin() {
    const std::lock_guard lock(mutex_);
    ++count_;
  }
  void end() {
    const std::lock_guard lock(mutex_);
    --count_;
    none_.notify_all();
  }

 private:
  void wait() {
    std::unique_lock lock(mutex_);
    none_.wait_for(lock, std::chrono::milliseconds(kPatienceMs) + kFarewell,
                   [this] { return count_ == 0; });
  }
  std::mutex mutex_;
  std::condition_variable none_;
  int count_ = 0;
};
}  // namespace

void Session::start(const std::shared_ptr<Session>& session) {
  Running::all().begin();
  std::thread([held = session]() mutable {
    // Where the library does not say that it is through, it may call back at any time.
    if (!held->run()) new std::shared_ptr<Session>(held);
    held.reset();
    Running::all().end();
  }).detach();
}

void Session::finish(std::chrono::milliseconds most) {
  Lock lock(lock_);
  stop_ = true;
  changed_.notify_all();
  changed_.wait_for(lock, most, [&] { return finished_; });
  events_ = nullptr;
}

void Session::connect() {
  const Lock lock(lock_);
  asked_ = true;
  changed_.notify_all();
}

void Session::listen(const Place& place, std::uint64_t number) {
  add({Task::Kind::listen, place, number, {}});
}

void Session::ignore(const Place& place, std::uint64_t number) {
  add({Task::Kind::ignore, place, number, {}});
}

void Session::add(Task task) {
  const Lock lock(lock_);
  if (!up_) return;
  tasks_.push_back(std::move(task));
  changed_.notify_all();
}

bool Session::publish(const Place& place, ByteView envelope) {
  const Lock lock(lock_);
  if (!up_ || queued_ + envelope.size() > options_.queue_bytes_max) return false;
  queued_ += envelope.size();
  const bool joins = !tasks_.empty() && tasks_.back().kind == Task::Kind::publish &&
                     tasks_.back().place == place &&
                     tasks_.back().envelope.size() + envelope.size() <= message_bytes_max_;
  if (joins) {
    const auto packets = envelope.subspan(kEnvelopeHeadBytes);
    Bytes& message = tasks_.back().envelope;
    message.insert(message.end(), packets.begin(), packets.end());
    return true;
  }
  tasks_.push_back({Task::Kind::publish, place, 0, Bytes(envelope.begin(), envelope.end())});
  if (tasks_.size() == 1) changed_.notify_all();
  return true;
}

std::size_t Session::message_bytes_max() const {
  const Lock lock(lock_);
  return message_bytes_max_;
}

bool Session::run() {
  Lock lock(lock_);
  while (!stop_) {
    changed_.wait(lock, [&] { return stop_ || asked_ || (up_ && (closed_ || !tasks_.empty())); });
    if (stop_) break;
    if (std::exchange(asked_, false)) {
      dial(lock);
    } else if (closed_) {
      hang_up(lock);
      const Error why = reason_.value_or(Error(ErrorCode::system, "the connection is lost"));
      if (events_) events_->lost(why);
    } else {
      work(lock);
    }
  }
  if (up_ && !closed_) work(lock);
  if (up_) hang_up(lock);
  finished_ = true;
  changed_.notify_all();
  return listening_ <= 0;
}

void Session::dial(Lock& lock) {
  closed_ = false;
  listening_ = 0;
  reason_.reset();
  lock.unlock();
  std::vector<const char*> names;
  for (const std::string& server : servers_) names.push_back(server.c_str());
  ::natsOptions_SetServers(settings_, names.data(), static_cast<int>(names.size()));
  ::natsOptions_SetTimeout(settings_, kPatienceMs / static_cast<std::int64_t>(names.size()));
  const natsStatus status = ::natsConnection_Connect(&connection_, settings_);
  const auto why = status == NATS_OK ? std::nullopt
                                     : std::optional<Error>(nats_refusal(options_.access, status));
  if (!why) learn_servers();
  lock.lock();
  if (why) {
    if (events_) events_->lost(*why);
    return;
  }
  const std::int64_t most = ::natsConnection_GetMaxPayload(connection_);
  message_bytes_max_ =
      std::min<std::size_t>(kMessageBytesMost, most > 0 ? static_cast<std::size_t>(most) : 0);
  up_ = true;
  if (message_bytes_max_ < 2048) {
    reason_ = Error(ErrorCode::too_large, "the server takes only small messages", {},
                    "its max_payload is " + std::to_string(most), "raise it to 2048 at least");
    lock.unlock();
    ::natsConnection_Close(connection_);
    lock.lock();
  } else if (events_) {
    events_->connected();
  }
}

// Servers of a cluster tell of each other: where one is gone, another is asked.
void Session::learn_servers() {
  char** found = nullptr;
  int count = 0;
  servers_ = options_.access.servers;
  if (::natsConnection_GetDiscoveredServers(connection_, &found, &count) != NATS_OK) return;
  for (int i = 0; i < count; ++i) {
    const bool known = std::find(servers_.begin(), servers_.end(), found[i]) != servers_.end();
    if (!known && servers_.size() < kServersMax) servers_.emplace_back(found[i]);
    std::free(found[i]);
  }
  std::free(found);
}

// All that waits; then what was asked for is in effect when the server has answered a ping.
void Session::work(Lock& lock) {
  std::deque<Task> tasks;
  tasks.swap(tasks_);
  lock.unlock();
  std::uint64_t number = 0;
  std::size_t done = 0;
  for (const Task& task : tasks) {
    perform(task);
    number = std::max(number, task.number);
    done += task.envelope.size();
  }
  const natsStatus flushed =
      number == 0 ? NATS_OK : ::natsConnection_FlushTimeout(connection_, kAnswerMs);
  lock.lock();
  queued_ -= std::min(queued_, done);
  if (number == 0 || !events_ || closed_) return;
  if (flushed == NATS_OK) return events_->settled(number);
  if (flushed == NATS_TIMEOUT && !reason_)  // else it is closed, and who did that says why
    reason_ = Error(ErrorCode::timeout, "the connection is lost", {},
                    "the server has not answered for 5 s");
  lock.unlock();
  ::natsConnection_Close(connection_);
  lock.lock();
}

void Session::perform(const Task& task) {
  const std::string subject = options_.subjects + place_name(task.place);
  if (task.kind == Task::Kind::publish) {
    // Where this fails the connection does, and says so.
    (void)::natsConnection_Publish(connection_, subject.c_str(), task.envelope.data(),
                                   static_cast<int>(task.envelope.size()));
    return;
  }
  natsSubscription*& subscription = subscriptions_[task.place];
  if (subscription) {
    ::natsSubscription_Unsubscribe(subscription);
    ::natsSubscription_Destroy(std::exchange(subscription, nullptr));
  }
  if (task.kind == Task::Kind::ignore) {
    subscriptions_.erase(task.place);
    return;
  }
  if (::natsConnection_Subscribe(&subscription, connection_, subject.c_str(), &on_message, this) !=
      NATS_OK)
    return;
  // It has no messages before it is flushed, so none is completed before it is counted.
  if (::natsSubscription_SetOnCompleteCB(subscription, &on_complete, this) == NATS_OK) {
    const Lock lock(lock_);
    ++listening_;
  }
  ::natsSubscription_SetPendingLimits(subscription, -1, static_cast<int>(options_.queue_bytes_max));
}

// The library has called back for the last time afterwards, unless that takes it too long.
void Session::hang_up(Lock& lock) {
  up_ = false;
  tasks_.clear();
  queued_ = 0;
  lock.unlock();
  ::natsConnection_Close(connection_);
  for (auto& [place, subscription] : subscriptions_) ::natsSubscription_Destroy(subscription);
  subscriptions_.clear();
  ::natsConnection_Destroy(std::exchange(connection_, nullptr));
  lock.lock();
  changed_.wait_for(lock, kFarewell, [&] { return closed_ && listening_ <= 0; });
}

void Session::on_message(natsConnection*, natsSubscription*, natsMsg* message, void* self) {
  Session& session = *static_cast<Session*>(self);
  {
    const Lock lock(session.lock_);
    if (session.events_)
      session.events_->message({reinterpret_cast<const std::uint8_t*>(::natsMsg_GetData(message)),
                                static_cast<std::size_t>(::natsMsg_GetDataLength(message))});
  }
  ::natsMsg_Destroy(message);
}

void Session::on_complete(void* self) {
  Session& session = *static_cast<Session*>(self);
  const Lock lock(session.lock_);
  --session.listening_;
  session.changed_.notify_all();
}

void Session::on_closed(natsConnection* connection, void* self) {
  Session& session = *static_cast<Session*>(self);
  const char* text = nullptr;
  const natsStatus status = ::natsConnection_GetLastError(connection, &text);
  const Lock lock(session.lock_);
  session.closed_ = true;
  if (!session.reason_)
    session.reason_ =
        Error(ErrorCode::system, "the connection is lost", {},
              status == NATS_STALE_CONNECTION
                  ? "the server has not answered for 9 s"
                  : "the server closed it" +
                        (text && *text ? " (" + base::printable(text).substr(0, 200) + ")" : ""));
  session.changed_.notify_all();
}

void Session::on_error(natsConnection* connection, natsSubscription* subscription,
                       natsStatus status, void* self) {
  Session& session = *static_cast<Session*>(self);
  if (status == NATS_SLOW_CONSUMER && subscription) {
    // Its counter is of all that was dropped since it was made; once for each time it is slow.
    const Lock lock(session.lock_);
    if (session.events_) session.events_->dropped(1);
    return;
  }
  if (status != NATS_NOT_PERMITTED && status != NATS_CONNECTION_AUTH_FAILED) return;
  const std::string why = nats_last_word();
  {
    const char* text = nullptr;
    ::natsConnection_GetLastError(connection, &text);
    const Lock lock(session.lock_);
    session.reason_ =
        Error(ErrorCode::permission, "the server does not let us read or write", {},
              base::printable(text && *text ? text : why).substr(0, 200),
              "let the user publish and subscribe " + session.options_.subjects + ">");
  }
  ::natsConnection_Close(connection);
}

}  // namespace dts::transport
