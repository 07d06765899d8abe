// What an Engine is made of: the siblings, and the routing between them. Split over
// engine.cpp (the public face, time), engine_publish.cpp (out), engine_receive.cpp (packets in),
// engine_streams.cpp (data in), engine_flow.cpp (flow control), engine_repair.cpp,
// engine_announce.cpp, engine_lists.cpp and engine_answers.cpp (control), engine_queries.cpp,
// engine_selections.cpp, engine_closing.cpp, engine_leave.cpp, engine_relay.cpp (hubs). Internal to
// src/proto.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <unordered_set>

#include <base/random.hpp>
#include <proto/announcer.hpp>
#include <proto/early_store.hpp>
#include <proto/engine.hpp>
#include <proto/history.hpp>
#include <proto/joiner.hpp>
#include <proto/large_store.hpp>
#include <proto/loss_reports.hpp>
#include <proto/nack_timer.hpp>
#include <proto/packet_writer.hpp>
#include <proto/path_table.hpp>
#include <proto/peer_table.hpp>
#include <proto/queries.hpp>
#include <proto/repair_queue.hpp>
#include <proto/splitter.hpp>
#include <proto/type_exchange.hpp>
#include <proto/want_set.hpp>
#include <proto/ways.hpp>
#include <proto/window.hpp>
#include <proto/withholding.hpp>

namespace dts::proto {

// One of our own streams.
struct OwnStream {
  OwnStream(History::Limits limits, HistoryBudget& budget) : history(limits, budget) {}
  StreamRecord record;
  NodeId reader{};  // of an answer: who may have it; zero: everybody
  std::uint64_t fingerprint = 0;
  History history;
  std::unique_ptr<Withholding> withholding;  // when somebody does not take everything
  // A publisher that waits sends everything to everybody: the pace comes from what arrives.
  bool selects(const MessageView& message) const {
    return withholding && message.judge && !record.waits;
  }
  bool announced = false;
  // Of a stream that is passed on: in our list; keeps what comes; gives it to others.
  bool visible = true, begun = true, given = true;
  // Who wants it and how they are reached, as of routes_version.
  std::uint64_t routes_version = 0, set = 0;
  Destinations destinations;
  std::vector<NodeId> receivers;
  // DIGEST after the last data.
  Instant last_data{};
  unsigned tail_stage = 0;
  bool in_tail = false;
  unsigned tail_announced = ~0u;  // since the last data, in so many announcements
  Instant last_digest{};
  // The audience that receivers have been told of, and how often a larger one is still repeated.
  wire::Audience told;
  unsigned audience_news = 0;
  Instant confirmed{};  // the last NCF to all
  // Of a stream that waits: publish() was refused and nobody told yet that it may go on; it is in
  // the engine's list of those that look for reports, next at report_due.
  bool blocked = false, asking = false;
  std::uint64_t blocked_cost = 0;
  Sequence withdrawn = 0;  // what was published up to here is not repaired
  // Closed: in nobody's list any more, and until then what is kept of it is still repaired.
  Instant gone_due = Instant::max();
  bool closed() const { return gone_due != Instant::max(); }
  Instant report_due{};
  Duration report_wait{};
};

// The first four bytes of SHA-256("dts-domain\0" domain), as in the packet header.
std::uint32_t domain_hash(std::string_view domain);

wire::StreamEntry entry_of(const StreamRecord& record);
StreamRecord record_of(const wire::StreamEntry& entry);

struct Engine::State {
  State(EngineOptions engine_options, std::uint64_t seed);

  EngineOptions options;
  base::Random random;
  EngineCounters counters;
  std::uint64_t secret;
  std::uint64_t next_packet = 1;
  std::uint32_t domain;
  Instant wall_base{}, started_at{};
  std::int64_t wall_base_ns = 0;
  Instant woken{};  // stood still until then; never: zero
  // When we have asked to be called, and when we were last called far too late: what waited for us
  // meanwhile was not long under way.
  Instant wake_due = Instant::max(), called_late{};
  void look_at_clock(Instant now) {
    if (now - std::chrono::milliseconds(20) > wake_due) called_late = now;
  }
  bool started = false, curious = false, groups_changed = true;
  // After stop(), while large messages are still taken: looked at again, given up, at the latest.
  bool departing = false;
  Instant depart_check{}, depart_due{}, depart_latest{};
  Instant large_sent{}, nack_heard{};  // the last fragment of what is reported; the last NACK
  // After that: the next BYE, when nobody has asked for anything for long enough, the latest.
  bool leaving = false;
  Instant bye_due{}, leave_due{}, leave_latest{};

