// The checks of peers, clocks, versions, domains and types; and the table of all checks.
#include <sys/timex.h>
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <base/text.hpp>
#include <cli/doctor_check.hpp>
#include <cli/session.hpp>
#include <cli/words.hpp>

namespace dts::cli {

namespace {

constexpr double kClockWarn_ms = 50, kClockBad_ms = 1000;

std::vector<const NodeInfo*> peers_of(const Machine& machine) {
  std::vector<const NodeInfo*> peers;
  for (const NodeInfo& node : machine.catalogue.nodes) {
    if (!node.self) peers.push_back(&node);
  }
  return peers;
}

constexpr Check kChecks[] = {
    {"N01", "interfaces",
     "Which network interfaces there are, and which DTS uses: those that are up, have an IPv4 "
     "address and can\nmulticast, and lo. Bridges to containers and point-to-point links are left "
     "out unless named with --iface.",
     check_interfaces},
    {"N02", "joining",
     "Whether a multicast group can be joined on each interface. DTS joins and sends by interface, "
     "so that no\nmulticast route and no default route is needed.",
     check_join},
    {"N03", "loopback",
     "Whether processes on this machine can meet over lo. It works although lo has no MULTICAST "
     "flag.",
     check_loopback},
    {"N04", "subnets",
     "Two interfaces on one subnet (cable and wireless) carry everything twice; duplicates are "
     "dropped, but\nthe air is not free.",
     check_same_subnet},
    {"N05", "firewall in",
     "Sends a packet to a group of its own on each interface and waits for the copy that comes "
     "back. A firewall\nthat drops incoming UDP lets it leave and never return.",
     check_firewall_in},
    {"N06", "firewall out",
     "A firewall that drops outgoing packets makes sending fail with \"operation not permitted\".",
     check_firewall_out},
    {"N07", "port",
     "All DTS processes of a machine share UDP port 25555 for multicast. A program that binds it "
     "for itself\nalone keeps them out.",
     check_port},
    {"N08", "peers",
     "Which other nodes were heard on this domain while doctor listened. None may mean that none "
     "runs; if one\nruns elsewhere, the network between eats multicast: a switch with IGMP "
     "snooping "
     "and no querier, an\naccess point that isolates its clients, another subnet. Name it with "
     "--peer to go by unicast.",
     check_peers},
    {"N14", "container",
     "Multicast of the local network does not pass a container's bridge network. Use the host's "
     "network,\nmacvlan, or name the peers.",
     check_container},
    {"N15", "bridges", "Bridges to containers are not used for the local network by themselves.",
     check_container_host},
    {"N16", "packet size",
     "DTS sends at most 1,400 bytes in a packet and never lets IP split it. A smaller MTU on one "
     "machine of\nthe network loses full packets.",
     check_mtu},
    {"N17", "receive buffer",
     "What the kernel grants of the receive buffer asked for. A small one drops bursts before they "
     "are read.",
     check_buffer},
    {"N18", "drops",
     "Packets the kernel dropped because a socket's buffer was full, by process, from "
     "/proc/net/udp.",
     check_drops},
    {"S01", "memory",
     "Which nodes on this machine are reached by shared memory, and which by lo: those of another "
     "user, and those\nin a container that has a /dev/shm of its own.",
     check_memory},
    {"N21", "losses",
     "Which nodes lose much of what they want, by their own account, and whether the network "
     "between does it\nor their own receive buffer. One that loses more than 30 % for 10 s while "
     "others lose nearly nothing is\nserved apart: the last values again, gaps for the rest.",
     check_losses},
    {"N19", "memberships",
     "How many groups one socket may join. DTS opens as many sockets as it needs.",
     check_memberships},
    {"N20", "stray groups",
     "By default Linux hands a socket the packets of groups that other processes joined. DTS turns "
     "that off.",
     check_stray_groups},
    {"T01", "clocks of peers",
     "Their clock minus ours, the way of the packet included. Ages and latencies are wrong by as "
     "much.",
     check_peer_clocks},
    {"T02", "clock", "Whether the kernel says that this machine's clock is synchronised.",
     check_clock},
    {"H02", "versions", "Packets of another version of the protocol, which are not understood.",
     check_versions},
    {"H03", "other domains", "Nodes on other domains: they share the network, not the types.",
     check_other_domains},
    {"H04", "types",
     "Families that are published as several exact types. That is allowed; whether everybody can "
     "read\neverybody is shown by dts type diff.",
     check_type_conflicts},
};

}  // namespace

std::span<const Check> doctor_checks() { return kChecks; }

const Check* find_check(std::string_view id) {
  std::string wanted;
  for (char c : id) wanted += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  for (const Check& check : kChecks) {
    if (check.id == wanted) return &check;
  }
  return nullptr;
}

std::string_view verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::good:
      return "ok";
    case Verdict::warning:
      return "warning";
    case Verdict::bad:
      return "failed";
    case Verdict::skipped:
      return "skipped";
  }
  return "";
}

Finding check_memory(const Machine& machine) {
  const auto& links = machine.catalogue.links;
  const auto shared =
      std::find_if(links.begin(), links.end(), [](const Link& link) { return link.name == "shm"; });
  if (shared == links.end())
    return {
        Verdict::skipped, "no memory is shared: the processes of this machine meet over lo", {}};
  std::size_t reached = 0;
  std::vector<std::string> apart;
  for (const NodeInfo* node : peers_of(machine)) {
    if (node->address.starts_with("shm:")) ++reached;
    if (node->address.starts_with("127.")) apart.push_back(node_text(*node));
  }
  if (apart.size() > 6) {
    apart.resize(6);
    apart.push_back("...");
  }
  if (!apart.empty())
    return {Verdict::warning, "on this machine, and reached by lo only: " + joined(apart, ", "),
            "run them as the same user; a container needs the memory and the network of the "
            "machine:\ndocker run --ipc=host --network=host"};
  return {Verdict::good,
          counted(reached, "node") + " reached by " + base::printable(shared->address),
          {}};
}

