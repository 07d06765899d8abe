// Bad input: truncations, bit flips, claims, bombs and floods. Nothing may crash, hang or grow;
// everything dropped is counted.
#include <gtest/gtest.h>

#include <base/crc32c.hpp>
#include <base/random.hpp>
#include <proto/engine_harness.hpp>

namespace dts::proto {
namespace {

using namespace std::chrono_literals;
using testing::interest_in;
using testing::interest_matching;
using testing::Network;
using testing::record_of;

void reseal(Bytes& packet) {
  const ByteView covered(packet.data(), packet.size() - 4);
  base::store(packet.data() + covered.size(), base::crc32c(covered));
}

// A packet of a foreign node with these frames.
struct Forge {
  std::uint64_t number = 1;
  NodeId node;
  std::uint32_t domain = 0;
  Bytes packet(const std::vector<std::pair<wire::FrameType, Bytes>>& frames) {
    Bytes p(wire::kHeaderBytes);
    wire::write_header(p.data(), {wire::kVersion, 0, domain, node, number++});
    wire::Writer w(p);
    for (const auto& [type, body] : frames) {
      w.number(static_cast<std::uint8_t>(type));
      w.number(static_cast<std::uint16_t>(body.size()));
      w.bytes(body);
    }
    p.resize(p.size() + 4);
    reseal(p);
    return p;
  }
  static Bytes announce(std::uint32_t streams = 0, std::uint64_t digest = 0) {
    Bytes body;
    wire::Writer w(body);
    wire::Announce a;
    a.period_ms = 2000;
    a.host = "h";
    a.name = "n";
    a.streams_count = streams;
    a.streams_digest = digest;
    write(w, a);
    return body;
  }
  static Bytes stream(StreamId id, const std::string& family, std::uint64_t digest,
                      std::uint64_t base = 0) {
    Bytes body;
    wire::Writer w(body);
    const auto kind = base ? wire::ListHead::Kind::change : wire::ListHead::Kind::complete;
    write(w, wire::ListHead{kind, base, digest, 0, 1});
    wire::StreamEntry e;
    e.stream = id;
    e.family = testing::family_of(family);
    e.family_name = family;
    write(w, e);
    return body;
  }
  template <class T>
  static Bytes body(const T& value) {
    Bytes b;
    wire::Writer w(b);
    write(w, value);
    return b;
  }
  static Bytes fragment(wire::Fragment f, std::size_t bytes) {
    Bytes b(wire::kFragmentHeadBytes + bytes, 'x');
    wire::write_fragment_head(b.data(), f);
    return b;
  }
  static Bytes data(StreamId stream, Sequence first, const std::vector<std::string>& messages) {
    Bytes b(wire::kDataHeadBytes);
    wire::write_data_head(b.data(), {0, stream, first, 0});
    wire::Writer w(b);
    for (const auto& m : messages) {
      w.varint(m.size());
      w.varint(0);
      w.bytes(as_bytes(m));
    }
    return b;
  }
};

// A network in which every kind of packet is seen once, captured on its way to b.
struct Hostile : ::testing::Test {
  Network net;
  Network::Node& a = net.add();
  Network::Node& b = net.add();
  std::vector<Bytes> captured;
  Forge forge;

