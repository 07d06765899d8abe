// Why: from evidence to the one reason of the closed list that explains the silence. The Domain
// gathers the evidence (explain() in why.cpp), judge() decides; it has no state and no lock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <dts/why.hpp>

namespace dts::domain {

// One live publisher of what is asked for.
struct PublisherEvidence {
  std::string source, type_name;
  std::string via;  // the hub that passes it on; empty: nobody does
  // unselectable: what the subscription selects by is not in this type
  enum class State : std::uint8_t {
    matched,
    filtered,
    refused,
    document_missing,
    unselectable
  } state{};
  std::vector<Refusal> refusals;
  std::uint64_t published = 0;       // by its own account
  std::uint64_t published_then = 0;  // the same, when it was first seen here
  std::uint64_t received = 0;        // here
  // Of a large value, of which some has come lately: what is here, and all of it; 0: there is none.
  std::uint64_t arriving_bytes = 0, arriving_of = 0;
  bool keeps_last = false;           // history for late joiners
};

struct Evidence {
  std::string asked;                      // the family or pattern
  std::optional<std::uint64_t> quiet_ns;  // since the last value; none: there never was one
  bool by_shape = false;                  // any family would do
  bool subscribed = true;                 // false: `why` for a family nobody here subscribed to
  bool network = true;                    // some transport has a link
  std::string unconnected;                // "tcp://tank3.local": what would be one, were it up
  std::uint64_t send_refused = 0;         // by a firewall on this machine
  std::uint64_t dropped_here = 0;         // receive buffer and queues
  std::uint64_t peers = 0;
  std::uint64_t other_domains = 0, other_versions = 0;  // packets
  std::vector<std::string> peer_types;                  // families the peers do publish
  std::vector<PublisherEvidence> publishers;
  std::vector<std::string> losses;  // nodes that lose something, in words
  std::string gone;                 // "pi-tank1/w1 left 3 s ago"
  std::uint64_t decode_errors = 0, filtered = 0;
  std::uint64_t discarded = 0;                            // of decode_errors: a value did not fit
  std::uint64_t defaulted = 0, trimmed = 0, unknown = 0;  // of what was delivered
  std::uint64_t not_taken = 0;  // of filtered: by where, rate or dead band, since the last value
  // Of not_taken: not sent here, because the publisher was told what is taken; and what that is.
  std::uint64_t withheld = 0;
  std::string selection;
  std::string decode_error;
};

Why judge(const Evidence& evidence);

}  // namespace dts::domain
