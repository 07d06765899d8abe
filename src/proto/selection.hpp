// Selection: what a subscriber takes of the values of a stream (a filter, a rate, dead bands), as
// it is announced with its wants. The engine compares selections and carries them; what they mean
// for a value is the Judge's, who knows types. Plain values, any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <dts/id.hpp>
#include <dts/time.hpp>

namespace dts::proto {

struct Selection {
  TypeId type{};                  // whose fields are meant; zero: those of the publisher's type
  std::string where;              // a filter; empty: every value
  std::uint64_t interval_ns = 0;  // at most one value in it; 0: no limit
  std::vector<std::pair<std::string, std::string>> dead_bands;  // field, width

  // Whether a value is taken depends on those that were taken before.
  bool stateful() const noexcept { return interval_ns != 0 || !dead_bands.empty(); }
  friend bool operator==(const Selection&, const Selection&) = default;
};

// Of one subscriber and want, and of all subscribers of a stream; more of them: everything.
inline constexpr std::size_t kSelectionsPerWant = 4, kSelectionsPerStream = 8;

// Several subscriptions together: each value that one of them takes. An empty list stands for
// everything, here and in Interest.
class SelectionUnion {
 public:
  void add(const std::vector<Selection>& of_one);
  // What is taken together. Of more than one subscription only the filters count: whose last value
  // was which is not known elsewhere.
  std::vector<Selection> take(bool filters_only) const;

 private:
  std::size_t count_ = 0;
  bool everything_ = false;
  std::vector<Selection> all_;
};

// A number for a selection of a subscriber; who takes by what it took before has one of its own.
std::uint64_t fingerprint_of(const Selection& selection, const NodeId& reader);

// One of the selections of a stream's subscribers.
struct StreamSelection {
  Selection selection;
  std::uint64_t fingerprint = 0;
  // Stateful: whose it is, when it was given its beginning, and whether it began with history.
  NodeId reader{};
  Instant since{};
  bool history = false;
};

// Says which selections take the message that is being published.
class Judge {
 public:
  virtual ~Judge() = default;
  // Bit i: selections[i] takes it. Equal versions: the same selections, whenever that was.
  virtual std::uint32_t takers(std::uint64_t version,
                               std::span<const StreamSelection> selections) = 0;
};

}  // namespace dts::proto
