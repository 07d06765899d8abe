#include "domain/core.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "base/random.hpp"
#include "base/text.hpp"
#include "proto/wire.hpp"
#include "transport/url.hpp"

namespace dts {

namespace {

constexpr std::size_t notices_max = 256;

void write_line(std::string_view line) {
  std::string text = "dts: ";
  text += line;
  text += '\n';
  std::fwrite(text.data(), 1, text.size(), stderr);
}

// "192.168.1.20:41234" -> 41234
std::uint16_t port_of(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  unsigned port = 0;
  if (colon != std::string_view::npos)
    for (const char c : address.substr(colon + 1)) {
      if (c < '0' || c > '9') return 0;
      port = port * 10 + static_cast<unsigned>(c - '0');
      if (port > 65535) return 0;
    }
  return static_cast<std::uint16_t>(port);
}

}  // namespace

void DomainCore::Lock::release() {
  const bool wake = core_.wake_wanted_;
  core_.wake_wanted_ = false;
  std::vector<std::string> lines;
  lines.swap(core_.log_lines_);
  lock_.unlock();
  if (wake) {
    const std::uint64_t one = 1;
    // It cannot fail but for a full counter, which wakes just as well.
    [[maybe_unused]] const ssize_t written = ::write(core_.wake_, &one, sizeof one);
  }
  for (const std::string& line : lines) {
    if (core_.options_.log)
      core_.options_.log(line);
    else
      write_line(line);
  }
}

DomainCore::DomainCore(DomainOptions options)
    : options_(std::move(options)),
      environment_(domain::environment_of(options_)),
      source_name_(environment_.host + "/" + environment_.node) {}

DomainCore::~DomainCore() {
  for (const int fd : {epoll_, wake_, timer_, watch_, halt_})
    if (fd >= 0) ::close(fd);
}

void DomainCore::open() {
  Lock lock(*this);
  opened_ = last_news_ = clock();
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  halt_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  timer_ = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  watch_ = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  if (epoll_ < 0 || wake_ < 0 || halt_ < 0 || timer_ < 0 || watch_ < 0)
    tell("this domain can publish but not receive: " + std::string(std::strerror(errno)) +
         " (try: raise the limit of open files, ulimit -n)");
  const auto follow = [&](int fd, std::uint64_t tag) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = tag;
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0)
      tell("the loop cannot follow a file: " + std::string(std::strerror(errno)));
  };
  follow(wake_, ~std::uint64_t{0});
  follow(timer_, ~std::uint64_t{1});

  for (const std::string& complaint : environment_.complaints) tell(complaint);
  for (const std::string& url : environment_.transports) open_transport(url);

  proto::EngineOptions engine;
  base::fill_random(MutableByteView(engine.node.bytes));
  engine.domain = environment_.domain;
  engine.host = environment_.host;
  engine.name = environment_.node;
  engine.version = domain::version();
  engine.process = static_cast<std::uint32_t>(::getpid());
  engine.message_bytes_max = options_.message_bytes_max;
  engine.backlog_bytes_max = 32u << 20;  // further ahead a publisher only fills memory
  std::uint64_t seed = 0;
  std::uint8_t random[sizeof seed];
  base::fill_random(random);
  std::memcpy(&seed, random, sizeof seed);
  for (const OpenTransport& open : transports_)
    if (engine.unicast_port == 0) engine.unicast_port = port_of(open.transport->local_address());
  engine_ = std::make_unique<proto::Engine>(engine, seed);

  proto::Outbox out;
  const Instant now = clock();
  for (std::size_t i = 0; i < transports_.size(); ++i) {
    OpenTransport& open = transports_[i];
    engine_->add_transport(open.transport->capabilities(), open.transport->receive_buffer_bytes());
    open.links = open.transport->links();
    engine_->set_links(now, static_cast<proto::TransportIndex>(i), open.links, out);
    if (open.transport->poll_handle() >= 0) follow(open.transport->poll_handle(), i);
    for (const TransportNotice& notice : open.transport->take_notices()) tell(notice.text);
  }
  for (const std::string& peer : environment_.peers) name_peer(peer);
  take_in(out, nullptr);
  follow_groups();
  send(out);
}

void DomainCore::open_transport(const std::string& url) {
  const std::string scheme = url.substr(0, url.find("://"));
  const std::string shown = transport::shown_url(url);
  std::vector<std::string> known;
  for (const TransportPlugin& plugin : options_.transport_table) {
    known.emplace_back(plugin.scheme);
    if (plugin.scheme != scheme) continue;
    TransportOptions options;
    options.url = url;
    options.domain = environment_.domain;
    options.interfaces = environment_.interfaces;
    Result<std::unique_ptr<Transport>> opened = plugin.open(options);
    if (!opened) {
      tell("going on without " + shown + ": " + opened.error().text());
      return;
    }
    transports_.push_back(OpenTransport{std::move(*opened), shown, {}, {}});
    return;
  }
  const std::string near = base::nearest(scheme, known);
  tell("going on without " + shown + ": " +
       Error(ErrorCode::unknown_transport, "no transport is called '" + scheme + "'", {}, {},
             near.empty() ? std::string() : near + "://")
           .text());
}

