#include <cli/bridge/mqtt_session.hpp>

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <base/random.hpp>
#include <base/text.hpp>
#include <cli/session.hpp>

namespace dts::cli {

namespace {

constexpr std::size_t kWaitingBytesMax = 32u << 20;
constexpr std::size_t kQueueBytesMax = 8u << 20;
constexpr std::size_t kTopicsMax = 8192;  // whose last retained payload is remembered

std::size_t hash_of(std::string_view topic, std::string_view payload) {
  const std::size_t a = std::hash<std::string_view>()(topic);
  return a ^ (std::hash<std::string_view>()(payload) + 0x9e3779b97f4a7c15u + (a << 6) + (a >> 2));
}

std::string random_word() {
  std::array<std::uint8_t, 8> bytes{};
  base::fill_random(bytes);
  std::string word;
  for (const std::uint8_t byte : bytes) {
    word += "0123456789abcdef"[byte >> 4];
    word += "0123456789abcdef"[byte & 15];
  }
  return word;
}

}  // namespace

Result<std::unique_ptr<MqttSession>> MqttSession::open(const std::string& text, std::string mark,
                                                       std::string status, std::string will) {
  DTS_ASSIGN(transport::Url url, transport::parse_url(text));
  if (url.scheme != "mqtt" && url.scheme != "mqtts")
    return Error(ErrorCode::invalid_url, "this is no MQTT broker", base::printable(url.text), {},
                 "mqtt://broker.local, or mqtts:// with TLS");
  DTS_TRY(url.scheme == "mqtts"
              ? transport::check_parameters(url, {"password_file", "ca", "cert", "key", "name"})
              : transport::check_parameters(url, {"password_file"}));
  DTS_ASSIGN(transport::MqttOptions options, transport::mqtt_options(url));
  if (!options.prefix.empty())
    return Error(ErrorCode::invalid_url, "the bridge has no prefix for topics",
                 base::printable(url.text), "devices have topics of their own",
                 "the URL without /" + base::printable(options.prefix));
  options.client = "dts-bridge-" + random_word();
  options.message_bytes_max = PayloadReader::bytes_max;
  options.queue_bytes_max = kQueueBytesMax;
  options.mark = mark;
  options.will_topic = status;
  options.will = std::move(will);
  std::unique_ptr<MqttSession> session(new MqttSession(transport::endpoint_text(options.endpoint),
                                                       std::move(mark), std::move(status)));
  session->wake_ = transport::Descriptor(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!session->wake_) return transport::system_error("wait for messages (eventfd)", "mqtt", errno);
  DTS_ASSIGN(session->connection_, transport::MqttConnection::open(std::move(options), *session));
  session->connection_->connect();
  return session;
}

MqttSession::~MqttSession() = default;

void MqttSession::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
}

void MqttSession::put(Event event) {
  const std::lock_guard lock(lock_);
  events_.push_back(std::move(event));
  wake();
}

// --- the connection's threads -------------------------------------------------------------------

void MqttSession::connected() { put({Event::What::connected, {}, {}, {}}); }
void MqttSession::lost(Error why) { put({Event::What::lost, std::move(why), {}, {}}); }

void MqttSession::settled(std::uint64_t number) {
  const std::lock_guard lock(lock_);
  if (status_number_ == 0 || number < status_number_) return;
  status_number_ = 0;
  events_.push_back({Event::What::settled, {}, {}, {}});
  wake();
}

std::optional<Error> MqttSession::refused(std::uint64_t number) {
  const std::lock_guard lock(lock_);
  events_.push_back({Event::What::refused, {}, asked_[number], {}});
  wake();
  return {};
}

void MqttSession::message(const transport::MqttMessage& message) {
  const std::lock_guard lock(lock_);
  if (message.payload.size() > PayloadReader::bytes_max) {
    ++dropped_.too_large;
    return;
  }
  const std::size_t bytes = message.payload.size() + message.topic.size() + sizeof(Event);
  if (waiting_bytes_ + bytes > kWaitingBytesMax) {
    ++dropped_.overflow;
    return;
  }
  waiting_bytes_ += bytes;
  events_.push_back({Event::What::message,
                     {},
                     std::string(message.topic),
                     std::string(as_text(message.payload)),
                     message.retained,
                     message.perhaps_own,
                     message.mark == mark_});
  if (events_.size() == 1) wake();
}

// --- the bridge's thread ------------------------------------------------------------------------

