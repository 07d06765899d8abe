#include "transport/zmq/forwarder.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <vector>

#include "base/text.hpp"

namespace dts::transport::zmq {
namespace {

constexpr int kMessagesAtOnce = 256;  // then it is looked at the other direction

Error not_bound(const std::string& end) {
  const int error = ::zmq_errno();
  const bool in_use = error == EADDRINUSE;
  return Error(in_use ? ErrorCode::address_in_use : ErrorCode::system, "cannot listen",
               base::printable(end),
               in_use ? "another program listens there already" : ::zmq_strerror(error),
               "it takes two ports, one after the other; ss -tlpn shows who has them");
}

Result<void> bind(const Socket& socket, std::string& end, const char* inside) {
  if (::zmq_bind(socket.get(), inside) != 0) return not_bound(inside);
  if (::zmq_bind(socket.get(), end.c_str()) != 0) return not_bound(end);
  end = socket.text(ZMQ_LAST_ENDPOINT);
  return {};
}

std::string port_after(const std::string& end) {
  const auto at = end.rfind(':') + 1;
  return end.substr(0, at) + std::to_string(std::stoul(end.substr(at)) + 1);
}

}  // namespace

Result<std::unique_ptr<Forwarder>> Forwarder::open(const Context& context, const Ends& ends,
                                                   const std::optional<ServerKeys>& keys) {
  std::unique_ptr<Forwarder> made(new Forwarder);
  made->context_ = context;
  made->ends_ = ends;
  made->keys_ = keys;
  made->in_ = Socket(context, ZMQ_XSUB);
  made->out_ = Socket(context, ZMQ_XPUB);
  made->door_ = Socket(context, ZMQ_REP);
  if (!made->in_ || !made->out_ || !made->door_) return library_error("open a socket", {});
  const bool every_interface = ends.in.starts_with("tcp://*");
  const bool numbers_of_six = ends.in.starts_with("tcp://[");
  for (const Socket* socket : {&made->in_, &made->out_}) {
    set_up(*socket);
    socket->set(ZMQ_SNDHWM, kForwardedMax);
    socket->set(ZMQ_IPV6, every_interface || numbers_of_six ? 1 : 0);
    if (keys && !(socket->set(ZMQ_CURVE_SERVER, 1) &&
                  socket->set(ZMQ_CURVE_SECRETKEY, keys->own.secret + '\0')))
      return library_error("encrypt (CURVE)", "libzmq");
  }
  // Who asks for a key's permission: the library, by ZAP (rfc.zeromq.org/spec/27).
  if (keys && keys->clients && ::zmq_bind(made->door_.get(), "inproc://zeromq.zap.01") != 0)
    return library_error("watch who connects (ZAP)", "libzmq");
  DTS_TRY(bind(made->in_, made->ends_.in, kIn));
  if (made->ends_.out.empty()) made->ends_.out = port_after(made->ends_.in);
  DTS_TRY(bind(made->out_, made->ends_.out, kOut));
  made->stop_ = Descriptor(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!made->stop_) return system_error("open a wake handle", "zmq", errno);
  made->thread_ = std::thread([forwarder = made.get()] { forwarder->run(); });
  return made;
}

Forwarder::~Forwarder() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = stop_ ? ::write(stop_.get(), &one, sizeof one) : 0;
  if (thread_.joinable()) thread_.join();
  constexpr std::string_view ipc = "ipc://";
  for (const std::string& end : {ends_.in, ends_.out})  // the library leaves them there
    if (end.starts_with(ipc)) ::unlink(end.c_str() + ipc.size());
}

void Forwarder::run() {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  // What one comes to want has to be known before what is said to it.
  zmq_pollitem_t items[] = {{out_.get(), 0, ZMQ_POLLIN, 0},
                            {in_.get(), 0, ZMQ_POLLIN, 0},
                            {door_.get(), 0, ZMQ_POLLIN, 0},
                            {nullptr, stop_.get(), ZMQ_POLLIN, 0}};
  bool more = false;
  while (true) {
    if (::zmq_poll(items, 4, more ? 0 : -1) < 0 && ::zmq_errno() != EINTR) return;
    const bool wishes = pass(out_, in_);
    more = pass(in_, out_) || wishes;
    if (items[2].revents != 0) answer_doorkeeper();
    if (items[3].revents != 0 && !more) return;
  }
}

// True: there may be more.
bool Forwarder::pass(const Socket& from, const Socket& to) {
  Message message;
  for (int count = 0; count < kMessagesAtOnce; ++count) {
    if (!message.receive(from)) return false;
    message.send(to, message.more() ? ZMQ_SNDMORE : 0);
  }
  return true;
}

// version, request, domain, address, identity, mechanism, key -> version, request, code, text, ...
void Forwarder::answer_doorkeeper() {
  constexpr std::size_t frames_max = 16;
  std::vector<std::string> asked;
  Message message;
  do {
    if (!message.receive(door_)) return;
    if (asked.size() < frames_max) asked.emplace_back(message.text());
  } while (message.more());
  char key[41] = {};
  const bool whole = asked.size() == 7 && asked[5] == "CURVE" && asked[6].size() == 32 &&
                     ::zmq_z85_encode(key, reinterpret_cast<const std::uint8_t*>(asked[6].data()),
                                      asked[6].size()) != nullptr;
  const bool known = whole && keys_->clients->contains(key);
  const std::string request = asked.size() > 1 ? asked[1] : "";
  const std::string_view answer[] = {"1.0",
                                     request,
                                     known ? "200" : "400",
                                     known ? "OK" : "its key is not known",
                                     known ? std::string_view(key) : std::string_view(),
                                     ""};
  for (std::size_t i = 0; i < std::size(answer); ++i)
    Message(answer[i], {}).send(door_, i + 1 < std::size(answer) ? ZMQ_SNDMORE : 0);
}

}  // namespace dts::transport::zmq
