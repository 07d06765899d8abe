// For tests of the engine: a handful of engines on one or more links, a clock, and a wire that
// delivers after a fixed delay unless told to drop. Single thread.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <string>

#include <base/assert.hpp>
#include <base/sha256.hpp>
#include <proto/engine.hpp>
#include <proto/wire.hpp>

namespace dts::proto::testing {

struct Delivered {
  NodeId node;
  StreamId stream;
  Sequence first, last;
  std::int64_t published_ns;
  std::string bytes;
  bool historic;
  std::string family;
  Compression compression = Compression::none;
};

inline FamilyId family_of(std::string_view name) {
  const auto hash = base::sha256({as_bytes(std::string_view("dts-family\0", 11)), as_bytes(name)});
  FamilyId id;
  std::copy_n(hash.begin(), id.bytes.size(), id.bytes.begin());
  return id;
}
inline StreamRecord record_of(std::string name, Delivery delivery = Delivery::event,
                              std::uint32_t history = 1) {
  StreamRecord r;
  r.family = family_of(name);
  r.family_name = std::move(name);
  r.type.bytes[0] = 7;
  r.format = 1;
  r.delivery = delivery;
  r.history = history;
  return r;
}
inline Interest interest_in(std::string name) { return {family_of(name), std::move(name)}; }
inline Interest interest_matching(std::string pattern) { return {{}, std::move(pattern)}; }

class Network {
 public:
  struct Node {
    Node(EngineOptions options, std::uint64_t seed) : engine(std::move(options), seed) {}
    Engine engine;
    Outbox out;
    std::uint8_t number = 0;
    bool up = true;
    Instant stopped_until{};  // a process that stands still: what comes waits for it
    std::vector<Delivered> messages;
    std::vector<Notice> notices;
    std::size_t packets_sent = 0, bytes_sent = 0;

    std::size_t count(Notice::Kind kind) const {
      std::size_t n = 0;
      for (const Notice& notice : notices) n += notice.kind == kind;
      return n;
    }
  };
  struct Flight {
    Instant due;
    std::size_t from, to;
    Path path;
    Bytes bytes;
  };

  Instant now{std::chrono::seconds(1000)};
  Duration delay = std::chrono::microseconds(100);
  Capabilities able{.groups = true, .mtu_bytes = 1400};
  std::vector<Link> links{Link{1, "eth0", "", false, false, 1400}};
  // Drops a packet on its way when it says true.
  std::function<bool(const Flight&)> drop = [](const Flight&) { return false; };
  std::function<void(const Flight&)> tap = [](const Flight&) {};
  // How much later than others a packet is read: sockets are read in any order.
  std::function<Duration(const Flight&)> held_back = [](const Flight&) { return Duration(0); };
  std::deque<Node> nodes;

  static EngineOptions options_of(std::uint8_t number) {
    EngineOptions o;
    o.node.bytes[0] = number;
    o.node.bytes[11] = 0xaa;
    o.host = "host" + std::to_string(number);
    o.name = "test";
    o.version = "0.1";
    o.process = number;
    return o;
  }
  std::int64_t wall() const { return now.time_since_epoch().count() + 1'700'000'000'000'000'000; }

  Node& add(EngineOptions options) {
    const std::uint8_t number = static_cast<std::uint8_t>(nodes.size() + 1);
    Node& node = nodes.emplace_back(std::move(options), number);
    node.number = number;
    node.engine.add_transport(able);
    node.engine.set_links(now, 0, links, node.out);
    return node;
  }
  Node& add() { return add(options_of(static_cast<std::uint8_t>(nodes.size() + 1))); }
  void start(Node& node) {
    node.engine.start(now, wall(), node.out);
    collect(node);
  }
  static Address address_of(std::uint8_t number) {
    Address a;
    a.size = 4;
    a.bytes[0] = 10;
    a.bytes[3] = number;
    return a;
  }

  // Takes what an engine wants done.
  void collect(Node& node) {
    for (const Message& m : node.out.messages)
      node.messages.push_back({m.node, m.stream, m.first, m.last, m.published_ns,
                               std::string(as_text(m.bytes)), m.historic,
                               m.record ? m.record->family_name : "?", m.compression});
    for (const Notice& n : node.out.notices) node.notices.push_back(n);
    for (const Packet& p : node.out.packets) {
      const Bytes bytes = whole(node.out.outgoing(p));
      ++node.packets_sent;
      node.bytes_sent += bytes.size();
      for (std::size_t i = 0; i < nodes.size(); ++i) {
        Node& to = nodes[i];
        if (!to.up || !node.up) continue;
        if (p.to ? *p.to != address_of(to.number) : !in_group(to, p.group)) continue;
        Flight flight{now + delay, static_cast<std::size_t>(node.number - 1), i,
                      Path{0, p.link, address_of(node.number), !p.to}, bytes};
        flight.due += held_back(flight);
        tap(flight);
        if (!drop(flight)) flights.push_back(std::move(flight));
      }
    }
    node.out.clear();
  }
  static Bytes whole(const OutgoingPacket& packet) {
    Bytes bytes;
    for (const ByteView part : {packet.bytes, packet.body, packet.tail})
      bytes.insert(bytes.end(), part.begin(), part.end());
    return bytes;
  }
  static bool in_group(const Node& node, Group group) {
    for (Group g : node.engine.groups())
      if (g == group) return true;
    return false;
  }

  // ok, or what publish() said.
  ErrorCode publish(Node& node, StreamId stream, std::string_view text, bool flush = true) {
    const auto result = node.engine.publish(now, stream, {as_bytes(text), wall()}, node.out);
    if (flush) node.engine.flush(now, node.out);
    collect(node);
    return result.ok() ? ErrorCode::ok : result.error().code();
  }
  // Lets `time` pass.
  void run(Duration time) {
    const Instant end = now + time;
    while (true) {
      Instant next = end;
      for (const Flight& f : flights) next = std::min(next, due_of(f));
      for (const Node& n : nodes)
        if (n.up) next = std::min(next, std::max({now, n.engine.next_deadline(), n.stopped_until}));
      now = next;
      bool busy = false;
      for (std::size_t i = 0; i < flights.size();) {
        if (due_of(flights[i]) > now) {
          ++i;
          continue;
        }
        const Flight f = std::move(flights[i]);
        flights.erase(flights.begin() + static_cast<std::ptrdiff_t>(i));
        busy = true;
        Node& to = nodes[f.to];
        if (!to.up) continue;
        to.engine.receive(now, wall(), f.path, f.bytes, to.out);
        collect(to);
      }
      for (Node& n : nodes) {
        if (!n.up || n.stopped_until > now || n.engine.next_deadline() > now) continue;
        busy = true;
        n.engine.tick(now, wall(), n.out);
        collect(n);
      }
      if (now >= end && !busy) return;
      DTS_ASSERT(++rounds < 20'000'000);
    }
  }

 private:
  Instant due_of(const Flight& f) const { return std::max(f.due, nodes[f.to].stopped_until); }

  std::deque<Flight> flights;
  std::uint64_t rounds = 0;
};

}  // namespace dts::proto::testing
