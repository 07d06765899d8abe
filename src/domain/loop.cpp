// The loop: wait, receive, let the engine work, hand out. Its threads are all alike and change
// roles: one is the receiver and runs handlers itself, at once (handing a message to another thread
// would cost more than most handlers); one stands by at the watch timer and takes the receiver's
// place when it has been in a handler for too long; more are started only when all are busy.
#include <poll.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

#include "domain/core.hpp"

namespace dts {

namespace {

constexpr std::uint64_t wake_tag = ~std::uint64_t{0};
constexpr std::uint64_t timer_tag = ~std::uint64_t{1};
// A handler that runs longer than one to two of these is slow.
constexpr long patience_ns = 5'000'000;

void drain(int fd) {
  std::uint64_t count = 0;
  // Empty already is as good.
  [[maybe_unused]] const ssize_t got = ::read(fd, &count, sizeof count);
}

// The steady clock stands still while the machine sleeps, this one does not.
Duration since_boot() {
  timespec spec{};
  ::clock_gettime(CLOCK_BOOTTIME, &spec);
  return std::chrono::seconds(spec.tv_sec) + Duration(spec.tv_nsec);
}

int milliseconds_of(Duration duration) {
  if (duration == Duration::max()) return -1;
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(duration).count();
  return static_cast<int>(std::clamp<std::int64_t>(ms, 0, 3'600'000));
}

}  // namespace

std::unique_ptr<Round> DomainCore::spare_round() {
  std::unique_ptr<Round> round;
  if (!spare_rounds_.empty()) {
    round = std::move(spare_rounds_.back());
    spare_rounds_.pop_back();
  } else {
    round = std::make_unique<Round>();
    round->batches.resize(transports_.size());
  }
  round->thread.store(std::this_thread::get_id());
  round->receive.assign(transports_.size(), false);
  return round;
}

bool DomainCore::may_serve_here() const {
  if (epoll_ < 0) return false;
  return receiver_ == nullptr ||
         (receiver_->thread == std::this_thread::get_id() && receiver_->round->in_handlers);
}

bool DomainCore::loop_elsewhere() const {
  const auto here = std::this_thread::get_id();
  return std::any_of(loops_.begin(), loops_.end(), [&](std::thread::id id) { return id != here; });
}

// Without the lock: only the receiver is here, and what it touches changes only when there is no
// receiver.
bool DomainCore::receive(Round& round, Duration timeout) {
  round.timer = round.woken = false;
  const bool more =
      std::find(round.receive.begin(), round.receive.end(), true) != round.receive.end();
  if (!more || timeout == Duration::zero()) {
    epoll_event events[16];
    const int count = ::epoll_wait(epoll_, events, 16, milliseconds_of(timeout));
    for (int i = 0; i < count; ++i) {
      const std::uint64_t tag = events[i].data.u64;
      if (tag == wake_tag)
        round.woken = true;
      else if (tag == timer_tag)
        round.timer = true;
      else if (tag < round.receive.size())
        round.receive[tag] = true;
    }
  }
  bool any = false;
  for (std::size_t i = 0; i < round.receive.size(); ++i) {
    round.batches[i].packets.clear();
    if (!round.receive[i]) continue;
    any = true;
    const Result<std::size_t> received = transports_[i].transport->receive(round.batches[i]);
    if (!received) round.batches[i].packets.clear();  // the transport has counted it
  }
  return any;
}

void DomainCore::meet_deadlines(Instant now, Round* round, proto::Outbox& out) {
  if (now >= engine_->next_deadline()) {
    engine_->tick(now, wall_at(now), out);
    take_in(out, round);
    if (leaving_ && !engine_->leaving()) changed();  // close() may go on
  }
  if (now >= overflow_due_) watch_overflow(now);
  if (now >= flush_due_) flush(now);
  if (now >= silence_due_) check_silence(now);
  if (now >= query_due_) check_queries(now, out);
}

// With the lock: what was received goes through the engine and becomes the round's items.
void DomainCore::prepare(Round& round, Instant now) {
  if (sleep_.slept(now, since_boot(), armed_)) wake_up(now, round.out);
  if (round.timer || now >= armed_) {
    drain(timer_);
    armed_ = Instant::max();
  }
  if (round.woken) {
    drain(wake_);
    woken_ = false;
  }
  round.steady_ns = now.time_since_epoch().count();
  const std::int64_t wall_ns = wall_at(now);
  round.received_at = Time(Duration(wall_ns));
  take_ready(round);
  proto::Path path;
  bool links = false;
  for (std::size_t i = 0; i < round.batches.size(); ++i) {
    links = links || round.receive[i];
    path.transport = static_cast<proto::TransportIndex>(i);
    for (const ReceivedPacket& packet : round.batches[i].packets) {
      path.link = packet.link;
      path.address = packet.from;
      path.multicast = packet.multicast;
      engine_->receive(now, wall_ns, path, packet.bytes, round.out);
      take_in(round.out, &round);
    }
    // More is likely to be there: the next wait is left out.
    round.receive[i] = round.batches[i].packets.size() >= 8;
  }
  if (links) follow_links(now, round.out);
  meet_deadlines(now, &round, round.out);
  take_in(round.out, &round);
  keep_last(round);
  follow_groups();
  send(round.out);
  arm_timer();
}

// A thread that was in no loop has let go of receiving: whoever stands by takes it up. The loop's
// threads may have come while it received.
void DomainCore::call_receiver() {
  if (loops_.empty()) return;
  if (watcher_) {
    watch_armed_ = true;
    itimerspec at_once{};
    at_once.it_value.tv_nsec = 1;
    ::timerfd_settime(watch_, 0, &at_once, nullptr);
  }
  standby_.notify_one();
}

void DomainCore::arm_watch() {
  if (watch_armed_) return;
  watch_armed_ = true;
  itimerspec spec{};
  spec.it_value.tv_nsec = patience_ns;
  ::timerfd_settime(watch_, 0, &spec, nullptr);
}

std::size_t DomainCore::hand_out(Lock& lock, Round& round) {
  std::size_t handled = 0;
  if (leaving_) {  // what handlers refer to may be gone: close() was called
    round.claimed.clear();
    round.items.clear();
  }
  if (!round.items.empty()) {
    round.next.store(0);
    round.in_handlers = true;
    ++handling_;
    rounds_.push_back(&round);
    if (watcher_) arm_watch();
    lock.unlock();
    handled = run_items(round);
    lock.lock();
    std::erase(rounds_, &round);
    round.in_handlers = false;
    release(round);
  }
  round.out.clear();
  if (rounds_.empty()) retired_.clear();
  return handled;
}

std::size_t DomainCore::serve_once(Lock& lock, LoopThread& me, Duration timeout) {
  Round& round = *me.round;
  if (!started_) {
    proto::Outbox out;
    settle(out);
  }
  asleep_ = ready_.empty();
  const Duration patience = ready_.empty() ? timeout : Duration::zero();
  lock.unlock();
  receive(round, patience);
  const Instant now = clock();
  lock.lock();
  asleep_ = false;
  if (closed_) return 0;
  prepare(round, now);
  const std::size_t handled = hand_out(lock, round);
  asleep_ = ready_.empty();
  return handled;
}

std::size_t DomainCore::serve_here(Lock& lock, Duration timeout) {
  LoopThread me{spare_round(), std::this_thread::get_id()};
  LoopThread* const outer = std::exchange(receiver_, &me);
  const std::size_t handled = serve_once(lock, me, timeout);
  // Somebody who stood by may have taken over meanwhile.
  if (receiver_ == &me) {
    receiver_ = outer;
    if (receiver_ == nullptr) call_receiver();
  }
  spare_rounds_.push_back(std::move(me.round));
  if (stopped() && loops_.empty() && threads_.empty()) obey_stop();
  changed();  // another thread that waits may have to serve now
  return handled;
}

std::size_t DomainCore::poll(Duration timeout) {
  Lock lock(*this);
  if (closed_ || !may_serve_here()) return 0;  // a loop runs on other threads: nothing to do
  return serve_here(lock, timeout);
}

// The watch timer says that handlers may be slow: the receiver is in the phase of handlers it was
// in when the timer was armed, or it is not.
void DomainCore::watch_handlers() {
  watch_armed_ = false;
  if (receiver_ == nullptr || !receiver_->round->in_handlers) return;
  if (handling_seen_ != handling_) {
    handling_seen_ = handling_;
    arm_watch();  // this thread goes on watching
    return;
  }
  take_over(*receiver_->round);
  receiver_ = nullptr;
  if (idle_ > 0)
    standby_.notify_one();
  else if (loops_.size() < loop_threads_max)
    spawn();
}

void DomainCore::stand_by(Lock& lock) {
  if (watcher_) {
    ++idle_;
    standby_.wait(lock.mutex());
    --idle_;
    return;
  }
  watcher_ = true;
  if (receiver_ != nullptr && receiver_->round->in_handlers) {
    handling_seen_ = handling_;
    arm_watch();
  }
  lock.unlock();
  pollfd fds[2] = {{watch_, POLLIN, 0}, {halt_, POLLIN, 0}};
  const int count = ::poll(fds, 2, -1);
  lock.lock();
  watcher_ = false;
  if (count > 0 && (fds[0].revents & POLLIN) != 0) {
    drain(watch_);
    watch_handlers();
  }
}

void DomainCore::spawn() {
  threads_.emplace_back([self = shared_from_this()] { self->loop_thread(); });
}

void DomainCore::loop_thread() {
  Lock lock(*this);
  const auto here = std::this_thread::get_id();
  LoopThread me{spare_round(), here};
  loops_.push_back(here);
  while (!closed_ && !stopped() && epoll_ >= 0) {
    if (receiver_ == nullptr) receiver_ = &me;
    if (receiver_ == &me)
      serve_once(lock, me, Duration::max());
    else
      stand_by(lock);
  }
  if (receiver_ == &me) receiver_ = nullptr;
  asleep_ = true;
  spare_rounds_.push_back(std::move(me.round));
  loops_.erase(std::find(loops_.begin(), loops_.end(), here));
  if (loops_.empty() && !closed_) flush(clock());  // nobody is left to send what gathers
  standby_.notify_all();
  changed_.notify_all();
}

void DomainCore::obey_stop() {
  stops_seen_ = stops_.load();
  drain(halt_);
}

// Joins the domain's threads, which have been told to stop; not the one this is called on.
void DomainCore::join(Lock& lock) {
  std::vector<std::thread> threads;
  threads.swap(threads_);
  lock.unlock();
  for (std::thread& thread : threads) {
    if (thread.get_id() == std::this_thread::get_id())
      thread.detach();
    else
      thread.join();
  }
  lock.lock();
}

void DomainCore::run() {
  {
    Lock lock(*this);
    if (closed_ || stopped()) {
      obey_stop();
      return;
    }
    if (loops_.empty() && threads_.empty()) spawn();  // stands by
  }
  loop_thread();
  Lock lock(*this);
  if (!closed_) join(lock);
  obey_stop();
}

void DomainCore::start() {
  Lock lock(*this);
  if (closed_) return;
  if (!threads_.empty()) {
    if (!stopped()) return;  // they run already
    join(lock);
  }
  obey_stop();
  spawn();
  spawn();
}

void DomainCore::stop() {
  stops_.fetch_add(1, std::memory_order_acq_rel);
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t woken = ::write(wake_, &one, sizeof one);
  [[maybe_unused]] const ssize_t halted = ::write(halt_, &one, sizeof one);
}

}  // namespace dts
