// What UDP can do here with no library, and what the same costs through dts::Transport: round trips
// and one-way streams between two hosts (network namespaces), as ratios within one interleaved run.
//   dts_bench_floor NAMESPACE_A INTERFACE_A NAMESPACE_B INTERFACE_B [rounds]
// bench/floor/floor.sh makes the namespaces. Bare loops: sendto/recvfrom, sendmmsg/recvmmsg,
// UDP_SEGMENT/UDP_GRO. Each stream's receiver reads the first bytes of every packet.
#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <dts/transport.hpp>

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::uint16_t kPort = 25999;
constexpr int kStreamMs = 300;
constexpr int kPings = 300;
constexpr std::size_t kBurst = 512;  // packets handed over at once

double now_s() { return std::chrono::duration<double>(Clock::now().time_since_epoch()).count(); }

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

void enter(const std::string& name) {
  const int fd = ::open(("/var/run/netns/" + name).c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 || ::setns(fd, CLONE_NEWNET) != 0) die(name.c_str());
  ::close(fd);
}

// One end of a way to move packets. `group` 1 goes from A to B, 2 back.
class End {
 public:
  virtual ~End() = default;
  // `memory` holds `count` packets of `size` bytes.
  virtual void send(const std::uint8_t* memory, std::size_t size, std::size_t count) = 0;
  // Waits at most `timeout_ms`; tells of each packet; how many there were.
  virtual std::size_t receive(int timeout_ms, std::uint64_t& sum) = 0;
};

enum class Way { sendto, sendmmsg, segment };

class Bare : public End {
 public:
  Bare(Way way, const std::string& interface, int hear, int tell) : way_(way) {
    const int index = static_cast<int>(::if_nametoindex(interface.c_str()));
    in_ = ::socket(AF_INET, SOCK_DGRAM, 0);
    out_ = ::socket(AF_INET, SOCK_DGRAM, 0);
    set(in_, SOL_SOCKET, SO_REUSEADDR, 1);
    set(in_, IPPROTO_IP, IP_MULTICAST_ALL, 0);
    if (::setsockopt(in_, SOL_SOCKET, SO_RCVBUFFORCE, &buffer_, sizeof buffer_) != 0)
      set(in_, SOL_SOCKET, SO_RCVBUF, buffer_);
    if (way == Way::segment) set(in_, SOL_UDP, UDP_GRO, 1);
    sockaddr_in any = address("0.0.0.0");
    if (::bind(in_, reinterpret_cast<sockaddr*>(&any), sizeof any) != 0) die("bind");
    const ip_mreqn join{address(group(hear).c_str()).sin_addr, {}, index};
    if (::setsockopt(in_, IPPROTO_IP, IP_ADD_MEMBERSHIP, &join, sizeof join) != 0) die("join");
    const ip_mreqn by{{}, {}, index};
    if (::setsockopt(out_, IPPROTO_IP, IP_MULTICAST_IF, &by, sizeof by) != 0) die("interface");
    set(out_, IPPROTO_IP, IP_MULTICAST_LOOP, 0);
    set(out_, SOL_SOCKET, SO_SNDBUF, 1 << 20);
    to_ = address(group(tell).c_str());
  }
  ~Bare() override {
    ::close(in_);
    ::close(out_);
  }

