#include "transport/mqtt/connection.hpp"

#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <netdb.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <thread>

#include "base/text.hpp"
#include "transport/broker/account.hpp"

namespace dts::transport {
namespace {

using std::chrono::steady_clock;
constexpr std::uint16_t kPort = 1883, kTlsPort = 8883;
constexpr int kKeepAliveSeconds = 5;  // the library's least; noticed within twice that
constexpr std::chrono::seconds kPatience{10}, kFarewell{1};
constexpr int kReadsPerCall = 64;
constexpr int kProbe = -1;  // among the library's numbers
constexpr std::string_view kProbeText = "DTS?";
constexpr std::size_t kTopicRoom = 512;  // for the topic and the head of an MQTT packet
constexpr const char* kMarkName = "dts";

}  // namespace

class MqttConnection::Client {
 public:
  Client(MqttOptions options, MqttEvents& events)
      : options_(std::move(options)),
        events_(events),
        message_bytes_max_(options_.message_bytes_max) {}
  ~Client();
  Result<void> open();

  void connect();
  void listen(const std::string& topic, std::uint64_t number, Listening how);
  void ignore(const std::string& topic, std::uint64_t number);
  bool publish(const std::string& topic, ByteView payload, bool retained);
  std::size_t message_bytes_max() const { return message_bytes_max_; }

 private:
  enum class Phase { idle, resolving, connecting, up };

  void set_callbacks();
  void run();
  void wait(std::unique_lock<std::mutex>& lock);
  void wake();
  void resolved();
  void connect_next();
  void serve(short events);
  void ended(int status, int error);
  Error ending(int status, int error) const;
  void lost(Error why);
  void said_farewell(std::unique_lock<std::mutex>& lock);
  void on_connect(int reason, const mosquitto_property* properties);
  void on_subscribe(int id, int count, const int* granted);
  void on_message(const mosquitto_message& message, const mosquitto_property* properties);
  void done(int id);

  const MqttOptions options_;
  MqttEvents& events_;
  std::atomic<std::size_t> message_bytes_max_;
  Descriptor wake_;
  Resolver resolver_;

