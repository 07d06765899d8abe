#include "transport/shm/neighbours.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/text.hpp"

namespace dts::transport {
namespace {

constexpr std::size_t kIgnoredMax = 1024;

// "dts-", 16 digits, "-", 16 digits.
bool is_segment(std::string_view name) {
  constexpr std::size_t digits = 16, size = 4 + digits + 1 + digits;
  if (name.size() != size || !name.starts_with("dts-") || name[4 + digits] != '-') return false;
  name.remove_prefix(4);
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == '-';
  });
}

bool is_closed(const Neighbour& each) {
  return each.segment->pages().closed.load(std::memory_order_acquire) != 0;
}

std::string user_name(uid_t user) {
  passwd entry{};
  passwd* found = nullptr;
  char text[1024];
  if (::getpwuid_r(user, &entry, text, sizeof text, &found) == 0 && found != nullptr)
    return base::printable(found->pw_name);
  return std::to_string(user);
}

std::vector<std::string> segments_in(int directory) {
  std::vector<std::string> names;
  const int fd = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return names;
  DIR* const entries = ::fdopendir(fd);
  if (entries == nullptr) {
    ::close(fd);
    return names;
  }
  while (const dirent* entry = ::readdir(entries))
    if (is_segment(entry->d_name)) names.emplace_back(entry->d_name);
  ::closedir(entries);
  return names;
}

}  // namespace

Address shm_address(ShmId id) {
  Address address;
  std::memcpy(address.bytes.data(), &id, sizeof id);
  address.size = sizeof id;
  return address;
}

ShmId shm_id(const Address& address) {
  ShmId id = 0;
  if (address.size == sizeof id) std::memcpy(&id, address.bytes.data(), sizeof id);
  return id;
}

void Neighbours::look_round(bool first) {
  const std::string ours = "dts-" + scope_ + "-";
  for (const std::string& name : segments_in(directory_)) {
    if (name == own_.name() || ignored_.count(name) != 0) continue;
    if (!name.starts_with(ours)) {
      if (first && !PeerSegment::is_alive(directory_, name)) remove_segment(directory_, name);
      continue;
    }
    const bool known = std::any_of(all_.begin(), all_.end(),
                                   [&](const auto& each) { return each->segment->name() == name; });
    if (!known) meet(name);
  }
}

void Neighbours::meet(const std::string& name) {
  OwnerPages& mine = own_.pages();
  std::size_t slot = 0;
  while (slot < kPeersMax && mine.followed[slot].load(std::memory_order_relaxed) != 0) ++slot;
  if (slot == kPeersMax) return refuse(name, {NotRead::no_room});
  auto opened = PeerSegment::open(directory_, name);
  if (const Refusal* refusal = std::get_if<Refusal>(&opened)) return refuse(name, *refusal);
  auto neighbour =
      std::make_unique<Neighbour>(std::move(std::get<std::unique_ptr<PeerSegment>>(opened)));
  const Identity& theirs = neighbour->segment->identity();
  // Who has come later is heard from its first word: it may have spoken before we found it.
  const bool later = theirs.born_ns != mine.identity.born_ns
                         ? theirs.born_ns > mine.identity.born_ns
                         : theirs.id > mine.identity.id;
  Ears ears{mine.identity.id, {}};
  for (std::size_t word = 0; word < ears.groups.size(); ++word)
    ears.groups[word] = mine.groups[word].load(std::memory_order_relaxed);
  neighbour->control.start(ears, !later);
  neighbour->data.start(ears, !later);
  neighbour->slot = slot;
  mine.followed[slot].store(proof_of(theirs), std::memory_order_relaxed);
  mine.followed_changes.fetch_add(1, std::memory_order_seq_cst);
  neighbour->segment->doorstep().arrivals.fetch_add(1, std::memory_order_seq_cst);
  neighbour->segment->wake(directory_);
  found_.push_back(std::move(neighbour));
  any_found_ = true;
}

