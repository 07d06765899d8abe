// dts why TYPE: why nothing arrives, from the closed list, with the evidence and what to try.
#include <base/text.hpp>
#include <cli/definition.hpp>
#include <cli/json_object.hpp>
#include <cli/output.hpp>
#include <cli/run.hpp>
#include <cli/session.hpp>
#include <cli/verbs.hpp>
#include <cli/why_text.hpp>
#include <cli/words.hpp>

namespace dts::cli {

namespace {

constexpr Flag kFlags[] = {
    {'d', "duration", "DUR", "look this long at most (2s); ends earlier when values arrive"},
    {0, "as", "TYPE", "as a subscriber of this type: 'T{celsius:i32}', or a file with it"},
};
constexpr Example kExamples[] = {
    {"dts why brewery.Pressure", "exit code 0 when values arrive, 1 with the reason when not"},
    {"dts why T --as 'T{celsius:i32}'", "could a program that declares it so read it?"},
};

int run_why(Invocation& invocation) {
  const auto wish = parse_type_wish(invocation.arguments()[0]);
  if (!wish) return fail(invocation, wish.error());
  const auto duration = invocation.duration("duration");
  if (!duration) return fail(invocation, duration.error());
  Type own;
  if (const auto notation = invocation.value("as")) {
    auto defined = read_definition(invocation.out(), *notation, wish->name, "--as");
    if (!defined) return fail(invocation, defined.error());
    own = std::move(defined->type);
  }
  auto opened = Session::open(invocation);
  if (!opened) return fail(invocation, opened.error());
  Session& session = **opened;
  Output& out = invocation.out();

  session.domain().refresh();
  std::uint64_t values = 0;
  SubscribeOptions options;
  options.quiet = true;
  const auto count = [&](const Value&, const Sample& sample) { values += !sample.historic(); };
  const Subscription subscription = own.valid()
                                        ? session.domain().subscribe(own, count, options)
                                        : session.domain().subscribe(wish->name, count, options);
  session.run(instant_now() + duration->value_or(std::chrono::seconds(2)),
              [&] { return values > 0; });
  if (session.ended() && session.end() == Session::End::timeout) return exit_timeout;
  Why why = subscription.why();
  if (values > 0) why.reason = WhyQuiet::not_quiet;
  const bool arriving = values > 0 || why.reason == WhyQuiet::not_quiet;
  if (out.json()) {
    out.line(why_json(wish->name, why));
  } else if (arriving) {
    out.line(std::string(out.paint(Color::good, out.glyph_ok())) + " " +
             (values > 0 ? "values of " + wish->name + " arrive" : base::printable(why.text)));
    for (const std::string& line : misfit_lines(subscription.counters())) out.line("  - " + line);
  } else {
    out.line(out.paint(Color::error, out.glyph_bad()) + " " + why_lines(why));
    if (why.reason == WhyQuiet::peers_but_not_this_type) {
      const Error unknown = nobody_knows(session.domain().catalogue(), "sub", wish->name);
      if (unknown.hint().rfind("did you mean", 0) == 0) out.line("  " + unknown.hint());
    }
  }
  return arriving ? exit_ok : exit_failed;
}

}  // namespace

std::vector<std::string> misfit_lines(const SubscriptionCounters& counters) {
  std::vector<std::string> lines;
  if (counters.discarded > 0)
    lines.push_back(counted(counters.discarded, "message") + " discarded: a value did not fit");
  if (counters.defaulted > 0)
    lines.push_back(counted(counters.defaulted, "value") + " did not fit: the default instead");
  if (counters.trimmed > 0) lines.push_back(counted(counters.trimmed, "list") + " trimmed");
  if (counters.unknown > 0) {
    lines.push_back(counted(counters.unknown, "field") +
                    " passed over that the publisher's type does not have");
  }
  return lines;
}

std::string why_lines(const Why& why) {
  std::string text = std::string(why_name(why.reason)) + ": " + base::printable(why.text);
  for (const std::string& line : why.evidence) text += "\n  - " + base::printable(line);
  for (const Refusal& refusal : why.differences) text += "\n  - " + base::printable(refusal.text());
  if (!why.hint.empty()) text += "\n  try: " + base::printable(why.hint);
  return text;
}

std::string why_json(std::string_view type, const Why& why) {
  std::vector<std::string> differences;
  for (const Refusal& refusal : why.differences) {
    differences.push_back(JsonObject()
                              .text("path", refusal.path)
                              .text("reason", refusal.reason)
                              .text("hint", refusal.hint)
                              .str());
  }
  return JsonObject()
      .text("type", type)
      .text("why", why_name(why.reason))
      .text("text", why.text)
      .texts("evidence", why.evidence)
      .text("hint", why.hint)
      .raw("differences", json_array(differences))
      .str();
}

constinit const Command why_command{
    .name = "why",
    .aliases = "",
    .group = Group::look,
    .arguments = "TYPE",
    .summary = "say why nothing arrives",
    .about =
        "Subscribes for a moment and answers from the closed list of reasons in "
        "docs/concepts.md.",
    .flags = kFlags,
    .examples = kExamples,
    .run = run_why,
    .complete = Complete::types,
    .arguments_min = 1,
    .arguments_max = 1,
};

}  // namespace dts::cli
