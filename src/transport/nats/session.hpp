// Session: a thread that does with a NATS server what it is asked, in the order it is asked,
// because the library's calls wait: for the server to answer, for room in the socket. What is
// published is queued, and while it waits, messages to one place become one. It outlives its owner
// until the library has called back for the last time.
//
// Threads: any may ask. Events come from this thread and from the library's.
#pragma once

#include <nats/nats.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "transport/broker/broker.hpp"
#include "transport/nats/access.hpp"

namespace dts::transport {

struct NatsOptions {
  NatsAccess access;
  std::string subjects;  // "dts.default."
  std::string name;      // as the server lists its clients
  std::size_t queue_bytes_max = 0;
};

class Session {
 public:
  Session(NatsOptions options, BrokerEvents& events)
      : options_(std::move(options)), events_(&events) {}
  Session(const Session&) = delete;
  ~Session();
  // Checks what needs no server: files, names.
  Result<void> open();
  static void start(const std::shared_ptr<Session>& session);
  // Sends on what is queued, for at most this time. No event comes afterwards.
  void finish(std::chrono::milliseconds most);

  void connect();
  void listen(const Place& place, std::uint64_t number);
  void ignore(const Place& place, std::uint64_t number);
  bool publish(const Place& place, ByteView envelope);
  std::size_t message_bytes_max() const;

 private:
  struct Task {
    enum class Kind { listen, ignore, publish } kind;
    Place place;
    std::uint64_t number = 0;
    Bytes envelope;
  };
  using Lock = std::unique_lock<std::mutex>;

  bool run();  // true: the library is through with us
  void dial(Lock& lock);
  void work(Lock& lock);
  void perform(const Task& task);
  void hang_up(Lock& lock);
  void add(Task task);
  void learn_servers();

  static void on_message(natsConnection*, natsSubscription*, natsMsg* message, void* self);
  static void on_complete(void* self);
  static void on_closed(natsConnection*, void* self);
  static void on_error(natsConnection*, natsSubscription* subscription, natsStatus status,
                       void* self);

  const NatsOptions options_;
  natsOptions* settings_ = nullptr;
  natsConnection* connection_ = nullptr;  // of the thread, as the next
  std::map<Place, natsSubscription*> subscriptions_;
  std::vector<std::string> servers_;  // those, and which they told us of

  mutable std::mutex lock_;  // all that follows
  std::condition_variable changed_;
  BrokerEvents* events_;  // null: nobody is to be told any more
  bool asked_ = false, stop_ = false, finished_ = false, up_ = false;
  bool closed_ = false;          // the library has let go of the connection
  int listening_ = 0;            // subscriptions it may still call back for
  std::optional<Error> reason_;  // why the server ends it, as it said
  std::deque<Task> tasks_;
  std::size_t queued_ = 0;  // bytes
  std::size_t message_bytes_max_ = 64u << 10;
};

}  // namespace dts::transport
