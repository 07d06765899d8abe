#include <hub/station.hpp>

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <base/random.hpp>
#include <base/text.hpp>
#include <transport/url.hpp>

namespace dts::hub {

namespace {

constexpr std::size_t notices_max = 256;

Instant now() { return std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now()); }
std::int64_t wall_ns() { return dts::now().time_since_epoch().count(); }

std::uint64_t random_number() {
  std::uint8_t bytes[8] = {};
  base::fill_random(bytes);
  std::uint64_t number = 0;
  std::memcpy(&number, bytes, sizeof number);
  return number | 1;
}

// What tells a side's networks from others: an interface, or the place it connects to. Without the
// one only this machine hears.
std::vector<std::string> networks_of(const SideOptions& side, const Transport& transport,
                                     const std::vector<Link>& links) {
  if (transport.capabilities().relayed)
    return {transport::shown_url(side.transport.url)};  // connected or not
  std::vector<std::string> names;
  for (const Link& link : links)
    if (!link.same_host) names.push_back(link.name);
  return names;
}

}  // namespace

Result<std::unique_ptr<Station>> Station::open(StationOptions options) {
  std::unique_ptr<Station> station(new Station());
  HubOptions hub;
  hub.id = random_number();
  station->hub_ = std::make_unique<Hub>(hub);
  station->epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  if (station->epoll_ < 0)
    return Error(ErrorCode::system, "cannot wait for packets", "this process", std::strerror(errno),
                 "raise the number of open files: ulimit -n 4096");
  for (const SideOptions& side : options.sides) DTS_TRY(station->open_side(options, side));
  station->start();
  return station;
}

Result<void> Station::open_side(const StationOptions& options, const SideOptions& side) {
  const std::string& url = side.transport.url;
  const std::string scheme = url.substr(0, url.find("://"));
  const auto plugin = std::find_if(options.transports.begin(), options.transports.end(),
                                   [&](const TransportPlugin& p) { return p.scheme == scheme; });
  if (plugin == options.transports.end())
    return Error(ErrorCode::unknown_transport, "no transport is called '" + scheme + "'",
                 base::printable(transport::shown_url(url)), {}, "dts transports");
  DTS_ASSIGN(std::unique_ptr<Transport> transport, plugin->open(side.transport));
  Side opened;
  opened.links = transport->links();
  opened.transport = std::move(transport);
  opened.networks = networks_of(side, *opened.transport, opened.links);
  if (opened.networks.empty() && opened.transport->capabilities().groups)
    return Error(ErrorCode::no_interface, "a side of the hub has no network",
                 base::printable(side.name),
                 "there is no such interface, or it is down or has no address",
                 "ip -brief addr; dts doctor");
  for (SideIndex i = 0; i < sides_.size(); ++i)
    for (const std::string& name : opened.networks) {
      const auto& others = sides_[i].networks;
      if (std::find(others.begin(), others.end(), name) == others.end()) continue;
      return Error(ErrorCode::invalid_argument, "two sides of the hub are one network",
                   hub_->name_of(i) + " and " + base::printable(side.name),
                   "both use " + base::printable(name), "dts hub --between eth0,eth1");
    }
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = sides_.size();
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, opened.transport->poll_handle(), &event) != 0)
    return Error(ErrorCode::system, "cannot wait for packets", base::printable(side.name),
                 std::strerror(errno));
  proto::EngineOptions engine;
  base::fill_random(MutableByteView(engine.node.bytes));
  engine.domain = options.domain;
  engine.host = options.host;
  engine.name = options.name;
  engine.version = options.version;
  engine.process = static_cast<std::uint32_t>(::getpid());
  hub_->add_side(side.name, std::move(engine), random_number());
  sides_.push_back(std::move(opened));
  gather_notices(sides_.size() - 1);
  return {};
}

Station::~Station() {
  close();
  if (epoll_ >= 0) ::close(epoll_);
}

void Station::start() {
  const Instant at = now();
  for (SideIndex i = 0; i < sides_.size(); ++i) {
    proto::Engine& engine = hub_->engine(i);
    engine.add_transport(sides_[i].transport->capabilities());
    engine.set_links(at, 0, sides_[i].links, hub_->outbox(i));
  }
  for (SideIndex i = 0; i < sides_.size(); ++i) follow_groups(i);
  hub_->start(at, wall_ns());
  send();
}

void Station::gather_notices(SideIndex index) {
  for (const TransportNotice& notice : sides_[index].transport->take_notices())
    if (notices_.size() < notices_max)
      notices_.push_back(hub_->name_of(index) + ": " + notice.text);
}

std::vector<std::string> Station::take_notices() { return std::exchange(notices_, {}); }

void Station::receive(SideIndex index) {
  Side& side = sides_[index];
  proto::Path path;
  // A bounded while for one side: the others have packets too.
  for (int round = 0; round < 16; ++round) {
    side.batch.packets.clear();
    const Result<std::size_t> received = side.transport->receive(side.batch);
    if (!received || side.batch.packets.empty()) break;  // an error is in the transport's counters
    const Instant at = now();
    const std::int64_t wall = wall_ns();
    for (const ReceivedPacket& packet : side.batch.packets) {
      path.link = packet.link;
      path.address = packet.from;
      path.multicast = packet.multicast;
      hub_->receive(at, wall, index, path, packet.bytes);
    }
    hub_->flush(at);
    send();
  }
  if (!side.transport->links_changed()) return;
  side.links = side.transport->links();
  hub_->engine(index).set_links(now(), 0, side.links, hub_->outbox(index));
  gather_notices(index);
}

void Station::poll() { serve(0); }

void Station::serve(int wait_ms) {
  if (closed_) return;
  epoll_event events[16];
  const int count = ::epoll_wait(epoll_, events, 16, wait_ms);
  for (int i = 0; i < count; ++i)
    if (events[i].data.u64 < sides_.size()) receive(events[i].data.u64);
  const Instant at = now();
  if (hub_->next_deadline() <= at) hub_->tick(at, wall_ns());
  hub_->flush(at);
  send();
}

Duration Station::patience() const {
  const Instant due = hub_->next_deadline();
  if (due == Instant::max()) return std::chrono::hours(1);
  return std::max(due - now(), Duration(0));
}

void Station::send() {
  for (SideIndex i = 0; i < sides_.size(); ++i) {
    follow_groups(i);
    proto::Outbox& out = hub_->outbox(i);
    outgoing_.clear();
    for (const proto::Packet& packet : out.packets) outgoing_.push_back(out.outgoing(packet));
    // What could not be sent is in the transport's counters.
    if (!outgoing_.empty()) (void)sides_[i].transport->send(outgoing_);
    out.clear();
  }
}

void Station::follow_groups(SideIndex index) {
  Side& side = sides_[index];
  if (!hub_->engine(index).groups_changed() || !side.transport->capabilities().groups) return;
  std::bitset<256> wanted;
  wanted.set(0);
  for (const Group group : hub_->engine(index).groups()) wanted.set(group);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == side.joined[i]) continue;
    const auto group = static_cast<Group>(i);
    const Result<void> done =
        wanted[i] ? side.transport->join(group) : side.transport->leave(group);
    if (!done && notices_.size() < notices_max)
      notices_.push_back(hub_->name_of(index) + ": " + done.error().text());
  }
  side.joined = wanted;
}

void Station::close() {
  if (closed_) return;
  if (!sides_.empty()) {
    hub_->stop(now());
    send();
  }
  while (hub_->leaving()) serve(1);
  closed_ = true;
  for (Side& side : sides_) side.transport->close();
}

}  // namespace dts::hub
