// Visitors and sessions have numbers, which are the tags of their events. A visitor that waits is
// known to its session by its number, so either may go first.
#include "transport/http/front.hpp"

#include <sys/socket.h>

#include <deque>
#include <map>

#include "base/hex.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "transport/acceptor.hpp"
#include "transport/http/session.hpp"
#include "transport/http/visitor.hpp"
#include "transport/poller.hpp"

namespace dts::transport {
namespace {

using Clock = std::chrono::steady_clock;
using Tag = Session::Tag;
using std::chrono::seconds;
constexpr seconds kSilence{60};  // of a session, which is then over
constexpr seconds kHold{20};     // so long a request waits for bytes, or for its own to be through
constexpr std::size_t kSessionsMax = 1024, kVisitorsMax = 2 * kSessionsMax;
constexpr std::size_t kStrangersMax = 128;
constexpr std::size_t kOverMax =
    64;  // sessions kept for who has still to be told that they are over
constexpr int kEventsPerCall = 64;
constexpr Tag kAcceptTag = 0;
constexpr std::string_view kBytes = "application/x-dts";
constexpr std::string_view kReplaced = "another request has taken the place of this one";

class HttpEntrance final : public Entrance {
 public:
  explicit HttpEntrance(const Layers& layers) : layers_(layers) {}
  Result<void> open() {
    DTS_TRY(poller_.open());
    DTS_ASSIGN(acceptor_, Acceptor::at(layers_.endpoint, layers_.scheme));
    return poller_.follow(acceptor_.handle(), kAcceptTag, false);
  }
  int handle() const noexcept override { return poller_.handle(); }
  std::string place() const override { return acceptor_.place(); }
  std::unique_ptr<Channel> next() override;
  std::uint64_t turned_away() const override { return acceptor_.turned_away() + refused_; }

 private:
  using Visitors = std::map<Tag, Visitor>;
  using Sessions = std::map<std::string, Session, std::less<>>;

  void accept();
  void let_go(Visitors::iterator visitor);
  void make_room();
  void visited(Visitors::iterator at, bool readable);
  void serve(Tag tag, Visitor& visitor);
  void judge(Visitor& visitor);
  void open_session(Visitor& visitor);
  void down(Tag tag, Visitor& visitor, Session& session);
  void up(Tag tag, Visitor& visitor, Session& session);
  void streamed(Sessions::iterator at);
  void stream_over(Sessions::iterator at);
  void end(Sessions::iterator at);
  void follow(Session& session);
  void watch_room(Tag tag, Visitor& visitor);
  // What waits under this number, if it still does, is answered; the number is 0 then.
  void answer(Tag& tag, int status, std::string_view type = {}, std::string_view body = {});
  bool waiting(Tag tag) const {
    const auto at = visitors_.find(tag);
    return at != visitors_.end() && at->second.waits();
  }
  void look_around();
  // What the path names: "open", or a session and what is to be done with it.
  struct Target {
    Sessions::iterator session;
    std::string_view verb;
  };
  Target target(std::string_view path);

