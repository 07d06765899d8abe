// Engine: the whole DTS protocol as a state machine. It numbers, splits, joins, announces, asks,
// remembers and forgets; it has no clock, thread, socket, lock, log or global. Same calls + same
// seed = same output, which is what the simulator lives on. It routes; the algorithms are in the
// sibling classes (Splitter, Joiner, GapDetector, DuplicateFilter, History, Announcer,
// TypeExchange, PathTable, ...), which never call each other.
//
// One thread at a time (the Domain's lock). Bad input is counted, never fatal.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <dts/bytes.hpp>
#include <dts/compression.hpp>
#include <dts/id.hpp>
#include <dts/path.hpp>
#include <dts/result.hpp>
#include <dts/time.hpp>

#include <base/spare_bytes.hpp>
#include <proto/selection.hpp>

namespace dts::proto {

using StreamId = std::uint32_t;    // per node
using Sequence = std::uint64_t;    // per stream, counts packets of data, from 1
using InterestId = std::uint64_t;  // per engine

using TransportIndex = std::uint8_t;
using HubId = std::uint64_t;  // random, of a hub's whole process; 0: none

// A way to reach somebody: a transport, a link of it, and an address on it.
struct Path {
  TransportIndex transport = 0;
  LinkIndex link = 0;
  Address address;
  bool multicast = false;  // receive: the packet was sent to a group
  friend auto operator<=>(const Path&, const Path&) = default;
};

// Every bound and period in one place; units last in the name.
struct EngineOptions {
  NodeId node{};  // random, new at every process start
  std::string domain = "default";
  std::string host, name, version;  // announced, for people
  std::uint32_t process = 0;
  std::uint16_t unicast_port = 0;  // announced, for people (answers go to where packets come from)
  HubId hub = 0;                   // announced: this node is a side of that hub

  std::uint32_t packet_bytes_max = 1400;          // and never more than the link's MTU
  std::uint32_t announce_period_ms = 2000;        // +-25 %
  std::uint32_t announce_missed_max = 4;          // then the peer is gone
  std::uint32_t control_packets_per_s_max = 200;  // of the whole domain: the period stretches
  std::uint32_t frames_per_packet_max = 64;

  std::uint32_t nodes_max = 16384;
  std::uint32_t streams_per_node_max = 4096;
  std::uint32_t streams_max = 65536;  // records kept of all nodes
  std::uint32_t wants_per_node_max = 4096;
  std::uint32_t half_known_nodes_max = 1024;  // heard, not yet announced: 512 B each
  std::uint32_t documents_max = 8192;
  std::uint64_t documents_bytes_max = 16ull << 20;

  std::uint64_t message_bytes_max = 1ull << 30;
  std::uint64_t join_bytes_max = 1280ull << 20;  // all half-joined messages of the process
  std::uint32_t join_messages_per_node_max = 64;
  std::uint32_t join_age_ms_max = 2000;  // without progress

  std::uint32_t history_values_max = 4096;
  std::uint64_t history_bytes_per_stream_max = 4ull << 20;
  std::uint64_t history_bytes_max = 64ull << 20;

  // What is kept so that lost packets can be sent again: of the small messages of a stream, of the
  // large ones of all, and for how long, which is also how long a receiver asks for it.
  std::uint64_t repair_bytes_per_stream_max = 4ull << 20;
  std::uint64_t repair_bytes_max = 64ull << 20;
  std::uint32_t repair_age_ms_max = 10'000;
  std::uint64_t held_bytes_max = 64ull << 20;  // received, waiting for what is missing before it

  std::uint32_t queries_open_max = 256;  // our own
  std::uint32_t queries_heard_max = 1024, queries_heard_per_node_max = 32;
  std::uint32_t answer_streams_max =
      1024;                                // of ours; and of others, all queries together, 16 times
  std::uint32_t answer_values_max = 4096;  // of one source, as the next two
  std::uint64_t answer_bytes_max = 16ull << 20;
  std::uint64_t answers_bytes_max = 64ull << 20;  // of ours, all together
  std::uint32_t answer_age_ms_max = 10'000;       // after the question was last heard

