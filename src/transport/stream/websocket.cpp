#include "transport/stream/websocket.hpp"

#include <openssl/evp.h>
#include <sys/socket.h>

#include <algorithm>
#include <mutex>

#include "base/base64.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "transport/stream/http_head.hpp"
#include "transport/stream/websocket_frames.hpp"

namespace dts::transport {
namespace {

constexpr std::size_t kMessageBytes = 64u * 1024;   // at most, of what is sent
constexpr std::size_t kPortionBytes = 256u * 1024;  // taken and not sent

bool from_here(std::string_view head, const WebSocketOptions& options) {
  const std::string origin = base::lower(header(head, "origin"));
  if (origin.empty()) return true;  // no browser
  for (const std::string& each : options.origins)
    if (base::lower(each) == origin) return true;
  const auto scheme = origin.find("://");
  return scheme != std::string::npos &&
         origin.substr(scheme + 3) == base::lower(header(head, "host"));
}

class WebSocketChannel final : public Channel {
 public:
  WebSocketChannel(std::unique_ptr<Channel> below, WebSocketOptions options)
      : below_(std::move(below)), options_(std::move(options)), reader_(!options_.client) {
    if (!options_.client) return;
    std::uint8_t random[16];
    base::fill_random(random);
    key_ = base::to_base64(random);
    say("GET " + options_.path + " HTTP/1.1\r\nHost: " + options_.host +
        "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: " + key_ +
        "\r\nSec-WebSocket-Version: 13\r\n\r\n");
  }
  int handle() const noexcept override { return below_->handle(); }
  bool ready() const override {
    const std::lock_guard lock(mutex_);
    return open_ && below_->ready();
  }
  bool pending() const override {
    const std::lock_guard lock(mutex_);
    return (unsent() > 0 && below_->ready()) || below_->pending();
  }
  std::optional<std::size_t> write(std::span<const iovec> parts) override;
  Result<std::size_t> read(std::span<std::uint8_t> to) override;

 private:
  std::size_t unsent() const { return out_.size() - sent_; }
  void say(std::string_view text) { out_.insert(out_.end(), text.begin(), text.end()); }
  bool send_on();
  void put(std::uint8_t opcode, std::span<const ByteView> parts);
  Result<void> shake_hands();

  const std::unique_ptr<Channel> below_;
  const WebSocketOptions options_;
  std::string key_, head_;  // of the one who reads
  WebSocketReader reader_;
  std::vector<WebSocketReader::Answer> answers_;

