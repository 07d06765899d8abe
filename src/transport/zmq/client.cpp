// Client: connecting, what is listened to, messages out and in, and why a connection ended.
//
// ZeroMQ says neither that a connection works nor that a subscription is in effect. Both are seen
// by a mark: a topic of our own that we come to listen to by the one socket, and that the forwarder
// then tells all publishers of, us by the other socket. What was asked before it is in effect
// there.
//
// Publishers do not choose: all they have goes to the forwarder, so that what one has come to want
// is not missed because another publisher has not heard of it yet.
//
// Threads: one of its own uses the sockets; others leave it orders and messages, under the lock.
#include "transport/zmq/client.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "base/endian.hpp"
#include "transport/broker/topic.hpp"
#include "transport/knock.hpp"

namespace dts::transport::zmq {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kPatience{5};       // with a connection that is being made
constexpr std::chrono::seconds kLastWords{1};      // to send what was published
constexpr std::size_t kQueueBytesMax = 16u << 20;  // of messages not taken by the library yet
constexpr int kMessagesAtOnce = 1024;
constexpr int kRetryMs = 1;  // the library does not tell when there is room again
constexpr int kEvents = ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                        ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CLOSED;

class Client final : public BrokerClient {
 public:
  Client(ClientSettings settings, Context context, BrokerEvents& events)
      : settings_(std::move(settings)), context_(std::move(context)), events_(events) {}
  ~Client() override {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
      wake();
    }
    if (thread_.joinable()) thread_.join();
  }

  Result<void> open() {
    wake_ = Descriptor(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    if (!wake_) return system_error("open a wake handle", "zmq", errno);
    thread_ = std::thread([this] { run(); });
    return {};
  }

  void connect() override { order({.kind = Kind::connect}); }
  void listen(const Place& place, std::uint64_t number) override {
    order({.kind = Kind::listen, .place = place, .number = number});
  }
  void ignore(const Place& place, std::uint64_t number) override {
    order({.kind = Kind::ignore, .place = place, .number = number});
  }
  bool publish(const Place& place, ByteView envelope) override {
    Message message(topic_of(settings_.prefix, place), envelope);
    const std::lock_guard lock(mutex_);
    if (queued_ + envelope.size() > kQueueBytesMax || message.bytes().empty()) return false;
    queued_ += message.bytes().size();
    outgoing_.push_back(std::move(message));
    wake();
    return true;
  }
  std::size_t message_bytes_max() const override { return kMessageBytesMax - kTopicBytesMax; }

 private:
  enum class Kind { connect, listen, ignore };
  struct Order {
    Kind kind = Kind::connect;
    Place place{};
    std::uint64_t number = 0;
  };
  // Of one attempt; the sockets, and those that tell what happens to their connections.
  struct Connection {
    Connection() {}  // clang wants to know now whether there is one: = default comes too late
    Connection(const Connection&) = delete;
    // The library's threads wait, for ever, to tell one who has gone.
    ~Connection() {
      for (const Socket* socket : {&up, &down})
        if (*socket) ::zmq_socket_monitor(socket->get(), nullptr, 0);
    }
    Socket up, down, up_events, down_events;
    Clock::time_point since = Clock::now();
    bool works = false;                 // it has been told
    bool takes_all = false;             // what we publish is asked for
    std::deque<std::uint64_t> marks{};  // that are on their way
    std::uint64_t asked = 0, marked = 0;
  };

  void order(Order order) {
    const std::lock_guard lock(mutex_);
    orders_.push_back(order);
    wake();
  }
  void wake() {  // under the lock
    if (std::exchange(awake_, true)) return;
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
  }
  void run();
  void wait(bool at_once);
  bool take_orders();
  void begin();
  Result<Ends> find() const;
  Result<void> make_sockets(const Ends& ends);
  Result<void> make(Socket& socket, int type, const std::string& end, Socket& told,
                    const char* name);
  void set_mark(std::uint64_t number);
  std::string mark(std::uint64_t number) const;
  void hear_wishes();
  bool hear();
  bool send();
  void hear_events(const Socket& told);
  void lose(Error why);
  Error why(std::uint16_t event) const;

  const ClientSettings settings_;
  const Context context_;
  BrokerEvents& events_;
  Descriptor wake_;
  std::optional<Connection> connection_;  // of the thread
  std::uint64_t attempts_ = 0;
  std::vector<Message> sending_;  // taken off outgoing_; sent_ of them are with the library
  std::size_t sent_ = 0;
  std::vector<Order> taken_;

  std::mutex mutex_;  // all that follows
  std::vector<Order> orders_;
  std::vector<Message> outgoing_;
  std::size_t queued_ = 0;  // bytes in outgoing_ and sending_
  bool awake_ = false, over_ = false;
  std::thread thread_;
};

void Client::run() {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  bool more = false;
  while (true) {
    wait(more);
    if (!take_orders()) break;
    more = false;
    if (!connection_) continue;
    hear_wishes();
    more = hear();
    more = send() || more;
    hear_events(connection_->up_events);
    if (connection_) hear_events(connection_->down_events);
    if (connection_ && !connection_->works && Clock::now() - connection_->since > kPatience)
      lose(Error(ErrorCode::timeout, "ZeroMQ answers there, but passes nothing on", {},
                 "what we ask for does not come back to us",
                 "both ports have to be those of one forwarder"));
  }
  const auto end = Clock::now() + kLastWords;
  while (connection_ && connection_->works && send() && Clock::now() < end) wait(false);
  connection_.reset();
}

// Until there is something to do; not at all when more is known to be there.
void Client::wait(bool at_once) {
  zmq_pollitem_t items[5] = {{nullptr, wake_.get(), ZMQ_POLLIN, 0}};
  int count = 1;
  long patience = -1;
  if (connection_) {
    const Connection& c = *connection_;
    for (const Socket* socket : {&c.up, &c.down, &c.up_events, &c.down_events})
      if (*socket) items[count++] = {socket->get(), 0, ZMQ_POLLIN, 0};
    if (!c.works) patience = 200;
    if (sent_ < sending_.size()) patience = kRetryMs;
  }
  ::zmq_poll(items, count, at_once ? 0 : patience);
}

// False: it is over.
bool Client::take_orders() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(awake_, false)) {
      std::uint64_t count = 0;
      [[maybe_unused]] const auto got = ::read(wake_.get(), &count, sizeof count);
    }
    taken_.clear();
    taken_.swap(orders_);
    if (over_) return false;
  }
  for (const Order& order : taken_) {
    if (order.kind == Kind::connect) {
      begin();
    } else if (connection_) {
      connection_->down.set(order.kind == Kind::listen ? ZMQ_SUBSCRIBE : ZMQ_UNSUBSCRIBE,
                            topic_of(settings_.prefix, order.place));
      connection_->asked = order.number;
    }
  }
  if (connection_ && connection_->asked > connection_->marked) set_mark(connection_->asked);
  return true;
}

