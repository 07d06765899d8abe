// The bytes of DTS: every packet and frame as a struct with one reader and one writer. Normative
// text: docs/wire.md. Readers never trust a length and never allocate from one; they return false
// and the caller counts. No state, any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <dts/bytes.hpp>
#include <dts/compression.hpp>
#include <dts/id.hpp>

#include <base/endian.hpp>
#include <proto/selection.hpp>

namespace dts::proto::wire {

//  0        2     3     4         8            20                28             n-4     n
//  +--------+-----+-----+---------+------------+-----------------+--------------+-------+
//  | "DT"   | ver |flags| domain  |   node     |  packet number  |  frames ...  | crc32c|
//  +--------+-----+-----+---------+------------+-----------------+--------------+-------+
inline constexpr std::uint8_t kMagic[2] = {'D', 'T'};
inline constexpr std::uint8_t kVersion = 1;
inline constexpr std::size_t kHeaderBytes = 28;
inline constexpr std::size_t kTrailerBytes = 4;
inline constexpr std::size_t kPacketBytesMin = kHeaderBytes + kTrailerBytes;
inline constexpr std::size_t kBulkPacketBytesMax = 65507;  // a frame has at most 65535
inline constexpr std::size_t kFrameHeaderBytes = 3;        // type, length u16

enum class FrameType : std::uint8_t {
  padding = 0,
  data = 1,
  fragment = 2,
  digest = 3,
  announce = 4,
  streams = 5,
  wants = 6,
  list_request = 7,
  history_request = 8,
  history = 9,
  type_request = 10,
  type = 11,
  progress = 12,
  probe = 13,
  probe_reply = 14,
  challenge = 15,
  response = 16,
  bye = 17,
  refuse = 18,
  report = 20,
  health = 22,
  hub = 40,
  gap = 32,
  nack = 33,
  ncf = 34,
  // Places kept: skipped by length.
  parity = 35,
  query = 36,
  answer = 37,
};

// Reads forward; after a failed read everything reads as zero and ok() stays false.
class Reader {
 public:
  explicit Reader(ByteView bytes) noexcept : at_(bytes.data()), end_(at_ + bytes.size()) {}
  bool ok() const noexcept { return ok_; }
  bool done() const noexcept { return at_ == end_; }
  std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }

  template <class T>
  T number() noexcept {
    if (left() < sizeof(T)) return fail<T>();
    const T value = base::load<T>(at_);
    at_ += sizeof(T);
    return value;
  }
  // LEB128, at most ten bytes.
  std::uint64_t varint() noexcept {
    if (at_ != end_ && *at_ < 0x80) return *at_++;
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64 && at_ != end_; shift += 7) {
      const std::uint8_t byte = *at_++;
      if (shift == 63 && byte > 1) break;
      value |= std::uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return value;
    }
    return fail<std::uint64_t>();
  }
  std::int64_t signed_varint() noexcept {
    const std::uint64_t v = varint();
    return static_cast<std::int64_t>(v >> 1) ^ -static_cast<std::int64_t>(v & 1);
  }
  ByteView bytes(std::uint64_t size) noexcept {
    if (left() < size) {
      fail<int>();
      return {};
    }
    const ByteView view{at_, static_cast<std::size_t>(size)};
    at_ += size;
    return view;
  }
  ByteView rest() noexcept { return bytes(left()); }
  std::string_view text() noexcept { return as_text(bytes(number<std::uint8_t>())); }
  template <class IdType>
  IdType id() noexcept {
    IdType value;
    const ByteView from = bytes(value.bytes.size());
    if (ok_) std::memcpy(value.bytes.data(), from.data(), from.size());
    return value;
  }

 private:
  template <class T>
  T fail() noexcept {
    ok_ = false;
    at_ = end_;
    return T{};
  }
  const std::uint8_t* at_;
  const std::uint8_t* end_;
  bool ok_ = true;
};

inline constexpr std::size_t varint_bytes(std::uint64_t value) noexcept {
  std::size_t n = 1;
  for (; value >= 0x80; value >>= 7) ++n;
  return n;
}
inline constexpr std::uint64_t zigzag(std::int64_t value) noexcept {
  return static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
}
// Writes a varint at `to`, which has room for ten bytes; returns the end.
inline std::uint8_t* put_varint(std::uint8_t* to, std::uint64_t value) noexcept {
  for (; value >= 0x80; value >>= 7) *to++ = static_cast<std::uint8_t>(value | 0x80);
  *to++ = static_cast<std::uint8_t>(value);
  return to;
}