  // Siblings.
  PathTable paths;
  PeerTable peers;
  EarlyStore strangers;
  Announcer announcer;
  TypeExchange types;
  base::SpareBytes spare;
  Joiner joiner;
  Splitter splitter;
  Window window;
  HistoryBudget history_budget, answers_budget;
  LargeStore large;
  RepairQueue repairs;
  LossReports losses;
  PacketWriter control;
  OpenPacket open, mend;  // new data, repairs
  WantSet wants;          // our own
  Ways ways;

  std::vector<Path> named;
  std::map<InterestId, Interest> interests;
  std::map<InterestId, Group> interest_groups;  // of the live ones by family
  InterestId next_interest = 1;
  std::vector<std::unique_ptr<OwnStream>> streams;  // by number - 1; null when closed
  std::uint32_t streams_open = 0, streams_visible = 0,
                own_waiting = 0;  // of these, those that wait
  std::deque<StreamId> closed;    // and not gone, in the order closed
  // Questions, and our answers to those of others: streams for one reader.
  AskedQueries asked_queries;
  HeardQueries heard_queries;
  std::map<StreamId, std::unique_ptr<OwnStream>> answers;
  StreamId next_answer = wire::kAnswerStreams;
  std::size_t answer_records = 0;  // of the answers of others

  std::uint64_t wants_version = 1;  // of our own

  // Routes of own streams are recomputed when the version is newer.
  std::uint64_t routes_version = 1;
  std::map<Destinations, std::uint64_t> sets;
  std::uint64_t next_set = 1;

  // Deadlines, each a lower bound; the scan behind it makes it exact.
  Instant change_due = Instant::max(), sweep_due = Instant::max(), tail_due = Instant::max(),
          watch_due = Instant::max(), closing_due = Instant::max(), gone_due = Instant::max();
  std::vector<StreamId> tail;  // own streams that owe a DIGEST
  Instant flow_due = Instant::max();
  std::vector<StreamId> asking;                   // own streams that wait and are owed reports
  std::vector<std::uint32_t> buffers;             // of the transports: what may be under way to us
  std::size_t waiting_streams = 0;                // of others, joined: they share our buffers
  std::set<std::pair<NodeId, StreamId>> watched;  // inbound streams that wait for something
  std::map<std::pair<NodeId, StreamId>, Instant> closing;  // streams said to be closed
  std::size_t records = 0;                                 // of the streams of all peers
  // How far streams had been handed out that went while they were wanted: should they come back
  // (a partition heals), what was missed is named and nothing comes twice.
  struct Told {
    Sequence told = 0;
    std::shared_ptr<const StreamRecord> record;
  };
  static constexpr std::size_t told_max = 4096;
  std::map<std::pair<NodeId, StreamId>, Told> told;
  std::uint64_t early_bytes = 0, held_bytes = 0;
  // How we fare: the largest loss of a stream, when that was, when our receive buffer overflowed.
  float loss = 0;
  Instant lossy{}, overflowed{};
  std::uint32_t receive_buffer_bytes = 0;
  unsigned health_news = 0;                            // how often it is still announced
  Duration round_trip = std::chrono::milliseconds(1);  // to the farther receivers
  std::vector<GapDetector::Range> arrivals;  // scratch of receive_data and receive_fragment
  bool backlog_blocked = false;
  Instant large_due = Instant::max();                 // when a closed window opens by itself
  std::uint64_t bytes_max_least = ~std::uint64_t{0};  // of all our interests so far
  std::map<std::uint64_t, Instant> probes;            // token, sent
  std::unordered_set<std::uint32_t> other_domains;
  bool told_other_version = false, told_own_id = false, told_nodes = false;
  Instant group_answered{};  // last PROBE_REPLY to a group
  // Records that messages already handed out may still point to: kept for two ticks.
  std::vector<std::shared_ptr<const StreamRecord>> buried, buried_before;