  std::uint64_t backlog_bytes_max = 256ull << 20;  // split but not yet sent, large messages
  std::uint32_t send_window_bytes = 3u << 20;      // large messages: ahead of the slowest receiver
  std::uint32_t duplicate_window_packets = 4096;
};

enum class Delivery : std::uint8_t { event = 0, state = 1, stream = 2, command = 3 };

// Of a stream that a hub passes on: whose it is. Its sequences, times and bytes are the origin's.
struct Relay {
  NodeId node{};        // the origin; zero: nobody passes it on, the stream is the node's own
  StreamId stream = 0;  // by the origin's numbers
  std::string host, name;
  std::vector<HubId> via;  // the hubs passed, the origin's side first
  bool any() const noexcept { return !node.is_zero(); }
  friend bool operator==(const Relay&, const Relay&) = default;
};
inline constexpr std::size_t kHopsMax = 8;

// What a publisher announces about one stream.
struct StreamRecord {
  StreamId stream = 0;
  FamilyId family{};
  std::string family_name;
  TypeId type{};
  std::uint8_t format = 0;
  BindingId binding{};  // zero: the format derives its coding from the type
  Delivery delivery = Delivery::event;
  bool waits = false;  // when its window is full it waits for its receivers, and they report
  std::uint32_t history = 1;
  std::string source;  // the source's own name, may be empty
  std::vector<std::pair<std::string, std::string>> labels;
  Relay relay;
  // Counters as of the announcement that carried the record:
  std::uint64_t messages = 0, bytes = 0;
  Sequence next = 1;  // next sequence to be published
};

// What a subscriber wants: a family, or every family whose name matches a pattern.
struct Interest {
  FamilyId family{};    // zero: by pattern
  std::string name;     // the family's name, or the pattern ("brewery.*", "*")
  bool live = true;     // false: only the last values
  bool history = true;  // the last values at once
  std::uint64_t bytes_max = ~std::uint64_t{0};  // larger messages are refused; not announced
  // Of what is live, only what one of these takes need be sent here; empty: everything.
  std::vector<Selection> selections{};
  // Of a hub: through which hubs it has come, the subscriber's side first.
  std::vector<HubId> via{};
};

using QueryToken = std::uint64_t;  // the asker's

// What somebody asks of whoever publishes a family, or every family whose name matches a pattern.
struct Question {
  FamilyId family{};  // zero: by pattern
  std::string name;
  std::int64_t from_ns = 0, to_ns = 0;  // published in between, by the publisher's clock; 0: open
  std::uint64_t limit = 0;              // values of each source, the newest; 0: all
  std::string filter, text;
};

// What one of our sources says to a question.
struct Reply {
  struct Value {
    std::int64_t published_ns = 0;
    std::shared_ptr<const Bytes> bytes;
    Compression compression = Compression::none;  // of `bytes`
  };
  StreamId of = 0;                    // the stream the source publishes by
  std::uint16_t part = 0, parts = 1;  // of those of our sources that answer
  std::vector<Value> values;          // oldest first
  std::uint64_t left_out = 0;         // that would belong in it and are too many
  std::string error;                  // not empty: the source cannot answer, for this reason
};

// The streams that hold answers; they are in nobody's list.
constexpr bool is_answer(StreamId stream) { return stream >= StreamId{1} << 31; }

// How a node says it fares: it loses a share of what it wants, and whether that is its own receive
// buffer's doing (the node is slow, or the buffer small) or the network's.
struct Health {
  float loss = 0;
  bool overflows = false;
  std::uint32_t receive_buffer_bytes = 0;  // 0: unknown
};

// A node as far as it is known.
struct PeerRecord {
  NodeId node{};
  std::string host, name, version;
  std::uint32_t process = 0;
  Path path;  // where its packets come from (unicast)
  Instant first_heard{}, last_heard{};
  Instant started{};                // by its own account
  std::int64_t wall_offset_ns = 0;  // theirs minus ours at the last announcement, transit included
  bool announced = false;           // an ANNOUNCE was heard, not only data
  HubId hub = 0;                    // it is a side of this hub
  std::vector<StreamRecord> streams;
  std::vector<Interest> wants;
  bool streams_complete = false;  // the lists match the announced digest
  Health health;                  // by its last announcement
  bool isolated = false;          // it loses so much more than others that we serve it apart
};

// How a message that does not go in one packet of its own is cut: into pieces of so many bytes, of
// the message as it is or compressed (base/compression.hpp; the engine only says so).
struct Cut {
  std::uint16_t piece = 0;  // 0: it is one packet
  Compression compression = Compression::none;
  Cut(std::uint16_t piece_bytes = 0, Compression of_all = Compression::none)
      : piece(piece_bytes), compression(of_all) {}
};

// A message out of the engine. The bytes are valid until the Outbox is cleared, or, for a message
// that came in one packet, until the packet's memory is reused.
struct Message {
  NodeId node{};  // with `stream` the origin's, though a hub may have passed it on
  StreamId stream = 0;
  Sequence first = 0, last = 0;   // the packets it came in
  std::int64_t published_ns = 0;  // the publisher's wall clock
  ByteView bytes;
  bool historic = false;                 // sent before we joined
  const StreamRecord* record = nullptr;  // valid until the tick() after the next
  std::shared_ptr<const Bytes> owner;    // set when `bytes` lies in memory of its own (joined)
  Compression compression = Compression::none;  // of `bytes`
};

// Something happened that people or the Domain should know.
struct Notice {
  enum class Kind : std::uint8_t {
    node_joined,
    node_left,
    node_gone,
    node_restarted,
    stream_opened,
    stream_closed,
    streams_listed,
    document,          // `type` is now known: document_of(type)
    gap,               // sequences from..to of (node, stream) will not come
    interest_changed,  // somebody's wants changed: subscribers_of() may differ
    other_version,
    other_domain,
    own_id_elsewhere,
    limit,              // a bound was reached; `text` says which
    writable,           // the backlog has room again, or the window of our `stream`, if given
    evicted,            // our `stream` no longer waits for `node`, which stood still for 5 s
    confirmed,          // `node` has handled the value `from` of our `stream`, a command
    arriving,           // of message from..to of (node, stream), `bytes` of bytes_max are here
    too_large,          // message from..to of (node, stream) was refused: `bytes`, of bytes_max
    refused,            // a receiver has refused our message `from`: it takes at most bytes_max
    probe_answer,       // token, round_trip, probe_multicast, answer_multicast, path
    multicast_blocked,  // multicast from a peer has stopped though it lives: unicast from now
    receiver_isolated,  // `node` loses far more than others: only the last values are repaired
    receiver_restored,  // ... no longer
    query,              // `node` asks `question` with `token`: answer() it if it is about ours
    answer,             // `node` has said a part of its answer to `token`: `answered`
  };
  Kind kind{};
  NodeId node{};
  StreamId stream = 0;
  Sequence from = 0, to = 0;
  enum class GapReason : std::uint8_t {
    lost,
    unavailable,
    restarted,
    overflow,
    too_large,
    withheld,  // by the publisher: our own selections do not take them
  } reason{};
  TypeId type{};
  std::string text;
  std::uint64_t bytes = 0, bytes_max = 0;
  // probe_answer:
  std::uint64_t token = 0;
  Duration round_trip{};
  bool probe_multicast = false, answer_multicast = false;  // how each of the two arrived
  Path path{};                                             // where the answer came from
  // query, answer:
  std::shared_ptr<const Question> question;
  // What a source of `node` says: `stream` holds its values, 0 when there are none; `text` is why
  // it cannot answer, if so.
  struct Answered {
    std::uint16_t part = 0, parts = 1;
    StreamId of = 0;
    std::uint64_t left_out = 0;
    bool error = false;
  } answered;
};

// A packet to send: `length` bytes at `offset` of Outbox::memory. Several packets may share bytes.
struct Packet {
  TransportIndex transport = 0;
  LinkIndex link = 0;
  Group group = 0;
  std::optional<Address> to;  // empty: to the group
  std::uint32_t offset = 0, length = 0;
  // Of a packet of pieces over a way with the capability `bulk`: a part of `owner`, which stands
  // before the last wire::kTrailerBytes of these bytes.
  ByteView body{};
  std::shared_ptr<const Bytes> owner{};
};

// What a call of the engine wants done. The caller sends, delivers, tells, then clears; clear()
// keeps the memory.
struct Outbox {
  Bytes memory;
  std::vector<Packet> packets;
  std::vector<Message> messages;
  std::vector<Notice> notices;
  // Of a packet without a body all of it.
  ByteView bytes_of(const Packet& p) const { return ByteView(memory).subspan(p.offset, p.length); }
  // The packet in up to three parts.
  OutgoingPacket outgoing(const Packet& p) const;
  bool empty() const { return packets.empty() && messages.empty() && notices.empty(); }
  void clear() {
    memory.clear();
    packets.clear();
    messages.clear();
    notices.clear();
  }
};

struct MessageView {
  ByteView bytes;
  std::int64_t published_ns = 0;
  // Set when `bytes` is all of *owner: a large message is then kept without a copy, and must not
  // change while the engine shares it.
  std::shared_ptr<const Bytes> owner{};
  Compression compression = Compression::none;  // of `bytes`
  // Asked when there are subscribers who do not take everything; null: this they take.
  Judge* judge = nullptr;
  // Of a stream that is passed on: the origin's sequences. What they leave out will not come.
  Sequence first = 0, last = 0;
};

// Monotonic counters; every dropped packet or message is in exactly one of them. The names shown
// to people are the members' names; for_each keeps tools complete.
struct EngineCounters {
  std::uint64_t packets_in = 0, packets_out = 0, messages_in = 0, messages_out = 0;
  std::uint64_t control_packets_out = 0, control_bytes_out = 0;
  // dropped packets
  std::uint64_t packet_short = 0, packet_bad_magic = 0, packet_bad_checksum = 0,
                packet_other_version = 0, packet_other_domain = 0, packet_own = 0,
                packet_duplicate = 0, packet_too_many_frames = 0;
  // dropped frames
  std::uint64_t frame_malformed = 0, frame_unknown = 0, frame_unexpected = 0;
  // dropped data
  std::uint64_t data_duplicate = 0, data_unwanted = 0, data_unknown_stream = 0, gap_packets = 0,
                join_expired = 0, join_inconsistent = 0, join_no_room = 0, message_too_large = 0,
                messages_refused = 0, backlog_full = 0, relay_duplicate = 0;
  // flow control: refused because a window was full; no longer waited for
  std::uint64_t window_full = 0, receivers_evicted = 0;
  // repair: packets with NACKs, sequences sent again, asked for while too much was, not sent again
  // to a receiver that is served apart
  std::uint64_t nacks_out = 0, nacks_in = 0, repairs_out = 0, repairs_refused = 0,
                repairs_isolated = 0;
  // selections: messages that were kept from some path, and sequences that were kept from us
  std::uint64_t messages_withheld = 0, sequences_withheld = 0;
  // types
  std::uint64_t document_mismatch = 0, document_refused = 0, document_unasked = 0;
  // tables
  std::uint64_t nodes_refused = 0, streams_refused = 0, wants_refused = 0, answers_withheld = 0;
  // queries
  std::uint64_t queries_out = 0, queries_in = 0, queries_refused = 0, answers_out = 0,
                answers_in = 0, answers_unasked = 0, answers_refused = 0;
  void for_each(const std::function<void(std::string_view, std::uint64_t)>& visit) const;
};

class Engine {
 public:
  Engine(EngineOptions options, std::uint64_t seed);
  ~Engine();

