// What doctor tries on this machine: a packet to a group of its own on every interface, the port,
// the receive buffer, the clock.
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <unistd.h>
#include <cerrno>
#include <chrono>
#include <cstring>

#include <base/random.hpp>
#include <cli/doctor_check.hpp>

namespace dts::cli {

namespace {

// Outside of the groups of all domains (239.255.128.0 to 239.255.191.255), so that nobody's
// packets are mistaken for ours and nobody is bothered.
constexpr std::uint32_t kProbeGroup = 0xefffc001;  // 239.255.192.1
constexpr int kProbeWait_ms = 300;
constexpr std::uint32_t kBufferAsked = 8u << 20;

class Socket {
 public:
  Socket() : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {}
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }
  bool set(int level, int option, const void* value, socklen_t size) const {
    return ::setsockopt(fd_, level, option, value, size) == 0;
  }
  bool set(int level, int option, int value) const {
    return set(level, option, &value, sizeof value);
  }

 private:
  int fd_;
};

sockaddr_in address(std::uint32_t host, std::uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_addr.s_addr = htonl(host);
  result.sin_port = htons(port);
  return result;
}

bool bind_port(const Socket& socket, std::uint16_t port) {
  socket.set(SOL_SOCKET, SO_REUSEADDR, 1);
  const sockaddr_in any = address(INADDR_ANY, port);
  return ::bind(socket.fd(), reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0;
}

// The packet with this token, within the time.
bool hears(const Socket& socket, const std::array<std::uint8_t, 16>& token) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(kProbeWait_ms);
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd fd{socket.fd(), POLLIN, 0};
    if (left.count() <= 0 || ::poll(&fd, 1, static_cast<int>(left.count())) <= 0) return false;
    std::array<std::uint8_t, 64> bytes{};
    const ssize_t size = ::recv(socket.fd(), bytes.data(), bytes.size(), 0);
    if (size == static_cast<ssize_t>(token.size()) &&
        std::memcmp(bytes.data(), token.data(), token.size()) == 0) {
      return true;
    }
  }
}

LoopProbe probe(const transport::Interface& interface) {
  LoopProbe result;
  result.interface = interface.name;
  const auto failed = [&] {
    result.error = errno;
    return result;
  };
  const Socket receiver, sender;
  if (receiver.fd() < 0 || sender.fd() < 0) return failed();
  ip_mreqn group{};
  group.imr_multiaddr.s_addr = htonl(kProbeGroup);
  group.imr_ifindex = static_cast<int>(interface.index);
  receiver.set(IPPROTO_IP, IP_MULTICAST_ALL, 0);
  // On the DTS port, as a firewall may have been opened for that one alone; where another program
  // holds it (N07 says so), on any.
  if (!bind_port(receiver, kPort) && !bind_port(receiver, 0)) return failed();
  if (!receiver.set(IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group)) return failed();
  result.joined = true;
  sockaddr_in own{};
  socklen_t own_size = sizeof own;
  ::getsockname(receiver.fd(), reinterpret_cast<sockaddr*>(&own), &own_size);
  if (!sender.set(IPPROTO_IP, IP_MULTICAST_IF, &group, sizeof group)) return failed();
  sender.set(IPPROTO_IP, IP_MULTICAST_TTL, 1);
  sender.set(IPPROTO_IP, IP_MULTICAST_LOOP, 1);
  std::array<std::uint8_t, 16> token{};
  base::fill_random(token);
  const sockaddr_in to = address(kProbeGroup, ntohs(own.sin_port));
  if (::sendto(sender.fd(), token.data(), token.size(), 0, reinterpret_cast<const sockaddr*>(&to),
               sizeof to) < 0) {
    return failed();
  }
  result.sent = true;
  result.heard = hears(receiver, token);
  return result;
}

}  // namespace

std::vector<LoopProbe> probe_loops(const std::vector<transport::Interface>& interfaces,
                                   const transport::InterfaceWish& wish) {
  std::vector<LoopProbe> probes;
  for (const transport::Interface& interface : interfaces) {
    if (transport::why_unused(interface, wish).empty()) probes.push_back(probe(interface));
  }
  return probes;
}

void examine(Machine& machine) {
  if (auto interfaces = transport::list_interfaces()) machine.interfaces = std::move(*interfaces);
  machine.probes = probe_loops(machine.interfaces, machine.wish);
  {
    const Socket socket;
    machine.port_error = bind_port(socket, kPort) ? 0 : errno;
    socket.set(SOL_SOCKET, SO_RCVBUF, static_cast<int>(kBufferAsked));
    int got = 0;
    socklen_t size = sizeof got;
    if (::getsockopt(socket.fd(), SOL_SOCKET, SO_RCVBUF, &got, &size) == 0) {
      machine.receive_buffer_got = static_cast<std::uint32_t>(got);
    }
    machine.multicast_all_settable = socket.set(IPPROTO_IP, IP_MULTICAST_ALL, 0);
  }
  timex clock{};  // modes 0: only reads
  machine.clock_state = ::adjtimex(&clock);
  machine.clock_status = clock.status;
}

}  // namespace dts::cli
