#include <cli/sub_matches.hpp>

#include <base/text.hpp>
#include <cli/json_object.hpp>
#include <cli/words.hpp>
#include <dts/filter.hpp>

namespace dts::cli {

namespace {

constexpr std::size_t kRefusedShown = 20;  // of a busy bus; all of them with -v

std::string named(const Match& match) {
  return base::printable(match.type_name) + " @" + match.type.short_hex();
}

std::string match_json(const Match& match) {
  std::vector<std::string> reasons;
  for (const Refusal& refusal : match.refusals) reasons.push_back(refusal.text());
  return JsonObject()
      .text("type", match.type_name)
      .text("id", match.type.short_hex())
      .text("state", match_state_name(match.state))
      .text("outcome", outcome_name(match.outcome))
      .texts("sources", match.sources)
      .texts("differences", match.differences)
      .texts("reasons", reasons)
      .str();
}

}  // namespace

void MatchLines::tell(const std::vector<Match>& matches) {
  for (const Match& match : matches) {
    if (match.state == Match::State::unknown) continue;
    const auto [told, added] = told_.try_emplace({match.type_name, match.type}, match.state);
    if (!added && told->second == match.state) continue;
    told->second = match.state;
    if (out_.json()) {
      out_.json_note(JsonObject().raw("match", match_json(match)).str());
    } else {
      line(match);
    }
  }
}

void MatchLines::line(const Match& match) {
  if (match.state == Match::State::matched) {
    std::string text = std::string(out_.glyph_ok()) + " " + named(match) + "  " +
                       std::string(outcome_name(match.outcome)) + ", " +
                       counted(match.sources.size(), "source");
    for (const std::string& each : match.differences) text += "\n    " + base::printable(each);
    out_.note(text);
    return;
  }
  if (++refused_ > kRefusedShown && !out_.style().verbose) {
    if (refused_ == kRefusedShown + 1) out_.note("  and others, which -v lists");
    return;
  }
  std::string text = std::string(out_.glyph_bad()) + " " + named(match);
  if (match.refusals.empty()) text += "  left out by labels, source or pin";
  for (std::size_t i = 0; i < match.refusals.size(); ++i) {
    text += (i == 0 ? "  " : "\n    ") + base::printable(match.refusals[i].text());
  }
  out_.note(text);
}

std::optional<Error> misfit_of(Session& session, const std::vector<Match>& matches,
                               const SubscribeOptions& options) {
  if (matches.empty()) return std::nullopt;
  for (const Match& match : matches) {
    if (match.state != Match::State::filtered || match.refusals.empty()) return std::nullopt;
  }
  const Match& first = matches.front();
  // Compiled once more here, for the error with its place.
  const Result<Type> type = session.domain().type(first.type, Duration::zero());
  if (type && !options.where.empty()) {
    if (const Result<LayoutPtr> layout = Layout::of(*type)) {
      const Result<Filter> filter = Filter::compile(options.where, **layout, "--where");
      if (!filter) return filter.error();
    }
  }
  const Refusal& why = first.refusals.front();
  const std::string where = why.path.empty() ? first.type_name : why.path;
  return Error(ErrorCode::filter, why.reason, base::printable(where), {}, why.hint);
}

}  // namespace dts::cli