  // Transports and links. Call set_links at start and whenever they change.
  // `receive_buffer_bytes`: what may be under way to us by it; 0: not known.
  TransportIndex add_transport(Capabilities capabilities, std::uint32_t receive_buffer_bytes = 0);
  void set_links(Instant now, TransportIndex transport, std::vector<Link> links, Outbox&);
  // A peer named by the user: announced to by unicast, besides the group.
  void add_named_peer(Instant now, Path path, Outbox&);
  // Announces at once; call when transports and first streams and interests are there.
  void start(Instant now, std::int64_t wall_ns, Outbox&);
  // This process has stood still (its machine slept, it was stopped) and others may have changed or
  // given it up: it announces itself at once and gives nobody up before it had time to be heard.
  void woke(Instant now, Outbox&);
  // Says goodbye. While leaving() what was just published may still be asked for: for 100 ms at
  // most, after a large message until those who take it have it, for 10 s at most. Go on with
  // receive() and tick(), and publish nothing.
  void stop(Instant now, Outbox&);
  bool leaving() const;

  // Publishing. The record's stream id is chosen here and returned. `document` is offered to
  // whoever asks for the type.
  Result<StreamId> open_stream(Instant now, StreamRecord record, Bytes document, Outbox&);
  void close_stream(Instant now, StreamId, Outbox&);
  // Numbers, keeps for late joiners, splits, chooses paths. Small messages go into the open
  // packet: full packets are put into the outbox, the open one when flush() is called. Fails with
  // too_large or would_block (backlog full, or the window of a stream that waits: the notice
  // `writable` follows); then nothing was published.
  Result<Sequence> publish(Instant now, StreamId, MessageView, Outbox&);
  void flush(Instant now, Outbox&);
  bool has_open_packet() const;
  // Of this stream's large messages that are being sent: their bytes, and how many have gone.
  struct Unsent {
    std::uint64_t total = 0, sent = 0;
  };
  Unsent unsent(StreamId) const;
  // How many nodes, on any path, want this stream's live data and can be sent it now; who only
  // asks for the last values is no subscriber.
  std::size_t subscribers_of(StreamId) const;
  std::vector<NodeId> receivers_of(StreamId) const;
  // Whom a stream that waits is waiting for.
  std::vector<NodeId> waiting_for(StreamId) const;
  // Of a command: who has not confirmed this value may say so again.
  void ask_again(Instant now, StreamId, Sequence, Outbox&);
  // What was published up to here is not repaired any more: who misses it names it.
  void withdraw(StreamId, Sequence);
  // The values an own stream keeps for late joiners, oldest first; the bytes are valid during the
  // visit.
  void for_each_kept(
      StreamId, const std::function<void(Sequence first, Sequence last, std::int64_t published_ns,
                                         ByteView bytes, Compression compression)>& visit) const;

