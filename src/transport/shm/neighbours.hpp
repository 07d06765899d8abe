// Neighbours: the nodes of this domain that share memory with this one: who is there, who has gone,
// and whose files cannot be read. It removes what the dead have left behind.
//
// A neighbour is read from when it reads from here: both have then read what the other has written,
// and whatever comes from it can be answered.
//
// Threads: changes by the receiving thread only, under the transport's lock, and read by it
// without; others look under the lock.
#pragma once

#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <dts/transport.hpp>

#include "transport/shm/segment.hpp"

namespace dts::transport {

Address shm_address(ShmId id);
ShmId shm_id(const Address& address);  // 0: none of this transport

struct Neighbour {
  explicit Neighbour(std::unique_ptr<PeerSegment> opened)
      : segment(std::move(opened)),
        address(shm_address(segment->identity().id)),
        control(segment->pages().control, segment->control_memory(),
                segment->identity().control_bytes),
        data(segment->pages().data, segment->data_memory(), segment->identity().data_bytes) {}

  std::unique_ptr<PeerSegment> segment;
  Address address;
  RingReader control, data;
  std::size_t slot = 0;  // in what we follow
  bool proven = false, dead = false;
  std::uint32_t changes_seen = 0;
  std::uint64_t written_seen = ~std::uint64_t{0};  // when it was last looked after
  bool addressed = false;                          // by what is being sent

  void joined(std::uint16_t group) {
    control.joined(group);
    data.joined(group);
  }
};

class Neighbours {
 public:
  Neighbours(std::string path, int directory, std::string scope, OwnSegment& own)
      : path_(std::move(path)), directory_(directory), scope_(std::move(scope)), own_(own) {}

  const std::vector<std::unique_ptr<Neighbour>>& all() const noexcept { return all_; }
  // Under the lock: of those that were found and are not in all() yet, as well.
  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& each : all_) visit(*each);
    for (const auto& each : found_) visit(*each);
  }
  bool any_found() const noexcept { return any_found_.load(std::memory_order_relaxed); }
  void take_in_found();
  // Who has come? `first`: what the dead of other domains have left goes, too.
  void look_round(bool first);
  // Reads it from here?
  bool is_proven(Neighbour& neighbour) const;
  // Those that have been silent are looked after: are they dead?
  void look_after_silent();
  // Those that are gone and have been read to the end.
  bool any_gone() const noexcept;
  void forget_gone(const Ears& ears);
  void break_with(Neighbour& neighbour);  // what it writes makes no sense
  // To all: this node is about to go. And those that died silently are cleaned up after.
  void say_farewell();
  std::vector<TransportNotice> take_notices() { return std::exchange(notices_, {}); }
  bool has_notices() const noexcept { return !notices_.empty(); }

 private:
  void meet(const std::string& name);
  void refuse(const std::string& name, const Refusal& refusal);
  void tell(ErrorCode code, std::string text);
  void let_go(Neighbour& neighbour);

  std::string path_;
  int directory_;
  std::string scope_;
  OwnSegment& own_;
  std::vector<std::unique_ptr<Neighbour>> all_, found_;
  std::atomic<bool> any_found_{false};
  std::set<std::string> ignored_;  // cannot be read, and why was told
  std::set<std::string> told_;
  std::vector<TransportNotice> notices_;
};

}  // namespace dts::transport