  void send(const std::uint8_t* memory, std::size_t size, std::size_t count) override {
    if (way_ == Way::sendto || count == 1) {
      for (std::size_t i = 0; i < count; ++i)
        ::sendto(out_, memory + i * size, size, MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&to_),
                 sizeof to_);
      return;
    }
    if (way_ == Way::sendmmsg) return send_many(memory, size, count);
    const std::size_t most = std::min<std::size_t>(64, 65507 / size);
    for (std::size_t i = 0; i < count; i += most)
      send_segments(memory + i * size, size, std::min(most, count - i));
  }

  std::size_t receive(int timeout_ms, std::uint64_t& sum) override {
    pollfd wait{in_, POLLIN, 0};
    int count = read(sum);
    if (count == 0 && ::poll(&wait, 1, timeout_ms) == 1) count = read(sum);
    return static_cast<std::size_t>(count);
  }

 private:
  static std::string group(int number) { return "239.255.200." + std::to_string(number); }
  static sockaddr_in address(const char* text) {
    sockaddr_in result{};
    result.sin_family = AF_INET;
    result.sin_port = htons(kPort);
    ::inet_pton(AF_INET, text, &result.sin_addr);
    return result;
  }
  static void set(int fd, int level, int option, int value) {
    if (::setsockopt(fd, level, option, &value, sizeof value) != 0) die("setsockopt");
  }

  void send_many(const std::uint8_t* memory, std::size_t size, std::size_t count) {
    for (std::size_t i = 0; i < count; i += kMany) {
      const auto many = std::min<std::size_t>(kMany, count - i);
      for (std::size_t k = 0; k < many; ++k) {
        pieces_[k] = {const_cast<std::uint8_t*>(memory + (i + k) * size), size};
        messages_[k].msg_hdr = {};
        messages_[k].msg_hdr.msg_name = &to_;
        messages_[k].msg_hdr.msg_namelen = sizeof to_;
        messages_[k].msg_hdr.msg_iov = &pieces_[k];
        messages_[k].msg_hdr.msg_iovlen = 1;
      }
      ::sendmmsg(out_, messages_.data(), static_cast<unsigned>(many), MSG_DONTWAIT);
    }
  }

  void send_segments(const std::uint8_t* memory, std::size_t size, std::size_t count) {
    iovec piece{const_cast<std::uint8_t*>(memory), size * count};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(2)> control{};
    msghdr header{};
    header.msg_name = &to_;
    header.msg_namelen = sizeof to_;
    header.msg_iov = &piece;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    auto* told = CMSG_FIRSTHDR(&header);
    told->cmsg_level = SOL_UDP;
    told->cmsg_type = UDP_SEGMENT;
    told->cmsg_len = CMSG_LEN(2);
    const auto segment = static_cast<std::uint16_t>(size);
    std::memcpy(CMSG_DATA(told), &segment, sizeof segment);
    ::sendmsg(out_, &header, MSG_DONTWAIT);
  }

  int read(std::uint64_t& sum) {
    if (way_ == Way::sendmmsg) return read_many(sum);
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    iovec piece{memory_.data(), 65536};
    msghdr header{};
    header.msg_iov = &piece;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    const auto length = ::recvmsg(in_, &header, MSG_DONTWAIT);
    if (length < 0) return 0;
    int segment = static_cast<int>(length);
    for (auto* told = CMSG_FIRSTHDR(&header); told != nullptr; told = CMSG_NXTHDR(&header, told))
      if (told->cmsg_level == SOL_UDP) std::memcpy(&segment, CMSG_DATA(told), sizeof segment);
    int count = 0;
    for (int at = 0; at < length; at += segment, ++count)
      sum += memory_[static_cast<std::size_t>(at)];
    return count;
  }

  int read_many(std::uint64_t& sum) {
    for (std::size_t k = 0; k < kMany; ++k) {
      pieces_[k] = {memory_.data() + k * 2048, 2048};
      messages_[k].msg_hdr = {};
      messages_[k].msg_hdr.msg_iov = &pieces_[k];
      messages_[k].msg_hdr.msg_iovlen = 1;
    }
    const int count = ::recvmmsg(in_, messages_.data(), kMany, MSG_DONTWAIT, nullptr);
    for (int i = 0; i < count; ++i) sum += memory_[static_cast<std::size_t>(i) * 2048];
    return std::max(count, 0);
  }

  static constexpr std::size_t kMany = 32;
  Way way_;
  int in_ = -1, out_ = -1, buffer_ = 8 << 20;
  sockaddr_in to_{};
  std::array<mmsghdr, kMany> messages_;
  std::array<iovec, kMany> pieces_;
  std::vector<std::uint8_t> memory_ = std::vector<std::uint8_t>(1 << 17);
};

