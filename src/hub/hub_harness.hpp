// For tests only: nodes and hubs on several networks, by hand: real engines, a virtual clock,
// packets that may be lost; and who got what.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <map>

#include <base/random.hpp>
#include <hub/hub.hpp>
#include <proto/engine_harness.hpp>

namespace dts::hub::testing {

using namespace std::chrono_literals;
using proto::Engine;
using proto::Notice;
using proto::Outbox;
using proto::Path;
using proto::Sequence;
using proto::StreamId;
using proto::testing::record_of;

struct World {
  using Network = std::size_t;
  using Origin = std::pair<NodeId, StreamId>;
  struct Heard {
    Sequence first = 0, next = 0;  // in order, without a hole
    std::size_t messages = 0, historic = 0;
    Sequence named = 0;
    std::string host;
    std::size_t hops = 0;
    std::vector<std::string> texts;
  };
  struct Node {
    Network network = 0;
    std::unique_ptr<Engine> engine;
    Outbox out;
    bool up = true;
    std::uint8_t number = 0;
    std::map<Origin, Heard> heard;
    std::size_t answers = 0;
    std::vector<std::string> says;  // to whoever asks
    std::vector<Notice> asked;
  };
  struct Station {
    std::vector<Network> networks;
    std::unique_ptr<Hub> hub;
    bool up = true;
    std::vector<std::uint8_t> numbers;  // of its sides
  };
  struct Flight {
    Instant due;
    Network network;
    std::uint8_t to;
    Path path;
    Bytes bytes;
  };

  Instant now{std::chrono::seconds(1000)};
  base::Random random;
  std::uint32_t loss_permille = 0;
  std::deque<Node> nodes;
  std::deque<Station> stations;
  std::deque<Flight> flights;
  std::uint8_t numbers = 0;
  std::uint64_t packets = 0;
  std::string wrong;

  explicit World(std::uint64_t seed = 1) : random(seed) {}
  std::int64_t wall() const { return now.time_since_epoch().count() + 1'700'000'000'000'000'000; }
  static std::vector<Link> links() { return {Link{1, "eth0", "", false, false, 1400}}; }
  static Capabilities able() { return {.groups = true, .mtu_bytes = 1400}; }
  proto::EngineOptions options(std::uint8_t number) {
    proto::EngineOptions o = proto::testing::Network::options_of(number);
    for (std::size_t i = 1; i < 11; ++i) o.node.bytes[i] = static_cast<std::uint8_t>(random.next());
    return o;
  }

  Node& add(Network network) {
    Node& node = nodes.emplace_back();
    node.network = network;
    node.number = ++numbers;
    node.engine = std::make_unique<Engine>(options(node.number), random.next());
    node.engine->add_transport(able());
    node.engine->set_links(now, 0, links(), node.out);
    return node;
  }
  void start(Node& node) {
    node.engine->start(now, wall(), node.out);
    collect(node);
  }
  Station& add_hub(std::vector<Network> networks, proto::HubId id) {
    Station& station = stations.emplace_back();
    station.networks = std::move(networks);
    start_hub(station, id);
    return station;
  }
  void start_hub(Station& station, proto::HubId id) {
    HubOptions o;
    o.id = id;
    station.hub = std::make_unique<Hub>(o);
    station.up = true;
    station.numbers.clear();
    for (std::size_t i = 0; i < station.networks.size(); ++i) {
      station.numbers.push_back(++numbers);
      const SideIndex side = station.hub->add_side("net" + std::to_string(station.networks[i]),
                                                   options(station.numbers.back()), random.next());
      station.hub->engine(side).add_transport(able());
      station.hub->engine(side).set_links(now, 0, links(), station.hub->outbox(side));
    }
    station.hub->start(now, wall());
    collect(station);
  }
  void want(Node& node, proto::Interest interest) {
    node.engine->add_interest(now, std::move(interest), node.out);
    collect(node);
  }
  StreamId open(Node& node, const std::string& family, std::uint32_t history = 1) {
    const StreamId id = *node.engine->open_stream(
        now, record_of(family, proto::Delivery::event, history), Bytes{1, 2, 3}, node.out);
    collect(node);
    return id;
  }
  void publish(Node& node, StreamId stream, std::size_t bytes = 0) {
    std::string text = "value " + std::to_string(++published[{node.engine->node(), stream}]);
    if (text.size() < bytes) text.resize(bytes, '.');
    proto::MessageView message{as_bytes(text), wall()};
    message.judge = taken_by;
    ASSERT_TRUE(node.engine->publish(now, stream, message, node.out).ok());
    node.engine->flush(now, node.out);
    collect(node);
  }
  std::map<Origin, std::size_t> published;  // messages
  proto::Judge* taken_by = nullptr;         // of all publishers

