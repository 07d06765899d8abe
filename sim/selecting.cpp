#include <sim/selecting.hpp>

#include <algorithm>
#include <cstdlib>

namespace dts::sim {

namespace {
constexpr std::int64_t refresh_ns = 1'000'000'000;
}

std::uint8_t value_of(ByteView message) { return message.empty() ? 0 : message[0]; }

bool Gate::admits(std::uint8_t value) const {
  return selection_.where.empty() || value < std::atoi(selection_.where.c_str());
}

bool Gate::would_take(std::uint8_t value, std::int64_t published_ns) const {
  if (!admits(value)) return false;
  if (!any_) return true;
  if (published_ns < due_ns_) return false;
  const auto& bands = selection_.dead_bands;
  return bands.empty() || std::abs(value - last_) >= std::atoi(bands.front().second.c_str());
}

bool Gate::takes(std::uint8_t value, std::int64_t published_ns) {
  if (!would_take(value, published_ns)) return false;
  any_ = true;
  last_ = value;
  due_ns_ = published_ns + static_cast<std::int64_t>(selection_.interval_ns);
  return true;
}

std::uint32_t SelectionJudge::takers(std::uint64_t version,
                                     std::span<const proto::StreamSelection> selections) {
  if (version != version_) learn(selections);
  version_ = version;
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < known_.size(); ++i) {
    Known& by = known_[i];
    const bool overdue = by.gate.selection().stateful() && by.gate.admits(value_) &&
                         published_ns_ - by.passed_ns >= refresh_ns;
    if (!by.gate.takes(value_, published_ns_) && !overdue) continue;
    by.passed_ns = published_ns_;
    bits |= 1u << i;
  }
  return bits;
}

void SelectionJudge::learn(std::span<const proto::StreamSelection> selections) {
  std::vector<Known> next;
  for (const proto::StreamSelection& s : selections) {
    const auto same = std::find_if(known_.begin(), known_.end(), [&](const Known& have) {
      return have.fingerprint == s.fingerprint && have.since == s.since;
    });
    if (same != known_.end()) {
      next.push_back(std::move(*same));
      continue;
    }
    Known& fresh = next.emplace_back(Known{s.fingerprint, s.since, Gate(s.selection), 0});
    if (!s.history || !s.selection.stateful()) continue;
    for_each_kept_([&](std::uint8_t value, std::int64_t published_ns) {
      if (fresh.gate.takes(value, published_ns)) fresh.passed_ns = published_ns;
    });
  }
  known_ = std::move(next);
}

}  // namespace dts::sim
