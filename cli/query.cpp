// dts query TYPE: ask every publisher for the values it keeps, or whatever else it has to say.
#include <base/text.hpp>
#include <cli/output.hpp>
#include <cli/run.hpp>
#include <cli/sample_lines.hpp>
#include <cli/session.hpp>
#include <cli/verbs.hpp>
#include <cli/words.hpp>
#include <dts/filter.hpp>

namespace dts::cli {

namespace {

constexpr Flag kFlags[] = {
    {'w', "where", "EXPR", "only values for which this holds, by the publisher's type"},
    {0, "since", "DUR", "only values published in the last so long: 10m, 1h30m"},
    {0, "after", "TIME", "only values published at or after this time (RFC 3339)"},
    {0, "before", "TIME", "only values published at or before this time"},
    {'n', "limit", "N", "at most the newest N values of each source"},
    {0, "text", "TEXT", "free text for publishers that answer with a handler"},
    {'l', "label", "K=V", "only sources with this label; may be repeated"},
    {'s', "from", "GLOB", "only sources whose name matches, such as 'pi-*'"},
    {'k', "field", "PATH", "only this field; may be repeated"},
    {'t', "wait", "DUR", "wait at most this long for all answers (1s)"},
};
constexpr Example kExamples[] = {
    {"dts query brewery.Temperature -w 'celsius > 20' --since 10m",
     "the warm ones of the last ten minutes"},
    {"dts query brewery.Temperature -n 5 --json", "the last five of each source, for a script"},
};

Result<std::optional<Time>> time_of(const Invocation& invocation, std::string_view flag) {
  const auto text = invocation.value(flag);
  if (!text) return std::optional<Time>();
  const Result<Time> time = from_rfc3339(*text);
  if (time) return std::optional(*time);
  return Error(ErrorCode::invalid_argument, "\"" + base::printable(*text) + "\" is not a time",
               "--" + std::string(flag), time.error().what(),
               "2026-11-22T10:24:48Z, or --since 10m");
}

Result<Query> parse_query(const Invocation& invocation) {
  Query query;
  query.where = invocation.value("where").value_or("");
  if (!query.where.empty()) DTS_TRY(Filter::check(query.where, "--where"));
  query.text = invocation.value("text").value_or("");
  DTS_ASSIGN(query.range.from, time_of(invocation, "after"));
  DTS_ASSIGN(query.range.to, time_of(invocation, "before"));
  DTS_ASSIGN(const auto since, invocation.duration("since"));
  if (since && query.range.from)
    return Error(ErrorCode::invalid_argument, "--since and --after both say where the time begins");
  if (since) query.range.from = now() - *since;
  DTS_ASSIGN(const auto limit, invocation.count("limit"));
  query.limit = limit.value_or(0);
  return query;
}

class Asker {
 public:
  Asker(Session& session, TypeWish wish, std::vector<std::string> fields)
      : session_(session),
        out_(session.out()),
        wish_(std::move(wish)),
        fields_(std::move(fields)),
        lines_(out_, fields_, wish_.is_pattern()) {}

  int run(const Query& query, SubscribeOptions options, Duration longest) {
    const Subscription asked = session_.domain().query(
        wish_.name, query,
        [this](const Value& value, const Sample& sample) { show(value, sample); },
        [this](const QueryEnd& end) { end_ = end; }, longest, std::move(options));
    if (const auto status = asked.status(); !status) {
      return fail(out_, status.error());
    }
    session_.run(std::nullopt, [this] { return end_.has_value() || failure_.has_value(); });
    if (failure_) {
      return fail(out_, *failure_);
    }
    if (!end_) return Session::exit_code(session_.end(), exit_failed);
    return finish();
  }

 private:
  void show(const Value& value, const Sample& sample) {
    if (failure_ ||
        sample.origin().type.hex().compare(0, wish_.id_prefix.size(), wish_.id_prefix) != 0)
      return;
    if (const auto known = check_paths(value.type(), fields_, out_.style().utf8); !known) {
      if (!wish_.is_pattern()) failure_ = known.error();
      return;
    }
    ++values_;
    lines_.show({value, sample.origin(), sample.sequence(), sample.published(), sample.received()});
  }

  int finish() {
    const std::vector<NoAnswer>& missing = end_->missing;
    for (const NoAnswer& none : missing) {
      const std::string why = none.why == NoAnswer::Why::silent    ? "did not answer: "
                              : none.why == NoAnswer::Why::refused ? "cannot answer: "
                                                                   : "did not answer in full: ";
      out_.warn(base::printable(none.source) + " " + why + base::printable(none.detail));
    }
    if (end_->sources == 0 && missing.empty()) {
      out_.error(nobody_answers());
      return exit_nothing;
    }
    std::string text = "# " + counted(values_, "value") + " from " +
                       counted(end_->sources, "source") + " in " + span_text(session_.elapsed());
    if (!missing.empty()) text += ", " + std::to_string(missing.size()) + " did not answer in full";
    out_.note(text);
    if (!missing.empty()) return values_ == 0 && end_->sources == 0 ? exit_failed : exit_loss;
    return values_ == 0 ? exit_nothing : exit_ok;
  }

  // Nobody publishes it: what is there that is called nearly so?
  Error nobody_answers() {
    session_.domain().refresh();
    session_.run_for(std::chrono::milliseconds(150));
    const Catalogue catalogue = session_.domain().catalogue();
    if (publishers_of(catalogue, wish_.name) == 0 && subscribers_of(catalogue, wish_.name).empty())
      return nobody_knows(catalogue, "query", wish_.name);
    return Error(ErrorCode::unknown_type, "nobody publishes " + base::printable(wish_.name), {}, {},
                 "dts why " + base::printable(wish_.name));
  }

  Session& session_;
  Output& out_;
  TypeWish wish_;
  std::vector<std::string> fields_;
  SampleLines lines_;
  std::uint64_t values_ = 0;
  std::optional<QueryEnd> end_;
  std::optional<Error> failure_;
};

int run_query(Invocation& invocation) {
  const auto query = parse_query(invocation);
  if (!query) return fail(invocation, query.error());
  SubscribeOptions options;
  const auto labels = invocation.pairs("label");
  if (!labels) return fail(invocation, labels.error());
  options.labels.insert(labels->begin(), labels->end());
  options.source = invocation.value("from").value_or("");
  const auto wait = invocation.duration("wait");
  if (!wait) return fail(invocation, wait.error());
  auto wish = parse_type_wish(invocation.arguments()[0]);
  if (!wish) return fail(invocation, wish.error());
  auto session = Session::open(invocation);
  if (!session) return fail(invocation, session.error());
  return Asker(**session, std::move(*wish), invocation.values("field"))
      .run(*query, std::move(options), wait->value_or(std::chrono::seconds(1)));
}

}  // namespace

constinit const Command query_command{
    .name = "query",
    .aliases = "",
    .group = Group::look,
    .arguments = "TYPE",
    .summary = "ask every publisher for its values, filtered where they are",
    .about =
        "TYPE is a name, a pattern such as 'brewery.*', or a name with an id. A publisher answers "
        "with the\nvalues it keeps for late joiners (dts pub --keep N), or with what its "
        "program "
        "has to say. Ends\nas soon as all have answered. Who did not is named on stderr, and the "
        "exit code is 3; it is 4 when\nthere are no values.",
    .flags = kFlags,
    .examples = kExamples,
    .run = run_query,
    .complete = Complete::types,
    .arguments_min = 1,
    .arguments_max = 1,
};

}  // namespace dts::cli
