// InboundStream: the receiving end of one stream of one peer: what has arrived (GapDetector), what
// arrived before its turn, and how far the joining has got. Plain state; the engine acts on it.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include <proto/gap_detector.hpp>
#include <proto/wire.hpp>

namespace dts::proto {

struct InboundStream {
  // Frames that came before HISTORY said where the stream begins: replayed then.
  struct Early {
    wire::FrameType type{};
    Bytes body;
  };
  // Whole messages, and named gaps, that wait for an earlier one.
  struct Held {
    Sequence last = 0;
    std::int64_t published_ns = 0;
    std::shared_ptr<const Bytes> bytes;  // null: a gap
    Notice::GapReason reason{};
  };
  static constexpr std::size_t early_max = 512, held_max = 4096;
  static constexpr std::size_t early_bytes_max = 512u << 10;

  StreamId stream = 0;
  std::shared_ptr<const StreamRecord> record;  // set when joined; messages point to it
  bool joined = false;                         // HISTORY came (or was waited for long enough)
  Sequence history_to = 0;                     // messages up to here are historic
  Sequence told = 0;                           // handed out, or named, up to here
  unsigned requests = 0;                       // HISTORY_REQUESTs sent
  Instant since{};                             // this struct was made
  Instant request_due{};                       // the next HISTORY_REQUEST, while not joined
  GapDetector gaps;
  std::vector<Early> early;
  std::size_t early_bytes = 0;
  std::map<Sequence, Held> held;
  bool watched = false;  // in the engine's list of streams that wait for something
};

}  // namespace dts::proto
