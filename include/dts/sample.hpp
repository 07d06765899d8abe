// What comes with a value: who sent it, when, with which labels, which exact type; and the notice
// that stands in for values that were lost. A Sample is valid during the handler's call; copy it
// to keep it (cheap: the source is shared).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <dts/id.hpp>
#include <dts/time.hpp>
#include <dts/type.hpp>

namespace dts {

// Metadata of a source: "tank" -> "3". Keys are member names, values any text up to 255 bytes.
using Labels = std::map<std::string, std::string, std::less<>>;

// How values are kept and lost; the publisher's choice. docs/concepts.md has the table.
enum class Profile : std::uint8_t {
  event = 0,   // in order, or a gap notice; a late joiner gets the last `history` values
  state = 1,   // the newest counts: a late joiner gets the last value, a slow subscriber the newest
  stream = 2,  // as fast as it goes: no repair, nothing kept
  command = 3,  // publish() returns when the receivers have handled it; nothing kept
};
std::string_view profile_name(Profile profile);

// One publisher of one type in one node.
struct Source {
  std::string name;        // "pi-tank1/w1": host/node, and "#2" behind it if there are several
  std::string host, node;  // as announced
  NodeId node_id;
  std::uint32_t stream = 0;
  Labels labels;
  std::string type_name;
  TypeId type;
  std::string format;  // "capnproto"
  Profile profile = Profile::event;
};

class Sample {
 public:
  // "host/node": for people, not unique.
  const std::string& source() const noexcept { return source_->name; }
  const Source& origin() const noexcept { return *source_; }
  const Labels& labels() const noexcept { return source_->labels; }
  // Counts the source's packets; consecutive for small messages.
  std::uint64_t sequence() const noexcept { return sequence_; }
  Time published() const noexcept { return published_; }  // the publisher's clock
  Time received() const noexcept { return received_; }    // this machine's clock
  // From publishing to now, in milliseconds; negative when the clocks disagree.
  double age_ms() const;
  // Sent before this subscriber joined.
  bool historic() const noexcept { return historic_; }
  // The value was converted from another exact type or unit.
  bool converted() const noexcept { return converted_; }
  // Both come from one publisher.
  bool same_source(const Sample& other) const noexcept {
    return source_->node_id == other.source_->node_id && source_->stream == other.source_->stream;
  }
  // The message as it was sent. Valid during the handler's call only; empty afterwards and in a
  // Reading.
  ByteView message() const noexcept { return message_; }

 private:
  friend struct SampleAccess;
  std::shared_ptr<const Source> source_;
  std::uint64_t sequence_ = 0;
  Time published_{}, received_{};
  ByteView message_;
  bool historic_ = false, converted_ = false;
};

// A large message on its way: told at most ten times a second, and not at all when it is quick. A
// Gap of the same sequences says that it will not come after all.
struct Arriving {
  std::shared_ptr<const Source> source;
  std::uint64_t from = 0, to = 0;      // its sequences; the last is its Sample's
  std::uint64_t bytes = 0, total = 0;  // as they travel, perhaps compressed; equal: it is here
};

// Values of one source that this subscriber will not get: sequences from..to, inclusive.
struct Gap {
  enum class Reason : std::uint8_t {
    lost,         // not received
    overrun,      // this subscriber was slow: its queue was full
    conflated,    // profile `state`: a newer value replaced them
    undecodable,  // received, and refused by the decoder
    unavailable,  // the publisher no longer has them
    restarted,    // the publisher's node is gone
    too_large,    // larger than this subscriber takes (SubscribeOptions::message_bytes_max)
  };
  std::shared_ptr<const Source> source;
  std::uint64_t from = 0, to = 0;
  Reason reason = Reason::lost;
  std::string detail;  // undecodable: the decoder's error; too_large: its size and the limit
  std::uint64_t count() const noexcept { return to - from + 1; }
};
std::string_view gap_reason_name(Gap::Reason reason);

}  // namespace dts
