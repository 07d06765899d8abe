// HubNode: one process that is a hub: a real one, with a socket on each of its networks. It does
// what the Station does. As each side hears one network only, each has a place of its own there;
// all of them crash, stop and stand still together. One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <hub/hub.hpp>
#include <sim/node.hpp>

namespace dts::sim {

class HubNode {
 public:
  struct Place {
    NodeIndex index;
    LanIndex lan;
  };
  HubNode(Node::Surroundings around, std::vector<Place> places, proto::EngineOptions options,
          std::uint64_t seed);

  void start();
  void stop(bool goodbye);  // without: a crash
  bool running() const { return hub_ != nullptr && !leaving_; }
  bool paused() const { return paused_; }
  void pause(bool paused);
  void receive(hub::SideIndex side, LinkIndex link, const Address& from, bool multicast,
               ByteView packet);

  // For the judges.
  const hub::Hub& hub() const { return *hub_; }
  const std::vector<Place>& places() const { return places_; }
  const std::vector<NodeId>& ids() const { return ids_; }  // of its sides, in this life
  std::string name() const;
  std::uint64_t memory_bytes() const;

 private:
  Instant instant() const;
  std::int64_t wall_ns() const;
  template <class Call>
  void step(const Call& call);
  void send(hub::SideIndex side);
  void schedule();
  void tick(std::uint64_t life);
  void end(const char* how);

  Node::Surroundings around_;
  std::vector<Place> places_;
  proto::EngineOptions options_;
  base::Random random_;
  Duration monotonic_offset_;
  std::unique_ptr<hub::Hub> hub_;
  std::vector<NodeId> ids_;
  std::uint64_t life_ = 0;
  bool paused_ = false, leaving_ = false;
  Duration timer_at_ = Duration::max();
};

}  // namespace dts::sim
