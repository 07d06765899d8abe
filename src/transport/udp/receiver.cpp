// Receiver: recvmmsg and what comes with it.
#include "transport/udp/receiver.hpp"

#include <arpa/inet.h>
#include <netinet/udp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "transport/udp/socket.hpp"

namespace dts::transport {

void Receiver::prepare(ReceiveBatch& batch) {
  if (batch.memory_bytes < kReads * kStrideBytes) {
    batch.memory_bytes = kReads * kStrideBytes;
    batch.memory = std::make_unique_for_overwrite<std::uint8_t[]>(batch.memory_bytes);
    batch.packets.reserve(kPacketsUsual);
  }
  for (std::size_t i = 0; i < reads_next_; ++i) {
    pieces_[i] = {batch.memory.get() + i * kStrideBytes, kReadBytes};
    msghdr& header = reads_[i].msg_hdr;
    header.msg_name = &senders_[i];
    header.msg_namelen = sizeof senders_[i];
    header.msg_iov = &pieces_[i];
    header.msg_iovlen = 1;
    header.msg_control = ancillary_[i].bytes.data();
    header.msg_controllen = ancillary_[i].bytes.size();
    header.msg_flags = 0;
    reads_[i].msg_len = 0;
  }
}

bool Receiver::receive(int fd, ReceiveBatch& batch) {
  prepare(batch);
  const int got =
      ::recvmmsg(fd, reads_.data(), static_cast<unsigned>(reads_next_), MSG_DONTWAIT, nullptr);
  if (got < 0) {
    // An error that the network reported for an earlier packet; the next call reads on.
    if (errno != EAGAIN && errno != EINTR) add(failed_, 1);
    return errno != EAGAIN;
  }
  const auto count = static_cast<std::size_t>(got);
  std::size_t bytes = 0, read_bytes = 1;
  const std::size_t before = batch.packets.size();
  for (std::size_t i = 0; i < count; ++i) {
    read_bytes += reads_[i].msg_len;
    bytes += split(reads_[i], batch);
  }
  add(packets_, batch.packets.size() - before);
  add(bytes_, bytes);
  const bool all = count < reads_next_;
  reads_next_ = std::clamp<std::size_t>(kBytesAtOnce * count / read_bytes, 1, kReads);
  return !all;
}

// Returns the bytes of the packets added.
std::size_t Receiver::split(mmsghdr& read, ReceiveBatch& batch) {
  std::uint32_t interface_index = 0;
  std::size_t segment = 0;
  bool multicast = false;
  msghdr& header = read.msg_hdr;
  for (cmsghdr* told = CMSG_FIRSTHDR(&header); told != nullptr; told = CMSG_NXTHDR(&header, told)) {
    if (told->cmsg_level == IPPROTO_IP && told->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      std::memcpy(&info, CMSG_DATA(told), sizeof info);
      interface_index = static_cast<std::uint32_t>(info.ipi_ifindex);
      multicast = IN_MULTICAST(ntohl(info.ipi_addr.s_addr));
    } else if (told->cmsg_level == SOL_UDP && told->cmsg_type == UDP_GRO) {
      int size = 0;
      std::memcpy(&size, CMSG_DATA(told), sizeof size);
      segment = static_cast<std::size_t>(std::max(size, 0));
    }
  }
  const auto& from = *static_cast<const sockaddr_in*>(header.msg_name);
  const std::size_t length = read.msg_len;
  if (segment == 0) segment = std::max<std::size_t>(length, 1);
  const auto arrival = links_.find_interface(interface_index);
  const bool echo =
      multicast && ntohs(from.sin_port) == own_port_ && from.sin_addr.s_addr == arrival.address;
  if (arrival.link == 0 || echo || header.msg_namelen != sizeof from ||
      (header.msg_flags & MSG_TRUNC) != 0) {
    add(ignored_, std::max<std::size_t>((length + segment - 1) / segment, 1));
    return 0;
  }
  const Address sender = to_address(from);
  const auto* data = static_cast<const std::uint8_t*>(header.msg_iov->iov_base);
  std::size_t offset = 0;
  do {
    const std::size_t size = std::min(segment, length - offset);
    batch.packets.push_back({ByteView(data + offset, size), arrival.link, sender, multicast});
    offset += size;
  } while (offset < length);
  return length;
}

void Receiver::add_counters(TransportCounters& counters) const {
  counters.packets_received += packets_.load(std::memory_order_relaxed);
  counters.bytes_received += bytes_.load(std::memory_order_relaxed);
  counters.receive_ignored += ignored_.load(std::memory_order_relaxed);
  counters.receive_failed += failed_.load(std::memory_order_relaxed);
}

}  // namespace dts::transport
