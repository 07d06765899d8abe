#include "domain/why.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace dts::domain {
namespace {

using State = PublisherEvidence::State;

Evidence asked() {
  Evidence e;
  e.asked = "brewery.Temperature";
  return e;
}

Evidence with_publisher(State state, std::uint64_t published, std::uint64_t received) {
  Evidence e = asked();
  e.peers = 1;
  PublisherEvidence p;
  p.source = "pi-tank1/w1";
  p.type_name = "brewery.Temperature";
  p.state = state;
  p.published = published;
  p.received = received;
  e.publishers.push_back(p);
  return e;
}

TEST(Why, names_the_hub_that_passes_a_publisher_on) {
  Evidence e = with_publisher(State::matched, 5, 0);
  e.publishers.front().via = "gate/dts-hub";
  const Why why = judge(e);
  EXPECT_TRUE(std::any_of(why.evidence.begin(), why.evidence.end(), [](const std::string& line) {
    return line.find("brewery.Temperature, by the hub gate/dts-hub: ") != std::string::npos;
  }));
}

TEST(Why, is_not_quiet_while_values_arrive) {
  Evidence e = with_publisher(State::matched, 5, 5);
  e.quiet_ns = 100'000'000;
  EXPECT_EQ(judge(e).reason, WhyQuiet::not_quiet);
}

TEST(Why, names_a_machine_without_interface) {
  Evidence e = asked();
  e.network = false;
  EXPECT_EQ(judge(e).reason, WhyQuiet::no_interface);
}

TEST(Why, names_a_connection_that_is_not_there) {
  Evidence e = asked();
  e.network = false;
  e.unconnected = "tcp://tank3.local";
  const Why why = judge(e);
  EXPECT_EQ(why.reason, WhyQuiet::no_interface);
  EXPECT_NE(why.text.find("no connection to tcp://tank3.local"), std::string::npos) << why.text;
}

TEST(Why, names_a_firewall_of_this_machine) {
  Evidence e = asked();
  e.send_refused = 3;
  const Why why = judge(e);
  EXPECT_EQ(why.reason, WhyQuiet::blocked_locally);
  EXPECT_NE(why.text.find("3 packets"), std::string::npos) << why.text;
}

TEST(Why, names_silence_of_all_others) {
  EXPECT_EQ(judge(asked()).reason, WhyQuiet::no_peers_heard);
}

TEST(Why, lists_what_the_peers_publish_instead) {
  Evidence e = asked();
  e.peers = 2;
  e.peer_types = {"host.Cpu", "host.Memory"};
  const Why why = judge(e);
  EXPECT_EQ(why.reason, WhyQuiet::peers_but_not_this_type);
  EXPECT_EQ(why.hint, "they publish host.Cpu, host.Memory");
}

TEST(Why, names_other_domains_only_when_nobody_is_in_this_one) {
  Evidence e = asked();
  e.other_domains = 7;
  EXPECT_EQ(judge(e).reason, WhyQuiet::only_other_domains);
  e.peers = 1;
  EXPECT_EQ(judge(e).reason, WhyQuiet::peers_but_not_this_type);
}

TEST(Why, names_another_version_of_the_protocol) {
  Evidence e = asked();
  e.other_versions = 1;
  EXPECT_EQ(judge(e).reason, WhyQuiet::version_mismatch);
}

TEST(Why, carries_the_difference_of_incompatible_types) {
  Evidence e = with_publisher(State::refused, 5, 0);
  e.publishers[0].refusals = {{"celsius", "text cannot be read as f64", "use a number"}};
  const Why why = judge(e);
  EXPECT_EQ(why.reason, WhyQuiet::incompatible_type);
  ASSERT_EQ(why.differences.size(), 1u);
  EXPECT_EQ(why.differences[0].path, "celsius");
  EXPECT_EQ(why.hint, "use a number");
}

TEST(Why, names_a_publisher_that_has_not_published) {
  const Why why = judge(with_publisher(State::matched, 0, 0));
  EXPECT_EQ(why.reason, WhyQuiet::publisher_idle);
  EXPECT_NE(why.text.find("pi-tank1/w1"), std::string::npos) << why.text;
}

TEST(Why, names_a_publisher_that_has_paused) {
  Evidence e = with_publisher(State::matched, 5, 5);
  e.quiet_ns = 60'000'000'000;
  const Why why = judge(e);
  EXPECT_EQ(why.reason, WhyQuiet::publisher_idle);
  EXPECT_EQ(why.evidence.front(), "the last value came 1m ago");
}

TEST(Why, names_a_publisher_that_has_left) {
  Evidence e = asked();
  e.gone = "pi-tank1/w1 left 3s ago";
  EXPECT_EQ(judge(e).reason, WhyQuiet::publisher_gone);
}

TEST(Why, names_labels_that_match_nobody) {
  EXPECT_EQ(judge(with_publisher(State::filtered, 5, 5)).reason, WhyQuiet::filtered);
}

TEST(Why, names_a_path_on_which_announcements_come_and_values_do_not) {
  Evidence e = with_publisher(State::matched, 9, 0);
  e.publishers[0].published_then = 4;
  EXPECT_EQ(judge(e).reason, WhyQuiet::data_path_blocked);
}

TEST(Why, does_not_call_a_path_blocked_by_which_a_first_large_value_is_arriving) {
  Evidence e = with_publisher(State::matched, 1, 0);
  e.publishers[0].arriving_bytes = 50'000'000;
  e.publishers[0].arriving_of = 200'000'000;
  const Why why = judge(e);
  EXPECT_EQ(why.reason, WhyQuiet::not_quiet);
  EXPECT_EQ(why.text,
            "a value of brewery.Temperature is arriving from pi-tank1/w1: 25 % of 200000000 bytes "
            "are here");
}

TEST(Why, blames_the_firewall_here_before_the_path_when_it_refused_packets) {
  Evidence e = with_publisher(State::document_missing, 9, 0);
  e.send_refused = 3;
  EXPECT_EQ(judge(e).reason, WhyQuiet::blocked_locally);
  e.publishers[0].state = State::matched;
  e.publishers[0].published_then = 4;
  EXPECT_EQ(judge(e).reason, WhyQuiet::blocked_locally);
  e.publishers[0].published_then = 9;
  EXPECT_EQ(judge(e).reason, WhyQuiet::publisher_idle);
}

TEST(Why, expects_no_value_published_before_it_listened) {
  Evidence e = with_publisher(State::matched, 9, 0);
  e.publishers[0].published_then = 9;
  EXPECT_EQ(judge(e).reason, WhyQuiet::publisher_idle);
  e.publishers[0].keeps_last = true;
  EXPECT_EQ(judge(e).reason, WhyQuiet::data_path_blocked);
}

TEST(Why, names_a_type_description_that_does_not_come) {
  EXPECT_EQ(judge(with_publisher(State::document_missing, 9, 9)).reason,
            WhyQuiet::data_path_blocked);
}

TEST(Why, names_messages_that_cannot_be_decoded) {
  Evidence e = with_publisher(State::matched, 5, 5);
  e.decode_errors = 5;
  e.decode_error = "too short";
  const Why why = judge(e);
  EXPECT_EQ(why.reason, WhyQuiet::decode_errors);
  EXPECT_NE(why.hint.find("too short"), std::string::npos);
}

TEST(Why, names_drops_of_this_process) {
  Evidence e = with_publisher(State::matched, 5, 5);
  e.dropped_here = 100;
  EXPECT_EQ(judge(e).reason, WhyQuiet::overloaded_here);
}

TEST(Why, has_a_name_for_every_reason) {
  for (int i = 0; i <= static_cast<int>(WhyQuiet::key_mismatch); ++i)
    EXPECT_NE(why_name(static_cast<WhyQuiet>(i)), "unknown") << i;
}

}  // namespace
}  // namespace dts::domain
