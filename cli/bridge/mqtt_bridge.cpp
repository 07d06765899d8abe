#include <cli/bridge/mqtt_bridge.hpp>

#include <algorithm>

#include <base/hex.hpp>
#include <base/random.hpp>
#include <base/text.hpp>
#include <cli/bridge/home_assistant.hpp>
#include <cli/bridge/tasmota.hpp>
#include <cli/bridge/zigbee2mqtt.hpp>
#include <cli/json_object.hpp>
#include <cli/output.hpp>
#include <cli/words.hpp>

namespace dts::cli {

namespace {

constexpr std::size_t kSourcesMax = 8192;
constexpr std::size_t kToldMax = 256;
constexpr std::size_t kWaitingMax = 1024;
constexpr std::size_t kLabelMax = 255;
constexpr std::chrono::seconds kTick{1};

constexpr std::string_view kLabel = "bridge", kLabelValue = "mqtt";

constexpr std::string_view kCountNames[] = {
    "received",      "own",         "repeated",  "overflow",      "too_large", "not_understood",
    "without_value", "misfits",     "too_many",  "not_published", "to_domain", "commands",
    "refused",       "from_bridge", "announced", "to_broker",     "not_sent"};
static_assert(std::size(kCountNames) == static_cast<std::size_t>(MqttCount::last_));

std::string source_key(const std::string& device, const std::string& part) {
  return device + "\n" + part;
}

}  // namespace

MqttBridge::MqttBridge(Session& session, MqttBridgeOptions options, std::string name)
    : session_(session),
      options_(std::move(options)),
      name_(std::move(name)),
      status_(Announcement::status_topic(session.domain().name())),
      turn_(name_) {}

Result<std::unique_ptr<MqttBridge>> MqttBridge::open(Session& session, MqttBridgeOptions options) {
  const std::string& domain = session.domain().name();
  std::array<std::uint8_t, 8> random{};
  base::fill_random(random);
  std::unique_ptr<MqttBridge> bridge(
      new MqttBridge(session, std::move(options), base::to_hex(random)));
  DTS_ASSIGN(bridge->mqtt_,
             MqttSession::open(bridge->options_.url, "dts-bridge " + domain, bridge->status_,
                               MqttTurn::said(false, bridge->name_)));
  bridge->event("started", "bridge between the domain " + base::printable(domain) +
                               " and the MQTT broker " + bridge->mqtt_->place());
  return bridge;
}

void MqttBridge::follow_turn() {
  if (turn_.take_claim()) mqtt_->send(status_, MqttTurn::said(true, name_), true);
  if (turn_.stands_by() && !std::exchange(standing_by_, true))
    event("stands_by", "another bridge of this domain works: standing by");
  if (turn_.is_alone() && !std::exchange(told_alone_, true))
    session_.out().warn("the broker does not let us read and write " + base::printable(status_) +
                        ": another bridge of this domain would do everything twice");
  if (turn_.works() == working_) return;
  working_ = turn_.works();
  standing_by_ = standing_by_ && !working_;
  if (working_)
    work();
  else
    rest();
}

void MqttBridge::rest() {
  subscriptions_.clear();
  accepted_.clear();
  sources_.clear();
  announcement_.reset();
  dialects_.clear();
  waiting_.clear();
  mqtt_->ignore_all();
}

void MqttBridge::work() {
  event("works", "at work");
  const MqttBridgeOptions& options = options_;
  // What the user maps is nobody else's.
  if (!options.mapping.from.empty())
    dialects_.push_back(std::make_unique<MappedTopics>(*this, options.mapping.from));
  if (options.tasmota) dialects_.push_back(std::make_unique<Tasmota>(*this));
  if (options.zigbee2mqtt)
    dialects_.push_back(std::make_unique<Zigbee2Mqtt>(*this, options.zigbee2mqtt_base));
  if (options.home_assistant)
    dialects_.push_back(std::make_unique<HomeAssistant>(
        *this, options.home_assistant_prefix, [this](std::string_view topic) {
          return std::any_of(dialects_.begin(), dialects_.end(),
                             [&](const auto& each) { return each->speaks_in(topic); });
        }));
  for (auto& dialect : dialects_) dialect->begin();
  for (const MapTo& to : options.mapping.to) {
    SubscribeOptions quiet;
    quiet.quiet = true;
    subscriptions_.push_back(session_.domain().subscribe(
        to.type,
        [this, &to](const Value& value, const Sample& sample) {
          publish_mapped(to, value, sample);
        },
        std::move(quiet)));
  }
  if (options.announce) {
    announcement_ = std::make_unique<Announcement>(*this, session_.domain().name(),
                                                   options.home_assistant_prefix);
    announcement_->begin();
    SubscribeOptions quiet;
    quiet.quiet = true;
    subscriptions_.push_back(session_.domain().subscribe(
        "*",
        [this](const Value& value, const Sample& sample) {
          if (is_from_bridge(sample)) return count(MqttCount::from_bridge);
          if (!is_command(value.type().name())) announcement_->heard(value, sample);
        },
        std::move(quiet)));
  }
}

Session::End MqttBridge::run() {
  for (;;) {
    const Instant now = instant_now();
    if (now >= next_tick_) tick(now);
    follow_turn();
    Instant until = next_tick_;
    if (const auto next = mqtt_->next_try()) until = std::min(until, *next);
    const auto end = session_.run(
        until,
        [&] {
          for (const MqttSession::Event& event : mqtt_->take(instant_now())) take(event);
          follow_turn();
          session_.out().flush();
          return false;
        },
        mqtt_->handle());
    if (end != Session::End::deadline && end != Session::End::done) return end;
  }
}

void MqttBridge::finish() {
  subscriptions_.clear();
  accepted_.clear();
  if (working_) mqtt_->send(status_, MqttTurn::said(false, name_), true);
  tick(instant_now());
  mqtt_.reset();  // sends what is left
  Output& out = session_.out();
  if (out.json()) {
    JsonObject counters;
    counters.text("event", "counters");
    for (std::size_t i = 0; i < counts_.size(); ++i) counters.count(kCountNames[i], counts_[i]);
    out.line(counters.str());
    return;
  }
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < counts_.size(); ++i)
    if (counts_[i] != 0) parts.push_back(std::string(kCountNames[i]) + " " + grouped(counts_[i]));
  out.note(parts.empty() ? "nothing came by" : joined(parts, ", "));
}

