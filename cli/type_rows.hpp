// TypeRow: what two looks at the catalogue, some time apart, say about each type.
#pragma once

#include <set>
#include <string>
#include <vector>

#include <dts/domain.hpp>

namespace dts::cli {

struct StreamRate {
  double per_second = 0;
  double bytes_per_s = 0;
  bool average = false;  // over the life of the node, for want of two values in the window
};
// `before` may be null: the stream was not there yet.
StreamRate stream_rate(const NodeInfo& node, const StreamInfo* before, const StreamInfo& after);

struct TypeRow {
  std::string name;
  std::set<TypeId> ids;
  std::size_t publishers = 0, subscribers = 0;
  double rate = 0, bytes_per_s = 0;
  bool average = false;
};
// By name. This node itself is left out, and so are patterns.
std::vector<TypeRow> type_rows(const Catalogue& before, const Catalogue& after);

// The same stream in an earlier look; null when there is none.
const StreamInfo* find_stream(const Catalogue& catalogue, const Source& source);

}  // namespace dts::cli