void Neighbours::take_in_found() {
  for (auto& each : found_) all_.push_back(std::move(each));
  found_.clear();
  any_found_ = false;
}

void Neighbours::refuse(const std::string& name, const Refusal& refusal) {
  switch (refusal.why) {
    case NotRead::gone:
      return;
    case NotRead::stale:
      return remove_segment(directory_, name);
    case NotRead::other_user:
      tell(ErrorCode::permission, "memory is not shared with the nodes of the user " +
                                      user_name(refusal.user) +
                                      ": they are reached by the network, if at all");
      break;
    case NotRead::other_version:
      tell(ErrorCode::unsupported, "memory is not shared with a node of another version (" +
                                       std::to_string(refusal.version) +
                                       "): it is reached by the network, if at all");
      break;
    case NotRead::broken:
      tell(ErrorCode::decode, path_ + "/" + name + " is not what its name says; it is not read");
      break;
    case NotRead::no_room:
      tell(ErrorCode::limit_reached,
           "memory is not shared with more nodes: 256 are read at most, and no more than files may "
           "be open (ulimit -n); the others are reached by the network");
      return;  // there may be room when it is tried again
  }
  if (ignored_.size() < kIgnoredMax) ignored_.insert(name);
}

bool Neighbours::is_proven(Neighbour& neighbour) const {
  if (neighbour.proven) return true;
  const OwnerPages& theirs = neighbour.segment->pages();
  const std::uint32_t changes = theirs.followed_changes.load(std::memory_order_acquire);
  if (changes == neighbour.changes_seen) return false;
  neighbour.changes_seen = changes;
  const std::uint64_t proof = proof_of(own_.pages().identity);
  for (const auto& followed : theirs.followed)
    if (followed.load(std::memory_order_relaxed) == proof) return neighbour.proven = true;
  return false;
}

void Neighbours::look_after_silent() {
  for (const auto& each : all_) {
    const std::uint64_t written =
        each->segment->pages().control.written.load(std::memory_order_relaxed);
    if (std::exchange(each->written_seen, written) == written &&
        !PeerSegment::is_alive(directory_, each->segment->name()))
      each->dead = true;
  }
}

bool Neighbours::any_gone() const noexcept {
  return std::any_of(all_.begin(), all_.end(),
                     [](const auto& each) { return each->dead || is_closed(*each); });
}

void Neighbours::forget_gone(const Ears& ears) {
  std::erase_if(all_, [&](const auto& each) {
    if (!each->dead && !is_closed(*each)) return false;
    const bool unread = each->control.waiting(ears) || each->data.waiting(ears);
    if (unread && is_proven(*each)) return false;
    if (each->dead) remove_segment(directory_, each->segment->name());
    let_go(*each);
    return true;
  });
}

void Neighbours::say_farewell() {
  take_in_found();
  for (const auto& each : all_)
    if (!is_closed(*each) && !PeerSegment::is_alive(directory_, each->segment->name()))
      remove_segment(directory_, each->segment->name());
  own_.pages().closed.store(1, std::memory_order_seq_cst);
  for (const auto& each : all_) each->segment->wake(directory_);
}

void Neighbours::break_with(Neighbour& neighbour) {
  tell(ErrorCode::decode, path_ + "/" + neighbour.segment->name() +
                              " holds what no node writes; it is not read any more");
  if (ignored_.size() < kIgnoredMax) ignored_.insert(neighbour.segment->name());
  let_go(neighbour);
  std::erase_if(all_, [&](const auto& each) { return each.get() == &neighbour; });
}

void Neighbours::let_go(Neighbour& neighbour) {
  own_.pages().followed[neighbour.slot].store(0, std::memory_order_relaxed);
  own_.pages().followed_changes.fetch_add(1, std::memory_order_release);
}

void Neighbours::tell(ErrorCode code, std::string text) {
  if (told_.size() < 32 && told_.insert(text).second) notices_.push_back({code, std::move(text)});
}

}  // namespace dts::transport
