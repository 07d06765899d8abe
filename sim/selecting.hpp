// What selections mean in the simulator: the value of a message is its first byte; a filter "64"
// takes values below 64; dead bands are of the value. Gate: one selection with what it took last,
// as a subscriber has it; SelectionJudge: the gates of a publisher for all its subscribers, as the
// Domain has them (src/domain/judging.hpp). Plain state.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include <dts/bytes.hpp>
#include <proto/selection.hpp>

namespace dts::sim {

std::uint8_t value_of(ByteView message);

class Gate {
 public:
  explicit Gate(proto::Selection selection) : selection_(std::move(selection)) {}
  const proto::Selection& selection() const { return selection_; }
  bool admits(std::uint8_t value) const;  // by the filter alone
  bool would_take(std::uint8_t value, std::int64_t published_ns) const;
  bool takes(std::uint8_t value, std::int64_t published_ns);  // and remembers it

 private:
  proto::Selection selection_;
  bool any_ = false;
  std::uint8_t last_ = 0;
  std::int64_t due_ns_ = 0;
};

class SelectionJudge final : public proto::Judge {
 public:
  using Visit = std::function<void(std::uint8_t value, std::int64_t published_ns)>;
  // Visits what the publisher keeps for late joiners.
  explicit SelectionJudge(std::function<void(const Visit&)> for_each_kept)
      : for_each_kept_(std::move(for_each_kept)) {}
  // The message that takers() is asked about next.
  void show(ByteView message, std::int64_t published_ns) {
    value_ = value_of(message);
    published_ns_ = published_ns;
  }
  std::uint32_t takers(std::uint64_t version,
                       std::span<const proto::StreamSelection> selections) override;

 private:
  struct Known {
    std::uint64_t fingerprint = 0;
    Instant since{};
    Gate gate;
    std::int64_t passed_ns = 0;
  };
  void learn(std::span<const proto::StreamSelection> selections);

  std::function<void(const Visit&)> for_each_kept_;
  std::uint8_t value_ = 0;
  std::int64_t published_ns_ = 0;
  std::uint64_t version_ = ~std::uint64_t{0};
  std::vector<Known> known_;
};

}  // namespace dts::sim