void Client::begin() {
  ++attempts_;
  const auto ends = find();
  if (!ends) return lose(ends.error());
  connection_.emplace();
  const auto made = make_sockets(*ends);
  if (!made) return lose(made.error());
  set_mark(0);
}

// Looks first whether ZeroMQ lives there: the library only says that something did not work.
Result<Ends> Client::find() const {
  if (settings_.forwarder) return Ends{Forwarder::kIn, Forwarder::kOut};
  Knock how{.what = "ZeroMQ",
            .greeting = std::string(kZmtpGreeting),
            .same = 1,
            .cure = "a node that listens there with zmq+tcp-listen://",
            .stop = wake_.get()};
  if (!settings_.endpoint) {
    how.cure = "a node that listens there with zmq+ipc-listen://";
    const Ends ends{settings_.path + ".in", settings_.path + ".out"};
    for (const std::string& end : {ends.in, ends.out}) {
      DTS_TRY(knock(end, how));
    }
    return Ends{"ipc://" + ends.in, "ipc://" + ends.out};
  }
  DTS_ASSIGN(const Answered up, knock(*settings_.endpoint, how));
  Endpoint next = *settings_.endpoint;
  ++next.port;
  const std::string text = address_text(up.address);
  const std::string host = text.substr(0, text.rfind(':') + 1);
  return Ends{"tcp://" + text, "tcp://" + host + std::to_string(next.port)};
}

Result<void> Client::make_sockets(const Ends& ends) {
  Connection& c = *connection_;
  DTS_TRY(make(c.up, ZMQ_XPUB, ends.in, c.up_events, "up"));
  DTS_TRY(make(c.down, ZMQ_SUB, ends.out, c.down_events, "down"));
  return {};
}

Result<void> Client::make(Socket& socket, int type, const std::string& end, Socket& told,
                          const char* name) {
  socket = Socket(context_, type);
  if (!socket) return library_error("open a socket", {});
  set_up(socket);
  if (type == ZMQ_XPUB) {
    socket.set(ZMQ_XPUB_MANUAL, 1);
    socket.set(ZMQ_XPUB_NODROP, 1);
  }
  if (!settings_.forwarder) {
    if (settings_.keys) {
      const ClientKeys& keys = *settings_.keys;
      if (!socket.set(ZMQ_CURVE_SERVERKEY, keys.server + '\0') ||
          !socket.set(ZMQ_CURVE_PUBLICKEY, keys.own.open + '\0') ||
          !socket.set(ZMQ_CURVE_SECRETKEY, keys.own.secret + '\0'))
        return library_error("encrypt (CURVE)", "libzmq");
    }
    const std::string watch = "inproc://watch-" + std::to_string(attempts_) + name;
    told = Socket(context_, ZMQ_PAIR);
    if (::zmq_socket_monitor(socket.get(), watch.c_str(), kEvents) != 0 || !told ||
        ::zmq_connect(told.get(), watch.c_str()) != 0)
      return library_error("watch a connection", {});
  }
  if (::zmq_connect(socket.get(), end.c_str()) != 0) return library_error("connect", end);
  return {};
}