Finding check_losses(const Machine& machine) {
  std::vector<std::string> losing;
  for (const NodeInfo* node : peers_of(machine))
    if (!node->losses.empty()) losing.push_back(node_text(*node) + " " + node->losses);
  if (losing.empty()) return {Verdict::good, "no node says that it loses much", {}};
  std::sort(losing.begin(), losing.end());
  std::string text = losing.front();
  for (std::size_t i = 1; i < std::min<std::size_t>(losing.size(), 4); ++i)
    text += "; " + losing[i];
  if (losing.size() > 4) text += "; and " + std::to_string(losing.size() - 4) + " more";
  return {Verdict::warning, text, "dts doctor on that machine; a cable, or another channel"};
}

Finding check_peers(const Machine& machine) {
  std::vector<std::string> names;
  for (const NodeInfo* node : peers_of(machine)) names.push_back(node_text(*node));
  std::sort(names.begin(), names.end());
  if (names.empty()) {
    return {Verdict::warning,
            "no other node heard on domain '" + base::printable(machine.catalogue.domain) + "'",
            "start one here: dts pub Hello text=hi -r 1   or name one: --peer HOST"};
  }
  const std::size_t count = names.size();
  if (names.size() > 6) {
    names.resize(6);
    names.push_back("...");
  }
  std::string text = "heard " + counted(count, "node") + ": " + joined(names, ", ");
  std::map<std::string, std::size_t> hubs;
  for (const NodeBeyond& there : nodes_beyond(machine.catalogue)) ++hubs[there.via];
  for (const auto& [hub, nodes] : hubs)
    text += "; " + counted(nodes, "node") + " beyond the hub " + hub;
  return {Verdict::good, text, {}};
}

Finding check_peer_clocks(const Machine& machine) {
  const auto peers = peers_of(machine);
  if (peers.empty()) return {Verdict::skipped, "no peers heard", {}};
  double worst = 0;
  std::vector<std::string> off;
  for (const NodeInfo* node : peers) {
    const double ms = static_cast<double>(node->clock_offset.count()) / 1e6;
    worst = std::max(worst, std::fabs(ms));
    if (std::fabs(ms) <= kClockWarn_ms) continue;
    off.push_back(node_text(*node) + (ms < 0 ? " is " : " is ") +
                  span_text(std::chrono::abs(node->clock_offset)) +
                  (ms < 0 ? " behind" : " ahead"));
  }
  if (off.empty()) {
    return {Verdict::good, "within " + number_text(std::ceil(worst * 10) / 10, true) + " ms", {}};
  }
  return {worst > kClockBad_ms ? Verdict::bad : Verdict::warning, joined(off, "; "),
          "sudo timedatectl set-ntp true   (on the one that is wrong)"};
}

Finding check_clock(const Machine& machine) {
  if (machine.clock_state < 0) return {Verdict::skipped, "the kernel does not tell", {}};
  const bool synchronised =
      machine.clock_state != TIME_ERROR && (machine.clock_status & STA_UNSYNC) == 0;
  if (synchronised || exists(machine, "/run/systemd/timesync/synchronized")) {
    return {Verdict::good, "synchronised", {}};
  }
  return {Verdict::warning, "not synchronised: times of different machines cannot be compared",
          "sudo timedatectl set-ntp true   (or install chrony)"};
}

Finding check_versions(const Machine& machine) {
  if (machine.catalogue.other_versions == 0) {
    return {Verdict::good, "everybody speaks the same version", {}};
  }
  return {Verdict::warning,
          counted(machine.catalogue.other_versions, "packet") + " of another protocol version",
          "run the same version of DTS everywhere: dts nodes shows who runs what"};
}

Finding check_other_domains(const Machine& machine) {
  if (machine.catalogue.other_domains.empty()) {
    return {Verdict::good, "no other domain heard", {}};
  }
  std::vector<std::string> names;
  for (const std::string& name : machine.catalogue.other_domains) {
    names.push_back("'" + base::printable(name) + "'");
  }
  return {peers_of(machine).empty() ? Verdict::warning : Verdict::good,
          "also heard: " + joined(names, ", ") + "; you are on '" +
              base::printable(machine.catalogue.domain) + "'",
          "dts ls --domain NAME"};
}

Finding check_type_conflicts(const Machine& machine) {
  std::map<std::string, std::set<std::string>> ids;
  for (const NodeInfo* node : peers_of(machine)) {
    for (const StreamInfo& stream : node->streams) {
      ids[stream.source.type_name].insert(stream.source.type.short_hex());
    }
  }
  for (const auto& [name, all] : ids) {
    if (all.size() < 2) continue;
    const std::string safe = base::printable(name);
    return {
        Verdict::warning, safe + " is published as " + std::to_string(all.size()) + " types",
        "dts type diff " + safe + "@" + *all.begin() + " " + safe + "@" + *std::next(all.begin())};
  }
  if (ids.empty()) return {Verdict::skipped, "nothing is published", {}};
  return {Verdict::good, "each name has one type", {}};
}

}  // namespace dts::cli
