// Worker: connecting, own queues, the dead. Sending is in worker_send.cpp.
#include "transport/sqs/worker.hpp"

#include <algorithm>
#include <charconv>

#include "base/text.hpp"

namespace dts::transport::sqs {

using namespace std::chrono_literals;

namespace {

constexpr unsigned kWaitSeconds = 20;        // the longest that SQS lets one wait
constexpr unsigned kVisibilitySeconds = 30;  // what was not deleted then comes again
constexpr unsigned kRetentionSeconds = 300;  // nobody wants what is older: it is asked for anew
constexpr auto kPatience = 9s, kPollPatience = 30s;
constexpr std::size_t kListedMax = 10'000;
constexpr std::size_t kJudgedMax = 50;  // nodes asked for a sign of life at a time

std::int64_t unix_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

std::string Worker::alive_text() const { return std::to_string(unix_seconds()); }

// --- the connection ------------------------------------------------------------------------

void Worker::connect() {
  auto keys = find_keys(options_.variable);
  if (!keys) return fail(keys.error());
  http_.configure(options_.endpoint, options_.region, std::move(*keys));
  // Any request shows whether it is there and lets us in.
  http_.post(list_queues(options_.base, {}), kPatience, [this](const Answer& answer) {
    if (!answer.ok()) return fail(error_of(answer, "cannot use the queues"));
    if (const auto list = read_queue_list(answer.body); !list) return fail(list.error());
    connected_ = true;
    alive_at_ = Clock::now() + options_.dead_after / 6;
    look_at_ = Clock::now() + options_.dead_after / 3;
    events_.connected();
  });
}

// Everything that was under way is given up; connect() begins anew.
void Worker::fail(Error why) {
  connected_ = false;
  http_.drop_all();
  open_.clear();
  std::set<const Outgoing*> lost;
  for (auto& [place, route] : routes_)
    for (const Letter& letter : route.letters) lost.insert(letter.get());
  for (auto& [url, lane] : lanes_)
    for (const Letter& letter : lane.letters) lost.insert(letter.get());
  if (!lost.empty()) events_.dropped(lost.size());
  routes_.clear();
  lanes_.clear();
  for (const auto& [place, inbox] : inboxes_)
    if (!inbox->url.empty()) earlier_.emplace(place, inbox);
  inboxes_.clear();
  events_.lost(std::move(why));
}

Error Worker::error_of(const Answer& answer, const char* what) const {
  if (answer.refused_peer)
    return Error(ErrorCode::permission, what, {}, base::printable(answer.failure),
                 "the server's certificate is not one this machine trusts: apt-get install "
                 "ca-certificates, or another endpoint");
  if (!answer.failure.empty())
    return Error(ErrorCode::system, what, {}, base::printable(answer.failure),
                 "is the region right (" + options_.region + "), and the way out open?");
  const Refusal refusal = read_refusal(answer.body);
  const std::string why =
      refusal.name.empty()
          ? "it answers with HTTP " + std::to_string(answer.status)
          : base::printable(refusal.name + (refusal.text.empty() ? "" : ": " + refusal.text));
  if (answer.status == 403 || refusal.name == "InvalidClientTokenId" ||
      refusal.name == "SignatureDoesNotMatch" || refusal.name == "ExpiredToken")
    return Error(ErrorCode::permission, "SQS does not accept the credentials", {}, why,
                 "aws sts get-caller-identity; the user needs sqs:CreateQueue, TagQueue, "
                 "ListQueues, ListQueueTags, SendMessage, ReceiveMessage, DeleteMessage, "
                 "DeleteQueue");
  if (refusal.name.empty())
    return Error(ErrorCode::system, what, {}, why, "is this SQS? " + options_.endpoint);
  return Error(ErrorCode::system, what, {}, why,
               refusal.name == "BatchRequestTooLong" ? "a smaller limit: ?limit_kib=256" : "");
}

void Worker::round(std::chrono::milliseconds most) {
  const auto now = Clock::now();
  if (connected_) {
    for (const auto at : {alive_at_, look_at_})
      most = std::clamp(std::chrono::ceil<std::chrono::milliseconds>(at - now), 0ms, most);
    if (now >= alive_at_) keep_alive(now);
    if (now >= look_at_) look_for_dead();
  }
  http_.wait(most);
}

// --- own queues ----------------------------------------------------------------------------

void Worker::done(std::uint64_t number) {
  open_.erase(number);
  if (open_.empty()) {
    for (const auto& [place, inbox] : std::exchange(earlier_, {})) remove(inbox->url);
  }
  events_.settled(open_.empty() ? highest_ : *open_.begin() - 1);
}

void Worker::listen(const Place& place, std::uint64_t number) {
  if (!connected_) return;
  highest_ = number;
  open_.insert(number);
  InboxPtr& inbox = inboxes_[place];
  if (auto earlier = earlier_.extract(place)) {
    inbox = std::move(earlier.mapped());
    receive(inbox);
    return done(number);
  }
  inbox = std::make_shared<Inbox>(Inbox{.place = place, .url = {}});
  make(inbox, number);
}

void Worker::make(const InboxPtr& inbox, std::uint64_t number) {
  const QueueName name{.place = inbox->place, .owner = options_.self, .number = next_number_++};
  const QueueSettings settings{
      .retention_s = kRetentionSeconds, .visibility_s = kVisibilitySeconds, .alive = alive_text()};
  http_.post(create_queue(queue_name(options_.base, name), settings), kPatience,
             [this, inbox, number](const Answer& answer) { made(inbox, number, answer); });
}

void Worker::made(const InboxPtr& inbox, std::uint64_t number, const Answer& answer) {
  if (!answer.ok()) return fail(error_of(answer, "cannot make a queue"));
  auto url = read_queue_url(answer.body);
  if (!url) return fail(url.error());
  inbox->url = std::move(*url);
  if (!inbox->wanted)
    remove(inbox->url);
  else
    receive(inbox);
  if (number != 0) done(number);
}

void Worker::ignore(const Place& place, std::uint64_t number) {
  if (!connected_) return;
  highest_ = number;
  open_.insert(number);
  if (const auto found = inboxes_.find(place); found != inboxes_.end()) {
    found->second->wanted = false;
    if (!found->second->url.empty()) remove(found->second->url);
    inboxes_.erase(found);
  }
  done(number);
}

// Names are never used again, so that this may be forgotten only at the price of a call in vain.
void Worker::gone(const std::string& url) {
  if (gone_.size() >= kListedMax) gone_.clear();
  gone_.insert(url);
}

void Worker::remove(const std::string& url) {
  gone(url);
  http_.post(delete_queue(url), kPatience, [](const Answer&) {});
}

void Worker::receive(const InboxPtr& inbox) {
  http_.post(receive_messages(inbox->url, kWaitSeconds, kVisibilitySeconds), kPollPatience,
             [this, inbox](const Answer& answer) { received(inbox, answer); });
}

void Worker::received(const InboxPtr& inbox, const Answer& answer) {
  if (!inbox->wanted) return;
  if (!answer.ok() && read_refusal(answer.body).name == "QueueDoesNotExist") {
    inbox->url.clear();  // somebody deleted it
    return make(inbox, 0);
  }
  if (!answer.ok()) return fail(error_of(answer, "cannot receive"));
  const auto messages = read_messages(answer.body);
  if (!messages) return fail(messages.error());
  for (const Bytes& envelope : messages->envelopes) {
    meet(envelope);
    events_.message(envelope);
  }
  if (messages->damaged > 0) events_.dropped(messages->damaged);
  // If this fails they come again, and are known by then.
  if (!messages->receipts.empty())
    http_.post(delete_messages(inbox->url, messages->receipts), kPatience, [](const Answer&) {});
  receive(inbox);
}

// Who is heard for the first time has just made his queues: the lists that we have lack them.
void Worker::meet(ByteView message) {
  const auto envelope = open_envelope(message);
  if (!envelope || envelope->sender == options_.self) return;
  if (met_.size() >= kListedMax) met_.clear();
  if (!met_.insert(envelope->sender).second) return;
  for (auto& [place, route] : routes_) route.known = false;
}

void Worker::leave() {
  http_.drop_all();
  if (!connected_) return;
  for (const auto& [place, inbox] : inboxes_)
    if (!inbox->url.empty()) remove(inbox->url);
  inboxes_.clear();
}

// --- the dead ------------------------------------------------------------------------------

void Worker::keep_alive(Clock::time_point now) {
  alive_at_ = now + options_.dead_after / 6;
  const auto own = inboxes_.find({.group = 0, .member = options_.self});
  if (own == inboxes_.end() || own->second->url.empty()) return;
  http_.post(tag_queue(own->second->url, alive_text()), kPatience, [](const Answer&) {});
}

// Whoever ended without a goodbye has left his queues, and senders go on filling them.
void Worker::look_for_dead() {
  look_at_ = Clock::now() + options_.dead_after / 3;
  list(options_.base + "-", [this](const std::vector<std::string>& urls) {
    std::map<Member, std::string> heads;
    others_.clear();
    for (const std::string& url : urls) {
      const auto name = read_queue_name(options_.base, url);
      if (!name || name->owner == options_.self || gone_.contains(url)) continue;
      others_[name->owner].push_back(url);
      if (name->place.member != 0) heads[name->owner] = url;
    }
    std::set<Member> headless;
    std::size_t judged = 0;
    for (const auto& [member, queues] : others_) {
      if (heads.contains(member)) {
        if (judged++ < kJudgedMax) judge(member, heads[member]);
      } else if (headless_.contains(member)) {
        bury(member);
      } else {
        headless.insert(member);
      }
    }
    headless_ = std::move(headless);
  });
}

void Worker::judge(Member member, const std::string& url) {
  http_.post(list_tags(url), kPatience, [this, member, url](const Answer& answer) {
    if (!answer.ok()) return gone(url);
    const auto alive = read_alive_tag(answer.body);
    if (!alive || alive->empty()) return;
    std::int64_t last = 0;
    const auto [end, error] = std::from_chars(alive->data(), alive->data() + alive->size(), last);
    if (error == std::errc() && unix_seconds() - last > options_.dead_after.count()) bury(member);
  });
}

void Worker::bury(Member member) {
  for (const std::string& url : others_[member]) remove(url);
  others_.erase(member);
}

// All queues whose names begin so, page by page.
void Worker::list(const std::string& prefix, std::function<void(std::vector<std::string>)> then,
                  std::vector<std::string> so_far, const std::string& token) {
  http_.post(list_queues(prefix, token), kPatience,
             [this, prefix, then = std::move(then),
              so_far = std::move(so_far)](const Answer& answer) mutable {
               if (!answer.ok()) return fail(error_of(answer, "cannot list the queues"));
               const auto page = read_queue_list(answer.body);
               if (!page) return fail(page.error());
               so_far.insert(so_far.end(), page->urls.begin(), page->urls.end());
               if (page->token.empty() || so_far.size() >= kListedMax)
                 return then(std::move(so_far));
               list(prefix, std::move(then), std::move(so_far), page->token);
             });
}

}  // namespace dts::transport::sqs
