// Sender: runs, sendmmsg, and what each errno means.
#include "transport/udp/sender.hpp"

#include <netinet/udp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "transport/udp/group_sockets.hpp"
#include "transport/udp/socket.hpp"

namespace dts::transport {
namespace {

constexpr std::size_t kSegmentsMax = 64;  // of the kernels before 6.9; later ones take 128

bool same_place(const OutgoingPacket& a, const OutgoingPacket& b) {
  if (a.to || b.to) return a.to == b.to && a.link == b.link;
  return a.link == b.link && a.group == b.group;
}

template <class T>
cmsghdr* put(msghdr& header, cmsghdr* at, int level, int type, const T& value) {
  at->cmsg_level = level;
  at->cmsg_type = type;
  at->cmsg_len = CMSG_LEN(sizeof value);
  std::memcpy(CMSG_DATA(at), &value, sizeof value);
  header.msg_controllen += CMSG_SPACE(sizeof value);
  return reinterpret_cast<cmsghdr*>(reinterpret_cast<char*>(at) + CMSG_SPACE(sizeof value));
}

}  // namespace

std::size_t run_length(std::span<const OutgoingPacket> packets) {
  const OutgoingPacket& first = packets.front();
  const std::size_t size = first.bytes.size();
  if (size == 0) return 1;
  const std::size_t most =
      std::min({packets.size(), kSegmentsMax, std::max<std::size_t>(kDatagramBytesMax / size, 1)});
  std::size_t length = 1;
  while (length < most) {
    const OutgoingPacket& next = packets[length];
    if (next.bytes.empty() || next.bytes.size() > size || !same_place(first, next)) break;
    ++length;
    if (next.bytes.size() < size) break;  // only the last of a run may be shorter
  }
  return length;
}

void Sender::configure(int fd, std::uint8_t domain_octet, std::uint16_t port, bool segments) {
  fd_ = fd;
  domain_octet_ = domain_octet;
  port_ = port;
  segments_ = segments;
}

void Sender::send(std::span<const OutgoingPacket> packets) {
  while (!packets.empty()) {
    const ActiveLink* link = links_.find(packets.front().link);
    const bool segments = segments_ && (link == nullptr || link->segments);
    const std::size_t length = segments ? run_length(packets) : 1;
    if (!add(packets.first(length))) {
      flush();
      add(packets.first(length));
    }
    packets = packets.subspan(length);
  }
  flush();
}

// Where a packet goes. False: nowhere that is there.
bool Sender::address(const OutgoingPacket& packet, sockaddr_in& to, ActiveLink*& link) {
  link = links_.find(packet.link);
  if (packet.to) return from_address(*packet.to, to);
  if (link == nullptr) return false;
  to = {};
  to.sin_family = AF_INET;
  to.sin_port = htons(port_);
  to.sin_addr.s_addr = group_address(domain_octet_, packet.group);
  return true;
}

// False: no room, flush first.
bool Sender::add(std::span<const OutgoingPacket> run) {
  if (sends_used_ == kSends || pieces_used_ + run.size() > kPieces) return false;
  const std::size_t which = sends_used_;
  ActiveLink* link = nullptr;
  if (!address(run.front(), targets_[which], link)) {
    counters_.send_failed += run.size();
    return true;
  }
  iovec* pieces = &pieces_[pieces_used_];
  std::size_t count = 0;
  for (const OutgoingPacket& packet : run) {
    auto* data = const_cast<std::uint8_t*>(packet.bytes.data());  // sendmsg only reads it
    if (count > 0 &&
        static_cast<std::uint8_t*>(pieces[count - 1].iov_base) + pieces[count - 1].iov_len == data)
      pieces[count - 1].iov_len += packet.bytes.size();  // they lie in one piece: one copy
    else
      pieces[count++] = {data, packet.bytes.size()};
  }
  pieces_used_ += count;
  msghdr& header = sends_[which].msg_hdr;
  header = {};
  header.msg_name = &targets_[which];
  header.msg_namelen = sizeof targets_[which];
  header.msg_iov = pieces;
  header.msg_iovlen = count;
  header.msg_control = ancillary_[which].bytes.data();
  auto* next = reinterpret_cast<cmsghdr*>(header.msg_control);
  if (!run.front().to) {  // by this interface, from its address; no route is needed
    in_pktinfo info{};
    info.ipi_ifindex = static_cast<int>(link->interface.index);
    info.ipi_spec_dst.s_addr = link->interface.address;
    next = put(header, next, IPPROTO_IP, IP_PKTINFO, info);
  }
  if (run.size() > 1)
    put(header, next, SOL_UDP, UDP_SEGMENT, static_cast<std::uint16_t>(run.front().bytes.size()));
  if (header.msg_controllen == 0) header.msg_control = nullptr;
  pending_[which] = {run, link};
  ++sends_used_;
  return true;
}

void Sender::flush() {
  std::size_t done = 0;
  while (done < sends_used_) {
    const int sent =
        ::sendmmsg(fd_, &sends_[done], static_cast<unsigned>(sends_used_ - done), MSG_DONTWAIT);
    for (int i = 0; i < sent; ++i, ++done) {
      counters_.packets_sent += pending_[done].packets.size();
      counters_.bytes_sent += sends_[done].msg_len;
    }
    if (sent >= 0 || errno == EINTR) continue;
    if (errno == EAGAIN) {  // the buffer is full: what is left of the burst is lost here
      for (; done < sends_used_; ++done) counters_.send_blocked += pending_[done].packets.size();
    } else if (pending_[done].packets.size() > 1 && errno != EPERM && errno != ENOBUFS) {
      send_singly(done++);  // a device or a kernel that cannot segment, or not at this size
    } else {
      refused(errno, pending_[done].packets.size(), targets_[done]);
      ++done;
    }
  }
  sends_used_ = pieces_used_ = 0;
}

// A run the kernel would not take as one.
void Sender::send_singly(std::size_t which) {
  const int reason = errno;
  const Pending& pending = pending_[which];
  msghdr header = sends_[which].msg_hdr;
  header.msg_controllen -= CMSG_SPACE(sizeof(std::uint16_t));
  if (header.msg_controllen == 0) header.msg_control = nullptr;
  bool all_sent = true;
  for (const OutgoingPacket& packet : pending.packets) {
    iovec piece{const_cast<std::uint8_t*>(packet.bytes.data()), packet.bytes.size()};
    header.msg_iov = &piece;
    header.msg_iovlen = 1;
    const auto sent = ::sendmsg(fd_, &header, MSG_DONTWAIT);
    if (sent >= 0) {
      ++counters_.packets_sent;
      counters_.bytes_sent += static_cast<std::uint64_t>(sent);
    } else {
      all_sent = false;
      refused(errno, 1, targets_[which]);
    }
  }
  if (!all_sent && reason != EIO) return;  // it was not the segmenting
  if (pending.link != nullptr)
    pending.link->segments = false;
  else
    segments_ = false;
}

void Sender::refused(int error, std::size_t packets, const sockaddr_in& to) {
  switch (error) {
    case EAGAIN:
    case ENOBUFS:
    case ENOMEM:
      counters_.send_blocked += packets;
      return;
    case EPERM:
    case EACCES:
      counters_.send_refused += packets;
      refused_at_ = to;
      refused_new_ = true;
      return;
    case EMSGSIZE:
      counters_.send_too_large += packets;
      return;
    default:
      // The interface went, lost its address or is down: the notice of it is on its way.
      counters_.send_failed += packets;
      interfaces_suspect_ = true;
  }
}

std::string Sender::take_refused() {
  return std::exchange(refused_new_, false) ? address_text(refused_at_) : std::string();
}

}  // namespace dts::transport