// Appends to `out`. Text is cut at 255 bytes: whoever takes text from a user checks it before.
class Writer {
 public:
  explicit Writer(Bytes& out) noexcept : out_(out) {}
  template <class T>
  void number(T value) {
    const std::size_t at = out_.size();
    out_.resize(at + sizeof value);
    base::store(out_.data() + at, value);
  }
  void varint(std::uint64_t value) {
    std::uint8_t buffer[10];
    bytes({buffer, static_cast<std::size_t>(put_varint(buffer, value) - buffer)});
  }
  void bytes(ByteView view) { out_.insert(out_.end(), view.begin(), view.end()); }
  void text(std::string_view value) {
    value = value.substr(0, 255);
    number(static_cast<std::uint8_t>(value.size()));
    bytes(as_bytes(value));
  }

 private:
  Bytes& out_;
};

// Flag of a packet: its checksum is 0. Believed only by a way that never leaves this machine.
inline constexpr std::uint8_t kPacketUnchecked = 1;
struct Header {
  std::uint8_t version = kVersion;
  std::uint8_t flags = 0;
  std::uint32_t domain = 0;
  NodeId node;
  std::uint64_t number = 0;
};
// Of a packet of at least kPacketBytesMin bytes with the right magic.
Header read_header(const std::uint8_t* packet) noexcept;
void write_header(std::uint8_t* packet, const Header&) noexcept;

struct Frame {
  FrameType type{};
  ByteView body;
};
// Takes the next frame off `rest`; false when it does not fit (the packet is malformed).
bool next_frame(ByteView& rest, Frame& frame) noexcept;

// DATA: a run of consecutive whole messages of one stream.
//  | flags u8 | stream u32 | first u64 | published i64 | { length | time delta | bytes }* |
inline constexpr std::size_t kDataHeadBytes = 21;
inline constexpr std::uint8_t kDataHistoric = 1;
inline constexpr std::uint8_t kDataReport = 2;  // answer with PROGRESS when it is here
struct DataHead {
  std::uint8_t flags = 0;
  std::uint32_t stream = 0;
  std::uint64_t first = 0;
  std::int64_t published_ns = 0;  // of the first message; the others by difference
};
DataHead read_data_head(Reader& reader) noexcept;
void write_data_head(std::uint8_t* to, const DataHead&) noexcept;

// FRAGMENT: one piece of a message that does not fit a packet, or several in a row. All pieces but
// the last are `piece` bytes long, so that every fragment says where it belongs. Each has a
// sequence of its own: how many share a packet is the path's affair, and may differ from one to
// another.
//  | flags u8 | stream u32 | sequence u64 | total u32 | piece u16 | index u32 | published i64 | ..
//  |
inline constexpr std::size_t kFragmentHeadBytes = 31;
inline constexpr std::uint8_t kFragmentHistoric = 1;
inline constexpr std::uint8_t kFragmentReport = 2;   // answer with PROGRESS
inline constexpr int kFragmentCompressionShift = 2;  // 4: the message is LZ4, 8: zstd
struct Fragment {
  std::uint8_t flags = 0;
  std::uint32_t stream = 0;
  std::uint64_t sequence = 0;
  std::uint32_t total = 0;  // bytes of the whole message
  std::uint16_t piece = 0;
  std::uint32_t index = 0;
  std::int64_t published_ns = 0;
  ByteView bytes;
  Compression compression() const noexcept {
    return static_cast<Compression>(flags >> kFragmentCompressionShift & 3);
  }
  std::uint32_t count() const noexcept { return total ? (total - 1) / piece + 1 : 1; }
  std::uint64_t first() const noexcept { return sequence - index; }
  std::uint64_t last() const noexcept { return first() + count() - 1; }
  // How many pieces are here, and the sequence of the last of them.
  std::uint32_t pieces() const noexcept {
    return bytes.empty() ? 1 : static_cast<std::uint32_t>((bytes.size() - 1) / piece + 1);
  }
  std::uint64_t until() const noexcept { return sequence + pieces() - 1; }
  // Some of the pieces here, as a fragment.
  Fragment part(std::uint64_t from, std::uint64_t to) const noexcept;
};
// False as well when the numbers contradict each other.
bool read(ByteView body, Fragment& fragment) noexcept;
void write_fragment_head(std::uint8_t* to, const Fragment&) noexcept;

