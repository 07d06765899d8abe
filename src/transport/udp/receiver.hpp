// Receiver: takes what one socket holds, by one recvmmsg, and splits what the kernel has merged
// (UDP_GRO: one read may hold 64 datagrams). On the receiving thread; no lock, no allocation once
// the batch has its memory.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cstdint>

#include <dts/transport.hpp>

#include "transport/udp/link_table.hpp"

namespace dts::transport {

class Receiver {
 public:
  Receiver(const LinkTable& links, std::uint16_t& own_port) : links_(links), own_port_(own_port) {}

  // Adds what `fd` holds to batch.packets. False: that was all, or nothing.
  bool receive(int fd, ReceiveBatch& batch);
  // Written by the receiving thread, read by any.
  void add_counters(TransportCounters& counters) const;

 private:
  static constexpr std::size_t kReads = 16;  // one recvmmsg, at most
  // Merged reads are as large as many single ones: more than this at once would leave the cache
  // before anybody looks at it.
  static constexpr std::size_t kBytesAtOnce = 64u << 10;
  static constexpr std::size_t kReadBytes = 65536;
  // Not a power of two: reads of like size must not compete for the same lines of the cache.
  static constexpr std::size_t kStrideBytes = kReadBytes + 4096 + 64;
  static constexpr std::size_t kPacketsUsual = kReads * 64;
  struct Ancillary {  // room for what the kernel tells: IP_PKTINFO and UDP_GRO
    alignas(
        cmsghdr) std::array<char, CMSG_SPACE(sizeof(in_pktinfo)) + CMSG_SPACE(sizeof(int))> bytes;
  };
  using Tally = std::atomic<std::uint64_t>;
  static void add(Tally& tally, std::uint64_t count) {
    tally.store(tally.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
  }
  void prepare(ReceiveBatch& batch);
  std::size_t split(mmsghdr& read, ReceiveBatch& batch);

  const LinkTable& links_;
  const std::uint16_t& own_port_;
  std::size_t reads_next_ = kReads;  // how many fit, by the size of the last ones
  std::array<mmsghdr, kReads> reads_;
  std::array<iovec, kReads> pieces_;
  std::array<sockaddr_in, kReads> senders_;
  std::array<Ancillary, kReads> ancillary_;
  Tally packets_{0}, bytes_{0}, ignored_{0}, failed_{0};
};

}  // namespace dts::transport