class Through : public End {
 public:
  Through(const std::string& interface, int hear, int tell, std::size_t burst)
      : group_(static_cast<dts::Group>(tell)), burst_(burst) {
    const std::string url = "udp://?port=" + std::to_string(kPort);
    for (const dts::TransportPlugin& plugin : dts::built_in_transports())
      if (plugin.scheme == "udp")
        transport_ = std::move(plugin.open({.url = url, .interfaces = {interface}}).value());
    transport_->join(static_cast<dts::Group>(hear)).value();
    for (const dts::Link& link : transport_->links())
      if (link.name == interface) link_ = link.index;
  }
  void send(const std::uint8_t* memory, std::size_t size, std::size_t count) override {
    for (std::size_t i = 0; i < count; i += burst_) {
      packets_.clear();
      for (std::size_t k = i; k < std::min(count, i + burst_); ++k)
        packets_.push_back({.bytes = {memory + k * size, size}, .link = link_, .group = group_});
      transport_->send(packets_).value();
    }
  }
  std::size_t receive(int timeout_ms, std::uint64_t& sum) override {
    pollfd wait{transport_->poll_handle(), POLLIN, 0};
    std::size_t count = transport_->receive(batch_).value();
    if (count == 0 && ::poll(&wait, 1, timeout_ms) == 1)
      count = transport_->receive(batch_).value();
    for (const dts::ReceivedPacket& packet : batch_.packets) sum += packet.bytes[0];
    return count;
  }

 private:
  std::unique_ptr<dts::Transport> transport_;
  dts::ReceiveBatch batch_;
  std::vector<dts::OutgoingPacket> packets_;
  dts::LinkIndex link_ = 0;
  dts::Group group_;
  std::size_t burst_;
};

using Opener =
    std::function<std::unique_ptr<End>(const std::string& interface, int hear, int tell)>;

struct Hosts {
  std::string a, interface_a, b, interface_b;
};

struct Stream {
  double per_s = 0, lost = 0;
  double cpu_ns = 0;  // of both ends, per packet sent and per packet received
};

// CPU time of this process: on a machine that does other things too, the steadier figure.
double cpu_s() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
         static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
}

// What the other end does, as a process of its own on host B; `out` takes its result.
pid_t start_other(const Hosts& hosts, const Opener& open, int out,
                  const std::function<Stream(End&)>& work) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  enter(hosts.b);
  const auto end = open(hosts.interface_b, 1, 2);
  char ready = 'r';
  if (::write(out, &ready, 1) != 1) std::_Exit(1);
  const Stream result = work(*end);
  if (::write(out, &result, sizeof result) != sizeof result) std::_Exit(1);
  std::_Exit(0);
}

Stream receive_stream(End& end) {
  std::uint64_t count = 0, sum = 0, at_first = 0;
  double first = 0, last = 0;
  while (true) {
    const auto got = end.receive(count == 0 ? 5000 : 200, sum);
    if (got == 0) break;
    last = now_s();
    if (count == 0) first = last, at_first = got;
    count += got;
  }
  return {last > first ? static_cast<double>(count - at_first) / (last - first) : 0,
          static_cast<double>(count),
          cpu_s() * 1e9 / static_cast<double>(std::max<std::uint64_t>(count, 1))};
}

Stream answer_pings(End& end) {
  std::uint64_t sum = 0;
  const std::vector<std::uint8_t> answer(65536, 2);
  while (end.receive(1000, sum) > 0) end.send(answer.data(), 64, 1);
  return {};
}

template <class Work>
Stream with_other(const Hosts& hosts, const Opener& open, const std::function<Stream(End&)>& other,
                  Work work) {
  int up[2];
  if (::pipe(up) != 0) die("pipe");
  const pid_t child = start_other(hosts, open, up[1], other);
  ::close(up[1]);
  char ready = 0;
  if (::read(up[0], &ready, 1) != 1) die("the other end");
  const auto end = open(hosts.interface_a, 2, 1);
  work(*end);
  Stream result;
  if (::read(up[0], &result, sizeof result) != sizeof result) die("the other end");
  ::close(up[0]);
  ::waitpid(child, nullptr, 0);
  return result;
}

Stream stream(const Hosts& hosts, const Opener& open, std::size_t size) {
  std::uint64_t sent = 0;
  double sending = 0;
  const std::vector<std::uint8_t> memory(size * kBurst, 1);
  Stream result = with_other(hosts, open, receive_stream, [&](End& end) {
    const double end_at = now_s() + kStreamMs / 1000.0;
    sending = -cpu_s();
    while (now_s() < end_at) {
      end.send(memory.data(), size, kBurst);
      sent += kBurst;
    }
    sending += cpu_s();
  });
  result.cpu_ns += sending * 1e9 / static_cast<double>(sent);
  result.lost = 1 - result.lost / static_cast<double>(sent);
  return result;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[values.size() / 2];
}