  // engine.cpp
  void note(Outbox& out, Notice::Kind kind, const NodeId& node, StreamId stream = 0,
            std::string text = {});
  std::int64_t wall(Instant now) const { return wall_base_ns + (now - wall_base).count(); }
  void routes_changed() { ++routes_version; }
  void set_limits(Outbox& out);
  void tick(Instant now, Outbox& out);
  void sweep(Instant now, Outbox& out);
  void remove_peer(const NodeId& node, Notice::Kind kind, Outbox& out);
  Instant next_deadline() const;

  // engine_closing.cpp
  void close_stream(Instant now, StreamId stream, Outbox& out);
  bool is_owed(Instant now, const OwnStream& s) const;
  static constexpr std::size_t kEndBytes = 40;  // of a DIGEST and its frame, at most
  std::vector<StreamId> closed_ids(const Peer& peer) const;
  void put_ends(Instant now, const std::vector<StreamId>& ids, const Destinations& to, Outbox& out);
  void forget_closed(StreamId stream);
  void sweep_closed(Instant now);
  void sweep_closing(Instant now, Outbox& out);
  void close_later(Instant now, Peer& peer, StreamId stream);
  bool is_awaited(Instant now, const Peer& peer, StreamId stream) const;

  // engine_leave.cpp
  Duration leave_quiet() const;
  void leave(Instant now, Outbox& out);
  void stay(Instant now);
  void depart(Instant now, Outbox& out);
  bool owes_large(Instant now) const;
  void go_on_departing(Instant now, Outbox& out);
  void go_on_leaving(Instant now, Outbox& out);
  void say_goodbye(Instant now, Outbox& out);

  // engine_publish.cpp
  OwnStream* own(StreamId stream) const {
    if (is_answer(stream)) return own_answer(stream);
    return stream - 1 < streams.size() ? streams[stream - 1].get() : nullptr;
  }
  Result<StreamId> open_stream(Instant now, StreamRecord record, Bytes document);
  Result<Sequence> publish(Instant now, StreamId stream, const MessageView& message, Outbox& out);
  Result<Sequence> publish_large(Instant now, OwnStream& s, const MessageView& message, Cut cut,
                                 Outbox& out);
  std::shared_ptr<const Bytes> copy_of(ByteView bytes);
  void route(OwnStream& s, Instant now);
  void add_small(const Destinations& destinations, std::uint64_t set, StreamId stream,
                 Sequence sequence, std::int64_t published_ns, bool historic, ByteView bytes,
                 Outbox& out);
  void seal_open(Outbox& out);
  void pump(Instant now, Outbox& out);
  bool fits(const wire::Fragment& f) const {
    return wire::kFragmentHeadBytes + f.bytes.size() <= control.body_max();
  }
  std::size_t put_fragment(const wire::Fragment& fragment, const std::shared_ptr<const Bytes>& of,
                           const Destinations& to, Outbox& out);
  void touch_tail(OwnStream& s, Instant now);
  void enter_tail(OwnStream& s, Instant due);
  void renew_tails(Instant now, const Peer& peer);
  void audience_changed(OwnStream& s, Instant now);
  void send_tails(Instant now, bool all, Outbox& out);
  // Gives a peer the beginnings of the streams it wants and has not joined.
  void send_beginnings(Instant now, Peer& peer, const std::vector<StreamId>& ids, Outbox& out);
  void send_beginnings_within_budget(Instant now, Peer& peer, const std::vector<StreamId>& ids,
                                     Outbox& out);
  std::size_t beginnings_bytes(const std::vector<StreamId>& ids) const;
  // How many bytes of a message one packet holds on the way there; 0: one piece.
  std::size_t bulk_bytes(const Destinations& to) const {
    const std::size_t packet = paths.bulk_packet_bytes(to);
    return packet
               ? packet - wire::kPacketBytesMin - wire::kFrameHeaderBytes - wire::kFragmentHeadBytes
               : 0;
  }
  std::uint16_t piece_bytes() const {
    return static_cast<std::uint16_t>(control.body_max() - wire::kFragmentHeadBytes);
  }

