#include <proto/type_exchange.hpp>

#include <algorithm>

#include <base/canary.hpp>
#include <base/sha256.hpp>

namespace dts::proto {

namespace {
constexpr std::ptrdiff_t binding_bytes = sizeof(BindingId::bytes);

bool is_document_of(ByteView document, const TypeId& id) {
  const base::Sha256 hash = base::sha256(document);
  const auto rest = id.bytes.begin() + binding_bytes;
  const bool of_binding =
      std::all_of(rest, id.bytes.end(), [](std::uint8_t byte) { return byte == 0; });
  return std::equal(id.bytes.begin(), of_binding ? rest : id.bytes.end(), hash.begin());
}
}  // namespace

TypeId document_id(const BindingId& binding) {
  TypeId id;
  std::copy(binding.bytes.begin(), binding.bytes.end(), id.bytes.begin());
  return id;
}

bool TypeExchange::offer(const TypeId& type, Bytes document) {
  if (documents_.contains(type)) return true;
  if (document.empty() || !has_room(document.size())) return false;
  bytes_ += document.size();
  documents_.emplace(type, std::move(document));
  wanted_.erase(type);
  return true;
}

ByteView TypeExchange::find(const TypeId& type) const {
  const auto at = documents_.find(type);
  return at == documents_.end() ? ByteView() : ByteView(at->second);
}

bool TypeExchange::want(Instant now, const TypeId& type) {
  if (documents_.contains(type) || wanted_.contains(type)) return true;
  if (wanted_.size() >= documents_max_) return false;
  wanted_[type].due = now;
  deadline_ = std::min(deadline_, now);
  return true;
}

std::vector<TypeExchange::Request> TypeExchange::take_due(Instant now, base::Random& random) {
  std::vector<Request> due;
  if (deadline_ > now) return due;
  deadline_ = Instant::max();
  for (auto i = wanted_.begin(); i != wanted_.end();) {
    Wanted& w = i->second;
    if (w.due <= now) {
      if (w.tries == (DTS_CANARY(6) ? 1 : tries_max)) {
        bytes_ -= w.partly.size();
        i = wanted_.erase(i);
        continue;
      }
      due.push_back({i->first, static_cast<std::uint32_t>(w.partly.size()), w.tries});
      // A few times soon: until it is here everything of the type waits.
      const std::uint64_t base_us =
          30'000ull << (w.tries < quick_tries ? 0 : std::min(w.tries - quick_tries, 6u));
      w.due = now + std::chrono::microseconds(base_us + random.below(base_us / 2));
      ++w.tries;
    }
    deadline_ = std::min(deadline_, w.due);
    ++i;
  }
  return due;
}

TypeExchange::Outcome TypeExchange::add(Instant now, const wire::TypePart& part) {
  const auto at = wanted_.find(part.type);
  if (at == wanted_.end()) return Outcome::unasked;
  Wanted& w = at->second;
  if (part.total > document_bytes_max || !has_room(part.bytes.size())) return Outcome::refused;
  if (part.offset != w.partly.size()) return Outcome::partly;  // asked for again from there
  w.partly.insert(w.partly.end(), part.bytes.begin(), part.bytes.end());
  bytes_ += part.bytes.size();
  if (w.partly.size() < part.total) {
    w.tries = 0;
    w.due = now + std::chrono::milliseconds(30);
    deadline_ = std::min(deadline_, w.due);
    return Outcome::partly;
  }
  if (!is_document_of(w.partly, part.type)) {
    bytes_ -= w.partly.size();
    w.partly.clear();
    return Outcome::mismatch;
  }
  documents_.emplace(part.type, std::move(w.partly));
  wanted_.erase(at);
  return Outcome::stored;
}

}  // namespace dts::proto
