// Selection: which decoded values a subscription takes: its filter, its rate limit and its dead
// bands (docs/reference/filters.md), with what was last taken of each source. One per layout a
// subscription decodes into. Used by one thread at a time: whoever holds the subscriber's claim.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include <dts/filter.hpp>
#include <dts/id.hpp>
#include <dts/subscription.hpp>

#include "type/field_path.hpp"

namespace dts::domain {

struct SourceKey {
  NodeId node{};
  std::uint32_t stream = 0;
  friend bool operator==(const SourceKey&, const SourceKey&) = default;
};

class Selection {
 public:
  // Null when the options select nothing. The error is E1208. The layout must outlive it.
  static Result<std::unique_ptr<Selection>> make(const SubscribeOptions& options,
                                                 const Layout& layout);
  static Result<std::unique_ptr<Selection>> make(const std::string& where, std::int64_t interval_ns,
                                                 const std::vector<DeadBand>& dead_bands,
                                                 const Layout& layout);
  // What can be checked before a type is known.
  static Result<void> check(const SubscribeOptions& options);
  // Between two values at this rate; 0: no limit.
  static std::int64_t interval_of(double rate_hz_max);
  static constexpr std::uint64_t interval_ns_most = 1'000'000'000'000'000'000;

  // A value of this source, published at this time of its clock: is it taken?
  bool takes(const void* value, const SourceKey& source, std::int64_t published_ns);
  // Goes on where the same selection, made for another layout of the type, has come to.
  void resume(Selection&& before) { taken_ = std::move(before.taken_); }
  // The filter alone.
  bool admits(const void* value) const { return filter_.matches(value); }

 private:
  struct Band {
    FieldPath field;
    double width = 0;
    bool relative = false;  // a fraction of the last value
  };
  struct Taken {
    std::int64_t due_ns = 0;  // when the next value may be taken
    bool any = false;
    std::vector<std::optional<double>> values;  // parallel to bands_
  };
  struct Hash {
    std::size_t operator()(const SourceKey& key) const noexcept {
      return std::hash<NodeId>()(key.node) ^ (std::size_t{key.stream} * 0x9e3779b97f4a7c15u);
    }
  };

  static Result<Band> band_of(const DeadBand& asked, const Layout& layout);
  bool moved(const void* value, const Taken& taken) const;

  Filter filter_;
  std::int64_t interval_ns_ = 0;  // 0: no limit
  std::vector<Band> bands_;
  std::unordered_map<SourceKey, Taken, Hash> taken_;
};

}  // namespace dts::domain
