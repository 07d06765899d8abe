#include <sim/node.hpp>

#include <algorithm>
#include <utility>

#include <base/sha256.hpp>
#include <proto/wire.hpp>

namespace dts::sim {

namespace {
constexpr Duration epoch = std::chrono::seconds(1'800'000'000);  // the wall clock at the start
constexpr std::uint64_t ticks_per_s_max = 200'000;
constexpr std::uint32_t receive_buffer_bytes = 256u << 10;
constexpr Duration memory_period = std::chrono::milliseconds(500);

template <class AnyId>
AnyId cut(const base::Sha256& hash) {
  AnyId id;
  std::copy_n(hash.begin(), id.bytes.size(), id.bytes.begin());
  return id;
}

TypeId type_id(const Bytes& document) { return cut<TypeId>(base::sha256(document)); }

void fill(Bytes& bytes, base::Random& random, std::size_t size) {
  bytes.resize(size);
  for (std::size_t i = 0; i < size; i += 8) {
    const std::uint64_t word = random.next();
    std::memcpy(bytes.data() + i, &word, std::min<std::size_t>(8, size - i));
  }
}
}  // namespace

std::string frames_text(ByteView packet) {
  static constexpr const char* names[] = {
      "padding",  "data",  "fragment",    "digest",    "announce", "streams",
      "wants",    "list?", "history?",    "history",   "type?",    "type",
      "progress", "probe", "probe_reply", "challenge", "response", "bye"};
  std::string text;
  ByteView rest =
      packet.subspan(proto::wire::kHeaderBytes, packet.size() - proto::wire::kPacketBytesMin);
  proto::wire::Frame frame;
  while (!rest.empty() && proto::wire::next_frame(rest, frame)) {
    const auto type = static_cast<std::size_t>(frame.type);
    text += ' ';
    text += type < std::size(names) ? names[type] : "frame " + std::to_string(type);
  }
  return text;
}

FamilyId family_id(std::string_view family_name) {
  using namespace std::string_view_literals;
  return cut<FamilyId>(base::sha256({as_bytes("dts-family\0"sv), as_bytes(family_name)}));
}

Bytes document_for(const StreamPlan& plan) {
  std::string text = "document of " + plan.family_name + " ";
  const std::size_t name_end = text.size();
  while (text.size() < plan.document_bytes) text += text[text.size() % name_end];
  return Bytes(text.begin(), text.end());
}

Node::Node(Surroundings around, NodeIndex index, proto::EngineOptions options, std::uint64_t seed)
    : around_(around),
      index_(index),
      options_(std::move(options)),
      random_(seed),
      monotonic_offset_(std::chrono::seconds(random_.below(10'000'000))) {}

std::string Node::name() const {
  return "n" + std::to_string(index_) + "." + std::to_string(life_);
}

std::string Node::counters_text() const {
  std::string text = name();
  if (!engine_) return text + " is not running";
  engine_->counters().for_each([&](std::string_view counter, std::uint64_t value) {
    if (value != 0) text += " " + std::string(counter) + "=" + std::to_string(value);
  });
  return text;
}

Duration Node::published_at(const proto::Message& message) {
  return Duration(message.published_ns) - epoch;
}

std::int64_t Node::wall_of(Duration time) { return (epoch + time).count(); }

Instant Node::instant() const { return Instant(around_.clock.now() + monotonic_offset_); }
std::int64_t Node::wall_ns() const { return (epoch + wall_offset_ + around_.clock.now()).count(); }

void Node::start() {
  if (leaving_) end("stops");
  ++life_;
  started_at_ = around_.clock.now();
  timer_at_ = Duration::max();
  paused_ = false;
  for (std::size_t i = 0; i < id_.bytes.size(); ++i)
    id_.bytes[i] = static_cast<std::uint8_t>(random_.next());
  around_.network.open(index_);
  proto::EngineOptions options = options_;
  options.node = id_;
  options.host = "machine" + std::to_string(around_.network.machine_of(index_));
  options.name = "node" + std::to_string(index_);
  options.version = "sim";
  options.process = static_cast<std::uint32_t>(life_);
  options.unicast_port = around_.network.port_of(index_);
  engine_ = std::make_unique<proto::Engine>(std::move(options), random_.next());
  around_.oracle.node_started(id_, name());
  around_.trace.add(Trace::Event::start, around_.clock.now(), index_, life_);
  around_.trace.say(around_.clock.now(), [&] { return name() + " starts as " + id_.hex(); });
  step([&](Instant now, proto::Outbox& out) {
    transport_ = engine_->add_transport({.groups = true, .mtu_bytes = 1400}, receive_buffer_bytes);
    engine_->set_links(now, transport_, around_.network.links_of(index_), out);
    drain();
    for (const Bytes& document : offers_) engine_->offer_document(type_id(document), document);
    for (Stream& stream : streams_)
      if (stream.open) open(stream);
    for (Subscription& subscription : subscriptions_)
      if (subscription.active) add(subscription);
    engine_->start(now, wall_ns(), out);
  });
}

void Node::stop(bool goodbye) {
  if (!engine_) return;
  if (!goodbye) return end("crashes");
  step([&](Instant now, proto::Outbox& out) { engine_->stop(now, out); });
  if (!engine_->leaving()) return end("stops");
  leaving_ = true;
}

void Node::end(const char* how) {
  leaving_ = false;
  suspend(false);
  count_memory();
  around_.trace.add(Trace::Event::stop, around_.clock.now(), index_, life_);
  around_.trace.say(around_.clock.now(), [&] { return name() + " " + how; });
  around_.network.close(index_);
  engine_.reset();
  out_.clear();
  lacking_.clear();
  on_hold_.clear();
  application_.clear();
}

void Node::pause(bool paused) {
  if (!engine_ || paused == paused_ || (!paused && suspended_since_ != awake)) return;
  paused_ = paused;
  if (paused) paused_at_ = around_.clock.now();
  around_.network.pause(index_, paused);
  around_.trace.say(around_.clock.now(),
                    [&] { return name() + (paused ? " is paused" : " goes on"); });
  if (paused) return;
  timer_at_ = Duration::max();
  if (around_.clock.now() - paused_at_ > std::chrono::seconds(5))  // as the Domain's SleepWatch
    step([&](Instant now, proto::Outbox& out) { engine_->woke(now, out); });
  schedule();
  if (links_waiting_) links_changed();
}

// The machine sleeps: its network is off and its own clock stands still.
void Node::suspend(bool suspended) {
  if (!engine_ || suspended == (suspended_since_ != awake)) return;
  if (suspended) {
    suspended_since_ = around_.clock.now();
  } else {
    monotonic_offset_ -= around_.clock.now() - suspended_since_;
    suspended_since_ = awake;
  }
  around_.network.set_deaf(index_, suspended);
  around_.network.set_mute(index_, suspended);
  pause(suspended);
}

void Node::links_changed() {
  links_waiting_ = paused_;
  if (!engine_ || paused_) return;
  step([&](Instant now, proto::Outbox& out) {
    engine_->set_links(now, transport_, around_.network.links_of(index_), out);
  });
}

void Node::open(Stream& stream) {
  proto::StreamRecord record;
  record.family_name = stream.plan.family_name;
  record.family = family_id(record.family_name);
  Bytes document = document_for(stream.plan);
  record.type = type_id(document);
  record.delivery = stream.plan.delivery;
  record.waits = stream.plan.waits;
  record.history = stream.plan.history;
  record.labels = stream.plan.labels;
  const Result<proto::StreamId> id = engine_->open_stream(instant(), record, document, out_);
  stream.last = 0;
  if (!id) {
    stream.open = false;
    return around_.oracle.violation(name() + " could not open a stream: " + id.error().text());
  }
  stream.id = record.stream = *id;
  stream.judge = std::make_unique<SelectionJudge>([this, id = *id](const auto& visit) {
    engine_->for_each_kept(id, [&](auto, auto, std::int64_t published_ns, ByteView bytes, auto) {
      visit(value_of(bytes), published_ns);
    });
  });
  stream.record = record;
  around_.oracle.stream_opened(id_, record, document);
  around_.trace.say(around_.clock.now(), [&] {
    return name() + " opens /" + std::to_string(*id) + " " + record.family_name;
  });
  around_.trace.add(Trace::Event::open, around_.clock.now(), index_, *id);
  drain();
}

std::size_t Node::open_stream(StreamPlan plan) {
  streams_.push_back({std::move(plan), true, 0, {}, 0});
  if (engine_) step([&](Instant, proto::Outbox&) { open(streams_.back()); });
  return streams_.size() - 1;
}

void Node::close_stream(std::size_t slot) {
  Stream& stream = streams_[slot];
  if (!stream.open) return;
  stream.open = false;
  around_.trace.add(Trace::Event::close, around_.clock.now(), index_, slot);
  if (engine_)
    step([&](Instant now, proto::Outbox& out) { engine_->close_stream(now, stream.id, out); });
}

void Node::offer(const StreamPlan& plan) {
  offers_.push_back(document_for(plan));
  if (engine_) engine_->offer_document(type_id(offers_.back()), offers_.back());
}

void Node::add(Subscription& subscription) {
  subscription.since = around_.clock.now();
  subscription.id = engine_->add_interest(instant(), subscription.interest, out_);
  around_.oracle.subscribed(id_, subscription.id, subscription.interest);
  around_.trace.say(around_.clock.now(),
                    [&] { return name() + " subscribes " + subscription.interest.name; });
  around_.trace.add(Trace::Event::subscribe, around_.clock.now(), index_, subscription.id);
  drain();
}

std::size_t Node::subscribe(proto::Interest interest) {
  subscriptions_.push_back({std::move(interest), true, 0, {}});
  if (engine_) step([&](Instant, proto::Outbox&) { add(subscriptions_.back()); });
  return subscriptions_.size() - 1;
}

std::size_t Node::subscribe_family(const std::string& family_name) {
  return subscribe({family_id(family_name), family_name, true, true});
}

std::size_t Node::subscribe_pattern(const std::string& pattern) {
  return subscribe({{}, pattern, true, true});
}

void Node::unsubscribe(std::size_t slot) {
  Subscription& subscription = subscriptions_[slot];
  if (!subscription.active) return;
  subscription.active = false;
  around_.trace.add(Trace::Event::unsubscribe, around_.clock.now(), index_, slot);
  if (!engine_) return;
  step([&](Instant now, proto::Outbox& out) {
    engine_->remove_interest(now, subscription.id, out);
    around_.oracle.unsubscribed(id_, subscription.id);
  });
}

bool Node::publish(std::size_t slot, std::size_t bytes, std::size_t count) {
  Stream& stream = streams_[slot];
  if (!running() || paused_ || !stream.open) return false;
  bool accepted = true;
  Bytes message;
  step([&](Instant now, proto::Outbox& out) {
    for (std::size_t i = 0; i < count && accepted; ++i) {
      fill(message, random_, bytes);
      const std::int64_t wall = wall_ns();
      proto::MessageView view{message, wall};
      stream.judge->show(message, wall);
      view.judge = stream.judge.get();
      const Result<proto::Sequence> last = engine_->publish(now, stream.id, view, out);
      accepted = last.ok();
      if (!accepted) {
        ++counters_.refused;
        if (last.error().code() != ErrorCode::would_block)
          around_.oracle.violation(name() + " could not publish: " + last.error().text());
        break;
      }
      around_.oracle.published(id_, stream.id, stream.last + 1, *last, message, wall);
      stream.last = *last;
      around_.trace.add(Trace::Event::publish, around_.clock.now(), index_,
                        *last << 24 ^ message.size());
    }
  });
  return accepted;
}

bool Node::wants(const proto::StreamRecord& record) const {
  return std::any_of(subscriptions_.begin(), subscriptions_.end(), [&](const Subscription& s) {
    return s.active && s.interest.live && interest_matches(s.interest, record);
  });
}

void Node::receive(LinkIndex link, const Address& from, bool multicast, ByteView packet) {
  if (!engine_) return;
  step([&](Instant now, proto::Outbox& out) {
    engine_->receive(now, wall_ns(), {transport_, link, from, multicast}, packet, out);
  });
}

void Node::step(const Call& call) {
  ++counters_.steps;
  call(instant(), out_);
  drain();
  ask_for_documents();
  engine_->flush(instant(), out_);
  drain();
  schedule();
}

// Messages and notices come in two lists; of one stream they are told apart by their sequences.
void Node::drain() {
  std::size_t next_notice = 0;
  for (const proto::Message& message : out_.messages) {
    for (std::size_t i = next_notice; i < out_.notices.size(); ++i) {
      const proto::Notice& notice = out_.notices[i];
      if (notice.kind == proto::Notice::Kind::gap && notice.node == message.node &&
          notice.stream == message.stream && notice.from < message.first) {
        while (next_notice <= i) judge(out_.notices[next_notice++]);
      }
    }
    judge(message);
  }
  while (next_notice < out_.notices.size()) judge(out_.notices[next_notice++]);
  for (const proto::Packet& packet : out_.packets) send(packet);
  out_.clear();
  if (engine_->groups_changed()) around_.network.join(index_, engine_->groups());
}

void Node::judge(const proto::Message& message) {
  around_.trace.add(Trace::Event::message, around_.clock.now(), index_,
                    message.first << 24 ^ message.stream << 20 ^ message.bytes.size());
  around_.trace.say(around_.clock.now(), [&] {
    return name() + " <- " + around_.oracle.name_of(message.node) + "/" +
           std::to_string(message.stream) + " message " + std::to_string(message.first) + ".." +
           std::to_string(message.last) + (message.historic ? " historic" : "");
  });
  around_.oracle.delivered(id_, message);
  if (around_.delivered) around_.delivered(*this, message);
  if (handling_ > Duration::zero() && message.record && message.record->waits)
    hand_to_application(message);
  if (message.record != nullptr && engine_->document_of(message.record->type).empty() &&
      std::find(lacking_.begin(), lacking_.end(), message.record->type) == lacking_.end())
    lacking_.push_back(message.record->type);
}

void Node::judge(const proto::Notice& notice) {
  using Kind = proto::Notice::Kind;
  around_.trace.add(Trace::Event::notice, around_.clock.now(), index_,
                    static_cast<std::uint64_t>(notice.kind) << 40 ^ notice.from << 20 ^ notice.to);
  around_.trace.say(around_.clock.now(), [&] {
    return name() + " <- " + around_.oracle.name_of(notice.node) + "/" +
           std::to_string(notice.stream) + " notice " +
           std::to_string(static_cast<int>(notice.kind)) + " " + std::to_string(notice.from) +
           ".." + std::to_string(notice.to) + " " + notice.text;
  });
  counters_.gone += notice.kind == Kind::node_gone;
  counters_.joined += notice.kind == Kind::node_joined;
  counters_.restarted += notice.kind == Kind::node_restarted;
  counters_.limits += notice.kind == Kind::limit;
  counters_.evicted += notice.kind == Kind::evicted;
  if (notice.kind == Kind::own_id_elsewhere)
    around_.oracle.violation(name() + " took its own packet for somebody else's");
  if (notice.kind == Kind::document)
    around_.oracle.document(id_, notice.type, engine_->document_of(notice.type));
  around_.oracle.noticed(id_, notice);
}

void Node::send(const proto::Packet& packet) {
  const ByteView bytes = out_.bytes_of(packet);
  const std::uint32_t most =
      std::min(options_.packet_bytes_max, around_.network.mtu_of(index_, packet.link));
  if (bytes.size() > most)
    around_.oracle.violation(name() + " sent a packet of " + std::to_string(bytes.size()) +
                             " bytes where " + std::to_string(most) + " fit");
  if (bytes.empty()) around_.oracle.violation(name() + " sent an empty packet");
  around_.trace.say(around_.clock.now(), [&] {
    return name() + " -> " + (packet.to ? "one" : "group " + std::to_string(packet.group)) +
           " on link " + std::to_string(packet.link) + "," + frames_text(bytes);
  });
  around_.network.send(index_, packet.link, packet.group, packet.to ? &*packet.to : nullptr, bytes);
}

void Node::stop_application(Duration time) {
  handled_until_ = std::max(handled_until_, around_.clock.now()) + time;
}

// A queue that is emptied at a steady pace: half full its publishers are to stop, nearly empty they
// may go on. It holds the times by which each message will have been taken.
void Node::hand_to_application(const proto::Message& message) {
  const Duration now = around_.clock.now();
  while (!application_.empty() && application_.front() <= now) application_.pop_front();
  handled_until_ = std::max(handled_until_, now) + handling_;
  application_.push_back(handled_until_);
  application_backlog_max_ = std::max(application_backlog_max_, application_.size());
  if (application_.size() < application_holds_at) return;
  if (on_hold_.empty())
    around_.clock.at(std::max(now, hold_ends()), [this, life = life_] { release_holds(life); });
  if (on_hold_.insert({message.node, message.stream}).second)
    engine_->hold(message.node, message.stream);
}

// A quarter of what makes it hold is left then.
Duration Node::hold_ends() const {
  constexpr std::size_t left = application_holds_at / 4;
  return application_.size() <= left ? Duration::zero()
                                     : application_[application_.size() - 1 - left];
}

void Node::release_holds(std::uint64_t life) {
  if (!engine_ || life != life_) return;
  const Duration now = around_.clock.now();
  const Duration due = hold_ends();
  if (paused_ || due > now) {  // more has come meanwhile
    around_.clock.at(std::max(due, now + std::chrono::milliseconds(1)),
                     [this, life] { release_holds(life); });
    return;
  }
  step([&](Instant instant, proto::Outbox& out) {
    for (const auto& [node, stream] : std::exchange(on_hold_, {}))
      engine_->release(instant, node, stream, out);
  });
}

void Node::ask_for_documents() {
  while (!lacking_.empty()) {
    const TypeId type = lacking_.back();
    lacking_.pop_back();
    engine_->want_document(instant(), type, out_);
    drain();
  }
}

void Node::schedule() {
  if (!engine_ || paused_) return;
  const Instant deadline = engine_->next_deadline();
  if (deadline == Instant::max()) return;
  // A process wakes a little late, and never without some time having passed.
  const Duration due =
      std::max(deadline.time_since_epoch() - monotonic_offset_, around_.clock.now()) +
      std::chrono::microseconds(1);
  if (due >= timer_at_) return;
  timer_at_ = due;
  around_.clock.at(due, [this, life = life_] { tick(life); });
}

void Node::tick(std::uint64_t life) {
  if (!engine_ || life != life_ || paused_ || around_.clock.now() != timer_at_) return;
  timer_at_ = Duration::max();
  if (engine_->next_deadline() > instant()) return schedule();
  ++counters_.ticks;
  if (around_.clock.now() - ticks_since_ >= std::chrono::seconds(1)) {
    ticks_since_ = around_.clock.now();
    ticks_then_ = counters_.ticks;
  } else if (counters_.ticks - ticks_then_ == ticks_per_s_max) {
    around_.oracle.violation(name() + " asks to be woken without end");
  }
  step([&](Instant now, proto::Outbox& out) { engine_->tick(now, wall_ns(), out); });
  if (leaving_ && !engine_->leaving()) return end("stops");
  if (around_.clock.now() - counted_at_ >= memory_period) count_memory();
}

// A walk over all tables.
void Node::count_memory() {
  counted_at_ = around_.clock.now();
  if (engine_) memory_bytes_max_ = std::max(memory_bytes_max_, engine_->memory_bytes());
}

}  // namespace dts::sim
