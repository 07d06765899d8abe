// Curves: how repair and discovery behave as a domain grows, measured with the real engine and
// printed as the tables of docs/scale.md. No judgement: the numbers are for people.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include <sim/world.hpp>

namespace dts::sim {

// One publisher, so many subscribers, 1,000 messages of 100 bytes a second, a packet on its way for
// so long; loss of every packet on the way to each receiver, or (uplink) to all of them at once.
struct RepairCurve {
  std::size_t subscribers = 0;
  double loss = 0;
  bool uplink = false;
  Duration one_way = std::chrono::microseconds(250);
  std::uint64_t messages = 0, expected = 0, delivered = 0, named = 0, missing = 0;
  double nacks_per_repair = 0, repairs_per_message = 0, theory = 0;
  double p50_ms = 0, p99_ms = 0, p9999_ms = 0;  // from publishing to the late arrival
};
// `what`: the first four.
RepairCurve measure_repair(RepairCurve what, std::uint64_t seed);
// Packets repaired per message when everybody is repaired by multicast, by unicast in small groups.
double repairs_in_theory(std::size_t subscribers, double loss);

// So many nodes that publish three types and want three others, started within a second.
struct DomainCurve {
  std::size_t nodes = 0, hearing_all = 0;
  double settled_s = 0;      // after the start of all: everybody knows what it wants
  double control_per_s = 0;  // packets of the whole domain, in steady state
  double control_bytes_per_s = 0;
  double join_ms = 0;     // one more node knows what it wants
  double memory_kib = 0;  // of the engine that holds most
};
DomainCurve measure_domain(std::size_t nodes, std::uint64_t seed);

// All of them up to so many nodes, line by line.
void print_curves(std::size_t nodes_max, const std::function<void(const std::string&)>& line);

}  // namespace dts::sim