  std::mutex calls_;  // all that follows
  mosquitto* library_ = nullptr;
  mosquitto_property* mark_ = nullptr;
  Phase phase_ = Phase::idle;
  steady_clock::time_point deadline_{};
  std::vector<SocketAddress> addresses_;  // not tried yet
  int version_ = MQTT_PROTOCOL_V5;        // spoken, or tried
  bool asked_ = false, stop_ = false;
  bool reached_ = false;                      // the socket is connected
  std::optional<Error> reason_;               // why the broker ends it, as it said
  std::string tls_reason_;                    // the library's last word on TLS
  int errno_ = 0;                             // when the library gave the connection up
  std::map<int, std::uint64_t> unconfirmed_;  // by the library's number
  std::uint64_t number_ = 0;                  // the last asked for
  std::size_t queued_ = 0;                    // bytes, about
  std::thread thread_;
};

namespace {

Error no_broker(std::string why) {
  return Error(ErrorCode::decode, "what is there is no MQTT broker", {}, std::move(why),
               "look at the port: 1883, with TLS 8883");
}

// What goes with every message, by its name.
std::string mark_of(const mosquitto_property* properties) {
  std::string mark;
  for (bool first = true; properties != nullptr; first = false) {
    char *name = nullptr, *value = nullptr;
    properties = ::mosquitto_property_read_string_pair(properties, MQTT_PROP_USER_PROPERTY, &name,
                                                       &value, !first);
    if (properties != nullptr && std::string_view(name) == kMarkName) mark = value;
    std::free(name);
    std::free(value);
  }
  return mark;
}

}  // namespace

Result<void> MqttConnection::Client::open() {
  // Once for the process; it is never undone, since others may use the library too.
  [[maybe_unused]] static const int ready = ::mosquitto_lib_init();
  wake_ = Descriptor(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!wake_) return system_error("wait for packets (eventfd)", "mqtt", errno);
  DTS_TRY(resolver_.open());
  library_ = ::mosquitto_new(options_.client.c_str(), true, this);
  if (!library_) return system_error("use libmosquitto", "mqtt", errno);
  ::mosquitto_int_option(library_, MOSQ_OPT_TCP_NODELAY, 1);
  if (!options_.account.user.empty())
    ::mosquitto_username_pw_set(library_, options_.account.user.c_str(),
                                options_.account.password.c_str());
  if (options_.tls) {
    ::mosquitto_int_option(library_, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0);
    ::mosquitto_void_option(library_, MOSQ_OPT_SSL_CTX, options_.tls->context());
  }
  if (!options_.will_topic.empty())
    ::mosquitto_will_set(library_, options_.will_topic.c_str(),
                         static_cast<int>(options_.will.size()), options_.will.data(), 0, true);
  if (!options_.mark.empty())
    ::mosquitto_property_add_string_pair(&mark_, MQTT_PROP_USER_PROPERTY, kMarkName,
                                         options_.mark.c_str());
  set_callbacks();
  thread_ = std::thread([this] { run(); });
  return {};
}

// Called by the library, so under calls_.
void MqttConnection::Client::set_callbacks() {
  ::mosquitto_connect_v5_callback_set(
      library_, [](mosquitto*, void* self, int reason, int, const mosquitto_property* properties) {
        static_cast<Client*>(self)->on_connect(reason, properties);
      });
  ::mosquitto_disconnect_v5_callback_set(
      library_, [](mosquitto*, void* self, int reason, const mosquitto_property*) {
        Client& client = *static_cast<Client*>(self);
        client.errno_ = errno;
        if (reason >= MQTT_RC_UNSPECIFIED && !client.reason_)
          client.reason_ = Error(ErrorCode::system, "the broker ended the connection", {},
                                 ::mosquitto_reason_string(reason));
      });
  ::mosquitto_message_v5_callback_set(
      library_, [](mosquitto*, void* self, const mosquitto_message* message,
                   const mosquitto_property* properties) {
        static_cast<Client*>(self)->on_message(*message, properties);
      });
  ::mosquitto_subscribe_v5_callback_set(
      library_,
      [](mosquitto*, void* self, int id, int count, const int* granted, const mosquitto_property*) {
        static_cast<Client*>(self)->on_subscribe(id, count, granted);
      });
  ::mosquitto_unsubscribe_v5_callback_set(
      library_, [](mosquitto*, void* self, int id, const mosquitto_property*) {
        static_cast<Client*>(self)->done(id);
      });
  ::mosquitto_log_callback_set(library_, [](mosquitto*, void* self, int level, const char* text) {
    constexpr std::string_view about = "OpenSSL Error";
    if (level == MOSQ_LOG_ERR && std::string_view(text).starts_with(about))
      static_cast<Client*>(self)->tls_reason_ =
          std::string_view(text).substr(std::string_view(text).rfind(':') + 1);
  });
}

MqttConnection::Client::~Client() {
  if (thread_.joinable()) {
    {
      const std::lock_guard lock(calls_);
      stop_ = true;
    }
    wake();
    thread_.join();
  }
  if (library_) ::mosquitto_destroy(library_);
  ::mosquitto_property_free_all(&mark_);
}

void MqttConnection::Client::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
}

void MqttConnection::Client::connect() {
  {
    const std::lock_guard lock(calls_);
    asked_ = true;
  }
  wake();
}

void MqttConnection::Client::listen(const std::string& topic, std::uint64_t number, Listening how) {
  const std::lock_guard lock(calls_);
  const bool back = version_ != MQTT_PROTOCOL_V5 || how != Listening::to_others;
  int id = 0;
  if (::mosquitto_subscribe_v5(library_, &id, topic.c_str(), 0, back ? 0 : MQTT_SUB_OPT_NO_LOCAL,
                               nullptr) == 0)
    unconfirmed_[id] = number;
  if (how == Listening::proven) {
    unconfirmed_[kProbe] = number;
    ::mosquitto_publish_v5(library_, nullptr, topic.c_str(), kProbeText.size(), kProbeText.data(),
                           0, false, nullptr);
  }
  number_ = number;
  if (::mosquitto_want_write(library_)) wake();
}

void MqttConnection::Client::ignore(const std::string& topic, std::uint64_t number) {
  const std::lock_guard lock(calls_);
  int id = 0;
  if (::mosquitto_unsubscribe_v5(library_, &id, topic.c_str(), nullptr) == 0)
    unconfirmed_[id] = number;
  number_ = number;
  if (::mosquitto_want_write(library_)) wake();
}

bool MqttConnection::Client::publish(const std::string& topic, ByteView payload, bool retained) {
  const std::lock_guard lock(calls_);
  if (phase_ != Phase::up || queued_ + payload.size() > options_.queue_bytes_max) return false;
  if (::mosquitto_publish_v5(library_, nullptr, topic.c_str(), static_cast<int>(payload.size()),
                             payload.data(), 0, retained,
                             version_ == MQTT_PROTOCOL_V5 ? mark_ : nullptr) != 0)
    return false;
  if (::mosquitto_want_write(library_)) {
    if (queued_ == 0) wake();
    queued_ += payload.size() + topic.size();
  } else {
    queued_ = 0;
  }
  return true;
}