  // engine_flow.cpp
  // What the kernel takes for a packet besides its bytes, and the receiver for a message.
  static constexpr std::uint64_t kPacketCost = 704, kMessageCost = 64;
  static constexpr std::uint64_t kWindowProbe = 32u << 10;  // to go on, so much must be free
  std::uint64_t window_bytes_of(const OwnStream& s) const;
  bool is_full(Instant now, OwnStream& s, std::uint64_t cost, Outbox& out);
  bool has_room(const OwnStream& s, std::uint64_t cost) const;
  Error refuse_full(Instant now, OwnStream& s, std::uint64_t cost, Outbox& out);
  void mark_flow(Instant now, StreamId stream, Sequence sequence);
  bool note_sent(Instant now, OwnStream& s, Sequence sequence, std::uint64_t cost,
                 std::span<const NodeId> to = {});
  Duration report_overdue(const OwnStream& s) const;
  void expect_reports(Instant now, OwnStream& s);
  void unblock(OwnStream& s, Outbox& out);
  void tell_evicted(Outbox& out);
  void ask_for_rest(Instant now, OwnStream& s, Sequence last, Outbox& out);
  void ask_report(Instant now, const OwnStream& s, const std::vector<NodeId>& nodes,
                  Sequence sequence, Outbox& out);
  void service_flow(Instant now, Outbox& out);
  void receive_progress(Instant now, Peer& peer, ByteView body, Outbox& out);
  void receive_report(Instant now, Peer& peer, ByteView body, Outbox& out);
  std::uint32_t room_of(TransportIndex transport) const;
  void send_progress(Instant now, Peer& peer, StreamId stream, Sequence sequence, Outbox& out);
  void heard_data(Instant now, Peer& peer, ByteView body, Outbox& out);
  static void ask_about(InboundStream& in, Sequence sequence);
  void answer_report(Instant now, Peer& peer, InboundStream& in, Outbox& out);
  void hold_reports(const NodeId& node, StreamId stream);
  void release_reports(Instant now, const NodeId& node, StreamId stream, Outbox& out);
  void confirm_command(Instant now, const NodeId& node, StreamId stream, Sequence sequence,
                       Outbox& out);
  // engine_relay.cpp
  void show_relay(Instant now, StreamId stream, bool visible, std::vector<HubId> via);
  void begin_relay(StreamId stream, Sequence next);
  void give_relay(Instant now, StreamId stream);
  void end_relay(StreamId stream);
  void skip_relay(Instant now, StreamId stream, Sequence next);
  bool receive_hub(Peer& peer, const wire::Frame& frame);
  void owe_beginning(Instant now, const OwnStream& s);
  Result<Cut> cut_of_relayed(Instant now, OwnStream& s, const MessageView& message);
  void meet_direct(const std::shared_ptr<StreamOrigin>& origin);
  void add_way(const Peer& peer, InboundStream& in, Sequence& from, Sequence& to);
  void remove_way(InboundStream& in, bool name_rest, Outbox& out);
  void settle_ways(StreamOrigin& origin, Notice::GapReason reason, Outbox& out);
  static std::pair<NodeId, StreamId> whose(const Peer& peer, const InboundStream& in);
  bool is_historic(InboundStream& in, Sequence last) const;
  bool comes_first(InboundStream& in, Sequence first, Sequence last, Outbox& out);
  const StreamRecord* find_relay(const NodeId& node, StreamId stream, const Peer* except) const;
  void relay_closed(const Relay& relay, const Peer& peer, Outbox& out);

