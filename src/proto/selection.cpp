#include <proto/selection.hpp>

#include <algorithm>

#include <dts/bytes.hpp>

#include <base/endian.hpp>
#include <base/sha256.hpp>
#include <proto/wire.hpp>

namespace dts::proto {

void SelectionUnion::add(const std::vector<Selection>& of_one) {
  ++count_;
  everything_ |= of_one.empty();
  for (const Selection& s : of_one)
    if (std::find(all_.begin(), all_.end(), s) == all_.end()) all_.push_back(s);
}

std::vector<Selection> SelectionUnion::take(bool filters_only) const {
  if (everything_) return {};
  std::vector<Selection> taken;
  for (Selection s : all_) {
    if (filters_only || count_ > 1) {
      s.interval_ns = 0;
      s.dead_bands.clear();
      if (s.where.empty()) return {};
    }
    if (std::find(taken.begin(), taken.end(), s) == taken.end()) taken.push_back(std::move(s));
  }
  if (taken.size() > kSelectionsPerWant) taken.clear();
  return taken;
}

std::uint64_t fingerprint_of(const Selection& selection, const NodeId& reader) {
  Bytes bytes;
  wire::Writer writer(bytes);
  wire::write_selection(writer, selection);
  if (selection.stateful()) writer.bytes(reader.view());
  return base::load<std::uint64_t>(base::sha256(bytes).data());
}

}  // namespace dts::proto