  // Passing on. A stream whose record has a relay is opened hidden and empty. Visible: it is
  // announced. Begun: from this sequence on it keeps what is published. Given: to whoever wants it,
  // with what it has kept. Ended: empty again. Skipped: what comes before `next` and was not
  // published will not come.
  void show_relay(Instant now, StreamId, bool visible, std::vector<HubId> via, Outbox&);
  void begin_relay(StreamId, Sequence next);
  void give_relay(Instant now, StreamId, Outbox&);
  void end_relay(StreamId);
  void skip_relay(Instant now, StreamId, Sequence next, Outbox&);

  // Subscribing.
  InterestId add_interest(Instant now, Interest, Outbox&);
  void remove_interest(Instant now, InterestId, Outbox&);

  // The application is slow to take what a stream that waits brings: nothing is reported of it
  // until it is released.
  void hold(NodeId, StreamId);
  void release(Instant now, NodeId, StreamId, Outbox&);
  // The application has handled this value of a command.
  void confirm(Instant now, NodeId, StreamId, Sequence, Outbox&);

  // The groups data is to be received from now: join and leave accordingly after each call that
  // changed interests (`groups_changed` is true once after each change).
  std::vector<Group> groups() const;
  bool groups_changed();

  // Types, and bindings by document_id(). A document offered (own types) or received is kept and
  // answered to others.
  void offer_document(TypeId, Bytes document);
  void want_document(Instant now, TypeId, Outbox&);
  ByteView document_of(TypeId) const;  // empty when not known; valid until the next call