  // engine_receive.cpp
  void receive(Instant now, const Path& from, ByteView packet, Outbox& out);
  void receive_frames(Instant now, const Path& from, const wire::Header& header, ByteView rest,
                      std::size_t packet_bytes, Outbox& out);
  void receive_frame(Instant now, const Path& from, Peer& peer, const wire::Header& header,
                     const wire::Frame& frame, Outbox& out);
  void receive_data(Instant now, Peer& peer, ByteView body, Outbox& out);
  void receive_fragment(Instant now, Peer& peer, const Path* from, ByteView body, Outbox& out);
  void take_pieces(Instant now, Peer& peer, InboundStream& in, const wire::Fragment& f, bool late,
                   Outbox& out);
  void receive_digest(Instant now, Peer& peer, ByteView body, Outbox& out);
  void receive_history_request(Instant now, Peer& peer, ByteView body, Outbox& out);
  void receive_health(Peer& peer, ByteView body);
  void receive_history(Instant now, Peer& peer, ByteView body, Outbox& out);
  InboundStream* inbound(Instant now, Peer& peer, StreamId stream);
  void hold_early(Peer& peer, InboundStream& in, wire::FrameType type, ByteView body);
  std::vector<InboundStream::Early> take_early(Peer& peer, InboundStream& in);
  void replay(Instant now, Peer& peer, std::vector<InboundStream::Early> frames, Outbox& out);
  void replay_stranger(Instant now, Peer& peer, Outbox& out);
  void described(Instant now, Peer& peer, StreamId stream);
  Instant drop_early(Instant now, Peer& peer, InboundStream& in);
  void join(Instant now, Peer& peer, InboundStream& in, Sequence from, Sequence to, Outbox& out);
  void forget_inbound(Peer& peer, StreamId stream, bool name_rest, Outbox& out);
  void deliver(Peer& peer, InboundStream& in, Sequence first, Sequence last,
               std::int64_t published_ns, std::shared_ptr<const Bytes> bytes,
               Compression compression, Outbox& out);
  void accept(Peer& peer, InboundStream& in, Sequence first, Sequence last,
              std::int64_t published_ns, std::shared_ptr<const Bytes> bytes,
              Compression compression, Outbox& out);
  void drain(Peer& peer, InboundStream& in, Outbox& out);
  void tell_gap(Peer& peer, InboundStream& in, Sequence from, Sequence to, Notice::GapReason reason,
                Outbox& out);
  void name_gap(Peer& peer, InboundStream& in, Sequence from, Sequence to, Notice::GapReason reason,
                Outbox& out);
  void watch(Peer& peer, InboundStream& in, Instant due);
  void service_watched(Instant now, Outbox& out);
  Instant service(Instant now, Peer& peer, InboundStream& in, Outbox& out);
  void request_history(Instant now, Peer& peer, InboundStream& in, Outbox& out);
  void hold(Peer& peer, InboundStream& in, Sequence first, InboundStream::Held held, Outbox& out);
  void take_run(Peer& peer, InboundStream& in, Sequence first, Sequence last,
                std::uint64_t published, ByteView entries, Outbox& out);
  Sequence deliver_run(Peer& peer, InboundStream& in, Sequence first, std::uint64_t published,
                       ByteView entries, const std::shared_ptr<const Bytes>& owner, Outbox& out);

  // engine_large.cpp
  bool ask_for_rest_of(Instant now, const Joiner::Range& half);
  void expire_joins(Instant now, Outbox& out);
  void report_progress(Instant now, const Path& from, InboundStream& in, const wire::Fragment& f,
                       Outbox& out);
  std::uint64_t bytes_max_of(const StreamRecord& record) const;
  bool is_too_large(const InboundStream& in, const wire::Fragment& fragment) const;
  void refuse(Instant now, Peer& peer, InboundStream& in, const wire::Fragment& fragment,
              Outbox& out);
  bool turn_down(Instant now, Peer& peer, InboundStream& in, const wire::Fragment& f, bool late,
                 Outbox& out);
  void tell_arriving(const Peer& peer, const InboundStream& in, const wire::Fragment& f,
                     std::uint64_t arrived, Outbox& out);
  void receive_refuse(Peer& peer, ByteView body, Outbox& out);

