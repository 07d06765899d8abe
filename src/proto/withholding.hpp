// Withholding: which paths of one own stream a message can be kept from, because nobody behind them
// takes it; what of that each path has not been told yet, and what was kept from whom lately, for
// those who ask. A stream whose subscribers take everything has none of it. Sends nothing.
#pragma once

#include <deque>
#include <map>
#include <span>
#include <vector>

#include <proto/engine.hpp>
#include <proto/packet_writer.hpp>
#include <proto/run_list.hpp>
#include <proto/selection.hpp>

namespace dts::proto {

class Withholding {
 public:
  // Selections are bits; this one stands for "everything".
  static constexpr std::uint32_t everything = 1u << 31;
  static constexpr std::size_t runs_max = 64;   // not told yet, of a path
  static constexpr std::size_t log_max = 1024;  // runs kept for those who ask

  // Somebody who gets the stream: by which path, and what it takes.
  struct Receiver {
    NodeId node{};
    Destination to;
    std::uint32_t takes = everything;
  };
  struct Path {
    Destination to;
    std::uint32_t takes = 0;
    std::vector<std::uint64_t> fingerprints;  // of what those behind it take
    RunList untold{runs_max};
  };

  // `destinations` sorted, each of some of the receivers, who are sorted by node. `version` was
  // given for no selections of the stream before: the judge remembers by it.
  void reroute(std::uint64_t version, std::vector<StreamSelection> selections,
               const Destinations& destinations, std::vector<Receiver> receivers);
  std::span<const StreamSelection> selections() const noexcept { return selections_; }

  // The message first..last is taken by those of `judge`: notes from whom it is kept, and says by
  // which of the paths it goes, as indexes. Valid until the next call.
  const std::vector<std::size_t>& choose(Judge& judge, Sequence first, Sequence last);
  // All paths.
  std::vector<Path>& paths() noexcept { return paths_; }
  // Those who get what goes by these paths.
  Destinations destinations_of(const std::vector<std::size_t>& paths) const;
  std::vector<NodeId> receivers_of(const std::vector<std::size_t>& paths) const;

  // What of from..to was kept from this receiver because it does not take it; and what to say then.
  void visit_withheld(const NodeId& node, Sequence from, Sequence to,
                      const std::function<void(const wire::Run&)>& visit) const;
  std::vector<std::uint64_t> fingerprints_of(const NodeId& node) const;

 private:
  struct Entry {
    Sequence from = 0, to = 0;
    std::uint32_t takers = 0;
  };
  const Receiver* find(const NodeId& node) const;
  std::vector<std::uint64_t> fingerprints_of(std::uint32_t takes) const;

  std::vector<StreamSelection> selections_;
  std::uint64_t version_ = 0;
  std::vector<Receiver> receivers_;
  std::vector<Path> paths_;
  std::deque<Entry> log_;
  std::vector<std::size_t> chosen_;
};

}  // namespace dts::proto
