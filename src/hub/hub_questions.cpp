// What a hub does with queries: it asks on the sides of the sources it passes on, and answers for
// them, each as the stream it passes on.
#include <set>

#include <base/text.hpp>
#include <hub/hub.hpp>

namespace dts::hub {

void Hub::hear_question(Instant now, SideIndex side, const proto::Notice& notice) {
  if (!notice.question) return;
  const proto::Question& question = *notice.question;
  std::vector<Questions::Asked> sources;
  std::set<SideIndex> sides;
  for (const auto& [key, passed] : passed_) {
    const Target& target = passed.targets[side];
    const proto::StreamRecord& record = target.record;
    const bool about = question.family.is_zero()
                           ? base::glob_match(question.name, record.family_name)
                           : question.family == record.family;
    if (!target.stream || !target.visible || !about) continue;
    sources.push_back({key, target.stream, target.from});
    sides.insert(target.from);
  }
  if (sources.empty()) return;
  if (sources.size() > questions_.values_max ||
      !questions_.add(now, side, notice.node, notice.token, std::move(sources))) {
    ++counters_.questions_refused;
    return;
  }
  ++counters_.questions;
  for (const SideIndex from : sides) {
    const auto token = sides_[from].engine->ask(now, question, sides_[from].out);
    if (token) questions_.asked(side, notice.node, notice.token, from, *token);
  }
}

void Hub::hear_answer(Instant now, SideIndex side, const proto::Notice& notice) {
  const proto::Engine& engine = *sides_[side].engine;
  const proto::StreamRecord* const of = engine.find_stream(notice.node, notice.answered.of);
  const Key key = of && of->relay.any() ? Key{of->relay.node, of->relay.stream}
                                        : Key{notice.node, notice.answered.of};
  const proto::StreamRecord* const record =
      notice.stream ? engine.find_stream(notice.node, notice.stream) : nullptr;
  if (const auto ready = questions_.said(side, notice, key, record)) answer(now, *ready);
}

void Hub::answer(Instant now, const Questions::Ready& ready) {
  Side& side = sides_[ready.side];
  side.engine->answer(now, ready.asker, ready.token, ready.reply, side.out);
}

void Hub::end_questions(Instant now) {
  const Questions::Ended ended = questions_.end(now);
  for (const Questions::Ready& ready : ended.rest) answer(now, ready);
  for (const auto& [side, token] : ended.asked)
    sides_[side].engine->end_query(now, token, sides_[side].out);
}

}  // namespace dts::hub
