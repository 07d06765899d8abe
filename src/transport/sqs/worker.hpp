// Worker: what the client's thread does: own queues are made, listened to and deleted; what is
// published goes to the members' queues; queues of the dead are found. It knows no other threads.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "transport/broker/broker.hpp"
#include "transport/sqs/calls.hpp"
#include "transport/sqs/client.hpp"
#include "transport/sqs/http.hpp"
#include "transport/sqs/queues.hpp"

namespace dts::transport::sqs {

// A message on its way, in base64: counted in `waiting` as long as any queue has still to get it.
struct Outgoing {
  Outgoing(std::string text, std::size_t size, std::function<void(std::size_t)> gone)
      : body(std::move(text)), bytes(size), on_gone(std::move(gone)) {}
  ~Outgoing() { on_gone(bytes); }
  Outgoing(const Outgoing&) = delete;
  Outgoing& operator=(const Outgoing&) = delete;
  std::string body;
  std::size_t bytes;
  std::function<void(std::size_t)> on_gone;
};
using Letter = std::shared_ptr<const Outgoing>;

class Worker {
 public:
  using Clock = std::chrono::steady_clock;

  Worker(const ClientOptions& options, BrokerEvents& events) : options_(options), events_(events) {}
  Result<void> open() { return http_.open(); }

  void connect();
  void listen(const Place& place, std::uint64_t number);
  void ignore(const Place& place, std::uint64_t number);
  void publish(const Place& place, Letter letter);
  // One round: waits for answers, or wake(), and does what is due.
  void round(std::chrono::milliseconds most);
  void wake() { http_.wake(); }  // any thread
  // Is something published not sent?
  bool busy() const;
  // Deletes the own queues; then round() until under_way() is 0.
  void leave();
  std::size_t under_way() const { return http_.under_way(); }

 private:
  // A queue of our own.
  struct Inbox {
    Place place;
    std::string url;     // empty: it is not made yet
    bool wanted = true;  // false: it is deleted as soon as it is there
  };
  using InboxPtr = std::shared_ptr<Inbox>;
  // A queue of another member, and what is to go into it.
  struct Lane {
    std::deque<Letter> letters;
    bool sending = false;
  };
  // A place that is sent to.
  struct Route {
    std::deque<Letter> letters;  // not given to lanes yet
    std::set<std::string> urls;
    Clock::time_point listed{};
    bool listing = false, known = false;
  };

  void make(const InboxPtr& inbox, std::uint64_t number);
  void made(const InboxPtr& inbox, std::uint64_t number, const Answer& answer);
  void receive(const InboxPtr& inbox);
  void received(const InboxPtr& inbox, const Answer& answer);
  void meet(ByteView message);
  void remove(const std::string& url);
  void gone(const std::string& url);
  void done(std::uint64_t number);
  void list(const std::string& prefix, std::function<void(std::vector<std::string>)> then,
            std::vector<std::string> so_far = {}, const std::string& token = {});
  void route(const Place& place);
  void distribute(Route& route, std::size_t count);
  void send(const std::string& url);
  void sent(const std::string& url, const std::vector<Letter>& letters, const Answer& answer);
  void keep_alive(Clock::time_point now);
  void look_for_dead();
  void judge(Member member, const std::string& url);
  void bury(Member member);
  void fail(Error why);
  Error error_of(const Answer& answer, const char* what) const;
  std::string alive_text() const;

  const ClientOptions options_;
  BrokerEvents& events_;
  Http http_;
  bool connected_ = false;
  std::map<Place, InboxPtr> inboxes_;
  std::map<Place, InboxPtr> earlier_;  // of the connection before, not asked for again yet
  std::uint64_t next_number_ = 1;      // of our queues' names
  std::set<std::uint64_t> open_;       // what was asked and is not in effect
  std::uint64_t highest_ = 0;
  std::map<Place, Route> routes_;
  std::map<std::string, Lane> lanes_;  // by URL
  std::set<std::string> gone_;         // deleted queues, which SQS goes on listing for a minute
  Clock::time_point alive_at_{}, look_at_{};
  std::set<Member> met_;
  std::map<Member, std::vector<std::string>> others_;  // queues of the others, as of the last look
  std::set<Member> headless_;  // have queues and none for themselves; twice: they are dead
};

}  // namespace dts::transport::sqs
