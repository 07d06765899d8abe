#include <hub/hub.hpp>

#include <algorithm>

#include <base/text.hpp>

namespace dts::hub {

using proto::Engine;
using proto::Interest;
using proto::Message;
using proto::Notice;
using proto::StreamRecord;
using std::chrono::microseconds;
using std::chrono::milliseconds;

void HubCounters::for_each(
    const std::function<void(std::string_view, std::uint64_t)>& visit) const {
  visit("messages", messages);
  visit("bytes", bytes);
  visit("gaps", gaps);
  visit("blocked", blocked);
  visit("narrow", narrow);
  visit("duplicate", duplicate);
  visit("hops_exceeded", hops_exceeded);
  visit("loops", loops);
  visit("streams_refused", streams_refused);
  visit("questions", questions);
  visit("questions_refused", questions_refused);
}

Hub::Hub(HubOptions options) : options_(options) {}

SideIndex Hub::add_side(std::string name, proto::EngineOptions engine, std::uint64_t seed) {
  engine.hub = options_.id;
  // Who stands by takes over when it has missed four of these.
  engine.announce_period_ms = std::min(engine.announce_period_ms, 400u);
  Side side;
  side.name = std::move(name);
  side.engine = std::make_unique<Engine>(std::move(engine), seed);
  sides_.push_back(std::move(side));
  for (Side& s : sides_) s.wants_from.resize(sides_.size());
  return sides_.size() - 1;
}

void Hub::start(Instant now, std::int64_t wall_ns) {
  settled_ = now + options_.settle;
  review_due_ = settled_;
  for (Side& side : sides_) {
    side.engine->refresh(now, side.out);  // the records of all streams, wanted or not
    side.engine->start(now, wall_ns, side.out);
  }
}

bool Hub::leaving() const {
  return std::any_of(sides_.begin(), sides_.end(),
                     [](const Side& side) { return side.engine->leaving(); });
}

void Hub::stop(Instant now) {
  stopped_ = true;
  waiting_ = false;
  review_due_ = Instant::max();
  for (Side& side : sides_) {
    side.engine->flush(now, side.out);
    side.engine->stop(now, side.out);
  }
}

void Hub::receive(Instant now, std::int64_t wall_ns, SideIndex side, const proto::Path& from,
                  ByteView packet) {
  sides_[side].engine->receive(now, wall_ns, from, packet, sides_[side].out);
  take(now, side);
}

void Hub::tick(Instant now, std::int64_t wall_ns) {
  for (SideIndex i = 0; i < sides_.size(); ++i) {
    if (sides_[i].engine->next_deadline() > now) continue;
    sides_[i].engine->tick(now, wall_ns, sides_[i].out);
    take(now, i);
  }
  if (review_due_ <= now) review(now);
  if (questions_.deadline() <= now) end_questions(now);
}

void Hub::flush(Instant now) {
  if (waiting_) begin_waiting(now);
  for (Side& side : sides_) side.engine->flush(now, side.out);
}

Instant Hub::next_deadline() const {
  Instant due = std::min(review_due_, questions_.deadline());
  for (const Side& side : sides_) due = std::min(due, side.engine->next_deadline());
  return due;
}

// All that a call of the side's engine has brought. By index: what is done may bring more.
void Hub::take(Instant now, SideIndex index) {
  proto::Outbox& out = sides_[index].out;
  if (stopped_) {
    out.notices.clear();
    out.messages.clear();
    return;
  }
  for (std::size_t i = 0; i < out.notices.size(); ++i) {
    using Kind = Notice::Kind;
    switch (out.notices[i].kind) {
      case Kind::document:
        share_document(index, out.notices[i].type);
        break;
      case Kind::query:
        hear_question(now, index, Notice(out.notices[i]));
        break;
      case Kind::answer:
        hear_answer(now, index, Notice(out.notices[i]));
        break;
      case Kind::node_joined:
      case Kind::node_left:
      case Kind::node_gone:
      case Kind::stream_opened:
      case Kind::stream_closed:
      case Kind::streams_listed:
      case Kind::interest_changed:
        // The more there is, the more rarely it is gone through.
        review_due_ = std::min(review_due_,
                               std::max(settled_, now + milliseconds(1) + microseconds(records_)));
        break;
      default:
        break;
    }
  }
  // Of one stream messages and gaps are told apart by their sequences.
  std::vector<Notice> gaps;
  for (Notice& notice : out.notices)
    if (notice.kind == Notice::Kind::gap) gaps.push_back(std::move(notice));
  out.notices.clear();
  const std::vector<Message> messages = std::exchange(out.messages, {});
  for (const Message& message : messages) {
    std::erase_if(gaps, [&](const Notice& gap) {
      const bool before =
          gap.node == message.node && gap.stream == message.stream && gap.to < message.first;
      if (before) name_gap(now, index, gap);
      return before;
    });
    pass(now, index, message);
  }
  for (const Notice& gap : gaps) name_gap(now, index, gap);
}

void Hub::pass(Instant now, SideIndex side, const Message& message) {
  if (proto::is_answer(message.stream)) {
    if (const auto ready = questions_.value(side, message)) answer(now, *ready);
    return;
  }
  const auto at = passed_.find({message.node, message.stream});
  bool taken = false;
  if (at != passed_.end())
    for (SideIndex to = 0; to < sides_.size(); ++to) {
      Target& target = at->second.targets[to];
      if (!target.kept || target.from != side) continue;
      taken = true;
      sides_[to].engine->begin_relay(target.stream, message.first);
      // Before it, so that it is the first for them; unless it is a part of the past they will get.
      if (!message.historic || target.record.history == 0) give(now, to, target);
      pass_to(now, to, target, message);
    }
  if (!taken) ++counters_.duplicate;  // it is had on another side
}

void Hub::pass_to(Instant now, SideIndex to, Target& target, const Message& message) {
  Side& side = sides_[to];
  proto::MessageView view{message.bytes, message.published_ns};
  if (message.owner && message.owner->size() == message.bytes.size()) view.owner = message.owner;
  view.compression = message.compression;
  view.first = message.first;
  view.last = message.last;
  const Result<proto::Sequence> done = side.engine->publish(now, target.stream, view, side.out);
  if (done) {
    ++target.messages;
    target.bytes += message.bytes.size();
    if (target.visible && target.wanted) {
      ++counters_.messages;
      counters_.bytes += message.bytes.size();
    }
    return;
  }
  // What cannot be passed on is named there.
  side.engine->skip_relay(now, target.stream, message.last + 1, side.out);
  if (done.error().code() == ErrorCode::would_block)
    ++counters_.blocked;
  else if (done.error().code() == ErrorCode::too_large)
    ++counters_.narrow;
  else
    ++counters_.duplicate;
}

void Hub::name_gap(Instant now, SideIndex side, const Notice& gap) {
  if (proto::is_answer(gap.stream)) {
    if (const auto ready = questions_.gap(side, gap)) answer(now, *ready);
    return;
  }
  const auto at = passed_.find({gap.node, gap.stream});
  if (at == passed_.end()) return;
  bool taken = false;
  for (SideIndex to = 0; to < sides_.size(); ++to) {
    const Target& target = at->second.targets[to];
    if (!target.stream || target.from != side) continue;
    taken = true;
    sides_[to].engine->skip_relay(now, target.stream, gap.to + 1, sides_[to].out);
  }
  if (taken) counters_.gaps += gap.to - gap.from + 1;
}

void Hub::share_document(SideIndex from, TypeId type) {
  const ByteView document = sides_[from].engine->document_of(type);
  if (document.empty()) return;
  const Bytes copy(document.begin(), document.end());
  for (SideIndex to = 0; to < sides_.size(); ++to)
    if (to != from) sides_[to].engine->offer_document(type, copy);
}

void Hub::give(Instant now, SideIndex to, Target& target) {
  if (target.given) return;
  target.given = true;
  sides_[to].engine->give_relay(now, target.stream, sides_[to].out);
}

// Streams that are wanted and have been joined on their side: what they have of the past is here,
// or they have none. From now on others get it.
void Hub::begin_waiting(Instant now) {
  waiting_ = false;
  for (auto& [key, passed] : passed_)
    for (SideIndex to = 0; to < sides_.size(); ++to) {
      Target& target = passed.targets[to];
      if (!target.kept || target.given) continue;
      const auto arrived = sides_[target.from].engine->arrived(key.first, key.second);
      if (!arrived || arrived->historic) {
        waiting_ = true;
        continue;
      }
      sides_[to].engine->begin_relay(target.stream, arrived->next);
      give(now, to, target);
    }
}

void Hub::for_each_passage(const std::function<void(const Passage&)>& visit) const {
  for (const auto& [key, passed] : passed_)
    for (SideIndex to = 0; to < sides_.size(); ++to) {
      const Target& target = passed.targets[to];
      if (!target.stream) continue;
      visit({key.first, key.second, &target.record, target.from, to, target.visible, target.wanted,
             target.messages, target.bytes});
    }
}

}  // namespace dts::hub
