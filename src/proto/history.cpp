#include <proto/history.hpp>

#include <algorithm>

namespace dts::proto {

void History::keep(Sequence first, Sequence last, std::int64_t published_ns, std::uint16_t piece,
                   ByteView bytes, std::shared_ptr<const Bytes> large) {
  if (!keeps(bytes.size())) {
    clear();  // what is older than this value is no longer the last
    return;
  }
  while (count_ && (count_ == values_max_ || bytes_ + bytes.size() > bytes_max_)) drop_oldest();
  while (count_ && budget_.used + bytes.size() > budget_.max) drop_oldest();
  if (budget_.used + bytes.size() > budget_.max) return;
  if (count_ == ring_.size()) {  // unroll before growing
    std::rotate(ring_.begin(), ring_.begin() + static_cast<std::ptrdiff_t>(head_), ring_.end());
    head_ = 0;
    ring_.resize(std::min<std::size_t>(values_max_, std::max<std::size_t>(1, ring_.size() * 2)));
  }
  Value& value = ring_[(head_ + count_++) % ring_.size()];
  value.first = first;
  value.last = last;
  value.published_ns = published_ns;
  value.piece = piece;
  value.large = std::move(large);
  if (!value.large) value.small.assign(bytes.begin(), bytes.end());
  bytes_ += bytes.size();
  budget_.used += bytes.size();
}

void History::drop_oldest() {
  Value& value = ring_[head_];
  const std::size_t size = value.bytes().size();
  value.large.reset();
  bytes_ -= size;
  budget_.used -= size;
  head_ = (head_ + 1) % ring_.size();
  --count_;
}

void History::clear() {
  while (count_) drop_oldest();
}

}  // namespace dts::proto