  void SetUp() override {
    net.tap = [&](const Network::Flight& f) {
      if (f.to == 1 && captured.size() < 60) captured.push_back(f.bytes);
    };
    const auto s = a.engine.open_stream(net.now, record_of("t.A"), Bytes{1, 2, 3}, a.out);
    b.engine.add_interest(net.now, interest_in("t.A"), b.out);
    ASSERT_TRUE(s.ok());
    ASSERT_EQ(net.publish(a, *s, "history"), ErrorCode::ok);
    net.start(a);
    net.start(b);
    net.run(100ms);
    net.publish(a, *s, std::string(5000, 'f'));
    net.publish(a, *s, "small");
    b.engine.want_document(net.now, TypeId{}, b.out);
    a.engine.probe(net.now, 0, 1, std::nullopt, true, 9, a.out);
    net.collect(a);
    net.run(1s);
    forge.node.bytes[0] = 0xee;
    forge.domain = wire::read_header(captured.at(0).data()).domain;
    net.tap = [](const Network::Flight&) {};
  }
  void give(const Bytes& packet, std::uint8_t from = 66) {
    b.engine.receive(net.now, net.wall(), Path{0, 1, Network::address_of(from), true}, packet,
                     b.out);
  }
  std::uint64_t dropped() const {
    const EngineCounters& c = b.engine.counters();
    return c.packet_short + c.packet_bad_magic + c.packet_bad_checksum + c.packet_other_version +
           c.packet_other_domain + c.packet_own + c.packet_duplicate;
  }
  // A forged node that publishes t.A as stream 1 and has begun it at 1.
  void join_forged() {
    give(forge.packet({{wire::FrameType::announce, Forge::announce(1, 5)},
                       {wire::FrameType::streams, Forge::stream(1, "t.A", 5)},
                       {wire::FrameType::history, Forge::body(wire::History{1, 1, 0, {}})}}));
    b.out.clear();
  }
};

TEST_F(Hostile, every_truncation_is_dropped_and_counted) {
  for (const Bytes& packet : captured) {
    for (std::size_t n = 0; n < packet.size(); ++n) {
      const std::uint64_t before = dropped();
      give(Bytes(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(n)));
      ASSERT_EQ(dropped(), before + 1);
    }
  }
  EXPECT_TRUE(b.out.messages.empty());
}

TEST_F(Hostile, every_bit_flip_is_dropped_and_counted) {
  for (const Bytes& packet : captured) {
    for (std::size_t bit = 0; bit<packet.size() * 8; bit += packet.size()> 300 ? 7 : 1) {
      Bytes flipped = packet;
      flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ 1u << bit % 8);
      const std::uint64_t before = dropped();
      give(flipped);
      ASSERT_EQ(dropped(), before + 1);
    }
  }
  EXPECT_TRUE(b.out.messages.empty());
}

TEST_F(Hostile, resealed_bit_flips_never_harm) {
  std::uint64_t number = 1'000'000;
  for (const Bytes& packet : captured) {
    for (std::size_t bit = 28 * 8; bit<(packet.size() - 4) * 8; bit += packet.size()> 300 ? 5 : 1) {
      Bytes flipped = packet;
      base::store(flipped.data() + 20, number++);
      flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ 1u << bit % 8);
      reseal(flipped);
      give(flipped, 1);
      b.out.clear();
    }
    net.run(10ms);
  }
  EXPECT_LT(b.engine.memory_bytes(), 32u << 20);
}

TEST_F(Hostile, truncated_frames_resealed_are_counted) {
  std::uint64_t number = 2'000'000;
  for (const Bytes& packet : captured) {
    for (std::size_t n = wire::kPacketBytesMin; n < packet.size(); ++n) {
      Bytes cut(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(n));
      base::store(cut.data() + 20, number++);
      reseal(cut);
      give(cut, 1);
      b.out.clear();
    }
  }
  EXPECT_GT(b.engine.counters().frame_malformed, 0u);
}

TEST_F(Hostile, random_bytes_do_nothing) {
  base::Random random(1);
  for (int i = 0; i < 20'000; ++i) {
    Bytes noise(random.below(1500));
    for (auto& byte : noise) byte = static_cast<std::uint8_t>(random.next());
    give(noise);
  }
  EXPECT_TRUE(b.out.empty());
}

TEST_F(Hostile, random_frames_in_a_good_envelope_do_no_harm) {
  base::Random random(2);
  join_forged();
  for (int i = 0; i < 20'000; ++i) {
    std::vector<std::pair<wire::FrameType, Bytes>> frames(1 + random.below(4));
    for (auto& [type, body] : frames) {
      type = static_cast<wire::FrameType>(random.below(40));
      body.resize(random.below(80));
      for (auto& byte : body)
        byte = random.chance(0.5) ? 0 : static_cast<std::uint8_t>(random.next());
    }
    give(forge.packet(frames));
    b.out.clear();
    if (i % 1000 == 0) net.run(5ms);
  }
  EXPECT_LT(b.engine.memory_bytes(), 32u << 20);
}

