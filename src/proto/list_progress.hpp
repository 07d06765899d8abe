// ListProgress: which parts of a peer's list (of streams or of wants) have come, and which list
// is held complete. The entries themselves are applied by the engine as they come.
#pragma once

#include <vector>

#include <base/canary.hpp>
#include <proto/wire.hpp>

namespace dts::proto {

class ListProgress {
 public:
  static constexpr std::uint16_t parts_max = 4096;
  enum class Part {
    ignore,    // had it, or a change of a list that is not held
    apply,     // apply the entries
    finished,  // apply them; then the list is complete
  };

  // `begun` is set when this is the first part of a complete list: what is not listed is to go.
  Part add(const wire::ListHead& head, bool& begun) {
    begun = false;
    if (head.parts > parts_max) return Part::ignore;
    const bool change = head.kind == wire::ListHead::Kind::change;
    if (change && !DTS_CANARY(12) && (!known_ || (head.base != digest_ && !(in_progress(head)))))
      return Part::ignore;
    if (!in_progress(head)) {
      head_ = head;
      seen_.assign(head.parts, false);
      left_ = head.parts;
      begun = !change;
    }
    if (seen_[head.part]) return Part::ignore;
    seen_[head.part] = true;
    if (--left_ && !DTS_CANARY(13)) return Part::apply;
    seen_.clear();
    known_ = true;
    digest_ = head.digest;
    if (!change) scope_ = head.base;
    return Part::finished;
  }
  bool known() const noexcept { return known_; }
  std::uint64_t digest() const noexcept { return digest_; }
  std::uint64_t scope() const noexcept { return scope_; }
  // An empty list needs no parts.
  void set_empty(std::uint64_t digest) {
    known_ = true;
    digest_ = digest;
    scope_ = 0;
    seen_.clear();
  }
  void forget() { known_ = false; }

 private:
  bool in_progress(const wire::ListHead& h) const noexcept {
    return !seen_.empty() && h.kind == head_.kind && h.base == head_.base &&
           h.digest == head_.digest && h.parts == head_.parts;
  }
  wire::ListHead head_;
  std::vector<bool> seen_;
  std::uint16_t left_ = 0;
  bool known_ = false;
  std::uint64_t digest_ = 0, scope_ = 0;
};

}  // namespace dts::proto
