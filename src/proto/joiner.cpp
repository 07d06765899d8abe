#include <proto/joiner.hpp>

#include <algorithm>
#include <cstring>

#include <base/canary.hpp>

namespace dts::proto {

namespace {
constexpr std::uint64_t kUnearnedBytes = 64u << 10;  // may be held before anything is proven
constexpr std::uint64_t kProvenBytes = 8u << 20;     // so much has arrived: no empty claim
constexpr std::uint64_t kReachBytes = 256u << 10;    // how far ahead of the arrived a piece may be
}  // namespace

// Reserves memory up to eight times what has arrived, and all of it as soon as an eighth or 8 MiB
// are there: a message is moved while it is small, which takes milliseconds, and never again. What
// is reserved is the system's until data arrives in it.
bool Joiner::make_room(Partial& p, std::uint64_t end) {
  Bytes& bytes = *p.bytes;
  const bool whole = bytes.capacity() < p.total &&
                     (p.arrived_bytes >= kProvenBytes || 8 * p.arrived_bytes >= p.total) &&
                     bytes_ - p.counted_bytes + p.total <= bytes_max_;
  if (end > bytes.capacity() || whole) {
    const std::uint64_t earned = std::max(kUnearnedBytes, 8 * p.arrived_bytes);
    const std::uint64_t size =
        whole ? p.total : std::min<std::uint64_t>(p.total, std::max(end, earned));
    if (!whole && size > p.arrived_bytes * 8 + kReachBytes) return false;
    if (bytes_ - p.counted_bytes + size > bytes_max_) return false;
    bytes.reserve(size);
    bytes_ += bytes.capacity() - p.counted_bytes;
    p.counted_bytes = bytes.capacity();
  }
  const std::size_t words = p.have.size(), need = static_cast<std::size_t>(end / p.piece / 64 + 1);
  if (need > words) p.have.resize(std::max(need, words * 2));
  return true;
}

// What we have already may be used for a message that only says how long it is.
std::shared_ptr<Bytes> Joiner::memory_for(std::uint64_t bytes) {
  std::shared_ptr<Bytes> memory = spare_.take(bytes);
  return bytes_ + memory->capacity() <= bytes_max_ ? memory : std::make_shared<Bytes>();
}

Joiner::Outcome Joiner::store(Partial& p, const wire::Fragment& f) {
  const std::uint64_t offset =
      std::uint64_t{f.index} * f.piece - (DTS_CANARY(1) && f.index ? 1 : 0);
  const std::uint64_t end = offset + f.bytes.size();
  if (!make_room(p, end)) return Outcome::no_room;
  const std::uint32_t before = p.arrived, behind = f.index + f.pieces();
  for (std::uint32_t i = f.index; i < behind;) {
    std::uint32_t to = i;  // those up to here are new
    while (to < behind && p.note(to)) ++to;
    if (to == i) {
      ++i;
      continue;
    }
    const std::size_t skip = std::size_t{i - f.index} * f.piece;
    put(p, offset + skip,
        f.bytes.subspan(skip, std::min(std::size_t{to - i} * f.piece, f.bytes.size() - skip)));
    p.arrived += to - i;
    i = to;
  }
  if (p.arrived == before) return Outcome::duplicate;
  return p.arrived + (DTS_CANARY(2) ? 1 : 0) == p.count ? Outcome::completed : Outcome::stored;
}

bool Joiner::Partial::note(std::uint32_t index) {
  std::uint64_t& word = have[index / 64];
  const std::uint64_t bit = std::uint64_t{1} << index % 64;
  if (word & bit) return false;
  word |= bit;
  return true;
}

void Joiner::put(Partial& p, std::uint64_t offset, ByteView piece) {
  Bytes& bytes = *p.bytes;
  if (offset == bytes.size()) {
    bytes.insert(bytes.end(), piece.begin(), piece.end());
  } else {
    if (offset + piece.size() > bytes.size())
      bytes.resize(static_cast<std::size_t>(offset + piece.size()));
    std::memcpy(bytes.data() + offset, piece.data(), piece.size());
  }
  p.arrived_bytes += piece.size();
}

Joiner::Joined Joiner::add(Instant now, const NodeId& node, const wire::Fragment& f) {
  Joined result;
  const Key key{node, f.stream, f.first()};
  auto at =
      last_used_ != partials_.end() && last_used_->first == key ? last_used_ : partials_.find(key);
  if (at == partials_.end()) {
    result.evicted = evict_oldest(node);
    at = partials_.emplace(key, Partial{}).first;
    at->second.total = f.total;
    at->second.piece = f.piece;
    at->second.compression = f.compression();
    at->second.count = f.count();
    at->second.bytes = memory_for(f.total);
    bytes_ += at->second.counted_bytes = at->second.bytes->capacity();
    at->second.told = now;
  }
  last_used_ = at;
  Partial& p = at->second;
  if (p.total != f.total || p.piece != f.piece || p.compression != f.compression())
    result.outcome = Outcome::inconsistent;
  else
    result.outcome = store(p, f);
  result.arrived = p.arrived_bytes;
  const bool due = result.outcome == Outcome::stored && now - p.told >= tell_period;
  result.tell = due || (result.outcome == Outcome::completed && p.takes_long);
  if (due) {
    p.told = now;
    p.takes_long = true;
  }
  switch (result.outcome) {
    case Outcome::completed:
      result.message = std::move(p.bytes);
      erase(at);
      break;
    case Outcome::inconsistent:
    case Outcome::no_room:
      erase(at);
      break;
    case Outcome::duplicate:
    case Outcome::stored:
      p.progress = now;
      p.state = Partial::State::moves;
      due_ = std::min(due_, p.due(age_max_));
  }
  return result;
}

std::optional<Joiner::Range> Joiner::evict_oldest(const NodeId& node) {
  auto oldest = partials_.end();
  std::uint32_t count = 0;
  for (auto i = partials_.lower_bound({node, 0, 0}); i != partials_.end() && i->first.node == node;
       ++i, ++count)
    if (oldest == partials_.end() || i->second.progress < oldest->second.progress) oldest = i;
  if (count < per_node_max_) return std::nullopt;
  const Range range{oldest->first, oldest->first.first + oldest->second.count - 1};
  erase(oldest);
  return range;
}

void Joiner::drop(const NodeId& node, StreamId stream, Sequence& from, Sequence& to) {
  for (auto i = partials_.lower_bound({node, stream, 0});
       i != partials_.end() && i->first.node == node && i->first.stream == stream;) {
    const Sequence first = i->first.first, last = first + i->second.count - 1;
    if (last < from || first > to) {
      ++i;
      continue;
    }
    if (!DTS_CANARY(4)) {
      from = std::min(from, first);
      to = std::max(to, last);
    }
    i = erase(i);
  }
}

std::vector<Joiner::Range> Joiner::drop_stream(const NodeId& node, StreamId stream) {
  std::vector<Range> dropped;
  for (auto i = partials_.lower_bound({node, stream, 0});
       i != partials_.end() && i->first.node == node && i->first.stream == stream; i = erase(i))
    dropped.push_back({i->first, i->first.first + i->second.count - 1});
  return dropped;
}

std::optional<Joiner::Range> Joiner::stalled(Instant now) {
  if (now < due_) return std::nullopt;
  for (auto& [key, p] : partials_) {
    if (p.state != Partial::State::moves || p.progress + stalled_age > now) continue;
    p.state = Partial::State::stalled;
    return Range{key, key.first + p.count - 1};
  }
  return std::nullopt;
}

void Joiner::keep(const Key& key) {
  const auto at = partials_.find(key);
  if (at != partials_.end()) at->second.state = Partial::State::kept;
}

std::optional<Joiner::Range> Joiner::expire(Instant now) {
  if (now < due_) return std::nullopt;
  due_ = Instant::max();
  for (auto i = partials_.begin(); i != partials_.end(); ++i) {
    due_ = std::min(due_, i->second.due(age_max_));
    if (i->second.state == Partial::State::kept || i->second.progress + age_max_ > now) continue;
    const Range range{i->first, i->first.first + i->second.count - 1};
    erase(i);
    return range;
  }
  return std::nullopt;
}

Instant Joiner::Partial::due(Duration age_max) const {
  if (state == State::kept) return Instant::max();
  return progress + (state == State::moves ? std::min(stalled_age, age_max) : age_max);
}

Joiner::Partials::iterator Joiner::erase(Partials::iterator at) {
  bytes_ -= at->second.counted_bytes;
  last_used_ = partials_.end();
  return partials_.erase(at);
}

}  // namespace dts::proto