void MqttBridge::event(std::string_view what, const std::string& text) {
  Output& out = session_.out();
  if (out.json())
    out.line(JsonObject().text("event", what).text("text", text).str());
  else
    out.note(text);
  out.flush();
}

// --- from the broker ----------------------------------------------------------------------------

void MqttBridge::take(const MqttSession::Event& event) {
  switch (event.what) {
    case MqttSession::Event::What::connected:
      return connected();
    case MqttSession::Event::What::settled:
      return turn_.settled(instant_now());
    case MqttSession::Event::What::lost:
      return lost(*event.error);
    case MqttSession::Event::What::refused:
      return session_.out().error(
          Error(ErrorCode::permission,
                "the broker does not let us listen to " + base::printable(event.topic),
                mqtt_->place(), {}, "let the user read it (acl_file)"));
    case MqttSession::Event::What::message:
      return take_message(event);
  }
}

void MqttBridge::connected() {
  last_loss_.clear();
  event("connected", "connected to " + mqtt_->place());
  turn_.connected(instant_now());
  if (announcement_) announcement_->begin();
  auto waiting = std::exchange(waiting_, {});
  for (const auto& [topic, message] : waiting) send(topic, message.first, message.second);
}

// The broker may be away for hours: what is told once is not told again until it changes.
void MqttBridge::lost(const Error& error) {
  const std::string text = error.text();
  if (std::exchange(last_loss_, text) == text) return;
  const Error there(error.code(), error.what(), mqtt_->place(), error.why(), error.hint());
  session_.out().error(there);
  event("lost", "trying again until the broker answers");
}

void MqttBridge::take_message(const MqttSession::Event& event) {
  if (event.topic == status_) return turn_.heard(event.payload, instant_now());
  count(MqttCount::received);
  const bool announced = announcement_ && announcement_->found(event.topic, !event.payload.empty());
  if (event.own || announced) return count(MqttCount::own);
  const MqttPost post{event.topic, event.payload, event.retained};
  for (auto& dialect : dialects_)
    if (dialect->take(post)) return;
  count(MqttCount::without_value);
}

void MqttBridge::tick(Instant now) {
  next_tick_ = now + kTick;
  if (mqtt_->is_connected()) turn_.tick(now);
  const MqttSession::Dropped dropped = mqtt_->dropped();
  const auto add = [&](MqttCount what, std::uint64_t more) {
    counts_[static_cast<std::size_t>(what)] += more;
    counts_[static_cast<std::size_t>(MqttCount::received)] += more;
    return more != 0;
  };
  add(MqttCount::repeated, dropped.repeated);
  if (add(MqttCount::overflow, dropped.overflow))
    tell(MqttCount::overflow, "", Error(ErrorCode::limit_reached, "messages come too fast"));
  if (add(MqttCount::too_large, dropped.too_large))
    tell(MqttCount::too_large, "", Error(ErrorCode::too_large, "a message is above 4 MiB"));
  if (announcement_ && mqtt_->is_connected())
    announcement_->tick(now, session_.domain().catalogue());
}

std::optional<Json> MqttBridge::json(const MqttPost& post) {
  auto json = reader_.json(post.payload);
  if (json) return *json;
  tell(MqttCount::not_understood, post.topic, json.error());
  return {};
}

