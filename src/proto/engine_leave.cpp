// The engine's way out of the domain: goodbye, said with the last sequences of what was just
// published, and a little time in which those who miss some of it may ask.
#include <algorithm>

#include <base/canary.hpp>
#include <proto/engine_state.hpp>

namespace dts::proto {

using std::chrono::milliseconds;

namespace {
// After stop() what was published is still repaired until nobody has asked for so long: a large
// group draws its NACKs from up to six round trips.
constexpr Duration kQuietMin = milliseconds(5);
constexpr int kQuietRoundTrips = 8;
// But never longer than this. A peer that has heard BYE waits as long.
constexpr Duration kLeaveMax = milliseconds(100);
// A large message goes on until nothing of it was sent or asked for for so long, and everybody has
// reported; but nobody is waited for who is silent for a second, and never longer than this.
constexpr Duration kLargeQuiet = milliseconds(300), kLargeSilence = std::chrono::seconds(1),
                   kLargeMax = std::chrono::seconds(10), kLargeCheck = milliseconds(10);
}  // namespace

bool Engine::State::owes_large(Instant now) const {
  if (!splitter.empty()) return true;
  if (large_sent == Instant{}) return false;
  return window.owed() || now - std::max(large_sent, nack_heard) < kLargeQuiet;
}

// All goes on as before until those who take a large message have it: then it is time to leave.
void Engine::State::depart(Instant now, Outbox& out) {
  if (departing) return;
  if (!owes_large(now)) return leave(now, out);
  departing = true;
  depart_check = now + kLargeCheck;
  depart_due = now + kLargeSilence;
  depart_latest = now + kLargeMax;
}

void Engine::State::go_on_departing(Instant now, Outbox& out) {
  if (!departing || now < depart_check) return;
  depart_check = now + kLargeCheck;
  depart_due = std::max(depart_due, std::max(large_sent, nack_heard) + kLargeSilence);
  if (owes_large(now) && now < std::min(depart_due, depart_latest)) return;
  departing = false;
  leave(now, out);
}

Duration Engine::State::leave_quiet() const {
  return std::min(kLeaveMax, std::max<Duration>(kQuietMin, kQuietRoundTrips * round_trip));
}

void Engine::State::leave(Instant now, Outbox& out) {
  seal_open(out);
  const bool owes = std::any_of(tail.begin(), tail.end(), [this](StreamId id) {
    const OwnStream* s = own(id);
    return s && !s->destinations.empty();
  });
  announcer.stop();
  change_due = Instant::max();
  started = false;
  leaving = owes;
  say_goodbye(now, out);
  if (!owes) return say_goodbye(now, out);  // the second is for networks that lose packets
  leave_latest = now + kLeaveMax;
  leave_due = now + leave_quiet();
  bye_due = now + leave_quiet() / 2;
}

void Engine::State::stay(Instant now) {
  if (leaving) leave_due = std::min(leave_latest, std::max(leave_due, now + leave_quiet()));
}

// Said last: what is sent behind a BYE takes it back.
void Engine::State::go_on_leaving(Instant now, Outbox& out) {
  if (!leaving || std::min(bye_due, leave_due) > now) return;
  if (!splitter.empty()) stay(now);  // a large message is still going out
  leaving = leave_due > now;
  bye_due = leave_due;
  say_goodbye(now, out);
}

// To everybody, in the packet that says how far each stream went: who hears the one knows the
// other.
void Engine::State::say_goodbye(Instant now, Outbox& out) {
  Destinations everybody = paths.control_groups();
  for (const Path& path : named) everybody.push_back({path.transport, path.link, 0, path.address});
  for (const auto& [node, peer] : peers.all()) {
    const Reach* reach = paths.choose(peer->reaches, now, peer->period);
    if (reach && !paths.by_multicast(*reach, now, peer->period) && is_validated(*reach))
      everybody.push_back({reach->transport, reach->link, 0, reach->address});
  }
  Bytes body;
  for (StreamId id : tail) {
    const OwnStream* s = own(id);
    if (!s || s->destinations.empty() || DTS_CANARY(70)) continue;
    body.clear();
    wire::Writer writer(body);
    wire::Digest digest = digest_of(now, *s);
    if (!leaving) digest.last = s->record.next - 1;  // nothing more will come: it is missed now
    write(writer, digest);
    put(wire::FrameType::digest, body, everybody, out);
  }
  put(wire::FrameType::bye, {}, everybody, out);
  seal_control(everybody, out);
}

}  // namespace dts::proto
