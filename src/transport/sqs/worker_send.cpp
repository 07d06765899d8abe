// Worker: sending. A place's members are listed, each letter goes into the lane of each member's
// queue, and each lane has one call under way, with as many letters as fit.
#include "transport/sqs/worker.hpp"

#include <algorithm>

namespace dts::transport::sqs {

using namespace std::chrono_literals;

namespace {
constexpr auto kPatience = 9s;
}

bool Worker::busy() const {
  return connected_ &&
         (std::any_of(routes_.begin(), routes_.end(),
                      [](const auto& each) { return !each.second.letters.empty(); }) ||
          std::any_of(lanes_.begin(), lanes_.end(), [](const auto& each) {
            return each.second.sending || !each.second.letters.empty();
          }));
}

void Worker::publish(const Place& place, Letter letter) {
  if (!connected_) return events_.dropped(1);
  routes_[place].letters.push_back(std::move(letter));
  route(place);
}

void Worker::route(const Place& place) {
  Route& to = routes_[place];
  if (to.letters.empty() || to.listing) return;
  if (to.known && Clock::now() - to.listed < options_.members_age)
    return distribute(to, to.letters.size());
  to.listing = true;
  // Who listens from now on is in the list: it is for the letters that are here already.
  const std::size_t count = to.letters.size();
  list(queue_prefix(options_.base, place), [this, place, count](std::vector<std::string> urls) {
    Route& listed = routes_[place];
    listed.urls.clear();
    for (std::string& url : urls) {
      const auto name = read_queue_name(options_.base, url);
      if (name && name->place == place && name->owner != options_.self && !gone_.contains(url))
        listed.urls.insert(std::move(url));
    }
    listed.listing = false;
    listed.known = true;
    listed.listed = Clock::now();
    distribute(listed, count);
    route(place);
  });
}

void Worker::distribute(Route& to, std::size_t count) {
  const auto end = to.letters.begin() + static_cast<std::ptrdiff_t>(count);
  for (const std::string& url : to.urls) {
    Lane& lane = lanes_[url];
    lane.letters.insert(lane.letters.end(), to.letters.begin(), end);
    send(url);
  }
  to.letters.erase(to.letters.begin(), end);
}

void Worker::send(const std::string& url) {
  Lane& lane = lanes_[url];
  if (lane.sending || lane.letters.empty()) return;
  std::vector<Letter> letters;
  std::vector<std::string_view> bodies;
  std::size_t bytes = 0;
  while (!lane.letters.empty() && letters.size() < kBatchMax) {
    const Letter& next = lane.letters.front();
    bytes += next->body.size();
    if (!letters.empty() && bytes > options_.body_bytes_max) break;
    bodies.push_back(next->body);
    letters.push_back(next);
    lane.letters.pop_front();
  }
  lane.sending = true;
  const Call call = send_messages(url, bodies);
  http_.post(call, kPatience, [this, url, letters = std::move(letters)](const Answer& answer) {
    sent(url, letters, answer);
  });
}

void Worker::sent(const std::string& url, const std::vector<Letter>& letters,
                  const Answer& answer) {
  if (!answer.ok() && read_refusal(answer.body).name == "QueueDoesNotExist") {
    // Whoever had it has left.
    gone(url);
    lanes_.erase(url);
    for (auto& [place, route] : routes_) route.urls.erase(url);
    return;
  }
  if (!answer.ok()) {
    events_.dropped(letters.size());
    return fail(error_of(answer, "cannot send"));
  }
  std::vector<std::string_view> bodies;
  for (const Letter& letter : letters) bodies.push_back(letter->body);
  const auto result = read_send_result(answer.body, bodies);
  if (!result) return fail(result.error());
  if (result->failed > 0) events_.dropped(result->failed);
  Lane& lane = lanes_[url];
  lane.sending = false;
  if (lane.letters.empty())
    lanes_.erase(url);
  else
    send(url);
}

}  // namespace dts::transport::sqs