  // engine_repair.cpp
  static bool repairs_of(const InboundStream& in);
  Instant miss_due(Instant now, const Peer& peer, const InboundStream& in);
  bool worth_asking(Instant now, const InboundStream& in, const GapDetector::Miss& miss) const;
  void service_misses(Instant now, Peer& peer, InboundStream& in, Outbox& out);
  void send_nack(Instant now, Peer& peer, InboundStream& in, wire::Nack& nack, Outbox& out);
  void hush(Instant now, Peer& peer, StreamId stream, std::span<const wire::Run> runs,
            GapDetector::Because why);
  void overhear_nack(Instant now, ByteView body);
  void receive_nack(Instant now, Peer& peer, ByteView body, Outbox& out);
  void receive_confirm(Instant now, Peer& peer, ByteView body);
  void receive_gap(Instant now, Peer& peer, ByteView body, Outbox& out);
  void name_unavailable(Peer& peer, InboundStream& in, Sequence from, Sequence to, bool asked_for,
                        Outbox& out);
  wire::Audience audience_of(const OwnStream& s) const;
  wire::Digest digest_of(Instant now, const OwnStream& s) const;
  bool serves_apart(Instant now, Peer& peer, const wire::Nack& nack, const OwnStream& s,
                    Outbox& out);
  void restore_receiver(const NodeId& node, Outbox& out);
  void put_health(Instant now, const Destinations& to, Outbox& out);
  void note_round_trip(Instant now, const wire::Nack& nack);
  void confirm(Instant now, OwnStream& s, Peer& asker, const wire::Nack& nack, bool all,
               Outbox& out);
  void send_gap(Instant now, StreamId stream, Peer& asker, Sequence from, Sequence to, Outbox& out);
  void pump_repairs(Instant now, Outbox& out);
  Sequence send_repair(Instant now, OwnStream& s, const RepairQueue::Job& job,
                       const Destinations& to, Outbox& out);
  static wire::Fragment fragment_at(const OwnStream& s, Sequence first, Cut cut,
                                    std::int64_t published_ns,
                                    const std::shared_ptr<const Bytes>& bytes, Sequence sequence);
  // One unicast destination of a peer, when it may be sent so much.
  bool add_unicast(Instant now, Peer& peer, std::size_t bytes, Destinations& to, Outbox& out);

  // engine_announce.cpp, engine_lists.cpp, engine_answers.cpp
  bool wants_stream(const StreamRecord& record) const {
    return is_answer(record.stream) || (record.relay.node != options.node &&
                                        wants.match(record.family, record.family_name).any);
  }
  void put(wire::FrameType type, ByteView body, const Destinations& to, Outbox& out);
  void seal_control(const Destinations& to, Outbox& out);
  bool within_budget(Peer& peer, const Reach& reach, std::size_t bytes);
  bool is_validated(const Reach& reach) const;
  std::uint64_t token_for(const NodeId& node, const Reach& reach) const;
  const Reach* begin_unicast(Instant now, Peer& peer, std::size_t estimate, Destinations& to,
                             Outbox& out);
  Bytes announce_body(Instant now, std::uint8_t flags = 0) const;
  void put_announcement(Instant now, std::uint8_t flags, const Destinations& to, Outbox& out);
  std::vector<Bytes> stream_parts(wire::ListHead head, const std::vector<StreamId>& ids) const;
  std::vector<Bytes> want_parts(wire::ListHead head,
                                const std::vector<Announcer::WantChange>& entries) const;
  std::vector<Bytes> all_want_parts() const;
  std::vector<StreamId> open_ids(const Peer* wanted_by) const;
  void announce(Instant now, Outbox& out);
  void announce_to(Instant now, Peer& peer, Outbox& out, std::uint8_t flags = 0);
  void follow_multicast(Instant now, Peer& peer, const Reach* reach, Outbox& out);
  Instant tell_unheard(Instant now, Peer& peer, Outbox& out);
  void put_changes(Instant now, const Destinations& to, Outbox& out);
  void put_beginnings(Instant now, const std::vector<StreamId>& ids, bool described,
                      const Destinations& to, Outbox& out);
  void send_list(Instant now, Peer& peer, Outbox& out);
  void push(Instant now, Peer& peer, Outbox& out);
  void interest_changed(Instant now, const Interest& key);
  void forget_unwanted(Outbox& out);
  Peer* receive_announce(Instant now, const Path& from, const wire::Header& header, ByteView body,
                         Outbox& out);
  void receive_streams(Instant now, Peer& peer, ByteView body, Outbox& out);
  void apply_stream(Instant now, Peer& peer, const wire::StreamEntry& entry, Outbox& out);
  void receive_wants(Peer& peer, ByteView body, Outbox& out);
  void wants_listed(Peer& peer, Outbox& out);
  void apply_empty_lists(Instant now, Peer& peer, Outbox& out);
  void receive_type(Instant now, ByteView body, Outbox& out);
  void receive_type_request(Instant now, const Path& from, Peer& peer, ByteView body, Outbox& out);
  void answer_type(Instant now, Peer& peer, const wire::TypeRequest& request, Outbox& out);
  void receive_probe(Instant now, const Path& from, ByteView body, std::size_t packet_bytes,
                     Outbox& out);
  void ask_who(Instant now, const Path& from, const NodeId& node, std::size_t packet_bytes,
               Outbox& out);
  void receive_probe_reply(Instant now, const Path& from, const NodeId& node, ByteView body,
                           Outbox& out);
  void receive_response(Instant now, Peer& peer, ByteView body);