  mutable std::mutex mutex_;  // all that follows: who reads has answers to send
  Bytes out_;
  std::size_t sent_ = 0;
  bool open_ = false;
};

// False: it is broken.
bool WebSocketChannel::send_on() {
  do {
    iovec part{out_.data() + sent_, unsent()};
    const auto done = below_->write({&part, unsent() > 0 ? 1u : 0u});
    if (!done) return false;
    if (*done == 0) break;
    sent_ += *done;
  } while (unsent() > 0);
  if (unsent() > 0) return true;
  out_.clear();
  sent_ = 0;
  return true;
}

void WebSocketChannel::put(std::uint8_t opcode, std::span<const ByteView> parts) {
  std::array<std::uint8_t, 4> mask;
  if (options_.client) base::fill_random(mask);
  put_websocket_frame(out_, opcode, parts, options_.client ? &mask : nullptr);
}

std::optional<std::size_t> WebSocketChannel::write(std::span<const iovec> parts) {
  const std::lock_guard lock(mutex_);
  if (!send_on()) return std::nullopt;
  if (unsent() > 0 || !open_) return 0;
  std::size_t taken = 0, part = 0, at = 0;
  std::vector<ByteView> message;
  while (taken < kPortionBytes && part < parts.size()) {
    std::size_t size = 0;
    message.clear();
    while (size < kMessageBytes && part < parts.size()) {
      const std::size_t some = std::min(kMessageBytes - size, parts[part].iov_len - at);
      message.emplace_back(static_cast<const std::uint8_t*>(parts[part].iov_base) + at, some);
      size += some;
      at += some;
      if (at < parts[part].iov_len) continue;
      ++part;
      at = 0;
    }
    if (size == 0) break;
    put(static_cast<std::uint8_t>(WebSocketOpcode::binary), message);
    taken += size;
  }
  if (!send_on()) return std::nullopt;
  return taken;
}

// head_ is whole.
Result<void> WebSocketChannel::shake_hands() {
  if (options_.client) {
    const std::string_view status = first_line(head_);
    if (!status.starts_with("HTTP/1.1 101 ") ||
        header(head_, "sec-websocket-accept") != websocket_accept(key_))
      return Error(ErrorCode::decode, "what is there does not speak WebSocket at this path", {},
                   "it answered '" + base::printable(status.substr(0, 60)) + "'",
                   "look at the port and the path");
    open_ = true;
    return {};
  }
  const std::string answer = websocket_answer(head_, options_, open_);
  say(answer);
  if (open_) return {};
  (void)send_on();
  return Error(ErrorCode::decode, "a request that is none of ours", {},
               base::printable(first_line(answer)));
}

Result<std::size_t> WebSocketChannel::read(std::span<std::uint8_t> to) {
  if (reader_.closed()) return Error(ErrorCode::closed, "the other side closed the connection");
  DTS_ASSIGN(std::size_t got, below_->read(to));
  const std::lock_guard lock(mutex_);
  std::size_t behind = 0;  // the head's last byte, within `to`
  if (!open_ && got > 0) {
    const std::size_t before = head_.size();
    head_.append(reinterpret_cast<const char*>(to.data()), std::min(got, kHttpHeadBytesMax));
    const auto end = head_.find("\r\n\r\n", before < 3 ? 0 : before - 3);
    if (end == std::string::npos && head_.size() >= kHttpHeadBytesMax)
      return Error(ErrorCode::decode, "what is there does not speak WebSocket", {},
                   "its head has no end");
    const std::string_view expected = options_.client ? "HTTP/1." : "GET ";
    if (!std::string_view(head_).starts_with(expected.substr(0, head_.size()))) {
      if (!options_.client) say(websocket_answer("", options_, open_));
      (void)send_on();
      return Error(ErrorCode::decode, "what is there does not speak WebSocket", {},
                   "it began with '" + base::printable(head_.substr(0, 24)) + "'",
                   "look at the port");
    }
    if (end != std::string::npos) {
      behind = end + 4 - before;
      head_.resize(end + 4);
      DTS_TRY(shake_hands());
    } else {
      behind = got;
    }
  }
  // The frames begin behind the head; their data goes to the front.
  Result<std::size_t> data = reader_.take(to.subspan(behind, got - behind), answers_);
  if (data && behind > 0)
    std::copy_n(to.begin() + static_cast<std::ptrdiff_t>(behind), *data, to.begin());
  for (const auto& answer : answers_) {
    const ByteView bytes(answer.bytes);
    if (out_.size() < kPortionBytes) put(answer.opcode, {&bytes, 1});
  }
  answers_.clear();
  (void)send_on();
  if (data && reader_.closed()) {
    if (*data == 0) return Error(ErrorCode::closed, "the other side closed the connection");
    ::shutdown(handle(), SHUT_RD);  // readable at once: the next read() says so
  }
  return data;
}

}  // namespace

std::string websocket_accept(std::string_view key) {
  const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::uint8_t digest[20];
  unsigned size = 0;
  ::EVP_Digest(text.data(), text.size(), digest, &size, ::EVP_sha1(), nullptr);
  return base::to_base64(digest);
}

std::string websocket_answer(std::string_view head, const WebSocketOptions& options,
                             bool& accepted) {
  accepted = false;
  const auto refuse = [](std::string_view status, std::string_view why) {
    return "HTTP/1.1 " + std::string(status) +
           "\r\nConnection: close\r\nContent-Type: text/plain\r\n" +
           "Sec-WebSocket-Version: 13\r\nContent-Length: " + std::to_string(why.size() + 1) +
           "\r\n\r\n" + std::string(why) + "\n";
  };
  const std::string_view line = first_line(head);
  if (!line.starts_with("GET ") || !line.ends_with(" HTTP/1.1"))
    return refuse("400 Bad Request", "not a GET of HTTP/1.1");
  const std::string_view target = line.substr(4, line.size() - 4 - 9);
  if (target.substr(0, target.find('?')) != options.path)
    return refuse("404 Not Found", "DTS is at another path");
  if (base::lower(header(head, "upgrade")) != "websocket" ||
      base::lower(header(head, "connection")).find("upgrade") == std::string::npos ||
      header(head, "sec-websocket-version") != "13")
    return refuse("426 Upgrade Required\r\nUpgrade: websocket",
                  "a WebSocket of version 13 is wanted");
  const std::string_view key = header(head, "sec-websocket-key");
  if (key.size() != 24) return refuse("400 Bad Request", "no key");
  if (!from_here(head, options))
    return refuse("403 Forbidden", "pages of this origin may not connect: ?origin=https://...");
  accepted = true;
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Accept: " +
         websocket_accept(key) + "\r\n\r\n";
}

std::unique_ptr<Channel> websocket_channel(std::unique_ptr<Channel> below,
                                           WebSocketOptions options) {
  return std::make_unique<WebSocketChannel>(std::move(below), std::move(options));
}

}  // namespace dts::transport