// A number is an address at once; a name may take the resolver seconds, which opening a domain must
// not: a thread of its own asks, and the peer is added when it is known.
void DomainCore::name_peer(const std::string& peer) {
  const bool number = peer.find_first_not_of("0123456789.:[]") == std::string::npos;
  for (std::size_t i = 0; i < transports_.size(); ++i) {
    const Transport& transport = *transports_[i].transport;
    const Capabilities able = transport.capabilities();
    if (able.relayed) continue;                              // its URL says where it connects
    if (able.same_host && transports_.size() > 1) continue;  // hosts are the others' affair
    if (number)
      add_peer(i, peer, transport.resolve(peer));
    else
      std::thread([self = shared_from_this(), i, peer, &transport] {
        const Result<Address> address = transport.resolve(peer);
        Lock lock(*self);
        if (!self->closed_) self->add_peer(i, peer, address);
      }).detach();
  }
}

void DomainCore::add_peer(std::size_t transport, const std::string& peer,
                          const Result<Address>& address) {
  if (!address) {
    tell("the peer '" + peer + "' is not used: " + address.error().text());
    return;
  }
  proto::Path path;
  path.transport = static_cast<proto::TransportIndex>(transport);
  path.address = *address;
  proto::Outbox out;
  engine_->add_named_peer(clock(), path, out);
  take_in(out, nullptr);
  send(out);
  if (started_) arm_timer();
}

std::int64_t DomainCore::wall_at(Instant now) {
  // The offset of the two clocks is read again after 10 ms: a clock that is set is followed, and
  // a burst of messages costs one reading.
  if (wall_minus_steady_ns_ == 0 || now - wall_read_ > std::chrono::milliseconds(10)) {
    wall_read_ = now;
    wall_minus_steady_ns_ =
        dts::now().time_since_epoch().count() - clock().time_since_epoch().count();
  }
  return now.time_since_epoch().count() + wall_minus_steady_ns_;
}

// After standing still: others may have given this process up, and switches its groups.
void DomainCore::wake_up(Instant now, proto::Outbox& out) {
  rejoin_groups(now);
  engine_->woke(now, out);
}

// A switch that has forgotten who wants which group learns it when a group is joined.
void DomainCore::rejoin_groups(Instant now) {
  if (rejoined_ != Instant{} && now - rejoined_ < std::chrono::seconds(10)) return;
  rejoined_ = now;
  for (OpenTransport& open : transports_)
    for (std::size_t i = 0; i < open.joined.size(); ++i) {
      if (!open.joined[i]) continue;
      const auto group = static_cast<Group>(i);
      (void)open.transport->leave(group);
      if (const Result<void> done = open.transport->join(group); !done)
        tell(std::string(open.transport->name()) + ": " + done.error().text());
    }
}

void DomainCore::send(proto::Outbox& out) {
  for (std::size_t i = 0; i < out.packets.size();) {
    const proto::TransportIndex index = out.packets[i].transport;
    outgoing_.clear();
    for (; i < out.packets.size() && out.packets[i].transport == index; ++i) {
      const proto::Packet& packet = out.packets[i];
      outgoing_.push_back(out.outgoing(packet));
    }
    // What could not be sent is in the transport's counters.
    if (index < transports_.size() && !close_done_)
      (void)transports_[index].transport->send(outgoing_);
  }
  out.packets.clear();
}

void DomainCore::follow_groups() {
  if (!engine_->groups_changed()) return;
  std::bitset<256> wanted;
  wanted.set(0);  // control
  for (const Group group : engine_->groups()) wanted.set(group);
  for (OpenTransport& open : transports_) {
    if (!open.transport->capabilities().groups || open.joined == wanted) continue;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (wanted[i] == open.joined[i]) continue;
      const auto group = static_cast<Group>(i);
      const Result<void> done =
          wanted[i] ? open.transport->join(group) : open.transport->leave(group);
      if (!done) tell(std::string(open.transport->name()) + ": " + done.error().text());
    }
    open.joined = wanted;
  }
}

void DomainCore::follow_links(Instant now, proto::Outbox& out) {
  for (std::size_t i = 0; i < transports_.size(); ++i) {
    OpenTransport& open = transports_[i];
    if (!open.transport->links_changed()) continue;
    open.links = open.transport->links();
    engine_->set_links(now, static_cast<proto::TransportIndex>(i), open.links, out);
    for (const TransportNotice& notice : open.transport->take_notices()) tell(notice.text);
  }
}

