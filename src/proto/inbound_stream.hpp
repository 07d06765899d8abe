// InboundStream: the receiving end of one stream of one peer: what has arrived (GapDetector), what
// arrived before its turn, and how far the joining has got. Plain state; the engine acts on it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include <proto/gap_detector.hpp>
#include <proto/wire.hpp>

namespace dts::proto {

struct InboundStream {
  // Frames that came before HISTORY said where the stream begins: replayed then.
  struct Early {
    wire::FrameType type{};
    Bytes body;
    static std::size_t cost_of(ByteView body) { return body.size() + 64; }
  };
  // The first whole message in or behind a frame of data; nothing when the frame is malformed.
  struct Begin {
    StreamId stream = 0;
    Sequence sequence = 0;
  };
  static std::optional<Begin> begin_of(wire::FrameType type, ByteView body) {
    wire::Reader reader(body);
    wire::Fragment f;
    if (type == wire::FrameType::data) {
      const wire::DataHead head = wire::read_data_head(reader);
      if (!reader.ok() || head.first == 0 || head.first >> 62) return std::nullopt;
      return Begin{head.stream, head.first};
    }
    if (!wire::read(body, f)) return std::nullopt;
    return Begin{f.stream, f.index ? f.last() + 1 : f.sequence};
  }
  // Whole messages, and named gaps, that wait for an earlier one.
  struct Held {
    enum class Kind : std::uint8_t { gap, message, run };
    Sequence last = 0;
    std::int64_t published_ns = 0;       // run: of the message before the first, as in DATA
    std::shared_ptr<const Bytes> bytes;  // run: entries of DATA
    Kind kind = Kind::message;
    Notice::GapReason reason{};
    Compression compression = Compression::none;  // of a message
    std::size_t cost() const { return bytes ? bytes->size() + 128 : 128; }
  };
  static constexpr std::size_t held_max = 16384;
  static constexpr Sequence nowhere = ~Sequence{0};

  StreamId stream = 0;
  std::shared_ptr<const StreamRecord> record;  // set when joined; messages point to it
  bool joined = false;                         // HISTORY came (or was waited for long enough)
  Sequence history_to = 0;                     // messages up to here are historic
  Sequence told = 0;                           // handed out, or named, up to here
  unsigned requests = 0;                       // HISTORY_REQUESTs sent
  Instant give_up{};                           // waiting for the record, or for HISTORY
  Instant request_due{};                       // the next HISTORY_REQUEST, while not joined
  GapDetector gaps;
  std::vector<Early> early;
  std::size_t early_bytes = 0;
  Sequence begin = nowhere;  // the first whole message heard before it was joined, kept or not
  std::map<Sequence, Held> held;
  wire::Audience audience;  // as the publisher says: what NACK timers go by
  float loss = 0;           // the share of sequences that did not come at first, lately
  bool watched = false;     // in the engine's list of streams that wait for something
};

}  // namespace dts::proto