void MqttConnection::Client::run() {
  std::unique_lock lock(calls_);
  while (!stop_) {
    if (std::exchange(asked_, false)) {
      phase_ = Phase::resolving;
      deadline_ = steady_clock::now() + kPatience;
      resolver_.ask(options_.endpoint);
    }
    wait(lock);
    const bool late =
        phase_ != Phase::idle && phase_ != Phase::up && steady_clock::now() > deadline_;
    if (late && phase_ == Phase::connecting && addresses_.size() > 1) {
      addresses_.erase(addresses_.begin());
      connect_next();
    } else if (late) {
      lost(Error(ErrorCode::timeout, "what is there says nothing", {}, "it was asked 10 s ago",
                 "look at the host, the port and the firewall"));
    }
  }
  said_farewell(lock);
}

// Until something happens; and does what has.
void MqttConnection::Client::wait(std::unique_lock<std::mutex>& lock) {
  const int socket =
      phase_ == Phase::connecting || phase_ == Phase::up ? ::mosquitto_socket(library_) : -1;
  // While TLS is agreed upon there is something to write, and it is the other side that is waited
  // for.
  const bool agreeing = phase_ == Phase::connecting && reached_ && options_.tls;
  short wanted = POLLIN;
  if (socket >= 0 && !agreeing && ::mosquitto_want_write(library_)) wanted |= POLLOUT;
  pollfd handles[] = {{wake_.get(), POLLIN, 0},
                      {phase_ == Phase::resolving ? resolver_.handle() : -1, POLLIN, 0},
                      {socket, wanted, 0}};
  const int timeout_ms = phase_ == Phase::idle ? -1 : 1000;
  lock.unlock();
  ::poll(handles, std::size(handles), timeout_ms);
  lock.lock();
  if (handles[0].revents != 0) {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = ::read(wake_.get(), &count, sizeof count);
  }
  if (handles[1].revents != 0) resolved();
  if (socket >= 0 && socket == ::mosquitto_socket(library_)) serve(handles[2].revents);
}

void MqttConnection::Client::resolved() {
  auto answer = resolver_.take();
  if (phase_ != Phase::resolving) return;
  if (!answer) return lost(answer.error());
  addresses_ = std::move(*answer);
  connect_next();
}

// One address after the other, as the resolver prefers them: the library would try the first only.
void MqttConnection::Client::connect_next() {
  phase_ = Phase::connecting;
  deadline_ = steady_clock::now() + kPatience;
  reached_ = false;
  errno_ = 0;
  reason_.reset();
  tls_reason_.clear();
  unconfirmed_.clear();
  queued_ = 0;
  ::mosquitto_int_option(library_, MOSQ_OPT_PROTOCOL_VERSION, version_);
  char host[NI_MAXHOST];
  const SocketAddress& address = addresses_.front();
  ::getnameinfo(reinterpret_cast<const sockaddr*>(&address.storage), address.size, host,
                sizeof host, nullptr, 0, NI_NUMERICHOST);
  errno = 0;
  const int status =
      ::mosquitto_connect_async(library_, host, options_.endpoint.port, kKeepAliveSeconds);
  if (status != MOSQ_ERR_SUCCESS) ended(status, errno);
}

void MqttConnection::Client::serve(short events) {
  if (phase_ == Phase::connecting && !reached_ && events != 0) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(::mosquitto_socket(library_), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return ended(MOSQ_ERR_ERRNO, error);
    reached_ = true;
  }
  int status = MOSQ_ERR_SUCCESS;
  if ((events & (POLLIN | POLLERR | POLLHUP)) != 0) {
    for (int i = 0; i < kReadsPerCall && status == MOSQ_ERR_SUCCESS; ++i) {
      errno = 0;
      status = ::mosquitto_loop_read(library_, 1);
      if (errno == EAGAIN || errno == EWOULDBLOCK) break;
    }
  }
  if (status == MOSQ_ERR_SUCCESS && ::mosquitto_want_write(library_))
    status = ::mosquitto_loop_write(library_, 1);
  if (status == MOSQ_ERR_SUCCESS) status = ::mosquitto_loop_misc(library_);
  if (status != MOSQ_ERR_SUCCESS || ::mosquitto_socket(library_) < 0) return ended(status, errno_);
  if (!::mosquitto_want_write(library_)) queued_ = 0;
}

