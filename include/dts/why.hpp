// Why does nothing arrive? A closed list of reasons, with the evidence and what to try. Within two
// seconds of silence every subscription can answer; the same text is in the log, `dts why` and the
// API.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <dts/assignment.hpp>

namespace dts {

enum class WhyQuiet : std::uint8_t {
  not_quiet,                // values are arriving
  no_interface,             // no network interface is usable, only this process
  blocked_locally,          // a firewall on this machine refuses our packets
  no_peers_heard,           // no other node at all
  peers_but_not_this_type,  // nodes, but nobody publishes the type
  only_other_domains,       // nodes, but all on other domains
  incompatible_type,        // published, but not assignable: the difference
  publisher_idle,           // published and matched, but no value yet / for a while
  publisher_gone,           // was there, has left or died
  filtered,                 // values arrive, but labels or a filter reject them all
  data_path_blocked,        // announcements arrive, values do not
  version_mismatch,         // peers speak another wire version
  decode_errors,            // messages arrive and are refused by the decoder
  overloaded_here,          // this process drops: queue or socket buffer full
  key_mismatch,             // encrypted with a key we do not have
};
std::string_view why_name(WhyQuiet reason);

struct Why {
  WhyQuiet reason = WhyQuiet::not_quiet;
  std::string text;  // one line
  std::vector<std::string> evidence;
  std::string hint;                  // what to try
  std::vector<Refusal> differences;  // incompatible_type
};

}  // namespace dts
