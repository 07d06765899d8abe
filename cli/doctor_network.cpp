// The checks of interfaces, firewall, port, buffers and containers.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>

#include <base/text.hpp>
#include <cli/doctor_check.hpp>
#include <cli/words.hpp>

namespace dts::cli {

namespace {

constexpr std::uint32_t kMtuMin = 1428;  // 1,400 bytes of DTS, 8 of UDP, 20 of IP
constexpr std::int64_t kBufferMin = 2u << 20;

std::vector<const transport::Interface*> used(const Machine& machine) {
  std::vector<const transport::Interface*> result;
  for (const transport::Interface& interface : machine.interfaces) {
    if (transport::why_unused(interface, machine.wish).empty()) result.push_back(&interface);
  }
  return result;
}

std::string names_of(const std::vector<const transport::Interface*>& interfaces) {
  std::vector<std::string> names;
  for (const auto* interface : interfaces) names.push_back(base::printable(interface->name));
  return joined(names, ", ");
}

// The interfaces of the probes for which `bad` holds.
std::string where(const Machine& machine, auto&& bad) {
  std::vector<std::string> names;
  for (const LoopProbe& probe : machine.probes) {
    if (bad(probe)) names.push_back(base::printable(probe.interface));
  }
  return joined(names, ", ");
}

// How to let DTS in, in the words of the firewall that is installed.
std::string firewall_cure(const Machine& machine) {
  const std::string port = std::to_string(kPort);
  const auto installed = [&](const char* name) {
    return exists(machine, std::string("/usr/sbin/") + name) ||
           exists(machine, std::string("/sbin/") + name) ||
           exists(machine, std::string("/usr/bin/") + name);
  };
  std::vector<std::string> ways;
  if (installed("ufw")) ways.push_back("sudo ufw allow in proto udp to any port " + port);
  if (installed("firewall-cmd")) {
    ways.push_back("sudo firewall-cmd --permanent --add-port=" + port +
                   "/udp && sudo firewall-cmd --reload");
  }
  if (ways.empty() && installed("nft")) {
    ways.push_back("sudo nft insert rule inet filter input udp dport " + port +
                   " accept   (table and chain as in: sudo nft list ruleset)");
  }
  if (ways.empty()) ways.push_back("sudo iptables -I INPUT -p udp --dport " + port + " -j ACCEPT");
  return joined(ways, "\n") +
         "\nand for direct answers: let packets of local UDP sockets in (conntrack established)";
}

}  // namespace

Finding check_interfaces(const Machine& machine) {
  const auto usable = used(machine);
  std::vector<std::string> ignored;
  for (const transport::Interface& interface : machine.interfaces) {
    const std::string_view why = transport::why_unused(interface, machine.wish);
    if (!why.empty()) ignored.push_back(base::printable(interface.name) + " " + std::string(why));
  }
  std::string text = usable.empty() ? "none is usable" : names_of(usable) + " in use";
  if (!ignored.empty()) text += "; not used: " + joined(ignored, ", ");
  if (usable.empty()) {
    return {Verdict::bad, text, "sudo ip link set lo up   (and plug in a network)"};
  }
  const bool only_lo = std::all_of(usable.begin(), usable.end(),
                                   [](const auto* interface) { return interface->loopback; });
  if (only_lo) {
    return {Verdict::warning, text + ": only this machine is reached",
            "plug in a cable, join a wireless network, or: sudo ip link set eth0 up"};
  }
  return {Verdict::good, text, {}};
}

Finding check_join(const Machine& machine) {
  if (machine.probes.empty()) return {Verdict::skipped, "no interface to join on", {}};
  const std::string bad = where(machine, [](const LoopProbe& probe) { return !probe.joined; });
  if (bad.empty()) {
    return {Verdict::good, "joined by interface; no multicast route is needed", {}};
  }
  int error = 0;
  for (const LoopProbe& probe : machine.probes) {
    if (!probe.joined) error = probe.error;
  }
  return {Verdict::bad, "cannot join a group on " + bad + ": " + std::strerror(error),
          error == ENOBUFS ? "sudo sysctl -w net.ipv4.igmp_max_memberships=20"
                           : "dts doctor --explain N02"};
}

Finding check_loopback(const Machine& machine) {
  for (const LoopProbe& probe : machine.probes) {
    if (probe.interface != "lo") continue;
    if (probe.heard) return {Verdict::good, "multicast works on lo", {}};
    return {Verdict::bad, "multicast does not work on lo: processes on this machine cannot meet",
            firewall_cure(machine)};
  }
  return {Verdict::warning, "lo is not up: processes on this machine may not meet",
          "sudo ip link set lo up"};
}

Finding check_same_subnet(const Machine& machine) {
  std::map<std::uint32_t, std::vector<std::string>> subnets;
  for (const auto* interface : used(machine)) {
    if (interface->loopback || interface->address == 0 || interface->prefix == 0) continue;
    const std::uint32_t host = __builtin_bswap32(interface->address);
    const std::uint32_t mask = interface->prefix >= 32 ? ~0u : ~(~0u >> interface->prefix);
    subnets[host & mask].push_back(base::printable(interface->name));
  }
  for (const auto& [subnet, names] : subnets) {
    if (names.size() < 2) continue;
    return {Verdict::warning,
            joined(names, " and ") + " are on one subnet: everything is sent twice there",
            "--iface " + names[0] + "   or   export DTS_IFACE=" + names[0]};
  }
  return {Verdict::good, "each interface has a subnet of its own", {}};
}

Finding check_firewall_in(const Machine& machine) {
  if (machine.probes.empty()) return {Verdict::skipped, "no interface to try it on", {}};
  const std::string bad =
      where(machine, [](const LoopProbe& probe) { return probe.sent && !probe.heard; });
  const std::string good = where(machine, [](const LoopProbe& probe) { return probe.heard; });
  if (bad.empty() && !good.empty()) {
    return {Verdict::good, "own multicast comes back on " + good, {}};
  }
  if (bad.empty()) return {Verdict::skipped, "nothing could be sent, see N06", {}};
  return {Verdict::bad, "a firewall drops incoming UDP: own multicast did not come back on " + bad,
          firewall_cure(machine)};
}

Finding check_firewall_out(const Machine& machine) {
  if (machine.probes.empty()) return {Verdict::skipped, "no interface to try it on", {}};
  const std::string blocked = where(machine, [](const LoopProbe& probe) {
    return probe.joined && !probe.sent && (probe.error == EPERM || probe.error == EACCES);
  });
  if (!blocked.empty()) {
    return {Verdict::bad, "a firewall on this machine refuses to send on " + blocked,
            "sudo nft insert rule inet filter output ip daddr 239.255.0.0/16 accept   (table and "
            "chain as in: sudo nft list ruleset)"};
  }
  std::string others;
  for (const LoopProbe& probe : machine.probes) {
    if (probe.joined && !probe.sent) {
      others += (others.empty() ? "" : "; ") + base::printable(probe.interface) + ": " +
                std::strerror(probe.error);
    }
  }
  if (!others.empty()) return {Verdict::bad, "cannot send: " + others, "dts doctor --explain N06"};
  return {Verdict::good, "multicast leaves", {}};
}

Finding check_port(const Machine& machine) {
  const std::string port = std::to_string(kPort);
  if (machine.port_error == 0) {
    return {Verdict::good, "UDP port " + port + " can be shared", {}};
  }
  std::vector<std::string> owners;
  for (const UdpSocket& socket : udp_sockets(machine, kPort)) {
    if (!socket.process.empty()) owners.push_back(base::printable(socket.process));
  }
  const std::string who = owners.empty() ? "another program" : joined(owners, ", ");
  return {Verdict::bad,
          who + " holds UDP port " + port + " for itself: " + std::strerror(machine.port_error),
          "stop it, or move it to another port"};
}

Finding check_container(const Machine& machine) {
  if (!exists(machine, "/.dockerenv") && !exists(machine, "/run/.containerenv")) {
    return {Verdict::good, "not in a container", {}};
  }
  // A veth end: the other end has another index, and lies in another namespace.
  for (const auto* interface : used(machine)) {
    if (interface->loopback) continue;
    const std::string folder = "/sys/class/net/" + interface->name;
    const auto link = read_number(machine, folder + "/iflink");
    const auto index = read_number(machine, folder + "/ifindex");
    if (!link || !index || *link == *index) continue;
    return {Verdict::warning,
            "in a container behind a bridge: multicast of the local network does not get in",
            "docker run --network host ...   or a macvlan network, or "
            "DTS_TRANSPORTS=udp://,tcp://host"};
  }
  return {Verdict::good, "in a container that shares the host's network", {}};
}

Finding check_container_host(const Machine& machine) {
  std::vector<std::string> bridges;
  for (const std::string& name : list_folder(machine, "/sys/class/net")) {
    if (name == "docker0" || name.rfind("br-", 0) == 0) bridges.push_back(base::printable(name));
  }
  if (bridges.empty()) return {Verdict::good, "no container bridges", {}};
  return {Verdict::good,
          "not used for the local network: " + joined(bridges, ", ") + "  (--iface +" + bridges[0] +
              " reaches its containers)",
          {}};
}

Finding check_mtu(const Machine& machine) {
  std::string bad, seen;
  for (const auto* interface : used(machine)) {
    if (interface->loopback) continue;
    const std::string text =
        base::printable(interface->name) + " " + std::to_string(interface->mtu_bytes);
    (interface->mtu_bytes < kMtuMin ? bad : seen) += (seen.empty() ? "" : ", ") + text;
  }
  if (!bad.empty()) {
    return {Verdict::warning, "smaller than a full packet: " + bad + "; packets are made smaller",
            "on every machine of this network use the same MTU, best 1500"};
  }
  return {Verdict::good, seen.empty() ? "only lo" : seen, {}};
}

Finding check_buffer(const Machine& machine) {
  const auto most = read_number(machine, "/proc/sys/net/core/rmem_max");
  if (!most) return {Verdict::skipped, "/proc/sys/net/core/rmem_max cannot be read", {}};
  std::string text = "rmem_max " + bytes_text(static_cast<double>(*most));
  if (machine.receive_buffer_got > 0) {
    text += ", granted " + bytes_text(machine.receive_buffer_got) + " of 8.4 MB asked";
  }
  if (*most >= kBufferMin || machine.receive_buffer_got >= kBufferMin) {
    return {Verdict::good, text, {}};
  }
  return {Verdict::warning, text + ": bursts may be dropped before they are read",
          "sudo sysctl -w net.core.rmem_max=8388608\n"
          "echo net.core.rmem_max=8388608 | sudo tee /etc/sysctl.d/50-dts.conf   (to keep it)"};
}

Finding check_drops(const Machine& machine) {
  std::vector<std::string> dropping;
  for (const UdpSocket& socket : udp_sockets(machine, kPort)) {
    if (socket.drops == 0) continue;
    dropping.push_back((socket.process.empty() ? "a process" : base::printable(socket.process)) +
                       " " + grouped(socket.drops));
  }
  const auto all = snmp_counter(machine, "Udp", "RcvbufErrors");
  if (!dropping.empty()) {
    return {Verdict::warning,
            "packets dropped because they were not read in time: " + joined(dropping, ", "),
            "a bigger buffer (N17), or less work in the handlers of that program"};
  }
  if (!all) return {Verdict::skipped, "/proc/net/snmp cannot be read", {}};
  return {Verdict::good,
          *all == 0 ? "no packet was dropped for want of a buffer"
                    : "none on DTS sockets (" + grouped(static_cast<std::uint64_t>(*all)) +
                          " on others since the start of the machine)",
          {}};
}

Finding check_memberships(const Machine& machine) {
  const auto most = read_number(machine, "/proc/sys/net/ipv4/igmp_max_memberships");
  if (!most) return {Verdict::skipped, "igmp_max_memberships cannot be read", {}};
  const auto interfaces = static_cast<std::int64_t>(used(machine).size());
  const std::string text = std::to_string(*most) + " memberships a socket";
  if (*most < std::max<std::int64_t>(interfaces, 1)) {
    return {Verdict::bad, text + ", fewer than interfaces",
            "sudo sysctl -w net.ipv4.igmp_max_memberships=20"};
  }
  return {Verdict::good, text + "; as many sockets are opened as the groups need", {}};
}

Finding check_stray_groups(const Machine& machine) {
  if (machine.multicast_all_settable) {
    return {Verdict::good, "sockets hear only the groups they joined", {}};
  }
  return {Verdict::warning, "IP_MULTICAST_ALL cannot be turned off: foreign packets are read too",
          "they are counted and dropped; a newer kernel spares the work"};
}

}  // namespace dts::cli