// The library has given the connection up, or never had one.
void MqttConnection::Client::ended(int status, int error) {
  const bool greeting = phase_ == Phase::connecting;
  const bool unreachable = greeting && !reached_;
  // A broker that knows 3.1.1 only says so, or goes without a word.
  const bool older = greeting && version_ == MQTT_PROTOCOL_V5 && !unreachable &&
                     (reason_ ? reason_->code() == ErrorCode::unsupported
                              : status == MOSQ_ERR_CONN_LOST && tls_reason_.empty());
  if (older) {
    version_ = MQTT_PROTOCOL_V311;
    return connect_next();
  }
  if (unreachable && addresses_.size() > 1) {
    addresses_.erase(addresses_.begin());
    return connect_next();
  }
  if (greeting) version_ = MQTT_PROTOCOL_V5;
  lost(reason_ ? *reason_ : ending(status, error));
}

Error MqttConnection::Client::ending(int status, int error) const {
  const bool greeting = phase_ == Phase::connecting;
  if (!tls_reason_.empty() || status == MOSQ_ERR_TLS || error == EPROTO)
    return Error(ErrorCode::permission, "no agreement on TLS with the broker", {},
                 base::printable(tls_reason_), "TLS 1.3, and its CA in ca=FILE or DTS_TLS_CA");
  if (greeting && error == ECONNREFUSED)
    return Error(ErrorCode::system, "nobody listens there", {}, "the connection was refused",
                 "start the broker, or look at the port");
  if (greeting && status == MOSQ_ERR_CONN_LOST)
    return no_broker("it closed the connection without an answer");
  if (status == MOSQ_ERR_ERRNO && error != 0)
    return greeting ? system_error("connect", {}, error)
                    : Error(ErrorCode::system, "the connection is lost", {}, std::strerror(error));
  if (greeting) return no_broker("its answer is none of MQTT's");
  if (status == MOSQ_ERR_KEEPALIVE || status == MOSQ_ERR_SUCCESS)
    return Error(ErrorCode::timeout, "the connection is lost", {},
                 "the broker has not answered for " + std::to_string(kKeepAliveSeconds) + " s");
  if (status == MOSQ_ERR_CONN_LOST)
    return Error(ErrorCode::system, "the broker closed the connection");
  return Error(ErrorCode::system, "the connection is lost", {}, ::mosquitto_strerror(status));
}

void MqttConnection::Client::lost(Error why) {
  phase_ = Phase::idle;
  // Whatever is half done is undone; the library has no other word for that.
  if (::mosquitto_socket(library_) >= 0) {
    ::mosquitto_disconnect(library_);
    ::mosquitto_loop_misc(library_);
    const int socket = ::mosquitto_socket(library_);
    if (socket >= 0) ::shutdown(socket, SHUT_RDWR);
  }
  events_.lost(std::move(why));
}

void MqttConnection::Client::on_connect(int reason, const mosquitto_property* properties) {
  const bool five = version_ == MQTT_PROTOCOL_V5;
  if (reason ==
      (five ? int{MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION} : int{CONNACK_REFUSED_PROTOCOL_VERSION})) {
    reason_ = Error(ErrorCode::unsupported, "the broker speaks neither MQTT 5 nor 3.1.1");
    return;
  }
  const bool account =
      five ? reason == MQTT_RC_BAD_USERNAME_OR_PASSWORD || reason == MQTT_RC_NOT_AUTHORIZED
           : reason == CONNACK_REFUSED_BAD_USERNAME_PASSWORD ||
                 reason == CONNACK_REFUSED_NOT_AUTHORIZED;
  if (account) {
    reason_ = Error(ErrorCode::permission, "the broker does not let us in", {},
                    options_.account.user.empty() ? "it wants a user and a password"
                                                  : "the user or the password is wrong",
                    "mqtt://user:password@host, or DTS_MQTT_USER and DTS_MQTT_PASSWORD");
    return;
  }
  if (reason != 0) {
    reason_ = Error(ErrorCode::system, "the broker does not let us in", {},
                    five ? ::mosquitto_reason_string(reason) : ::mosquitto_connack_string(reason));
    return;
  }
  std::uint32_t most = 0;
  if (properties)
    ::mosquitto_property_read_int32(properties, MQTT_PROP_MAXIMUM_PACKET_SIZE, &most, false);
  if (most != 0 && most < kMqttMessageBytesLeast + kTopicRoom) {
    reason_ =
        Error(ErrorCode::too_large, "the broker takes only small messages", {},
              "its largest packet has " + std::to_string(most) + " bytes",
              "raise it to " + std::to_string(kMqttMessageBytesLeast + kTopicRoom) + " at least");
    ::mosquitto_disconnect(library_);
    return;
  }
  message_bytes_max_ = most == 0
                           ? options_.message_bytes_max
                           : std::min<std::size_t>(options_.message_bytes_max, most - kTopicRoom);
  phase_ = Phase::up;
  events_.connected();
}