  // Ask every peer for its lists and counters again; from then on the records of all streams are
  // kept, wanted or not.
  void refresh(Instant now, Outbox&);

  // Asks everybody. What comes of it are `answer` notices and messages of streams that are
  // is_answer(), until end_query(). Fails when the question does not fit a packet, or with
  // limit_reached.
  Result<QueryToken> ask(Instant now, Question, Outbox&);
  void end_query(Instant now, QueryToken, Outbox&);
  // Is this part of the answer to a `query` notice; each once.
  void answer(Instant now, NodeId asker, QueryToken, Reply, Outbox&);

  // For diagnosis: asks whoever hears it on the control group of a link (`to` empty) or at one
  // address to answer by unicast and, if told, on the group. Each answer is a probe_answer notice.
  void probe(Instant now, TransportIndex, LinkIndex, std::optional<Address> to,
             bool answer_on_group, std::uint64_t token, Outbox&);

  // Our own receive buffer of so many bytes has overflowed since it was last asked: what is lost
  // now is not the network's doing.
  void receive_overflowed(Instant now, std::uint32_t buffer_bytes);

  // Network in, time in. `wall_ns` is the wall clock at `now`.
  void receive(Instant now, std::int64_t wall_ns, const Path& from, ByteView packet, Outbox&);
  void tick(Instant now, std::int64_t wall_ns, Outbox&);
  Instant next_deadline() const;  // Instant::max(): none