  void send(Network network, std::uint8_t from, const Outbox& out) {
    for (const proto::Packet& p : out.packets) {
      ++packets;
      const ByteView bytes = out.bytes_of(p);
      const auto offer = [&](Network theirs, std::uint8_t number, const Engine& engine) {
        if (theirs != network || (p.to ? *p.to != proto::testing::Network::address_of(number)
                                       : !joined(engine, p.group)))
          return;
        if (number != from && random.below(1000) < loss_permille) return;
        flights.push_back({now + 100us, network, number,
                           Path{0, 1, proto::testing::Network::address_of(from), !p.to},
                           Bytes(bytes.begin(), bytes.end())});
      };
      for (const Node& node : nodes)
        if (node.up) offer(node.network, node.number, *node.engine);
      for (const Station& s : stations)
        for (std::size_t i = 0; s.up && i < s.networks.size(); ++i)
          offer(s.networks[i], s.numbers[i], s.hub->engine(i));
    }
  }
  static bool joined(const Engine& engine, Group group) {
    const auto groups = engine.groups();
    return std::find(groups.begin(), groups.end(), group) != groups.end();
  }
  void judge(Node& node, const Origin& origin, Sequence from, Sequence to, bool gap) {
    Heard& heard = node.heard[origin];
    if (heard.next == 0) heard.first = heard.next = from;
    if (from != heard.next)
      wrong += "node " + std::to_string(node.number) + ": " + std::to_string(from) + ".." +
               std::to_string(to) + (gap ? " named" : " came") + ", due was " +
               std::to_string(heard.next) + "\n";
    heard.next = to + 1;
    if (gap) heard.named += to - from + 1;
  }
  void collect(Node& node) {
    std::vector<Notice> gaps;
    for (const Notice& n : node.out.notices) {
      if (n.kind == Notice::Kind::gap && node.heard.contains({n.node, n.stream})) gaps.push_back(n);
      if (n.kind == Notice::Kind::answer) ++node.answers;
      if (n.kind == Notice::Kind::query) node.asked.push_back(n);
    }
    for (const proto::Message& m : node.out.messages) {
      const Origin origin{m.node, m.stream};
      std::erase_if(gaps, [&](const Notice& n) {
        const bool before = Origin{n.node, n.stream} == origin && n.to < m.first;
        if (before) judge(node, origin, n.from, n.to, true);
        return before;
      });
      judge(node, origin, m.first, m.last, false);
      Heard& heard = node.heard[origin];
      ++heard.messages;
      heard.historic += m.historic;
      heard.texts.emplace_back(as_text(m.bytes));
      heard.hops = m.record->relay.via.size();
      heard.host = m.record->relay.any() ? m.record->relay.host : "";
    }
    for (const Notice& n : gaps) judge(node, {n.node, n.stream}, n.from, n.to, true);
    for (const Notice& n : std::exchange(node.asked, {})) {
      proto::Reply reply;
      reply.of = 1;
      for (const std::string& text : node.says)
        reply.values.push_back(
            {5, std::make_shared<const Bytes>(text.begin(), text.end()), Compression::none});
      node.engine->answer(now, n.node, n.token, std::move(reply), node.out);
    }
    send(node.network, node.number, node.out);
    node.out.clear();
  }
  void collect(Station& station) {
    station.hub->flush(now);
    for (std::size_t i = 0; i < station.networks.size(); ++i) {
      send(station.networks[i], station.numbers[i], station.hub->outbox(i));
      station.hub->outbox(i).clear();
    }
  }
  void run(Duration time) {
    const Instant end = now + time;
    for (;;) {
      Instant next = end;
      for (const Flight& f : flights) next = std::min(next, f.due);
      for (const Node& n : nodes)
        if (n.up) next = std::min(next, n.engine->next_deadline());
      for (const Station& s : stations)
        if (s.up) next = std::min(next, s.hub->next_deadline());
      now = std::max(now, next);
      bool busy = false;
      for (std::deque<Flight> due = std::exchange(flights, {}); !due.empty(); due.pop_front()) {
        Flight& f = due.front();
        if (f.due > now) {
          flights.push_back(std::move(f));
          continue;
        }
        busy = true;
        arrive(f);
      }
      for (Node& n : nodes)
        if (n.up && n.engine->next_deadline() <= now) {
          busy = true;
          n.engine->tick(now, wall(), n.out);
          collect(n);
        }
      for (Station& s : stations)
        if (s.up && s.hub->next_deadline() <= now) {
          busy = true;
          s.hub->tick(now, wall());
          collect(s);
        }
      if (now >= end && !busy) return;
    }
  }
  void arrive(const Flight& f) {
    for (Node& n : nodes)
      if (n.up && n.number == f.to) {
        n.engine->receive(now, wall(), f.path, f.bytes, n.out);
        collect(n);
      }
    for (Station& s : stations)
      for (std::size_t i = 0; s.up && i < s.networks.size(); ++i)
        if (s.numbers[i] == f.to) {
          s.hub->receive(now, wall(), i, f.path, f.bytes);
          collect(s);
        }
  }
};

}  // namespace dts::hub::testing
