// Faults: everything that can go wrong, in one struct. The network reads the first half for every
// packet, the world the second half a few times a second. All chances are per packet or per second
// and node; all draws come from the seed. Faults act between machines; inside one machine only the
// receive queue can lose a packet.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <base/random.hpp>
#include <dts/time.hpp>

namespace dts::sim {

struct Faults {
  // Per packet and receiver.
  double loss = 0;
  double uplink_loss = 0;  // of what is sent to a group: nobody hears it
  double burst_begin = 0;  // Gilbert-Elliott: chance to enter the bad state
  double burst_end = 0.2;  // chance to leave it, so a burst is 1 / burst_end packets long
  double burst_loss = 1;   // loss in the bad state
  double duplicate = 0;    // arrives twice, the second up to `reorder_max` later
  double reorder = 0;      // comes up to `reorder_max` later than those behind it
  Duration reorder_max = std::chrono::milliseconds(5);
  Duration delay = std::chrono::microseconds(50);
  Duration jitter = std::chrono::microseconds(20);  // on top, uniform; keeps the order
  double corrupt = 0;                               // one to eight bits flipped
  double overheard = 0;                // a packet of a group not joined arrives all the same
  std::uint32_t mtu_bytes = 0;         // longer packets vanish without a word; 0: the link's own
  std::uint32_t receive_queue = 8192;  // packets; the socket buffer
  Duration receive_cost = std::chrono::nanoseconds(500);  // of taking one packet from the queue

  // Per second; each lasts up to the time beside it.
  double clog = 0;  // per node: what arrives is held back and comes at once at the end
  Duration clog_max = std::chrono::seconds(2);
  double partition = 0;  // of the whole network: into two halves
  double one_way = 0;    // per node: hears nobody, or is heard by nobody
  Duration partition_max = std::chrono::seconds(15);
  double unplug = 0;  // per node: its machine's cable is out, and its transport says so
  Duration unplug_max = std::chrono::seconds(5);
  double crash = 0;  // per node: comes back as a new node
  Duration crash_max = std::chrono::seconds(5);
  double restart = 0;  // per node: says goodbye and comes back at once
  double pause = 0;    // per node: stopped (SIGSTOP), packets queue up
  Duration pause_max = std::chrono::seconds(12);
  double suspend = 0;  // per node: its machine sleeps: it hears nothing, its own clock stands still
  Duration suspend_max = std::chrono::seconds(30);
  double wall_jump = 0;  // per node: the wall clock jumps, back or forth
  Duration wall_jump_max = std::chrono::hours(24 * 400);

  // Any mixture, from calm to hardly usable.
  static Faults chaos(base::Random& random);
  // Every fault that can be taken away for itself: its name, and what takes it away.
  struct Part {
    const char* name;
    void (*remove)(Faults&);
    bool (*present)(const Faults&);
  };
  static std::span<const Part> parts();
  // Without the part of this name; false when there is none.
  bool remove(std::string_view name);
  // The values that differ from a calm network, for people.
  std::string text() const;
};

}  // namespace dts::sim
