#include "transport/zmq/socket.hpp"

#include <algorithm>

namespace dts::transport::zmq {

Result<Context> make_context() {
  void* const context = ::zmq_ctx_new();
  if (context == nullptr) return library_error("begin with ZeroMQ", {});
  return Context(context, [](void* old) { ::zmq_ctx_term(old); });
}

Error library_error(std::string what, std::string where) {
  return Error(ErrorCode::system, "cannot " + std::move(what), std::move(where),
               ::zmq_strerror(::zmq_errno()));
}

std::string Socket::text(int option) const {
  char value[256] = {};
  std::size_t size = sizeof value - 1;
  ::zmq_getsockopt(get(), option, value, &size);
  return value;
}

void set_up(const Socket& socket) {
  socket.set(ZMQ_LINGER, 1000);  // what was said shall leave, for at most a second
  socket.set(ZMQ_SNDHWM, kMessagesMax);
  socket.set(ZMQ_RCVHWM, kMessagesMax);
  socket.set(ZMQ_IPV6, 1);
  socket.set(ZMQ_RECONNECT_IVL, -1);  // who is lost is told so
  socket.set(ZMQ_HEARTBEAT_IVL, 3000);
  socket.set(ZMQ_HEARTBEAT_TIMEOUT, 10'000);
  socket.set(ZMQ_HANDSHAKE_IVL, 5000);
  const std::int64_t most = kMessageBytesMax;
  ::zmq_setsockopt(socket.get(), ZMQ_MAXMSGSIZE, &most, sizeof most);
}

Message::Message(std::string_view topic, ByteView envelope) {
  if (::zmq_msg_init_size(&message_, topic.size() + envelope.size()) != 0) {
    ::zmq_msg_init(&message_);
    return;
  }
  auto* const to = static_cast<std::uint8_t*>(::zmq_msg_data(&message_));
  std::copy(envelope.begin(), envelope.end(), std::copy(topic.begin(), topic.end(), to));
}

}  // namespace dts::transport::zmq