TEST_F(Hostile, ten_thousand_frames_in_a_packet_stop_at_64) {
  std::vector<std::pair<wire::FrameType, Bytes>> frames(10'000, {wire::FrameType::bye, {}});
  give(forge.packet({{wire::FrameType::announce, Forge::announce()}}));
  give(forge.packet(frames));
  EXPECT_EQ(b.engine.counters().packet_too_many_frames, 1u);
}

TEST_F(Hostile, unknown_frames_are_skipped_and_counted) {
  give(forge.packet({{static_cast<wire::FrameType>(200), Bytes(10)},
                     {wire::FrameType::nack, Bytes(3)},
                     {wire::FrameType::announce, Forge::announce()}}));
  EXPECT_NE(b.engine.find_peer(forge.node), nullptr);
  give(forge.packet({{static_cast<wire::FrameType>(200), Bytes(10)}}));
  EXPECT_EQ(b.engine.counters().frame_unknown, 1u);
}

TEST_F(Hostile, other_versions_and_domains_are_counted_and_told_once) {
  for (int i = 0; i < 3; ++i) {
    Bytes p = forge.packet({{wire::FrameType::announce, Forge::announce()}});
    p[2] = 9;
    reseal(p);
    give(p);
    p[2] = wire::kVersion;
    p[4] ^= 1;
    reseal(p);
    give(p);
  }
  EXPECT_EQ(b.engine.counters().packet_other_version, 3u);
  EXPECT_EQ(b.engine.counters().packet_other_domain, 3u);
  EXPECT_EQ(b.out.notices.size(), 2u);
}

TEST_F(Hostile, own_packets_are_ignored_and_ones_we_never_sent_are_told) {
  Forge mirror = forge;
  mirror.node = b.engine.node();
  give(mirror.packet({}));
  EXPECT_TRUE(b.out.empty());
  mirror.number = 1'000'000;
  give(mirror.packet({}));
  ASSERT_EQ(b.out.notices.size(), 1u);
  EXPECT_EQ(b.out.notices[0].kind, Notice::Kind::own_id_elsewhere);
}

TEST_F(Hostile, a_million_new_nodes_stay_within_the_table) {
  const std::uint64_t before = b.engine.memory_bytes();
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    base::store(forge.node.bytes.data(), i * 2654435761u);
    give(forge.packet({{wire::FrameType::data, Forge::data(1, 1, {"x"})}}));
    b.out.clear();
  }
  EXPECT_LT(b.engine.memory_bytes() - before, 1024u * 512);
  EXPECT_NE(b.engine.find_peer(a.engine.node()), nullptr);
}

TEST_F(Hostile, announced_nodes_are_bounded_and_refusals_counted) {
  EngineOptions few = Network::options_of(9);
  few.nodes_max = 10;
  Engine engine(few, 1);
  Outbox out;
  for (std::uint32_t i = 0; i < 50; ++i) {
    base::store(forge.node.bytes.data(), i);
    const Path from{0, 1, Network::address_of(static_cast<std::uint8_t>(i)), true};
    engine.receive(net.now, 0, from, forge.packet({{wire::FrameType::announce, Forge::announce()}}),
                   out);
  }
  EXPECT_EQ(engine.counters().nodes_refused, 40u);
}

TEST_F(Hostile, a_million_streams_of_one_node_stay_within_the_table) {
  b.engine.add_interest(net.now, interest_matching("*"), b.out);
  give(forge.packet({{wire::FrameType::announce, Forge::announce(1, 5)}}));
  for (StreamId id = 1; id <= 10'000; ++id) {
    give(forge.packet({{wire::FrameType::streams, Forge::stream(id, "t.A", id, id - 1)}}));
    b.out.clear();
  }
  EXPECT_LE(b.engine.find_peer(forge.node)->streams.size(), 4096u);
  EXPECT_GT(b.engine.counters().streams_refused, 0u);
}

