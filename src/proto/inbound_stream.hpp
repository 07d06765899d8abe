// InboundStream: the receiving end of one stream of one peer: what has arrived (GapDetector), what
// arrived before its turn, and how far the joining has got. Plain state; the engine acts on it.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include <proto/gap_detector.hpp>
#include <proto/run_list.hpp>
#include <proto/wire.hpp>

namespace dts::proto {

struct StreamOrigin;

struct InboundStream {
  // Frames that came before HISTORY said where the stream begins: replayed then.
  struct Early {
    wire::FrameType type{};
    Bytes body;
    static std::size_t cost_of(ByteView body) { return body.size() + 64; }
  };
  // The first message that can be whole for us: of one sent again as history the rest can be asked
  // for, a live one in its middle is passed over. Nothing when the frame is malformed.
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
    const bool whole = f.index == 0 || f.flags & wire::kFragmentHistoric;
    return Begin{f.stream, whole ? f.first() : f.last() + 1};
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
  std::shared_ptr<StreamOrigin> origin;        // set when it may come by other ways as well
  GapDetector gaps;
  Instant ask_next{};  // no NACK before that: what is due until then is asked for together
  std::vector<Early> early;
  std::size_t early_bytes = 0;
  Sequence begin = nowhere;  // the first whole message heard before it was joined, kept or not
  std::map<Sequence, Held> held;
  // Has this sequence been named, or will it be in its turn?
  bool names(Sequence sequence) const {
    if (sequence <= told) return true;
    auto at = held.upper_bound(sequence);
    if (at == held.begin()) return false;
    --at;
    return at->second.kind == Held::Kind::gap && at->second.last >= sequence;
  }
  wire::Audience audience;  // as the publisher says: what NACK timers go by
  float loss = 0;           // the share of sequences that did not come at first, lately
  // What was withheld from us because of what we take, as fingerprints as of a version of our
  // wants.
  RunList withheld{64};
  std::vector<std::uint64_t> taken;
  std::uint64_t taken_as_of = 0;
  bool renewing = false;  // more is wanted than before: HISTORY is asked for anew
  bool waits() const { return joined && record && record->waits; }
  bool watched = false;  // in the engine's list of streams that wait for something
  // Of a stream whose publisher waits: it wants to know when each of these is here, in order; what
  // it was told; and whether the application holds the answer back. Of large messages of others:
  // the last piece with a question, the last that was answered, and when. Of a command: what was
  // handled lately.
  static constexpr std::size_t questions_max = 16;
  std::deque<Sequence> questions;
  Sequence asked = 0, reported = 0;
  Instant answered{};
  bool on_hold = false;
  static constexpr std::size_t handled_max = 256;
  std::deque<Sequence> handled;
};

}  // namespace dts::proto
