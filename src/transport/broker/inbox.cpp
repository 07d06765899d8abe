#include "transport/broker/inbox.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

#include "base/endian.hpp"

namespace dts::transport {
namespace {

// How many packets a message that is thrown away held, for the counter.
std::uint64_t packets_in(ByteView message) {
  const auto envelope = open_envelope(message);
  if (!envelope) return 1;
  std::uint64_t count = 0;
  ByteView rest = envelope->packets, packet;
  while (take_packet(rest, packet)) ++count;
  return count;
}

}  // namespace

Result<void> Inbox::open() {
  wake_ = Descriptor(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!wake_) return system_error("wait for packets (eventfd)", "transport", errno);
  return {};
}

void Inbox::message(ByteView envelope) {
  constexpr std::size_t head = sizeof(std::uint32_t);
  const std::lock_guard guard(lock_);
  const std::size_t needed = head + envelope.size();
  if (envelope.size() > bytes_max_ || waiting_ + needed > bytes_max_) {
    overflow_ += packets_in(envelope);
    return;
  }
  const std::size_t at = messages_.size();
  if (at + needed > messages_.capacity())
    messages_.reserve(std::min(bytes_max_, std::max(2 * messages_.capacity(), at + needed)));
  messages_.resize(at + head);
  base::store(messages_.data() + at, static_cast<std::uint32_t>(envelope.size()));
  messages_.insert(messages_.end(), envelope.begin(), envelope.end());
  waiting_ += needed;
  wake();
}

void Inbox::dropped(std::uint64_t messages) {
  const std::lock_guard guard(lock_);
  overflow_ += messages;
}

void Inbox::put(std::optional<Error> lost, std::optional<std::uint64_t> settled) {
  const std::lock_guard guard(lock_);
  // Only the last number counts, so that the list is as short as connections are rare.
  if (settled && !changes_.empty() && changes_.back().settled) changes_.pop_back();
  changes_.push_back({std::move(lost), settled});
  wake();
}

void Inbox::wake() {
  if (std::exchange(awake_, true)) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
}

std::optional<ByteView> Inbox::next_message() {
  if (read_ == reading_.size()) {
    const std::lock_guard guard(lock_);
    waiting_ -= read_;
    read_ = 0;
    reading_.clear();
    reading_.swap(messages_);
    if (reading_.empty()) return std::nullopt;
  }
  const auto size = base::load<std::uint32_t>(reading_.data() + read_);
  const auto message = ByteView(reading_).subspan(read_ + sizeof size, size);
  read_ += sizeof size + size;
  return message;
}

std::optional<Inbox::Change> Inbox::next_change() {
  const std::lock_guard guard(lock_);
  std::optional<Change> change;
  if (!changes_.empty() && read_ == reading_.size() && messages_.empty()) {
    change = std::move(changes_.front());
    changes_.erase(changes_.begin());
  }
  if (changes_.empty() && messages_.empty() && read_ == reading_.size() && awake_) {
    awake_ = false;
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = ::read(wake_.get(), &count, sizeof count);
  }
  return change;
}

std::uint64_t Inbox::overflow() const {
  const std::lock_guard guard(lock_);
  return overflow_;
}

}  // namespace dts::transport