// How many receive a stream and how far away they are: what the timers of repair go by.
//  | group u8: the number of receivers is at most 2^group | round trip u32, microseconds |
struct Audience {
  std::uint8_t group = 0;
  std::uint32_t round_trip_us = 1000;
  static Audience of(std::size_t receivers, std::uint32_t round_trip_us) noexcept {
    Audience a{0, round_trip_us};
    while (a.group < 63 && std::size_t{1} << a.group < receivers) ++a.group;
    return a;
  }
  std::uint64_t size() const noexcept { return std::uint64_t{1} << (group < 32 ? group : 32); }
};

// DIGEST: what has been published, so that a lost tail is noticed, and what can still be repaired.
//  | stream u32 | last u64 | first u64 | audience | stamp u32 |
struct Digest {
  std::uint32_t stream = 0;
  std::uint64_t last = 0;
  std::uint64_t first = 1;  // the oldest that is still there
  Audience audience;
  std::uint32_t stamp_us = 0;  // the sender's clock, comes back in NACK
};
bool read(ByteView body, Digest&) noexcept;
void write(Writer&, const Digest&);

// ANNOUNCE: who, and digests of the two lists. Digests are opaque: equal means unchanged.
inline constexpr std::uint8_t kAnnounceStarting = 1;  // answer at once
inline constexpr std::uint8_t kAnnounceUnheard = 2;   // your multicast does not reach me
struct Announce {
  std::uint8_t flags = 0;
  std::uint16_t unicast_port = 0;
  std::uint32_t process = 0;
  std::int64_t wall_ns = 0;
  std::uint64_t up_ms = 0;
  std::uint32_t period_ms = 0;
  std::uint64_t streams_digest = 0;
  std::uint32_t streams_count = 0;
  std::uint64_t wants_digest = 0;
  std::uint32_t wants_count = 0;
  std::string_view host, name, version, domain;
};
bool read(ByteView body, Announce&) noexcept;
void write(Writer&, const Announce&);

// STREAMS and WANTS: a list, or a change of it. Entries follow the head to the end of the frame.
// complete: entries are part `part` of `parts` of the list with `digest`; `base` is the digest of
//   the wants it was filtered by (0: not filtered; always 0 for WANTS).
// change: whoever had the list `base` has `digest` after applying the entries of all the parts.
struct ListHead {
  enum class Kind : std::uint8_t { complete = 0, change = 1 } kind{};
  std::uint64_t base = 0, digest = 0;
  std::uint16_t part = 0, parts = 1;
};
inline constexpr std::size_t kListHeadBytes = 21;
bool read(Reader&, ListHead&) noexcept;
void write(Writer&, const ListHead&);
// The parts of one list: each gets the head in front, numbered.
void put_heads(ListHead head, std::vector<Bytes>& parts);

// An entry of STREAMS: op u8, length u16, then the record (closed: the stream's number only).
struct StreamEntry {
  bool closed = false;
  std::uint32_t stream = 0;
  FamilyId family;
  std::string_view family_name;
  TypeId type;
  std::uint8_t format = 0;
  BindingId binding{};
  std::uint8_t delivery = 0;
  bool waits = false;  // the publisher waits for its receivers: they report
  std::uint32_t history = 0;
  std::string_view source;
  std::vector<std::pair<std::string_view, std::string_view>> labels;  // at most 255
  std::uint64_t messages = 0, bytes = 0, next = 1;
  // Passed on by hubs: whose it is, and which they were; none: nothing of it follows.
  //  | hops u8 | node 12 | stream u32 | host | name | hub u64 * hops |
  std::vector<std::uint64_t> via;
  NodeId origin_node;
  std::uint32_t origin_stream = 0;
  std::string_view origin_host, origin_name;
};
bool read(Reader&, StreamEntry&);
void write(Writer&, const StreamEntry&);

