#include <sim/hub_node.hpp>

#include <algorithm>
#include <utility>

namespace dts::sim {

namespace {
constexpr std::uint32_t receive_buffer_bytes = 256u << 10;
}  // namespace

HubNode::HubNode(Node::Surroundings around, std::vector<Place> places, proto::EngineOptions options,
                 std::uint64_t seed)
    : around_(around),
      places_(std::move(places)),
      options_(std::move(options)),
      random_(seed),
      monotonic_offset_(std::chrono::seconds(random_.below(10'000'000))) {}

std::string HubNode::name() const {
  return "hub" + std::to_string(places_.front().index) + "." + std::to_string(life_);
}

Instant HubNode::instant() const { return Instant(around_.clock.now() + monotonic_offset_); }
std::int64_t HubNode::wall_ns() const { return Node::wall_of(around_.clock.now()); }

void HubNode::start() {
  if (leaving_) end("stops");
  ++life_;
  timer_at_ = Duration::max();
  paused_ = false;
  hub::HubOptions about;
  about.id = random_.next() | 1;
  hub_ = std::make_unique<hub::Hub>(about);
  ids_.assign(places_.size(), {});
  for (hub::SideIndex i = 0; i < places_.size(); ++i) {
    const NodeIndex index = places_[i].index;
    around_.network.open(index);
    for (std::uint8_t& byte : ids_[i].bytes) byte = static_cast<std::uint8_t>(random_.next());
    proto::EngineOptions options = options_;
    options.node = ids_[i];
    options.host = "machine" + std::to_string(around_.network.machine_of(index));
    options.name = "hub";
    options.version = "sim";
    options.process = static_cast<std::uint32_t>(life_);
    options.unicast_port = around_.network.port_of(index);
    hub_->add_side("lan" + std::to_string(places_[i].lan), std::move(options), random_.next());
    around_.oracle.node_started(ids_[i], name() + "/lan" + std::to_string(places_[i].lan));
    around_.trace.add(Trace::Event::start, around_.clock.now(), index, life_);
    around_.trace.say(around_.clock.now(), [&] {
      return name() + " is on lan " + std::to_string(places_[i].lan) + " as " + ids_[i].hex();
    });
  }
  step([&](Instant now) {
    for (hub::SideIndex i = 0; i < places_.size(); ++i) {
      proto::Engine& engine = hub_->engine(i);
      engine.add_transport({.groups = true, .mtu_bytes = 1400}, receive_buffer_bytes);
      engine.set_links(now, 0, around_.network.links_of(places_[i].index), hub_->outbox(i));
    }
    hub_->start(now, wall_ns());
  });
}

void HubNode::stop(bool goodbye) {
  if (!hub_) return;
  if (!goodbye) return end("crashes");
  step([&](Instant now) { hub_->stop(now); });
  if (!hub_->leaving()) return end("stops");
  leaving_ = true;
}

void HubNode::end(const char* how) {
  leaving_ = false;
  pause(false);
  around_.trace.say(around_.clock.now(), [&] { return name() + " " + how; });
  for (const Place& place : places_) {
    around_.trace.add(Trace::Event::stop, around_.clock.now(), place.index, life_);
    around_.network.close(place.index);
  }
  hub_.reset();
}

void HubNode::pause(bool paused) {
  if (!hub_ || paused == paused_) return;
  paused_ = paused;
  for (const Place& place : places_) around_.network.pause(place.index, paused);
  around_.trace.say(around_.clock.now(),
                    [&] { return name() + (paused ? " is paused" : " goes on"); });
  timer_at_ = Duration::max();
  schedule();
}

void HubNode::receive(hub::SideIndex side, LinkIndex link, const Address& from, bool multicast,
                      ByteView packet) {
  if (!hub_) return;
  step([&](Instant now) {
    hub_->receive(now, wall_ns(), side, {0, link, from, multicast}, packet);
  });
}

template <class Call>
void HubNode::step(const Call& call) {
  call(instant());
  hub_->flush(instant());
  for (hub::SideIndex i = 0; i < places_.size(); ++i) send(i);
  schedule();
}

void HubNode::send(hub::SideIndex side) {
  const NodeIndex index = places_[side].index;
  proto::Outbox& out = hub_->outbox(side);
  for (const proto::Packet& packet : out.packets) {
    const ByteView bytes = out.bytes_of(packet);
    const std::uint32_t most =
        std::min(options_.packet_bytes_max, around_.network.mtu_of(index, packet.link));
    if (bytes.size() > most || bytes.empty())
      around_.oracle.violation(name() + " sent a packet of " + std::to_string(bytes.size()) +
                               " bytes where " + std::to_string(most) + " fit");
    around_.trace.say(around_.clock.now(), [&] {
      return name() + " -> " + (packet.to ? "one" : "group " + std::to_string(packet.group)) +
             " on lan " + std::to_string(places_[side].lan) + "," + frames_text(bytes);
    });
    around_.network.send(index, packet.link, packet.group, packet.to ? &*packet.to : nullptr,
                         bytes);
  }
  out.clear();
  proto::Engine& engine = hub_->engine(side);
  if (engine.groups_changed()) around_.network.join(index, engine.groups());
}

void HubNode::schedule() {
  if (!hub_ || paused_) return;
  const Instant deadline = hub_->next_deadline();
  if (deadline == Instant::max()) return;
  const Duration due =
      std::max(deadline.time_since_epoch() - monotonic_offset_, around_.clock.now()) +
      std::chrono::microseconds(1);
  if (due >= timer_at_) return;
  timer_at_ = due;
  around_.clock.at(due, [this, life = life_] { tick(life); });
}

void HubNode::tick(std::uint64_t life) {
  if (!hub_ || life != life_ || paused_ || around_.clock.now() != timer_at_) return;
  timer_at_ = Duration::max();
  if (hub_->next_deadline() > instant()) return schedule();
  step([&](Instant now) { hub_->tick(now, wall_ns()); });
  if (leaving_ && !hub_->leaving()) end("stops");
}

std::uint64_t HubNode::memory_bytes() const {
  std::uint64_t sum = 0;
  for (hub::SideIndex i = 0; hub_ && i < places_.size(); ++i) sum += hub_->engine(i).memory_bytes();
  return sum;
}

}  // namespace dts::sim
