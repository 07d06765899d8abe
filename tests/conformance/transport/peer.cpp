// Peer: sending and waiting.
#include "peer.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "certificates.hpp"

namespace dts::test {

void Peer::send(Group group, const Bytes& bytes, const std::string& name) {
  const auto links = transport->links();
  const OutgoingPacket packet{.bytes = bytes,
                              .link = !name.empty()    ? link(name)
                                      : !links.empty() ? links.front().index
                                                       : LinkIndex{0},
                              .group = group};
  const auto sent = transport->send({&packet, 1});
  EXPECT_TRUE(sent) << sent.error().text();
}

void Peer::send_to(const Address& to, const Bytes& bytes) {
  const OutgoingPacket packet{.bytes = bytes, .to = to};
  const auto sent = transport->send({&packet, 1});
  EXPECT_TRUE(sent) << sent.error().text();
}

std::size_t Peer::drain() {
  while (true) {
    const auto count = transport->receive(batch);
    EXPECT_TRUE(count) << count.error().text();
    if (!count || *count == 0) return heard.size();
    EXPECT_EQ(*count, batch.packets.size());
    for (const ReceivedPacket& packet : batch.packets)
      heard.push_back({Bytes(packet.bytes.begin(), packet.bytes.end()), packet.link, packet.from,
                       packet.multicast});
  }
}

bool Peer::readable(int timeout_ms) const {
  pollfd wait{transport->poll_handle(), POLLIN, 0};
  return ::poll(&wait, 1, timeout_ms) == 1 && (wait.revents & POLLIN) != 0;
}

bool Peer::hears(std::size_t count, Peer* sender) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (drain() < count) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    if (sender != nullptr) sender->drain();
    readable(sender == nullptr ? static_cast<int>(left.count()) : 1);
  }
  return heard.size() == count;
}

LinkIndex Peer::link(const std::string& name) const {
  for (const Link& each : transport->links())
    if (each.name == name) return each.index;
  return 0;
}

bool Peer::has_notice(ErrorCode code) {
  const auto notices = transport->take_notices();
  return std::any_of(notices.begin(), notices.end(),
                     [&](const TransportNotice& notice) { return notice.code == code; });
}

Peer open_peer(const TransportOptions& options) {
  const auto scheme = options.url.substr(0, options.url.find("://"));
  for (const TransportPlugin& plugin : built_in_transports()) {
    if (plugin.scheme != scheme) continue;
    auto opened = plugin.open(options);
    EXPECT_TRUE(opened) << opened.error().text();
    if (!opened) break;
    Peer peer{.transport = std::move(*opened), .batch = {}, .heard = {}};
    peer.settle();
    return peer;
  }
  ADD_FAILURE() << options.url << " cannot be opened";
  std::abort();
}

void Peer::settle() {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (drain(), !transport->settled()) {
    ASSERT_LT(std::chrono::steady_clock::now(), end) << "the other side does not answer";
    readable(100);
  }
}

Meeting::Meeting(std::string_view scheme) : url_(std::string(scheme) + "://") {
  if (scheme == "shm") {
    char path[] = "/dev/shm/dts-test-XXXXXX";
    directory_ = ::mkdtemp(path);
    url_ += directory_;
  }
  broker_ = broker_of(scheme, url_);
  if (scheme == "tcps" || scheme == "wss" || scheme == "https") certificates().set_environment();
  std::string listens = std::string(scheme) + "-listen";
  const auto table = built_in_transports();
  if (std::none_of(table.begin(), table.end(),
                   [&](const auto& row) { return row.scheme == listens; }))
    return;
  if (scheme.ends_with("ipc")) {
    char path[] = "/tmp/dts-test-XXXXXX";
    directory_ = ::mkdtemp(path);
    listens += "://" + directory_ + "/bus";
  } else {
    listens += "://127.0.0.1:0";
  }
  place_ = open_peer({.url = listens, .domain = "the place itself"}).transport;
  url_ += place_->links().front().address;
  work_ = std::thread([this] {
    ReceiveBatch batch;
    while (!over_) {
      pollfd wait{place_->poll_handle(), POLLIN, 0};
      ::poll(&wait, 1, 50);
      while (place_->receive(batch).value() > 0) continue;
    }
  });
}

Meeting::~Meeting() {
  over_ = true;
  if (work_.joinable()) work_.join();
  place_.reset();
  Certificates::clear_environment();
  if (directory_.empty()) return;
  EXPECT_EQ(::rmdir(directory_.c_str()), 0) << directory_ << ": something is left in it";
}

}  // namespace dts::test