void MqttBridge::tell(MqttCount what, std::string_view topic, const Error& error) {
  count(what);
  std::string key = std::to_string(static_cast<int>(what)) + " " + std::string(topic) + " ";
  key += error.what().substr(0, 200);
  if (told_.size() >= kToldMax || !told_.insert(std::move(key)).second) return;
  const bool last = told_.size() == kToldMax;
  session_.out().warn(
      (topic.empty() ? "" : base::printable(topic) + ": ") + base::printable(error.what()) +
      (error.where().empty() ? "" : " (" + base::printable(error.where()) + ")") +
      (error.why().empty() ? "" : ": " + base::printable(error.why())) +
      (error.hint().empty() ? "" : " (try: " + base::printable(error.hint()) + ")") +
      "; more of them are only counted (" + std::string(kCountNames[static_cast<int>(what)]) + ")" +
      (last ? "; nor is anything else told from now on" : ""));
}

void MqttBridge::publish(const MqttOrigin& origin, const Value& value) {
  const std::string key = source_key(origin.device, origin.part);
  auto known = sources_.find(key);
  if (known != sources_.end() && known->second.type != value.type().id()) {
    sources_.erase(known);  // the device has more to say than before
    known = sources_.end();
  }
  if (known == sources_.end()) {
    if (sources_.size() >= kSourcesMax)
      return tell(MqttCount::too_many, "",
                  Error(ErrorCode::limit_reached, "more than 8192 sources"));
    PublishOptions options;
    for (const auto& [name, label] : origin.labels) {
      std::string text = label.substr(0, kLabelMax);
      while (!base::is_utf8(text)) text.pop_back();
      options.labels[word_of(name)] = std::move(text);
    }
    options.labels[std::string(kLabel)] = kLabelValue;
    auto made = session_.domain().publisher(value.type(), std::move(options));
    if (!made) return tell(MqttCount::not_published, value.type().name(), made.error());
    known = sources_.emplace(key, Source{value.type().id(), std::move(*made)}).first;
    if (devices_.size() < kSourcesMax && devices_.insert(key + value.type().name()).second) {
      std::string who;
      for (const auto& [name, label] : origin.labels)
        who += " " + name + "=" + base::printable(label);
      event("source", value.type().name() + who);
    }
  }
  if (const auto done = known->second.publisher.publish(value); !done)
    return tell(MqttCount::not_published, value.type().name(), done.error());
  count(MqttCount::to_domain);
}

void MqttBridge::end(const std::string& device) {
  const std::string from = device + "\n";
  for (auto each = sources_.lower_bound(from);
       each != sources_.end() && each->first.starts_with(from);)
    each = sources_.erase(each);
}

void MqttBridge::end(const std::string& device, const std::string& part) {
  sources_.erase(source_key(device, part));
}

// --- to the broker ------------------------------------------------------------------------------

// Whatever a bridge took from a broker is not given to any: so nothing can go in circles.
bool MqttBridge::is_from_bridge(const Sample& sample) {
  const auto label = sample.labels().find(kLabel);
  return label != sample.labels().end() && label->second == kLabelValue;
}

// What is asked of a device is not what is measured.
bool MqttBridge::is_command(const std::string& type) const {
  return std::any_of(accepted_.begin(), accepted_.end(),
                     [&](const auto& each) { return each.second.name == type; });
}

bool MqttBridge::send(const std::string& topic, const std::string& payload, bool retained) {
  const bool sent = mqtt_->send(topic, payload, retained);
  count(sent ? MqttCount::to_broker : MqttCount::not_sent);
  return sent;
}

void MqttBridge::publish_mapped(const MapTo& to, const Value& value, const Sample& sample) {
  if (is_from_bridge(sample)) return count(MqttCount::from_bridge);
  const auto message = message_of(to, value, sample.labels());
  if (!message) return tell(MqttCount::refused, to.type, message.error());
  if (mqtt_->is_connected()) {
    send(message->topic, message->payload, to.retained);
  } else if (waiting_.size() < kWaitingMax || waiting_.contains(message->topic)) {
    waiting_[message->topic] = {message->payload, to.retained};  // the last of each topic
  } else {
    count(MqttCount::not_sent);
  }
}

void MqttBridge::accept(const Type& type, Order order) {
  Accepted& accepted = accepted_[type.id()];
  if (accepted.wanted++ > 0) return;
  accepted.name = type.name();
  SubscribeOptions options;
  options.quiet = true;
  options.history = false;  // a command is for now
  accepted.subscription = session_.domain().subscribe(
      type,
      [this, order = std::move(order)](const Value& value, const Sample& sample) {
        if (is_from_bridge(sample)) return count(MqttCount::from_bridge);
        if (const auto done = order(value); !done)
          return tell(MqttCount::refused, value.type().name(), done.error());
        count(MqttCount::commands);
      },
      std::move(options));
  PublishOptions described;
  described.labels[std::string(kLabel)] = kLabelValue;
  if (auto made = session_.domain().publisher(type, std::move(described)))
    accepted.description = std::move(*made);
}

void MqttBridge::refuse(const Type& type) {
  const auto accepted = accepted_.find(type.id());
  if (accepted != accepted_.end() && --accepted->second.wanted == 0) accepted_.erase(accepted);
}

}  // namespace dts::cli