  // Knowledge, valid until the next call.
  void for_each_peer(const std::function<void(const PeerRecord&)>& visit) const;
  const StreamRecord* find_stream(NodeId, StreamId) const;
  const PeerRecord* find_peer(NodeId) const;
  // The ways to a peer, those it was heard by; the one that is taken first.
  struct PeerPath {
    Path path;  // multicast: data for it goes to the group there
    Instant heard{};
    bool taken = false;
    bool proven = false;  // it has answered at that address, or need not
    bool silent = false;  // not heard for three of its periods
  };
  std::vector<PeerPath> paths_to(Instant now, NodeId) const;
  // How far a stream has come here by its best way; nothing before it was joined.
  struct Arrived {
    Sequence next = 1;      // handed out and named is what is before
    bool historic = false;  // what was published before it was joined is still on its way
  };
  std::optional<Arrived> arrived(NodeId node, StreamId) const;
  // By which some hub passes on this stream of another node.
  const StreamRecord* find_relay(NodeId node, StreamId) const;
  const EngineCounters& counters() const;
  // Bytes held in all tables and buffers: the bound of promise 5.
  std::uint64_t memory_bytes() const;
  // Memory for messages, used again when nobody has them any more.
  base::SpareBytes spare() const;
  NodeId node() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Binding documents travel as type documents do, under their id and eight zero bytes.
TypeId document_id(const BindingId& binding);

// 1 + h mod 255 of SHA-256("dts-group\0" domain "\0" family name), see docs/wire.md.
Group group_of(std::string_view domain, std::string_view family_name);

}  // namespace dts::proto
