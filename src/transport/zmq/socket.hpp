// What of libzmq is owned: a context, a socket, a message. One thread at a time uses a socket; a
// message may go from thread to thread.
#pragma once

#include <zmq.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <dts/bytes.hpp>
#include <dts/result.hpp>

namespace dts::transport::zmq {

// Messages larger than this are not made, and whoever sends one is disconnected.
constexpr std::size_t kMessageBytesMax = (64u << 10) + 128;
// So many wait in a queue of the library at most, for each connection. What a forwarder has no room
// for is dropped, and nobody told: its queues are longer. One message takes memory once, for
// however many it waits.
constexpr int kMessagesMax = 512, kForwardedMax = 4096;

// How both sides of a connection begin (ZMTP 3.1, rfc.zeromq.org/spec/37).
constexpr std::string_view kZmtpGreeting("\xff\0\0\0\0\0\0\0\1\x7f", 10);

using Context = std::shared_ptr<void>;
Result<Context> make_context();
Error library_error(std::string what, std::string where);  // of zmq_errno()

class Socket {
 public:
  Socket() = default;
  Socket(const Context& context, int type) : socket_(::zmq_socket(context.get(), type)) {}
  void* get() const { return socket_.get(); }
  explicit operator bool() const { return socket_ != nullptr; }
  bool set(int option, int value) const {
    return ::zmq_setsockopt(get(), option, &value, sizeof value) == 0;
  }
  bool set(int option, std::string_view value) const {
    return ::zmq_setsockopt(get(), option, value.data(), value.size()) == 0;
  }
  std::string text(int option) const;

 private:
  struct Close {
    void operator()(void* socket) const { ::zmq_close(socket); }
  };
  std::unique_ptr<void, Close> socket_;
};

// What all sockets of ours have in common.
void set_up(const Socket& socket);

class Message {
 public:
  Message() { ::zmq_msg_init(&message_); }
  Message(std::string_view topic, ByteView envelope);
  Message(Message&& other) noexcept : Message() { ::zmq_msg_move(&message_, &other.message_); }
  Message& operator=(Message&& other) noexcept {
    ::zmq_msg_move(&message_, &other.message_);
    return *this;
  }
  ~Message() { ::zmq_msg_close(&message_); }
  zmq_msg_t* get() { return &message_; }
  ByteView bytes() {
    return {static_cast<const std::uint8_t*>(::zmq_msg_data(&message_)), ::zmq_msg_size(&message_)};
  }
  std::string_view text() {
    return {static_cast<const char*>(::zmq_msg_data(&message_)), ::zmq_msg_size(&message_)};
  }
  // False: there is none now, or no room.
  bool receive(const Socket& socket) {
    return ::zmq_msg_recv(&message_, socket.get(), ZMQ_DONTWAIT) >= 0;
  }
  bool send(const Socket& socket, int flags = 0) {
    return ::zmq_msg_send(&message_, socket.get(), ZMQ_DONTWAIT | flags) >= 0;
  }
  bool more() { return ::zmq_msg_more(&message_) != 0; }

 private:
  zmq_msg_t message_;
};

}  // namespace dts::transport::zmq
