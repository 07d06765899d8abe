#include <cli/doctor_check.hpp>

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/timex.h>
#include <cerrno>
#include <filesystem>
#include <fstream>

namespace dts::cli {
namespace {

namespace fs = std::filesystem;

transport::Interface interface(const char* name, std::uint32_t host, std::uint8_t prefix = 24) {
  transport::Interface result;
  result.name = name;
  result.address = __builtin_bswap32(host);
  result.prefix = prefix;
  result.mtu_bytes = 1500;
  result.up = result.running = result.multicast = true;
  return result;
}
transport::Interface loopback() {
  transport::Interface result = interface("lo", 0x7f000001, 8);
  result.loopback = true;
  result.multicast = false;
  result.mtu_bytes = 65536;
  return result;
}

// A machine in a temporary folder.
class Doctor : public testing::Test {
 protected:
  Doctor() {
    char folder[] = "/tmp/dts-doctor-XXXXXX";
    machine_.root = ::mkdtemp(folder);
    machine_.catalogue.domain = "default";
  }
  ~Doctor() override { fs::remove_all(machine_.root); }
  void write(const std::string& path, const std::string& text) {
    fs::create_directories(fs::path(machine_.root + path).parent_path());
    std::ofstream(machine_.root + path) << text;
  }
  void add_peer(const char* name, Duration offset = {}) {
    NodeInfo node;
    node.host = "nas";
    node.name = name;
    node.clock_offset = offset;
    machine_.catalogue.nodes.push_back(node);
  }
  Machine machine_;
};

TEST_F(Doctor, finds_no_interface_at_all) {
  EXPECT_EQ(check_interfaces(machine_).verdict, Verdict::bad);
}

TEST_F(Doctor, warns_when_only_this_machine_is_reached) {
  machine_.interfaces = {loopback()};
  EXPECT_EQ(check_interfaces(machine_).verdict, Verdict::warning);
}

TEST_F(Doctor, names_the_interfaces_it_leaves_out_and_why) {
  machine_.interfaces = {loopback(), interface("eth0", 0xc0a80114),
                         interface("docker0", 0xac110001)};
  const Finding finding = check_interfaces(machine_);
  EXPECT_EQ(finding.verdict, Verdict::good);
  EXPECT_EQ(finding.text, "lo, eth0 in use; not used: docker0 is a bridge to containers");
}

TEST_F(Doctor, warns_of_two_interfaces_on_one_subnet) {
  machine_.interfaces = {interface("eth0", 0xc0a80114), interface("wlan0", 0xc0a80115)};
  const Finding finding = check_same_subnet(machine_);
  EXPECT_EQ(finding.verdict, Verdict::warning);
  EXPECT_NE(finding.cure.find("--iface eth0"), std::string::npos);
  machine_.interfaces[1].address = __builtin_bswap32(0xc0a80215);
  EXPECT_EQ(check_same_subnet(machine_).verdict, Verdict::good);
}

TEST_F(Doctor, tells_an_inbound_firewall_by_the_copy_that_does_not_return) {
  machine_.probes = {{"eth0", true, true, false, 0}, {"lo", true, true, true, 0}};
  write("/usr/sbin/ufw", "");
  const Finding finding = check_firewall_in(machine_);
  EXPECT_EQ(finding.verdict, Verdict::bad);
  EXPECT_NE(finding.text.find("eth0"), std::string::npos);
  EXPECT_EQ(finding.cure.find("sudo ufw allow in proto udp to any port 25555"), 0u);
  machine_.probes[0].heard = true;
  EXPECT_EQ(check_firewall_in(machine_).verdict, Verdict::good);
}

TEST_F(Doctor, tells_an_outbound_firewall_by_the_error) {
  machine_.probes = {{"eth0", true, false, false, EPERM}};
  EXPECT_EQ(check_firewall_out(machine_).verdict, Verdict::bad);
  EXPECT_EQ(check_firewall_in(machine_).verdict, Verdict::skipped);
  machine_.probes = {{"eth0", true, true, true, 0}};
  EXPECT_EQ(check_firewall_out(machine_).verdict, Verdict::good);
}

TEST_F(Doctor, names_who_holds_the_port) {
  machine_.port_error = EADDRINUSE;
  write(
      "/proc/net/udp",
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
      "inode ref pointer drops\n"
      " 1: 00000000:63D3 00000000:0000 07 00000000:00000000 00:00000000 00000000  1000        0 "
      "4242 2 0000000000000000 0\n");
  write("/proc/812/comm", "greedy\n");
  fs::create_directories(machine_.root + "/proc/812/fd");
  fs::create_symlink("socket:[4242]", machine_.root + "/proc/812/fd/3");
  const Finding finding = check_port(machine_);
  EXPECT_EQ(finding.verdict, Verdict::bad);
  EXPECT_EQ(finding.text.find("greedy (pid 812) holds UDP port 25555"), 0u) << finding.text;
}

TEST_F(Doctor, counts_the_drops_of_dts_sockets_alone) {
  const std::string header = "  sl  local_address ... drops\n";
  write("/proc/net/snmp", "Udp: InDatagrams NoPorts RcvbufErrors\nUdp: 5 0 7\n");
  write("/proc/net/udp", header + " 1: 00000000:1234 0:0 07 0:0 00:0 0 0 0 1 2 0 47\n");
  EXPECT_EQ(check_drops(machine_).verdict, Verdict::good);
  EXPECT_NE(check_drops(machine_).text.find("(7 on others"), std::string::npos);
  write("/proc/net/udp", header + " 1: 00000000:63D3 0:0 07 0:0 00:0 0 0 0 1 2 0 47\n");
  EXPECT_EQ(check_drops(machine_).verdict, Verdict::warning);
  EXPECT_NE(check_drops(machine_).text.find("47"), std::string::npos);
}

TEST_F(Doctor, warns_of_a_small_receive_buffer) {
  EXPECT_EQ(check_buffer(machine_).verdict, Verdict::skipped);
  write("/proc/sys/net/core/rmem_max", "212992\n");
  EXPECT_EQ(check_buffer(machine_).verdict, Verdict::warning);
  write("/proc/sys/net/core/rmem_max", "8388608\n");
  EXPECT_EQ(check_buffer(machine_).verdict, Verdict::good);
}

TEST_F(Doctor, knows_a_bridged_container) {
  machine_.interfaces = {loopback(), interface("eth0", 0xac110002)};
  EXPECT_EQ(check_container(machine_).text, "not in a container");
  write("/.dockerenv", "");
  write("/sys/class/net/eth0/ifindex", "7\n");
  write("/sys/class/net/eth0/iflink", "7\n");
  EXPECT_EQ(check_container(machine_).verdict, Verdict::good);
  write("/sys/class/net/eth0/iflink", "12\n");
  EXPECT_EQ(check_container(machine_).verdict, Verdict::warning);
}

TEST_F(Doctor, warns_of_a_small_mtu) {
  machine_.interfaces = {interface("eth0", 0xc0a80114)};
  EXPECT_EQ(check_mtu(machine_).verdict, Verdict::good);
  machine_.interfaces[0].mtu_bytes = 1280;
  EXPECT_EQ(check_mtu(machine_).verdict, Verdict::warning);
}

TEST_F(Doctor, reads_the_membership_limit) {
  machine_.interfaces = {loopback()};
  write("/proc/sys/net/ipv4/igmp_max_memberships", "20\n");
  EXPECT_EQ(check_memberships(machine_).verdict, Verdict::good);
  write("/proc/sys/net/ipv4/igmp_max_memberships", "0\n");
  EXPECT_EQ(check_memberships(machine_).verdict, Verdict::bad);
}

TEST_F(Doctor, tells_whose_clock_is_wrong) {
  EXPECT_EQ(check_peer_clocks(machine_).verdict, Verdict::skipped);
  add_peer("good", std::chrono::milliseconds(1));
  EXPECT_EQ(check_peer_clocks(machine_).verdict, Verdict::good);
  add_peer("late", -std::chrono::hours(3));
  const Finding finding = check_peer_clocks(machine_);
  EXPECT_EQ(finding.verdict, Verdict::bad);
  EXPECT_EQ(finding.text, "nas/late is 3h behind");
}

TEST_F(Doctor, believes_the_kernel_about_the_clock) {
  machine_.clock_state = TIME_ERROR;
  machine_.clock_status = STA_UNSYNC;
  EXPECT_EQ(check_clock(machine_).verdict, Verdict::warning);
  write("/run/systemd/timesync/synchronized", "");
  EXPECT_EQ(check_clock(machine_).verdict, Verdict::good);
}

TEST_F(Doctor, points_at_other_domains_when_nobody_else_is_heard) {
  machine_.catalogue.other_domains = {"test"};
  EXPECT_EQ(check_other_domains(machine_).verdict, Verdict::warning);
  add_peer("rec");
  EXPECT_EQ(check_other_domains(machine_).verdict, Verdict::good);
}

TEST_F(Doctor, names_who_is_on_this_machine_and_not_reached_by_memory) {
  EXPECT_EQ(check_memory(machine_).verdict, Verdict::skipped);
  Link& link = machine_.catalogue.links.emplace_back();
  link.name = "shm";
  link.address = "/dev/shm";
  add_peer("near");
  machine_.catalogue.nodes.back().address = "shm:00c0ffee00000001";
  add_peer("far");
  machine_.catalogue.nodes.back().address = "192.168.1.20:41234";
  EXPECT_EQ(check_memory(machine_).verdict, Verdict::good);
  EXPECT_EQ(check_memory(machine_).text, "1 node reached by /dev/shm");
  add_peer("apart");
  machine_.catalogue.nodes.back().address = "127.0.0.1:41234";
  EXPECT_EQ(check_memory(machine_).verdict, Verdict::warning);
  EXPECT_NE(check_memory(machine_).text.find("nas/apart"), std::string::npos);
}

TEST_F(Doctor, what_the_network_says_cannot_steer_a_terminal) {
  add_peer("x\x1b[2J");
  EXPECT_EQ(check_peers(machine_).text.find('\x1b'), std::string::npos);
}

TEST(DoctorChecks, each_has_an_id_of_its_own_and_an_explanation) {
  for (const Check& check : doctor_checks()) {
    EXPECT_EQ(find_check(check.id), &check);
    EXPECT_FALSE(check.explanation.empty()) << check.id;
  }
  EXPECT_EQ(find_check("n05")->id, "N05");
  EXPECT_EQ(find_check("X99"), nullptr);
}

}  // namespace
}  // namespace dts::cli