// An entry of WANTS: flags u8, family 8, name, and with flag 8 the selections: length u16, bytes.
struct WantEntry {
  bool removed = false, live = true, history = true;
  FamilyId family;  // zero: `name` is a pattern
  std::string_view name;
  ByteView selections;               // one behind the other; none: everything is taken
  std::vector<std::uint64_t> via{};  // of a hub, for others: | hops u8 | hub u64 * hops |
};
bool read(Reader&, WantEntry&);
void write(Writer&, const WantEntry&);
//  | type 16 | filter: length u16, bytes | interval varint, ns | count u8 | { field | width }* |
void write_selection(Writer&, const Selection&);
// Empty, for everything, when they are malformed or too many.
std::vector<Selection> read_selections(ByteView selections);

// Hubs that something has passed: at most this many.
inline constexpr std::size_t kHubsMax = 8;

// LIST_REQUEST: flags only.
inline constexpr std::uint8_t kListStreams = 1;     // those my wants match
inline constexpr std::uint8_t kListAllStreams = 2;  // all of them
inline constexpr std::uint8_t kListWants = 4;
struct ListRequest {
  std::uint8_t flags = 0;
};
bool read(ByteView body, ListRequest&) noexcept;
void write(Writer&, const ListRequest&);

// HISTORY: for you the stream begins at `from`; from..to follow (empty when from = to + 1), then
// it goes on live at to + 1.
//  | stream u32 | from u64 | to u64 | audience |
struct History {
  std::uint32_t stream = 0;
  std::uint64_t from = 0, to = 0;
  Audience audience;
};
bool read(ByteView body, History&) noexcept;
void write(Writer&, const History&);
struct HistoryRequest {
  std::uint32_t stream = 0;
};
bool read(ByteView body, HistoryRequest&) noexcept;
void write(Writer&, const HistoryRequest&);

// TYPE_REQUEST: the document from byte `offset` on. TYPE: some of it.
struct TypeRequest {
  TypeId type;
  std::uint32_t offset = 0;
};
bool read(ByteView body, TypeRequest&) noexcept;
void write(Writer&, const TypeRequest&);
inline constexpr std::size_t kTypeHeadBytes = 24;
struct TypePart {
  TypeId type;
  std::uint32_t total = 0, offset = 0;
  ByteView bytes;
};
bool read(ByteView body, TypePart&) noexcept;
void write(Writer&, const TypePart&);

// PROGRESS: what asked for it has arrived; of a stream that waits, everything up to `sequence`; of
// a command, the value was handled. `room`: bytes that may be on their way to this node.
//  | stream u32 | sequence u64 | room u32 |
struct Progress {
  std::uint32_t stream = 0;
  std::uint64_t sequence = 0;
  std::uint32_t room = 0;
};
bool read(ByteView body, Progress&) noexcept;
void write(Writer&, const Progress&);

// REPORT: "say how far you are", when a report is overdue.
//  | stream u32 | sequence u64 |
struct Report {
  std::uint32_t stream = 0;
  std::uint64_t sequence = 0;
};
bool read(ByteView body, Report&) noexcept;
void write(Writer&, const Report&);
// HEALTH, behind an ANNOUNCE: how the node fares that sends it. Said only when it loses something.
//  | loss u8 | flags u8 | receive buffer u32 |
inline constexpr std::uint8_t kHealthOverflow = 1;  // its own receive buffer overflowed lately
struct Health {
  std::uint8_t loss = 0;  // of 255: of the stream that lost most lately
  std::uint8_t flags = 0;
  std::uint32_t buffer_bytes = 0;  // of its receive buffer; 0: unknown
};
bool read(ByteView body, Health&) noexcept;
void write(Writer&, const Health&);

// REFUSE: a receiver does not take the message that begins at `first`: it is larger than bytes_max.
struct Refuse {
  std::uint32_t stream = 0;
  std::uint64_t first = 0, bytes_max = 0;
};
bool read(ByteView body, Refuse&) noexcept;
void write(Writer&, const Refuse&);

// Runs of sequences, rising and apart, to the end of a frame: `first`, then for each run how many
// are left out before it (0 for the first run) and how many it has.
//  | first u64 | { skip varint | count varint }* |
struct Run {
  std::uint64_t from = 0, to = 0;
  friend bool operator==(const Run&, const Run&) = default;
};
inline constexpr std::size_t kRunsMax = 512;  // of one frame
// False: malformed, empty, too many, or past 2^62.
bool read_runs(Reader&, std::vector<Run>&);
// As many of `runs` as fit `room` bytes; returns how many.
std::size_t write_runs(Writer&, std::span<const Run> runs, std::size_t room);