void DomainCore::settle(proto::Outbox& out) {
  if (!started_) {
    started_ = true;
    const Instant now = clock();
    engine_->start(now, wall_at(now), out);
  }
  take_in(out, nullptr);
  follow_groups();  // first: what is announced as wanted must be heard
  send(out);
  out.clear();
  arm_timer();
}

void DomainCore::arm_timer() {
  const Instant due = std::min({engine_->next_deadline(), flush_due_, silence_due_, query_due_});
  if (due >= armed_ || closed_) return;
  armed_ = due;
  const std::int64_t ns = std::max<std::int64_t>(1, due.time_since_epoch().count());
  itimerspec spec{};
  spec.it_value.tv_sec = ns / 1'000'000'000;
  spec.it_value.tv_nsec = ns % 1'000'000'000;
  ::timerfd_settime(timer_, TFD_TIMER_ABSTIME, &spec, nullptr);
}

void DomainCore::tell(std::string line) {
  if (std::find(notices_.begin(), notices_.end(), line) != notices_.end()) return;
  if (notices_.size() >= notices_max) notices_.erase(notices_.begin());
  notices_.push_back(line);
  warn(std::move(line));
}

void DomainCore::warn(std::string line) {
  if (log_lines_.size() < notices_max) log_lines_.push_back(base::printable(line));
}

std::vector<std::string> DomainCore::take_notices() {
  Lock lock(*this);
  std::vector<std::string> taken;
  taken.swap(notices_);
  return taken;
}

void DomainCore::tell_error(std::string line) {
  Lock lock(*this);
  tell(std::move(line));
}

void DomainCore::changed() {
  if (waiting_ > 0) changed_.notify_all();
}

void DomainCore::wake() {
  if (!asleep_ || woken_) return;
  woken_ = wake_wanted_ = true;
}

bool DomainCore::wait(Lock& lock, Instant deadline, const std::function<bool()>& done) {
  lock.unlock();  // a wake-up or a log line may be due
  lock.lock();
  while (!done()) {
    const Instant now = clock();
    if (closed_ || now >= deadline) return false;
    if (!loop_elsewhere() && may_serve_here()) {
      serve_here(lock, deadline == Instant::max() ? Duration::max() : deadline - now);
      continue;
    }
    ++waiting_;
    if (deadline == Instant::max())
      changed_.wait(lock.mutex());
    else
      changed_.wait_until(lock.mutex(), deadline);
    --waiting_;
  }
  return true;
}

// Says goodbye, and stays for the few milliseconds in which the last values may be asked for again.
void DomainCore::leave(Lock& lock) {
  if (closed_) return;
  const Instant now = clock();
  engine_->flush(now, out_);
  send(out_);
  out_.clear();
  proto::Outbox out;
  engine_->stop(now, out);
  send(out);
  arm_timer();
  leaving_ = engine_->leaving();
  const auto left = [this] { return !engine_->leaving(); };
  if (leaving_) wait(lock, now + std::chrono::seconds(11), left);
}

void DomainCore::close() {
  std::vector<std::shared_ptr<Subscriber>> subscribers;
  std::unordered_map<const Layout*, std::shared_ptr<SourceState>> publishers;
  const auto here = std::this_thread::get_id();
  {
    Lock lock(*this);
    leave(lock);
    if (closed_) {
      const bool in_loop = std::find(loops_.begin(), loops_.end(), here) != loops_.end();
      while (!close_done_ && !in_loop) {
        ++waiting_;
        changed_.wait(lock.mutex());
        --waiting_;
      }
      return;
    }
    closed_ = true;
    for (auto& [id, subscriber] : subscribers_) {
      subscriber->cancelled.store(true);
      subscribers.push_back(subscriber);
    }
    subscribers_.clear();
    by_family_.clear();
    by_pattern_.clear();
    for (auto& [token, query] : queries_) query->subscriber = nullptr;
    queries_.clear();
    publishers.swap(own_publishers_);
    changed();
    standby_.notify_all();
  }
  stop();
  Lock lock(*this);
  join(lock);
  const auto others = [&] {
    for (const std::thread::id& loop : loops_)
      if (loop != here) return true;
    for (const Round* round : rounds_)
      if (round->thread.load() != here) return true;
    return receiver_ != nullptr && receiver_->thread != here;
  };
  while (others()) {
    ++waiting_;
    changed_.wait(lock.mutex());
    --waiting_;
  }
  close_done_ = true;
  for (OpenTransport& open : transports_) open.transport->close();
  changed_.notify_all();
}

unsigned protocol_version() noexcept { return proto::wire::kVersion; }

}  // namespace dts
