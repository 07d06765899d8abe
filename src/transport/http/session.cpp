#include "transport/http/session.hpp"

#include <sys/socket.h>

#include <cerrno>

#include "transport/http/request.hpp"

namespace dts::transport {

bool Session::has_room() const { return !over_ && down_.size() < kHttpBodyBytesMax; }

void Session::fill() {
  static thread_local std::uint8_t portion[64u * 1024];
  while (has_room()) {
    const std::size_t most = std::min(sizeof portion, kHttpBodyBytesMax - down_.size());
    const auto got = ::recv(stream_.get(), portion, most, 0);
    if (got > 0) {
      down_.add({portion, static_cast<std::size_t>(got)});
      continue;
    }
    if (got < 0 && errno == EINTR) continue;
    over_ = got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
    return;
  }
}

bool Session::take(std::uint64_t from, ByteView bytes) {
  const auto fresh = taken_.fresh(from, bytes);
  if (!fresh || (!fresh->empty() && !up_.empty())) return false;
  taken_.take(fresh->size());
  up_.insert(up_.end(), fresh->begin(), fresh->end());
  return true;
}

bool Session::drain() {
  std::size_t sent = 0;
  while (sent < up_.size()) {
    const auto done = ::send(stream_.get(), up_.data() + sent, up_.size() - sent, MSG_NOSIGNAL);
    if (done > 0) {
      sent += static_cast<std::size_t>(done);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      break;
    } else if (errno != EINTR) {  // nobody is there any more, which reading tells
      sent = up_.size();
    }
  }
  up_.erase(up_.begin(), up_.begin() + static_cast<std::ptrdiff_t>(sent));
  return up_.empty();
}

}  // namespace dts::transport