void MqttConnection::Client::on_subscribe(int id, int count, const int* granted) {
  const auto asked = unconfirmed_.find(id);
  if (asked == unconfirmed_.end() || count < 1 || granted[0] < MQTT_RC_UNSPECIFIED) return done(id);
  if (reason_) return;
  reason_ = events_.refused(asked->second);
  if (!reason_) return done(id);
  ::mosquitto_disconnect(library_);
}

void MqttConnection::Client::on_message(const mosquitto_message& message,
                                        const mosquitto_property* properties) {
  const ByteView payload{static_cast<const std::uint8_t*>(message.payload),
                         static_cast<std::size_t>(message.payloadlen)};
  if (as_text(payload) == kProbeText && unconfirmed_.contains(kProbe)) return done(kProbe);
  const std::string mark = mark_of(properties);
  events_.message(
      {message.topic, payload, message.retain, mark, version_ != MQTT_PROTOCOL_V5});
}

// Of what was asked for so far, all up to the first that is still open is in effect.
void MqttConnection::Client::done(int id) {
  unconfirmed_.erase(id);
  std::uint64_t all = number_;
  for (const auto& [open, number] : unconfirmed_) all = std::min(all, number - 1);
  events_.settled(all);
}

// What was published goes out first, within reason.
void MqttConnection::Client::said_farewell(std::unique_lock<std::mutex>& lock) {
  if (phase_ != Phase::up) return;
  ::mosquitto_disconnect(library_);
  const auto end = steady_clock::now() + kFarewell;
  while (::mosquitto_socket(library_) >= 0 && ::mosquitto_want_write(library_) &&
         steady_clock::now() < end) {
    pollfd handle{::mosquitto_socket(library_), POLLOUT, 0};
    lock.unlock();
    ::poll(&handle, 1, 100);
    lock.lock();
    if (::mosquitto_loop_write(library_, 1) != MOSQ_ERR_SUCCESS) break;
  }
}

MqttConnection::MqttConnection(std::unique_ptr<Client> client) : client_(std::move(client)) {}
MqttConnection::~MqttConnection() = default;

Result<std::unique_ptr<MqttConnection>> MqttConnection::open(MqttOptions options,
                                                             MqttEvents& events) {
  auto client = std::make_unique<Client>(std::move(options), events);
  DTS_TRY(client->open());
  return std::unique_ptr<MqttConnection>(new MqttConnection(std::move(client)));
}

void MqttConnection::connect() { client_->connect(); }
void MqttConnection::listen(const std::string& topic, std::uint64_t number, Listening how) {
  client_->listen(topic, number, how);
}
void MqttConnection::ignore(const std::string& topic, std::uint64_t number) {
  client_->ignore(topic, number);
}
bool MqttConnection::publish(const std::string& topic, ByteView payload, bool retained) {
  return client_->publish(topic, payload, retained);
}
std::size_t MqttConnection::message_bytes_max() const { return client_->message_bytes_max(); }

namespace {

// What follows the host is where the topics begin.
Result<std::string> take_prefix(Url& url) {
  const auto slash = url.host.find('/');
  if (slash == std::string::npos) return std::string();
  std::string prefix = url.host.substr(slash + 1);
  url.host.erase(slash);
  if (prefix.ends_with('/')) prefix.pop_back();
  if (prefix.size() > 200 || prefix.find_first_of("+#") != std::string::npos ||
      prefix.starts_with('$') || !base::is_utf8(prefix))
    return Error(ErrorCode::invalid_url, "this is no prefix for topics", base::printable(url.text),
                 "it has a + or a #, begins with a $, or is longer than 200 bytes",
                 "mqtt://host/brewery");
  return prefix;
}

}  // namespace

Result<MqttOptions> mqtt_options(Url& url) {
  MqttOptions options;
  const bool secure = url.scheme == "mqtts";
  DTS_ASSIGN(options.account, account_of(url, "DTS_MQTT"));
  DTS_ASSIGN(options.prefix, take_prefix(url));
  DTS_ASSIGN(options.endpoint, parse_endpoint(url.host, secure ? kTlsPort : kPort, url.text));
  if (options.endpoint.host.empty() || options.endpoint.port == 0)
    return Error(ErrorCode::invalid_url, "this is no place to connect", base::printable(url.text),
                 "it names no host, or no port", "mqtt://broker.local");
  if (secure) {
    DTS_ASSIGN(options.tls, Tls::client(url, options.endpoint.host));
  }
  return options;
}

}  // namespace dts::transport