// NACK: "I miss these". To the publisher, or to it and the family's group, so that others who miss
// the same keep still.
//  | publisher 12 | stream u32 | flags u8 | loss u8 | echo u32 | runs |
inline constexpr std::size_t kNackHeadBytes = 22;  // before the runs
inline constexpr std::uint8_t kNackEcho = 1;       // `echo` holds
inline constexpr std::uint8_t kNackOverflow = 2;   // the asker's own receive buffer overflowed
struct Nack {
  NodeId publisher;
  std::uint32_t stream = 0;
  std::uint8_t flags = 0;
  std::uint8_t loss = 0;      // of 255, lately
  std::uint32_t echo_us = 0;  // the last stamp of a DIGEST and the time since: now, by its clock
  std::vector<Run> runs;
};
bool read(ByteView body, Nack&);
// Returns how many runs fitted `room` bytes.
std::size_t write(Writer&, const Nack&, std::size_t room);

// NCF: "these are asked for and will come within so many microseconds": nobody need ask until then.
//  | stream u32 | within_us u32 | runs |
struct Confirm {
  std::uint32_t stream = 0;
  std::uint32_t within_us = 0;
  std::vector<Run> runs;
};
bool read(ByteView body, Confirm&);
std::size_t write(Writer&, const Confirm&, std::size_t room);

// GAP: "these will not come". withheld: because none of the selections with these fingerprints
// takes them.
//  | stream u32 | from u64 | to u64 | reason u8 | withheld: count u8 | { fingerprint u64 }* |
struct Gap {
  enum class Reason : std::uint8_t { unavailable = 0, withheld = 1 };
  std::uint32_t stream = 0;
  std::uint64_t from = 0, to = 0;
  Reason reason = Reason::unavailable;
  std::vector<std::uint64_t> selections;
};
bool read(ByteView body, Gap&);
void write(Writer&, const Gap&);

// PROBE and PROBE_REPLY, for `dts doctor`. Bytes behind the head are padding.
inline constexpr std::uint8_t kProbeAnswerOnGroup = 1;
inline constexpr std::uint8_t kProbeHeardOnGroup = 1;
struct Probe {
  std::uint8_t flags = 0;
  std::uint64_t token = 0;
};
bool read(ByteView body, Probe&) noexcept;
void write(Writer&, const Probe&);

// CHALLENGE and RESPONSE: "if you are really there, say this number".
bool read_token(ByteView body, std::uint64_t& token) noexcept;

// QUERY: "who publishes this, say what you have".
//  | token u64 | flags u8 | family 8 | name | from i64 | to i64 | limit varint |
//  | filter: length u16, bytes | text: length u16, bytes |
struct Query {
  std::uint64_t token = 0;
  FamilyId family;  // zero: `name` is a pattern
  std::string_view name;
  std::int64_t from_ns = 0, to_ns = 0;  // published in between; 0: open
  std::uint64_t limit = 0;              // values of each source, the newest; 0: all
  std::string_view filter, text;
};
bool read(ByteView body, Query&) noexcept;
void write(Writer&, const Query&);

// ANSWER: what one source says to a QUERY. `follow`: an entry of STREAMS stands behind, of the
// stream that holds the answers: they follow as history does. `error`: a text stands behind.
//  | token u64 | status u8 | part u16 | parts u16 | of u32 | left out varint | ... |
// Streams for one reader have numbers from here on.
inline constexpr std::uint32_t kAnswerStreams = 1u << 31;
struct Answer {
  enum class Status : std::uint8_t { none = 0, follow = 1, error = 2 };
  std::uint64_t token = 0;
  Status status{};
  std::uint16_t part = 0, parts = 1;  // the sources of this node that answer
  std::uint32_t of = 0;               // the stream the source publishes by
  std::uint64_t left_out = 0;         // values that would belong in it and are too many
  StreamEntry entry;
  std::string_view error;
};
bool read(ByteView body, Answer&);
void write(Writer&, const Answer&);

}  // namespace dts::proto::wire
