#include "transport/nng/sp.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "base/text.hpp"

namespace dts::transport::nng {
namespace {

constexpr std::size_t kGreetingBytes = 8;
constexpr std::size_t kPortionBytes = 64u << 10;  // read at once
constexpr std::size_t kPartsMax = 64;             // written at once

constexpr std::size_t head_bytes(SpLine line) { return line == SpLine::tcp ? 8 : 9; }

std::uint64_t load_size(const std::uint8_t* at) {
  std::uint64_t size = 0;
  for (int i = 0; i < 8; ++i) size = size << 8 | at[i];
  return size;
}

// Source: the protocol numbers of nanomsg's headers (pipeline.h, pubsub.h, ...).
std::string kind_text(std::uint16_t kind) {
  constexpr std::pair<std::uint16_t, const char*> kNames[] = {
      {0x10, "PAIR"},     {0x11, "PAIR"},       {0x20, "PUB"},  {0x21, "SUB"},
      {0x30, "REQ"},      {0x31, "REP"},        {0x50, "PUSH"}, {0x51, "PULL"},
      {0x62, "SURVEYOR"}, {0x63, "RESPONDENT"}, {0x70, "BUS"}};
  for (const auto& [number, name] : kNames)
    if (number == kind) return name;
  char text[16];
  std::snprintf(text, sizeof text, "0x%04x", kind);
  return text;
}

}  // namespace

std::array<char, 8> sp_greeting(SpKind kind) {
  const auto number = static_cast<std::uint16_t>(kind);
  return {0, 'S', 'P', 0, static_cast<char>(number >> 8), static_cast<char>(number), 0, 0};
}

SpMessage sp_message(SpLine line, std::string_view topic, ByteView envelope) {
  const std::uint64_t size = topic.size() + envelope.size();
  auto message = std::make_shared<Bytes>();
  message->reserve(head_bytes(line) + size);
  if (line == SpLine::ipc) message->push_back(1);
  for (int shift = 56; shift >= 0; shift -= 8)
    message->push_back(static_cast<std::uint8_t>(size >> shift));
  message->insert(message->end(), topic.begin(), topic.end());
  message->insert(message->end(), envelope.begin(), envelope.end());
  return message;
}

Sp::Sp(Descriptor socket, const Terms& terms, bool greeted)
    : terms_(terms), channel_(plain_channel(std::move(socket))), reader_(terms.line, terms.other) {
  if (terms_.line == SpLine::tcp) tune_socket(channel_->handle());
  if (greeted) return;
  const auto greeting = sp_greeting(terms_.self);
  queue_.push_back(std::make_shared<const Bytes>(greeting.begin(), greeting.end()));
}

bool Sp::send(SpMessage message) {
  if (broken_ || queue_.size() >= terms_.messages_max) return false;
  queue_.push_back(std::move(message));
  return true;
}

void Sp::flush() {
  while (waiting()) {
    std::array<iovec, kPartsMax> parts;
    const std::size_t count = std::min(queue_.size(), kPartsMax);
    std::size_t total = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t skip = i == 0 ? sent_ : 0;
      parts[i] = {const_cast<std::uint8_t*>(queue_[i]->data()) + skip, queue_[i]->size() - skip};
      total += parts[i].iov_len;
    }
    const auto written = channel_->write({parts.data(), count});
    broken_ = !written;
    if (broken_) queue_.clear();
    if (!written) return;
    sent_ += *written;
    while (!queue_.empty() && sent_ >= queue_.front()->size()) {
      sent_ -= queue_.front()->size();
      queue_.pop_front();
    }
    if (*written < total) return;
  }
}

Result<void> Sp::read(const SpTake& take) {
  DTS_ASSIGN(const std::size_t got, channel_->read(reader_.room(kPortionBytes)));
  return reader_.added(got, take);
}

std::span<std::uint8_t> SpReader::room(std::size_t bytes) {
  if (in_.size() < end_ + bytes) in_.resize(end_ + bytes);
  return {in_.data() + end_, bytes};
}

Result<void> SpReader::added(std::size_t bytes, const SpTake& take) {
  end_ += bytes;
  DTS_ASSIGN(const bool greeted, take_greeting());
  const std::size_t head = head_bytes(line_);
  while (greeted && end_ - start_ >= head) {
    const std::uint8_t* const at = in_.data() + start_;
    const std::uint64_t size = load_size(at + head - 8);
    if (line_ == SpLine::ipc && at[0] != 1)
      return Error(ErrorCode::decode, "what is there says something that is no message");
    if (size > kSpMessageBytesMax)
      return Error(ErrorCode::decode, "what is there sends too large a message", {},
                   "it has " + std::to_string(size) + " bytes, and " +
                       std::to_string(kSpMessageBytesMax) + " are the most");
    if (end_ - start_ < head + size) break;
    const ByteView whole(at, head + static_cast<std::size_t>(size));
    take(whole, whole.subspan(head));
    start_ += whole.size();
  }
  std::copy(in_.begin() + static_cast<std::ptrdiff_t>(start_),
            in_.begin() + static_cast<std::ptrdiff_t>(end_), in_.begin());
  end_ -= std::exchange(start_, 0);
  return {};
}

// False: it has not said all of it.
Result<bool> SpReader::take_greeting() {
  if (met_) return true;
  const auto wanted = sp_greeting(other_);
  const std::string_view said(reinterpret_cast<const char*>(in_.data()),
                              std::min(end_, kGreetingBytes));
  const std::size_t same = std::min<std::size_t>(said.size(), 4);
  if (!std::equal(said.begin(), said.begin() + same, wanted.begin()))
    return Error(ErrorCode::decode, "what is there does not speak the protocols of nng and nanomsg",
                 {}, "it begins with '" + base::printable(said) + "'");
  if (said.size() < kGreetingBytes) return false;
  const auto kind = static_cast<std::uint16_t>(static_cast<std::uint8_t>(said[4]) << 8 |
                                               static_cast<std::uint8_t>(said[5]));
  if (kind != static_cast<std::uint16_t>(other_))
    return Error(ErrorCode::decode,
                 "what is there is no " + kind_text(static_cast<std::uint16_t>(other_)), {},
                 "it says that it is " + kind_text(kind),
                 "the port of a node that listens, not the one after it");
  start_ = kGreetingBytes;
  return met_ = true;
}

}  // namespace dts::transport::nng
