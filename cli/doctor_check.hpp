// The checks of `dts doctor`: each looks at one thing, says how it is, and what cures it. They read
// the system through a root directory, so that a test can hand them another machine.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <dts/domain.hpp>
#include <dts/result.hpp>
#include <transport/udp/interfaces.hpp>

namespace dts::cli {

enum class Verdict : std::uint8_t { good, warning, bad, skipped };
std::string_view verdict_name(Verdict verdict);

struct Finding {
  Verdict verdict = Verdict::good;
  std::string text;
  std::string cure;  // a command or a sentence; may have several lines
};

// What became of a packet sent to our own group on one interface.
struct LoopProbe {
  std::string interface;
  bool joined = false, sent = false, heard = false;
  int error = 0;  // errno of what failed first
};

// The machine as the checks see it. Filled once; a test fills it by hand.
struct Machine {
  std::string root;  // "" is this machine; files are read below it
  std::vector<transport::Interface> interfaces;
  transport::InterfaceWish wish;
  std::vector<LoopProbe> probes;
  int port_error = 0;                    // errno of binding the DTS port; 0: free or shareable
  std::uint32_t receive_buffer_got = 0;  // granted for 8 MiB asked; 0: unknown
  bool multicast_all_settable = true;
  int clock_state = 0;  // adjtimex(); -1: unknown
  long clock_status = 0;
  Catalogue catalogue;
};
constexpr std::uint16_t kPort = 25555;

struct Check {
  std::string_view id;     // "N05"
  std::string_view title;  // "firewall in"
  std::string_view explanation;
  Finding (*run)(const Machine&);
};
std::span<const Check> doctor_checks();
const Check* find_check(std::string_view id);

// The rows, by the file they are in.
Finding check_interfaces(const Machine&);
Finding check_memory(const Machine&);
Finding check_join(const Machine&);
Finding check_loopback(const Machine&);
Finding check_same_subnet(const Machine&);
Finding check_firewall_in(const Machine&);
Finding check_firewall_out(const Machine&);
Finding check_port(const Machine&);
Finding check_peers(const Machine&);
Finding check_container(const Machine&);
Finding check_container_host(const Machine&);
Finding check_mtu(const Machine&);
Finding check_buffer(const Machine&);
Finding check_drops(const Machine&);
Finding check_losses(const Machine&);
Finding check_memberships(const Machine&);
Finding check_stray_groups(const Machine&);
Finding check_peer_clocks(const Machine&);
Finding check_clock(const Machine&);
Finding check_versions(const Machine&);
Finding check_other_domains(const Machine&);
Finding check_type_conflicts(const Machine&);

// Reading below Machine::root.
std::optional<std::string> read_file(const Machine& machine, const std::string& path);
std::optional<std::int64_t> read_number(const Machine& machine, const std::string& path);
bool exists(const Machine& machine, const std::string& path);
std::vector<std::string> list_folder(const Machine& machine, const std::string& path);
// "Udp" and "RcvbufErrors" of /proc/net/snmp.
std::optional<std::int64_t> snmp_counter(const Machine& machine, std::string_view protocol,
                                         std::string_view counter);
// The UDP sockets bound to a port: how much each dropped, and whose it is.
struct UdpSocket {
  std::uint64_t drops = 0;
  std::string inode;
  std::string process;  // "mosquitto (pid 812)"; empty: unknown
};
std::vector<UdpSocket> udp_sockets(const Machine& machine, std::uint16_t port);

// Sends to our own group on every usable interface and listens for the copy.
std::vector<LoopProbe> probe_loops(const std::vector<transport::Interface>& interfaces,
                                   const transport::InterfaceWish& wish);
// Fills what needs this machine: interfaces, probes, port, buffer, clock.
void examine(Machine& machine);

}  // namespace dts::cli