  const Layers layers_;
  Poller poller_;
  Acceptor acceptor_;
  Visitors visitors_;
  Sessions sessions_;                  // by their names
  std::map<Tag, std::string> by_tag_;  // their names
  std::deque<std::string> over_;       // of those whose stream has ended, as far as they still are
  std::unique_ptr<Channel> came_;      // one that next() has not given out
  std::size_t strangers_ = 0;
  Tag last_tag_ = kAcceptTag;
  std::uint64_t refused_ = 0;
  bool looking_ = false;  // the timer is armed
};

std::unique_ptr<Channel> HttpEntrance::next() {
  for (int round = 0; round < kEventsPerCall && !came_; ++round) {
    const auto event = poller_.next();
    if (!event) break;
    if (event->tag == kAcceptTag)
      accept();
    else if (event->tag == Poller::timer_tag)
      look_around();
    else if (const auto at = visitors_.find(event->tag); at != visitors_.end())
      visited(at, event->readable);
    else if (const auto name = by_tag_.find(event->tag); name != by_tag_.end())
      streamed(sessions_.find(name->second));
  }
  return std::move(came_);
}

void HttpEntrance::accept() {
  for (int i = 0; i < kEventsPerCall; ++i) {
    auto socket = acceptor_.next();
    if (!socket) return;
    make_room();
    const Tag tag = ++last_tag_;
    tune_socket(socket->get());
    if (!poller_.follow(socket->get(), tag, false)) continue;
    visitors_.try_emplace(tag, layers_.channel(std::move(*socket)));
    ++strangers_;
    if (!std::exchange(looking_, true)) poller_.arm(seconds(1));
  }
}

void HttpEntrance::let_go(Visitors::iterator visitor) {
  if (visitor->second.stranger) --strangers_;
  visitors_.erase(visitor);
}

// The one that came first of those that are of least use goes.
void HttpEntrance::make_room() {
  const bool strangers = strangers_ >= kStrangersMax;
  if (!strangers && visitors_.size() < kVisitorsMax) return;
  auto goes = visitors_.begin();
  for (auto at = visitors_.begin(); at != visitors_.end(); ++at) {
    goes = at;
    if (strangers ? at->second.stranger : !at->second.waits()) break;
  }
  ++refused_;
  let_go(goes);
}

void HttpEntrance::visited(Visitors::iterator at, bool readable) {
  const auto& [tag, visitor] = *at;
  if (readable && !at->second.read()) return let_go(at);
  serve(tag, at->second);
  watch_room(tag, at->second);
}

void HttpEntrance::watch_room(Tag tag, Visitor& visitor) {
  const bool wanted = visitor.send_on();
  if (wanted == visitor.watched) return;
  visitor.watched = wanted;
  poller_.want(visitor.handle(), tag, wanted);
}

void HttpEntrance::answer(Tag& tag, int status, std::string_view type, std::string_view body) {
  const auto at = visitors_.find(std::exchange(tag, 0));
  if (at == visitors_.end() || !at->second.waits()) return;
  at->second.answer(status, type, body);
  watch_room(at->first, at->second);
}

// A request is judged by its head; what is refused brings no body.
void HttpEntrance::serve(Tag tag, Visitor& visitor) {
  auto has = visitor.next();
  if (has == Visitor::Has::head) {
    judge(visitor);
    has = visitor.next();
  }
  if (has != Visitor::Has::whole) return;
  const auto [at, verb] = target(visitor.request().path);
  if (verb == "open") return open_session(visitor);
  if (at == sessions_.end()) return visitor.refuse(404, "this session is over");  // meanwhile
  if (verb == "down") return down(tag, visitor, at->second);
  if (verb == "up") return up(tag, visitor, at->second);
  visitor.answer(204);
  end(at);
}

HttpEntrance::Target HttpEntrance::target(std::string_view path) {
  const Target nothing{sessions_.end(), {}};
  if (!path.starts_with(layers_.http)) return nothing;
  path.remove_prefix(layers_.http.size());
  if (path == "/open") return {sessions_.end(), "open"};
  const auto slash = path.find('/', 1);
  if (!path.starts_with('/') || slash == std::string_view::npos) return nothing;
  const std::string_view verb = path.substr(slash + 1);
  if (verb != "down" && verb != "up" && verb != "end") return nothing;
  return {sessions_.find(path.substr(1, slash - 1)), verb};
}

void HttpEntrance::judge(Visitor& visitor) {
  const HttpRequest& request = visitor.request();
  const auto refuse = [&](int status, std::string_view why) {
    ++refused_;
    visitor.refuse(status, why);
  };
  if (request.status != 0) return refuse(request.status, request.why);
  const auto [at, verb] = target(request.path);
  if (verb.empty()) return refuse(404, "DTS is at another path");
  if (request.method != (verb == "down" ? "GET" : "POST")) return refuse(405, "another method");
  if (verb != "up" && request.body_bytes > 0) return refuse(413, "nothing is to be sent here");
  if (verb == "open" && sessions_.size() >= kSessionsMax)
    return refuse(503, "there are too many sessions");
  if (verb == "open") return;
  if (at == sessions_.end()) return refuse(404, "there is no such session, or no longer");
  if (verb != "end" && !request.number("from")) return refuse(400, "from= is missing");
  if (std::exchange(visitor.stranger, false)) --strangers_;
  at->second.last = Clock::now();
}

void HttpEntrance::open_session(Visitor& visitor) {
  int pair[2] = {-1, -1};
  std::uint8_t random[16];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0) {
    ++refused_;
    return visitor.refuse(503, "no file descriptor is left");
  }
  Descriptor inner(pair[0]), outer(pair[1]);
  base::fill_random(random);
  const std::string name = base::to_hex(random);
  const Tag tag = ++last_tag_;
  Session& session = sessions_.try_emplace(name, std::move(outer), tag).first->second;
  by_tag_.emplace(tag, name);
  session.followed = false;
  follow(session);
  came_ = plain_channel(std::move(inner));
  visitor.answer(200, kBytes, "DTS/1 " + name + "\n");
}

void HttpEntrance::down(Tag tag, Visitor& visitor, Session& session) {
  if (!session.had(*visitor.request().number("from"))) {
    ++refused_;
    return visitor.refuse(409, "these bytes are not here");
  }
  if (session.getter != tag) answer(session.getter, 409, "text/plain", kReplaced);
  session.getter = tag;
  visitor.wait();
  streamed(sessions_.find(by_tag_.at(session.tag)));
}

void HttpEntrance::up(Tag tag, Visitor& visitor, Session& session) {
  if (!session.take(*visitor.request().number("from"), visitor.body())) {
    ++refused_;
    return visitor.refuse(409, "bytes before these are missing, or are still on their way");
  }
  if (session.poster != tag) answer(session.poster, 409, "text/plain", kReplaced);
  session.poster = tag;
  visitor.wait();
  streamed(sessions_.find(by_tag_.at(session.tag)));
}

void HttpEntrance::streamed(Sessions::iterator at) {
  Session& session = at->second;
  const bool lived = !session.over();
  session.fill();
  if (lived && session.over()) stream_over(at);
  if (session.drain()) answer(session.poster, 204);
  if (const ByteView bytes = session.down(); !bytes.empty() && waiting(session.getter)) {
    answer(session.getter, 200, kBytes,
           {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    session.last = Clock::now();
  } else if (session.over() && waiting(session.getter)) {
    return end(at);
  }
  follow(session);
}

// Who comes there may not come back: so many of them are kept, and no more.
void HttpEntrance::stream_over(Sessions::iterator at) {
  over_.push_back(at->first);
  if (over_.size() <= kOverMax) return;
  const auto oldest = sessions_.find(over_.front());
  over_.pop_front();
  if (oldest != sessions_.end()) end(oldest);
}

void HttpEntrance::end(Sessions::iterator at) {
  constexpr std::string_view why = "the session is over\n";
  answer(at->second.getter, 410, "text/plain", why);
  answer(at->second.poster, 410, "text/plain", why);
  by_tag_.erase(at->second.tag);
  sessions_.erase(at);
}

// While it has no room for more, nothing is waited for: the next request makes some.
void HttpEntrance::follow(Session& session) {
  const bool wanted = session.has_room();
  if (wanted && session.followed)
    poller_.want(session.handle(), session.tag, !session.drained());
  else if (wanted)
    session.followed = poller_.follow(session.handle(), session.tag, !session.drained()).ok();
  else if (std::exchange(session.followed, false))
    poller_.leave(session.handle());
}

void HttpEntrance::look_around() {
  const auto now = Clock::now();
  for (auto at = sessions_.begin(); at != sessions_.end();) {
    const auto next = std::next(at);
    Session& session = at->second;
    for (Tag* const tag : {&session.getter, &session.poster}) {
      if (!waiting(*tag)) continue;
      session.last = now;
      if (now - visitors_.at(*tag).since() < kHold) continue;
      if (tag == &session.getter)
        answer(*tag, 204);
      else
        answer(*tag, 503, "text/plain", "the node does not keep up\n");
    }
    if (now - session.last >= kSilence) end(at);
    at = next;
  }
  for (auto at = visitors_.begin(); at != visitors_.end();) {
    const auto next = std::next(at);
    if (at->second.overdue(now)) {
      ++refused_;
      let_go(at);
    }
    at = next;
  }
  looking_ = !visitors_.empty() || !sessions_.empty();
  if (looking_) poller_.arm(seconds(1));
}

}  // namespace

Result<std::unique_ptr<Entrance>> http_entrance(const Layers& layers) {
  auto entrance = std::make_unique<HttpEntrance>(layers);
  DTS_TRY(entrance->open());
  return std::unique_ptr<Entrance>(std::move(entrance));
}

}  // namespace dts::transport
