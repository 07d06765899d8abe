// TypeExchange: type documents by hash. Keeps those offered here and those received, remembers
// which are wanted and when to ask again, and believes a received document only when its SHA-256
// says so. Whom to ask is the engine's decision.
#pragma once

#include <unordered_map>
#include <vector>

#include <base/random.hpp>
#include <proto/engine.hpp>
#include <proto/wire.hpp>

namespace dts::proto {

class TypeExchange {
 public:
  static constexpr std::uint32_t document_bytes_max = 1u << 20;
  static constexpr unsigned quick_tries = 4, tries_max = 15;
  enum class Outcome { stored, partly, unasked, mismatch, refused };
  struct Request {
    TypeId type;
    std::uint32_t offset = 0;  // have up to here
    unsigned tries = 0;        // asked before
  };

  TypeExchange(std::uint32_t documents_max, std::uint64_t bytes_max)
      : documents_max_(documents_max), bytes_max_(bytes_max) {}

  bool offer(const TypeId& type, Bytes document);
  ByteView find(const TypeId& type) const;
  // Asks from now on, until it comes or tries_max; again after that only when wanted again.
  bool want(Instant now, const TypeId& type);
  // The requests due now; each is rescheduled with back-off and jitter.
  std::vector<Request> take_due(Instant now, base::Random& random);
  Outcome add(Instant now, const wire::TypePart& part);
  Instant deadline() const noexcept { return deadline_; }
  std::uint64_t memory_bytes() const noexcept { return bytes_; }
  std::size_t wanted() const noexcept { return wanted_.size(); }

 private:
  struct Wanted {
    Instant due{};
    unsigned tries = 0;
    Bytes partly;
  };
  bool has_room(std::uint64_t bytes) const noexcept {
    return documents_.size() < documents_max_ && bytes_ + bytes <= bytes_max_;
  }
  std::uint32_t documents_max_;
  std::uint64_t bytes_max_, bytes_ = 0;
  std::unordered_map<TypeId, Bytes> documents_;
  std::unordered_map<TypeId, Wanted> wanted_;
  Instant deadline_ = Instant::max();
};

}  // namespace dts::proto