  // engine_selections.cpp
  static std::vector<Selection> selections_of(const Peer& peer, const OwnStream& s) {
    return peer.wants.taken_of(s.record.family, s.record.family_name);
  }
  Sequence give_beginning(Instant now, Peer& peer, const OwnStream& s, Sequence from);
  static bool takes_more(Peer& peer, StreamId stream, std::vector<Selection> now);
  std::uint32_t takes_of(const Peer& peer, const OwnStream& s, bool history,
                         std::vector<StreamSelection>& all) const;
  void publish_selected(Instant now, OwnStream& s, Sequence sequence, const MessageView& message,
                        Outbox& out);
  void tell_withheld(OwnStream& s, const std::vector<std::size_t>& taken, const Destinations& to,
                     std::uint64_t set, Outbox& out);
  void select_large(OwnStream& s, const std::vector<std::size_t>& taken, Splitter::Job& job,
                    Outbox& out);
  static Bytes withheld_body(StreamId stream, const wire::Run& run,
                             std::vector<std::uint64_t> fingerprints);
  void answer_withheld(Instant now, OwnStream& s, Peer& peer, const wire::Run& run, Outbox& out);
  void tell_wants_again(Instant now, Peer& peer);
  void receive_withheld(Instant now, Peer& peer, InboundStream& in, const wire::Gap& gap,
                        Outbox& out);
  void deliver_late(Peer& peer, InboundStream& in, Sequence first, std::uint64_t published,
                    ByteView entries, Outbox& out);
  void ask_withheld(Instant now, const Interest& added);

  // engine_queries.cpp
  OwnStream* own_answer(StreamId stream) const {
    const auto at = answers.find(stream);
    return at == answers.end() ? nullptr : at->second.get();
  }
  Result<QueryToken> ask(Instant now, Question question, Outbox& out);
  void end_query(QueryToken token, Outbox& out);
  void answer(Instant now, const NodeId& asker, QueryToken token, Reply reply, Outbox& out);
  StreamId open_answer(Instant now, const NodeId& asker, Reply& reply);
  void close_answers(const std::vector<StreamId>& streams);
  void send_answers(Instant now, Peer& peer, HeardQueries::Heard& query, Outbox& out);
  void send_answer(Instant now, Peer& peer, HeardQueries::Heard& query,
                   const HeardQueries::Part& part, Outbox& out);
  void receive_query(Instant now, const Path& from, Peer& peer, ByteView body, Outbox& out);
  void receive_answer(Instant now, Peer& peer, ByteView body, Outbox& out);
  void resume_answers(Instant now, Peer& peer, Outbox& out);
  void service_queries(Instant now, Outbox& out);
  void repeat(Instant now, AskedQueries::Asked& query, Outbox& out);
  void forget_queries(Peer& peer);
  void check_complete(Instant now, Peer& peer, Outbox& out);
  void settle_debts(Instant now, Peer& peer, Outbox& out);
  void request_types(Instant now, Outbox& out);
};

}  // namespace dts::proto