std::string Client::mark(std::uint64_t number) const {
  return settings_.prefix + "mark-" + place_name({.member = settings_.self}).substr(1) + "-" +
         std::to_string(attempts_) + "-" + std::to_string(number) + " ";
}

void Client::set_mark(std::uint64_t number) {
  connection_->marked = number;
  connection_->marks.push_back(number);
  connection_->down.set(ZMQ_SUBSCRIBE, mark(number));
}

// What is listened to, as the forwarder tells: 1 and the topic; 0 and the topic: no longer.
void Client::hear_wishes() {
  Connection& c = *connection_;
  Message wish;
  while (wish.receive(c.up)) {
    const std::string_view text = wish.text();
    if (text.empty() || text[0] != 1) continue;
    if (!std::exchange(c.takes_all, true)) c.up.set(ZMQ_SUBSCRIBE, std::string_view());
    if (!text.substr(1).starts_with(settings_.prefix)) continue;
    while (!c.marks.empty() && text.substr(1) == mark(c.marks.front())) {
      const std::uint64_t number = c.marks.front();
      c.marks.pop_front();
      c.down.set(ZMQ_UNSUBSCRIBE, mark(number));
      if (std::exchange(c.works, true))
        events_.settled(number);
      else
        events_.connected();
    }
  }
}

bool Client::hear() {
  Message message;
  for (int count = 0; count < kMessagesAtOnce; ++count) {
    if (!message.receive(connection_->down)) return false;
    events_.message(after_topic(message.bytes()));
  }
  return true;
}

// True: something is left.
bool Client::send() {
  if (sent_ == sending_.size()) {
    const std::lock_guard lock(mutex_);
    sending_.clear();
    sent_ = 0;
    sending_.swap(outgoing_);
  }
  std::size_t bytes = 0;
  while (sent_ < sending_.size()) {
    const std::size_t size = sending_[sent_].bytes().size();
    if (!sending_[sent_].send(connection_->up)) break;
    bytes += size;
    ++sent_;
  }
  const std::lock_guard lock(mutex_);
  queued_ -= bytes;
  return sent_ == sending_.size() && !outgoing_.empty();
}

void Client::hear_events(const Socket& told) {
  Message event, where;
  while (told && event.receive(told)) {
    where.receive(told);
    const ByteView bytes = event.bytes();
    if (bytes.size() < sizeof(std::uint16_t)) continue;
    return lose(why(base::load<std::uint16_t>(bytes.data())));
  }
}

void Client::lose(Error why) {
  connection_.reset();
  sent_ = 0;
  sending_.clear();
  {
    const std::lock_guard lock(mutex_);
    outgoing_.clear();
    queued_ = 0;
  }
  if (why.code() != ErrorCode::closed) events_.lost(std::move(why));
}

Error Client::why(std::uint16_t event) const {
  if (connection_->works)
    return Error(ErrorCode::system, "the connection is lost", {},
                 "the other side closed it, or has not answered for 10 s");
  if (event == ZMQ_EVENT_CLOSED)
    return Error(ErrorCode::system, "nobody listens at one of the two ports", {},
                 "connection refused", "the second is the one after the port in the URL");
  if (event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)
    return Error(ErrorCode::permission, "it does not let us in", {},
                 "our key is not among those it knows",
                 "its operator has to add the public key to the file `clients` names");
  // Who says nothing of why: each side may be the first to see that the other does not fit.
  return settings_.keys ? Error(ErrorCode::permission, "it is not the one whose key we have", {},
                                "it has another key than the one in " +
                                    settings_.keys->server_file + ", or none",
                                "compare that file with the public key of the node that listens")
                        : Error(ErrorCode::permission, "it wants keys", {},
                                "it speaks ZeroMQ, and ends what is not encrypted",
                                "server-key=FILE and key=FILE");
}

}  // namespace

Result<std::unique_ptr<BrokerClient>> make_client(ClientSettings settings, BrokerEvents& events) {
  Context context = settings.context;
  if (!context) {
    DTS_ASSIGN(context, make_context());
  }
  auto client = std::make_unique<Client>(std::move(settings), std::move(context), events);
  DTS_TRY(client->open());
  return std::unique_ptr<BrokerClient>(std::move(client));
}

}  // namespace dts::transport::zmq