TEST_F(Hostile, claimed_lengths_reserve_no_memory) {
  join_forged();
  const std::uint64_t before = b.engine.memory_bytes();
  wire::Fragment f;
  f.stream = 1;
  f.total = 1u << 30;
  f.piece = 1000;
  for (std::uint32_t i = 0; i < 100; ++i) {
    f.sequence = 1 + std::uint64_t{i} * 2'000'000;
    give(forge.packet({{wire::FrameType::fragment, Forge::fragment(f, 1000)}}));
    b.out.clear();
  }
  EXPECT_LT(b.engine.memory_bytes() - before, 64 * (66u << 10));
  EXPECT_GT(b.engine.counters().join_no_room, 0u);
}

TEST_F(Hostile, a_last_fragment_far_ahead_is_refused_and_named) {
  join_forged();
  wire::Fragment f;
  f.stream = 1;
  f.total = 1'000'000'000;
  f.piece = 1000;
  f.index = 999'999;
  f.sequence = 1'000'000;
  give(forge.packet({{wire::FrameType::fragment, Forge::fragment(f, 1000)}}));
  EXPECT_EQ(b.engine.counters().join_no_room, 1u);
  ASSERT_EQ(b.out.notices.size(), 1u);
  EXPECT_EQ(b.out.notices[0].from, 1u);
  EXPECT_EQ(b.out.notices[0].to, 1'000'000u);
}

TEST_F(Hostile, fragments_that_contradict_each_other_drop_the_message) {
  join_forged();
  wire::Fragment f;
  f.stream = 1;
  f.total = 3000;
  f.piece = 1000;
  f.sequence = 1;
  give(forge.packet({{wire::FrameType::fragment, Forge::fragment(f, 1000)}}));
  f.total = 2500;
  f.index = 1;
  f.sequence = 2;
  give(forge.packet({{wire::FrameType::fragment, Forge::fragment(f, 1000)}}));
  EXPECT_EQ(b.engine.counters().join_inconsistent, 1u);
  EXPECT_TRUE(b.out.messages.empty());
  ASSERT_EQ(b.out.notices.size(), 1u);
  EXPECT_EQ(b.out.notices[0].kind, Notice::Kind::gap);
}

TEST_F(Hostile, a_half_message_of_a_dead_publisher_ends_in_a_gap) {
  join_forged();
  wire::Fragment f;
  f.stream = 1;
  f.total = 3000;
  f.piece = 1000;
  f.sequence = 1;
  give(forge.packet({{wire::FrameType::fragment, Forge::fragment(f, 1000)}}));
  net.run(3s);
  EXPECT_GT(b.engine.counters().nacks_out, 0u);
  EXPECT_EQ(b.count(Notice::Kind::gap), 0u);
  net.run(9s);
  ASSERT_EQ(b.count(Notice::Kind::gap), 1u);
}

TEST_F(Hostile, a_second_beginning_says_how_far_a_stream_has_come) {
  join_forged();
  give(forge.packet({{wire::FrameType::history, Forge::body(wire::History{1, 4, 3, {}})}}));
  net.run(200ms);
  EXPECT_GT(b.engine.counters().nacks_out, 0u);
  give(forge.packet(
      {{wire::FrameType::history, Forge::body(wire::History{1, 4, Sequence{1} << 61, {}})}}));
  net.run(11s);
  EXPECT_EQ(b.engine.counters().gap_packets, 3u);
}

TEST_F(Hostile, a_jump_to_two_to_the_61_is_refused) {
  join_forged();
  give(forge.packet({{wire::FrameType::data, Forge::data(1, Sequence{1} << 61, {"x"})}}));
  give(forge.packet({{wire::FrameType::data, Forge::data(1, 1, {"good"})}}));
  ASSERT_EQ(b.out.messages.size(), 1u);
  EXPECT_EQ(b.engine.counters().frame_unexpected, 1u);
}