std::vector<MqttSession::Event> MqttSession::take(Instant now) {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(wake_.get(), &count, sizeof count);
  std::vector<Event> events;
  {
    const std::lock_guard lock(lock_);
    events.swap(events_);
    waiting_bytes_ = 0;
  }
  Dropped dropped;
  std::erase_if(events, [&](Event& event) {
    if (event.what == Event::What::connected) {
      connected_ = true;
      back_off_.reset();
      sent_filters_.clear();
      listen_to_status();
      for (const auto& [filter, wanted] : filters_) send_filter(filter);
    } else if (event.what == Event::What::lost) {
      connected_ = false;
      next_try_ = now + back_off_.next();
    } else if (event.what == Event::What::message && event.topic != status_) {
      event.own = event.own || is_own(event);
      const bool repeated = !event.own && is_repeated(event);
      dropped.repeated += repeated ? 1 : 0;
      return repeated;
    }
    return false;
  });
  if (next_try_ && now >= *next_try_) {
    next_try_.reset();
    connection_->connect();
  }
  const std::lock_guard lock(lock_);
  dropped_.repeated += dropped.repeated;
  return events;
}

// Sent by us a moment ago: MQTT 3.1.1 has neither marks nor a way to ask for others' only.
bool MqttSession::is_own(const Event& message) {
  if (!message.perhaps_own) return false;
  const std::size_t hash = hash_of(message.topic, message.payload);
  const auto sent = std::find(sent_.begin(), sent_.end(), hash);
  if (sent == sent_.end()) return false;
  *sent = 0;
  return true;
}

// What the broker keeps comes again with every connection, and every time one listens.
bool MqttSession::is_repeated(const Event& message) {
  const std::size_t hash = hash_of(message.topic, message.payload);
  const auto known = retained_.find(message.topic);
  if (message.retained && known != retained_.end() && known->second == hash) return true;
  if (known != retained_.end())
    known->second = hash;
  else if (retained_.size() < kTopicsMax)
    retained_.emplace(message.topic, hash);
  return false;
}

// Of filters that match the same message a broker may send it once for each.
bool MqttSession::is_covered(const std::string& filter) const {
  return std::any_of(sent_filters_.begin(), sent_filters_.end(), [&](const std::string& other) {
    return other != filter && topic_matches(other, filter);
  });
}

void MqttSession::listen_to_status() {
  {
    const std::lock_guard lock(lock_);
    asked_[++number_] = status_;
    status_number_ = number_;
  }
  connection_->listen(status_, number_, transport::MqttConnection::Listening::proven);
}

void MqttSession::send_filter(const std::string& filter) {
  if (!connected_ || sent_filters_.contains(filter) || is_covered(filter)) return;
  {
    const std::lock_guard lock(lock_);
    if (asked_.size() > 2 * kTopicsMax) asked_.erase(asked_.begin());
    asked_[++number_] = filter;
  }
  connection_->listen(filter, number_, transport::MqttConnection::Listening::to_others);
  for (auto other = sent_filters_.begin(); other != sent_filters_.end();) {
    if (!topic_matches(filter, *other)) {
      ++other;
      continue;
    }
    connection_->ignore(*other, ++number_);
    other = sent_filters_.erase(other);
  }
  sent_filters_.insert(filter);
}

void MqttSession::listen(const std::string& filter) {
  if (filters_[filter]++ == 0) send_filter(filter);
}

void MqttSession::ignore(const std::string& filter) {
  const auto known = filters_.find(filter);
  if (known == filters_.end() || --known->second > 0) return;
  filters_.erase(known);
  retained_.erase(filter);  // whoever listens again wants to know
  if (!connected_ || sent_filters_.erase(filter) == 0) return;
  connection_->ignore(filter, ++number_);
  for (const auto& [other, wanted] : filters_)
    if (topic_matches(filter, other)) send_filter(other);
}

void MqttSession::ignore_all() {
  for (const auto& [filter, wanted] : std::exchange(filters_, {}))
    if (sent_filters_.contains(filter) && connected_) connection_->ignore(filter, ++number_);
  sent_filters_.clear();
  retained_.clear();
}

bool MqttSession::send(const std::string& topic, std::string_view payload, bool retained) {
  if (!connected_ || !connection_->publish(topic, as_bytes(payload), retained)) return false;
  sent_[sent_next_++ % sent_.size()] = hash_of(topic, payload);
  return true;
}

MqttSession::Dropped MqttSession::dropped() {
  const std::lock_guard lock(lock_);
  return std::exchange(dropped_, {});
}

}  // namespace dts::cli
