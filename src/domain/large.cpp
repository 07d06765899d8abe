// Large messages: how much of them has come or gone, who takes how much, and what is said when one
// is too large. All of it with the lock held, but for progress().
#include "base/text.hpp"
#include "domain/core.hpp"

namespace dts {

namespace {

constexpr std::size_t refusals_max = 64;  // remembered, of an origin and of a source

std::string size_text(std::uint64_t bytes) { return std::to_string(bytes) + " bytes"; }

}  // namespace

std::uint64_t DomainCore::bytes_max_of(const Subscriber& subscriber) const {
  const std::uint64_t wish = subscriber.options.message_bytes_max;
  return wish == 0 ? options_.message_bytes_max : std::min(wish, options_.message_bytes_max);
}

// How much of a large message is here. Of what waits in a queue only the newest is told.
void DomainCore::deliver_arriving(Round* round, const proto::Notice& notice) {
  const auto found = origins_.find({notice.node, notice.stream});
  if (found == origins_.end()) return;
  found->second->arriving = {notice.bytes, notice.bytes_max, clock()};
  for (Route& to : found->second->routes) {
    Subscriber& subscriber = *to.subscriber;
    if (to.verdict != Route::Verdict::deliver || !subscriber.options.on_arriving) continue;
    Item item;
    item.subscriber = &subscriber;
    item.origin = found->second.get();
    item.first = notice.from;
    item.last = notice.to;
    item.is_gap = true;
    item.arriving = true;
    item.bytes_here = notice.bytes;
    item.bytes_in_all = notice.bytes_max;
    place(round, to.subscriber, std::move(item));
  }
}

// The engine has refused a message of another node. The gap it becomes follows in its turn.
void DomainCore::note_too_large(const proto::Notice& notice) {
  const auto found = origins_.find({notice.node, notice.stream});
  if (found == origins_.end()) return;
  auto& refused = found->second->too_large;
  if (refused.size() == refusals_max) refused.pop_front();
  refused.push_back({notice.from, notice.to, notice.bytes});
}

// "12000000 bytes, at most 10000000": of a gap told to one subscriber.
std::shared_ptr<const std::string> DomainCore::too_large_text(const Subscriber& subscriber,
                                                              std::uint64_t bytes) const {
  return std::make_shared<const std::string>(size_text(bytes) + ", at most " +
                                             std::to_string(bytes_max_of(subscriber)));
}

// A receiver has refused a message of ours. Told once for each receiver and limit of a source.
void DomainCore::tell_refused(const proto::Notice& notice) {
  const auto found = sources_.find(notice.stream);
  if (found == sources_.end()) return;
  SourceState& source = *found->second;
  std::uint64_t* known = nullptr;
  for (auto& [node, bytes_max] : source.refusers)
    if (node == notice.node) known = &bytes_max;
  if (known != nullptr && *known == notice.bytes_max) return;
  if (known != nullptr) {
    *known = notice.bytes_max;
  } else {
    if (source.refusers.size() == refusals_max) source.refusers.erase(source.refusers.begin());
    source.refusers.emplace_back(notice.node, notice.bytes_max);
  }
  const proto::PeerRecord* const peer = engine_->find_peer(notice.node);
  const std::string who = peer == nullptr ? notice.node.short_hex() : peer->host + "/" + peer->name;
  tell(who + " takes no " + source.layout->type.name() + " larger than " +
       size_text(notice.bytes_max) + ": larger ones are not sent to it  (try: raise " +
       "message_bytes_max there, dts sub --max-bytes)");
}

ValuePublisher::Progress DomainCore::progress(const SourceState& source) {
  Lock lock(*this);
  if (closed_) return {};
  const proto::Engine::Unsent unsent = engine_->unsent(source.stream);
  return {unsent.total, unsent.sent};
}

}  // namespace dts