// Half the median round trip of 64 bytes, at 1 kHz, in microseconds.
double half_round_trip_us(const Hosts& hosts, const Opener& open) {
  std::vector<double> times;
  with_other(hosts, open, answer_pings, [&](End& end) {
    const std::vector<std::uint8_t> ping(64, 1);
    std::uint64_t sum = 0;
    for (int i = 0; i < kPings; ++i) {
      const double start = now_s();
      end.send(ping.data(), 64, 1);
      if (end.receive(1000, sum) > 0) times.push_back((now_s() - start) * 5e5);
      ::usleep(1000);
    }
  });
  return median(times);
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 5) {
    std::fprintf(stderr, "usage: dts_bench_floor NS_A IF_A NS_B IF_B [rounds]\n");
    return 2;
  }
  const Hosts hosts{arguments[1], arguments[2], arguments[3], arguments[4]};
  const int rounds = count > 5 ? std::atoi(arguments[5]) : 5;
  enter(hosts.a);
  const auto bare = [](Way way) {
    return [way](const std::string& interface, int hear, int tell) -> std::unique_ptr<End> {
      return std::make_unique<Bare>(way, interface, hear, tell);
    };
  };
  const auto through = [](std::size_t burst) {
    return [burst](const std::string& interface, int hear, int tell) -> std::unique_ptr<End> {
      return std::make_unique<Through>(interface, hear, tell, burst);
    };
  };
  const std::vector<std::pair<std::string, Opener>> ways{
      {"sendto/recvfrom", bare(Way::sendto)},
      {"transport, one at a time", through(1)},
      {"sendmmsg/recvmmsg", bare(Way::sendmmsg)},
      {"UDP_SEGMENT/UDP_GRO", bare(Way::segment)},
      {"transport, in bursts", through(kBurst)}};
  const std::vector<std::size_t> sizes{64, 1024, 1400};
  std::map<std::string, std::vector<double>> figures;
  for (int round = 0; round < rounds; ++round)
    for (const auto& [name, open] : ways) {
      if (name != "sendmmsg/recvmmsg")
        figures[name + " us"].push_back(half_round_trip_us(hosts, open));
      for (const std::size_t size : sizes) {
        const Stream result = stream(hosts, open, size);
        figures[name + " " + std::to_string(size)].push_back(result.per_s);
        figures[name + " cpu " + std::to_string(size)].push_back(result.cpu_ns);
        figures[name + " lost " + std::to_string(size)].push_back(result.lost);
      }
    }
  const auto figure = [&](const std::string& key) { return median(figures[key]); };
  std::printf("%-26s %10s  %s\n", "medians", "RTT/2 us",
              "packets/s (lost, CPU of both ends) of 64 / 1024 / 1400 B");
  for (const auto& [name, open] : ways) {
    std::printf("%-26s %10.1f ", name.c_str(), figure(name + " us"));
    for (const std::size_t size : sizes)
      std::printf(" %9.0f (%4.1f%% %5.0f ns)", figure(name + " " + std::to_string(size)),
                  100 * figure(name + " lost " + std::to_string(size)),
                  figure(name + " cpu " + std::to_string(size)));
    std::printf("\n");
  }
  const auto ratio = [&](const std::string& floor, const std::string& ours) {
    std::printf("%s over %s, CPU a packet:", ours.c_str(), floor.c_str());
    for (const std::size_t size : sizes) {
      const std::string key = " cpu " + std::to_string(size);
      std::printf("  %zu B %.2f", size, figure(ours + key) / std::max(figure(floor + key), 1.0));
    }
    std::printf("   (1.20 is the aim)\n");
  };
  ratio("sendto/recvfrom", "transport, one at a time");
  ratio("UDP_SEGMENT/UDP_GRO", "transport, in bursts");
  std::printf("RTT/2: transport / sendto %.2f\n",
              figure("transport, one at a time us") / figure("sendto/recvfrom us"));
}
