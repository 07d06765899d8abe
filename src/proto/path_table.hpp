// PathTable: the transports and their links, and which way to a peer is the cheapest. A peer may
// be heard in several ways (a Reach each); it is sent to by one of them: memory first, then this
// machine's own link, then wired, then wireless, then through a third program. By multicast where
// its multicast is heard, else by unicast.
#pragma once

#include <vector>

#include <proto/packet_writer.hpp>

namespace dts::proto {

// One way a peer is heard.
struct Reach {
  TransportIndex transport = 0;
  LinkIndex link = 0;
  Address address;
  Instant heard{};            // anything
  Instant multicast_heard{};  // by a group
  bool multicast = false;     // was ever heard by a group
  Instant unheard{};          // by its own account ours does not reach it; never: zero
  bool validated = false;     // it has answered a challenge sent there
};

class PathTable {
 public:
  static constexpr std::size_t reaches_max = 8;  // per peer
  static constexpr std::size_t wireless_unicast_max = 8;

  struct LinkState {
    TransportIndex transport = 0;
    Link link;
    bool groups = false;
  };

  TransportIndex add_transport(Capabilities capabilities);
  void set_links(TransportIndex transport, std::vector<Link> links);
  const std::vector<LinkState>& links() const noexcept { return links_; }
  const LinkState* find(TransportIndex transport, LinkIndex link) const;
  // The largest packet that all links take, at most `bytes`.
  std::size_t packet_bytes(std::size_t bytes) const;
  // The largest packet of a large message that takes these ways; 0: some of them carry only what
  // fits the smallest of all links.
  std::size_t bulk_packet_bytes(const Destinations& to) const;
  // Is what comes this way what was sent, bit by bit? It has never left this machine.
  bool intact(TransportIndex transport) const {
    return transport < transports_.size() && transports_[transport].same_host;
  }
  // The control group on every link that has groups; this machine's own links first.
  Destinations control_groups() const;

  // A packet was heard; true when it shows a new way.
  static bool heard(std::vector<Reach>& reaches, Instant now, Duration period, const Path& from);
  // The way to send to a peer; null when there is none. `period` is the peer's own.
  const Reach* choose(const std::vector<Reach>& reaches, Instant now, Duration period) const;
  // No way is used that was not heard for so many of the peer's periods, if there is another.
  static bool is_silent(const Reach& reach, Instant now, Duration period) {
    return now - reach.heard > 3 * period;
  }
  // It says that our multicast does not reach it this way; true when that is new.
  static bool unheard(std::vector<Reach>& reaches, Instant now, Duration period, const Path& from);
  // Is its multicast heard this way, and nothing said against ours being heard there?
  bool by_multicast(const Reach& reach, Instant now, Duration period) const;
  // Multicast was heard this way, has been silent for three periods, and unicast lives.
  static bool multicast_lost(const Reach& reach, Instant now, Duration period);

 private:
  std::vector<Capabilities> transports_;
  std::vector<LinkState> links_;
};

}  // namespace dts::proto