TEST_F(Hostile, a_large_jump_is_one_gap_notice) {
  join_forged();
  give(forge.packet({{wire::FrameType::data, Forge::data(1, 200'000'000, {"x"})}}));
  net.run(12s);  // asked for in vain, then named
  EXPECT_EQ(b.count(Notice::Kind::gap), 1u);
  EXPECT_EQ(b.messages.back().bytes, "x");
}

TEST_F(Hostile, no_answer_is_more_than_three_times_the_question_before_the_address_has_answered) {
  net.publish(a, 1, std::string(200'000, 'h'));
  std::vector<Bytes> questions;
  Bytes wants;
  {
    wire::Writer w(wants);
    write(w, wire::ListHead{wire::ListHead::Kind::complete, 0, 3, 0, 1});
    const std::string name = "t.A";
    wire::WantEntry e;
    e.family = testing::family_of(name);
    e.name = name;
    write(w, e);
  }
  std::size_t asked = 0, answered = 0;
  const auto ask = [&](const Bytes& packet) {
    asked += packet.size();
    a.out.clear();
    a.engine.receive(net.now, net.wall(), Path{0, 1, Network::address_of(77), false}, packet,
                     a.out);
    for (int i = 0; i < 20; ++i) {
      a.engine.tick(net.now, net.wall(), a.out);
      net.now += 50ms;
    }
    a.engine.flush(net.now, a.out);
    for (const Packet& p : a.out.packets)
      if (p.to && *p.to == Network::address_of(77)) answered += p.length;
    a.out.clear();
  };
  ask(forge.packet(
      {{wire::FrameType::announce, Forge::announce()}, {wire::FrameType::wants, wants}}));
  for (int i = 0; i < 20; ++i) {
    ask(forge.packet({{wire::FrameType::list_request, Bytes{7}}}));
    ask(forge.packet({{wire::FrameType::history_request, Bytes{1, 0, 0, 0}}}));
    ask(forge.packet({{wire::FrameType::type_request, Bytes(20)}}));
  }
  EXPECT_LE(answered, 3 * asked);
  EXPECT_GT(a.engine.counters().answers_withheld, 0u);
}

Bytes query_of(QueryToken token, const std::string& family, const std::string& filter = {}) {
  return Forge::body(
      wire::Query{token, testing::family_of(family), family, 0, 0, 0, filter, std::string_view{}});
}

TEST_F(Hostile, a_storm_of_queries_stays_within_the_tables) {
  give(forge.packet({{wire::FrameType::announce, Forge::announce()}}), 66);
  const std::uint64_t before = a.engine.memory_bytes();
  std::size_t told = 0;
  for (QueryToken token = 1; token <= 10'000; ++token) {
    a.engine.receive(
        net.now, net.wall(), Path{0, 1, Network::address_of(66), true},
        forge.packet({{wire::FrameType::announce, Forge::announce()},
                      {wire::FrameType::query, query_of(token, "t.A", std::string(500, 'x'))}}),
        a.out);
    for (const Notice& n : a.out.notices) told += n.kind == Notice::Kind::query;
    a.out.clear();
  }
  EXPECT_EQ(told, 32u);
  EXPECT_EQ(a.engine.counters().queries_refused, 10'000u - 32);
  EXPECT_LT(a.engine.memory_bytes() - before, 64u << 10);
}

TEST_F(Hostile, an_answer_nobody_asked_for_is_counted_and_opens_nothing) {
  give(forge.packet({{wire::FrameType::announce, Forge::announce()}}));
  wire::Answer answer;
  answer.token = 99;
  answer.status = wire::Answer::Status::follow;
  answer.entry.stream = wire::kAnswerStreams + 1;
  answer.entry.family = testing::family_of("t.A");
  answer.entry.family_name = "t.A";
  give(forge.packet({{wire::FrameType::answer, Forge::body(answer)}}));
  EXPECT_EQ(b.engine.counters().answers_unasked, 1u);
  EXPECT_EQ(b.engine.find_stream(forge.node, answer.entry.stream), nullptr);
  const std::uint64_t unwanted = b.engine.counters().data_unwanted;
  give(forge.packet({{wire::FrameType::data, Forge::data(wire::kAnswerStreams + 1, 1, {"x"})}}));
  EXPECT_EQ(b.engine.counters().data_unwanted, unwanted + 1);
}

TEST_F(Hostile, an_answer_of_another_family_or_beyond_the_bounds_is_refused) {
  give(forge.packet({{wire::FrameType::announce, Forge::announce()}}));
  Question question;
  question.family = testing::family_of("t.A");
  question.name = "t.A";
  const auto token = b.engine.ask(net.now, question, b.out);
  ASSERT_TRUE(token.ok());
  b.out.clear();
  wire::Answer answer;
  answer.token = *token;
  answer.status = wire::Answer::Status::follow;
  answer.entry.family = testing::family_of("t.B");
  answer.entry.family_name = "t.B";
  answer.entry.stream = wire::kAnswerStreams;
  give(forge.packet({{wire::FrameType::answer, Forge::body(answer)}}));
  EXPECT_EQ(b.engine.counters().answers_refused, 1u);
  answer.entry.family = testing::family_of("t.A");
  answer.entry.family_name = "t.A";
  answer.parts = 4096;
  for (std::uint16_t part = 0; part < 4096; ++part) {
    answer.part = part;
    answer.entry.stream = wire::kAnswerStreams + part;
    give(forge.packet({{wire::FrameType::answer, Forge::body(answer)}}));
    b.out.clear();
  }
  EXPECT_EQ(b.engine.counters().answers_in, 1024u);
  EXPECT_EQ(b.engine.counters().answers_refused, 1u + 4096 - 1024);
  b.engine.end_query(net.now, *token, b.out);
  EXPECT_EQ(b.engine.find_stream(forge.node, wire::kAnswerStreams), nullptr);
}

TEST_F(Hostile, malformed_queries_and_answers_are_counted) {
  give(forge.packet({{wire::FrameType::announce, Forge::announce()}}));
  Bytes query = query_of(5, "t.A", "x > 1");
  for (std::size_t size = 0; size < query.size(); ++size)
    give(forge.packet({{wire::FrameType::query,
                        Bytes(query.begin(), query.begin() + static_cast<std::ptrdiff_t>(size))}}));
  EXPECT_EQ(b.engine.counters().frame_malformed, query.size());
  give(forge.packet({{wire::FrameType::answer, Bytes(30, 0xff)}}));
  EXPECT_EQ(b.engine.counters().frame_malformed, query.size() + 1);
}

// The answer is far larger than the question, and the address has said nothing but that.
TEST_F(Hostile, an_answer_waits_until_the_address_has_proven_itself) {
  std::size_t asked = 0, answered = 0;
  const auto give_a = [&](const Bytes& packet) {
    asked += packet.size();
    a.engine.receive(net.now, net.wall(), Path{0, 1, Network::address_of(77), true}, packet, a.out);
    for (const Notice& n : std::vector<Notice>(std::move(a.out.notices)))
      if (n.kind == Notice::Kind::query) {
        Reply reply;
        reply.of = 1;
        reply.values.push_back({1, std::make_shared<const Bytes>(100'000), Compression::none});
        a.engine.answer(net.now, n.node, n.token, std::move(reply), a.out);
      }
    for (const Packet& p : a.out.packets)
      if (p.to && *p.to == Network::address_of(77)) answered += p.length;
    a.out.clear();
    net.now += 60ms;
  };
  for (int i = 0; i < 10; ++i)
    give_a(forge.packet({{wire::FrameType::announce, Forge::announce()},
                         {wire::FrameType::query, query_of(5, "t.A")}}));
  EXPECT_LE(answered, 3 * asked);
  EXPECT_GT(a.engine.counters().answers_withheld, 0u);
}

TEST_F(Hostile, a_probe_is_never_answered_with_more_than_it_was) {
  give(forge.packet({{wire::FrameType::probe, Bytes(9)}}));
  std::size_t bytes = 0;
  for (const Packet& p : b.out.packets) bytes += p.length;
  EXPECT_LE(bytes, 32u + 3 + 9);
}

}  // namespace
}  // namespace dts::proto
