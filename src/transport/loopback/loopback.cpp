// loopback://[hub]: Domains of one process connected without a network, for tests and for programs
// made of parts. Every step it takes can be made to fail (?fail=K), so that what is above can be
// tested step by step. Memory and groups are the Hub's; this file is the Transport around a seat.
// docs/reference/transports/loopback.md is its manual.
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <cstring>

#include <dts/transport.hpp>

#include "base/text.hpp"
#include "transport/loopback/hub.hpp"
#include "transport/url.hpp"

namespace dts::transport {
namespace {

constexpr std::uint32_t kMtuBytes = 1400;
constexpr std::uint32_t kMtuBytesMax = 65507;

class Loopback final : public Transport {
 public:
  Loopback(std::uint32_t mtu_bytes, std::uint64_t fail_at)
      : mtu_bytes_(mtu_bytes), steps_to_failure_(fail_at) {}
  ~Loopback() override { close(); }

  Result<void> open(const std::string& hub, const TransportOptions& options) {
    DTS_TRY(step("open its wake handle"));
    wake_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (wake_ < 0)
      return Error(ErrorCode::system, "cannot open a wake handle", options.url,
                   std::strerror(errno), "close files, or raise the limit: ulimit -n");
    DTS_TRY(step("enter the hub"));
    inbox_bytes_ = options.receive_buffer_bytes;
    hub_ = Hub::named(hub);
    seat_ = hub_->enter(options.domain, wake_, inbox_bytes_);
    return {};
  }

  std::string_view name() const override { return "loopback"; }
  Capabilities capabilities() const override {
    return {.ordered = true, .groups = true, .same_host = true, .mtu_bytes = mtu_bytes_};
  }
  std::vector<Link> links() const override {
    if (!hub_) return {};
    return {Link{.index = kHubLink,
                 .name = "loopback",
                 .address = to_text(address_of(seat_)),
                 .same_host = true,
                 .mtu_bytes = mtu_bytes_}};
  }
  bool links_changed() override { return false; }

  Result<void> join(Group group) override { return set_member(group, true); }
  Result<void> leave(Group group) override { return set_member(group, false); }

  Result<void> send(std::span<const OutgoingPacket> packets) override {
    if (!hub_) return closed();
    if (auto stepped = step("send"); !stepped) {
      counters_.send_failed += packets.size();
      return stepped;
    }
    const HubSent sent = hub_->send(seat_, packets, mtu_bytes_);
    counters_.packets_sent += sent.packets;
    counters_.bytes_sent += sent.bytes;
    counters_.send_too_large += sent.too_large;
    counters_.send_failed += sent.failed;
    return {};
  }

  Result<std::size_t> receive(ReceiveBatch& batch) override {
    batch.packets.clear();
    if (!hub_) return closed();
    if (auto stepped = step("receive"); !stepped) {
      add(receive_failed_, 1);
      return stepped.error();
    }
    hub_->receive(seat_, batch);
    std::uint64_t bytes = 0;
    for (const ReceivedPacket& packet : batch.packets) bytes += packet.bytes.size();
    add(packets_received_, batch.packets.size());
    add(bytes_received_, bytes);
    return batch.packets.size();
  }

  int poll_handle() const override { return wake_; }
  std::string local_address() const override { return to_text(address_of(seat_)); }

  Result<Address> resolve(std::string_view peer) const override {
    Seat seat = 0;
    if (peer.starts_with("loopback:")) peer.remove_prefix(9);
    const auto [stop, status] = std::from_chars(peer.data(), peer.data() + peer.size(), seat);
    if (status != std::errc{} || stop != peer.data() + peer.size() || seat == 0)
      return Error(ErrorCode::invalid_argument, "this is no address on a loopback",
                   base::printable(peer.substr(0, 80)), "it is not a number above 0", "loopback:1");
    return address_of(seat);
  }
  std::string to_text(const Address& address) const override {
    return "loopback:" + std::to_string(seat_of(address));
  }

  TransportCounters counters() const override {
    TransportCounters result = counters_;
    result.packets_received = packets_received_.load(std::memory_order_relaxed);
    result.bytes_received = bytes_received_.load(std::memory_order_relaxed);
    result.receive_failed = receive_failed_.load(std::memory_order_relaxed);
    result.receive_overflow = hub_ ? hub_->overflow(seat_) : overflow_at_close_;
    return result;
  }
  std::uint32_t receive_buffer_bytes() const override { return inbox_bytes_; }
  std::vector<TransportNotice> take_notices() override { return {}; }

  void close() override {
    if (hub_) {
      overflow_at_close_ = hub_->overflow(seat_);
      hub_->leave(seat_);
      hub_.reset();
    }
    if (wake_ >= 0) ::close(wake_);
    wake_ = -1;
  }

 private:
  using Tally = std::atomic<std::uint64_t>;
  // Written by the one receiving thread only, so no read-modify-write is needed.
  static void add(Tally& tally, std::uint64_t count) {
    tally.store(tally.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
  }

  static Error closed() {
    return Error(ErrorCode::closed, "the transport is closed", "loopback", "close() was called");
  }

  // Every operation passes here once; the K-th of ?fail=K fails, and only that one.
  Result<void> step(const char* what) {
    if (steps_to_failure_.load(std::memory_order_relaxed) == 0) return {};
    if (steps_to_failure_.fetch_sub(1, std::memory_order_relaxed) != 1) return {};
    return Error(ErrorCode::system, std::string("cannot ") + what, "loopback",
                 "it was told to fail here (?fail=)");
  }

  Result<void> set_member(Group group, bool member) {
    if (!hub_) return closed();
    DTS_TRY(step(member ? "join" : "leave"));
    hub_->set_member(seat_, group, member);
    return {};
  }

  std::shared_ptr<Hub> hub_;
  Seat seat_ = 0;
  int wake_ = -1;
  std::uint32_t mtu_bytes_;
  std::uint32_t inbox_bytes_ = 0;
  std::atomic<std::uint64_t> steps_to_failure_;  // 0: never
  TransportCounters counters_;
  Tally packets_received_{0}, bytes_received_{0}, receive_failed_{0};
  std::uint64_t overflow_at_close_ = 0;
};

Result<std::unique_ptr<Transport>> open_loopback(const TransportOptions& options) {
  DTS_ASSIGN(const Url url, parse_url(options.url));
  DTS_TRY(check_parameters(url, {"fail", "mtu"}));
  DTS_ASSIGN(const auto mtu, number_parameter(url, "mtu", 64, kMtuBytesMax));
  DTS_ASSIGN(const auto fail, number_parameter(url, "fail", 0, UINT32_MAX));
  auto loopback = std::make_unique<Loopback>(static_cast<std::uint32_t>(mtu.value_or(kMtuBytes)),
                                             fail.value_or(0));
  DTS_TRY(loopback->open(url.host, options));
  return std::unique_ptr<Transport>(std::move(loopback));
}

}  // namespace

extern const TransportPlugin loopback_transport;
constinit const TransportPlugin loopback_transport{"loopback", &open_loopback};

}  // namespace dts::transport
