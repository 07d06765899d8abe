// dts get TYPE: the last value of each source, then it ends.
#include <algorithm>

#include <base/text.hpp>
#include <cli/latest.hpp>
#include <cli/output.hpp>
#include <cli/run.hpp>
#include <cli/sample_lines.hpp>
#include <cli/session.hpp>
#include <cli/verbs.hpp>
#include <cli/words.hpp>

namespace dts::cli {

namespace {

constexpr Flag kFlags[] = {
    {'l', "label", "K=V", "only sources with this label; may be repeated"},
    {'s', "from", "GLOB", "only sources whose name matches, such as 'pi-*'"},
    {'k', "field", "PATH", "only this field; may be repeated"},
    {'w', "wait", "DUR", "wait at most this long for the first answer (1s)"},
};
constexpr Example kExamples[] = {
    {"dts get host.Memory", "the last value of each source"},
    {"dts get brewery.Temperature -l tank=3 -k celsius -o value", "one number, for a script"},
};

// After the first answer, others get this long to come.
constexpr auto kGather = std::chrono::milliseconds(150);

int nothing(Invocation& invocation, Session& session, const std::string& name) {
  session.domain().refresh();
  session.run_for(kGather);
  const Catalogue catalogue = session.domain().catalogue();
  if (publishers_of(catalogue, name) == 0 && subscribers_of(catalogue, name).empty()) {
    return fail(invocation, nobody_knows(catalogue, "get", name));
  }
  const Why why = session.domain().why(name);
  invocation.out().error(Error(ErrorCode::unknown_type, "no value of " + base::printable(name), {},
                               why.text, why.hint));
  return exit_nothing;
}

int run_get(Invocation& invocation) {
  SubscribeOptions options;
  const auto labels = invocation.pairs("label");
  if (!labels) return fail(invocation, labels.error());
  options.labels.insert(labels->begin(), labels->end());
  options.source = invocation.value("from").value_or("");
  options.live = false;
  options.quiet = true;
  const auto wait = invocation.duration("wait");
  if (!wait) return fail(invocation, wait.error());
  std::vector<TypeWish> wishes;
  for (const std::string& text : invocation.arguments()) {
    auto wish = parse_type_wish(text);
    if (!wish) return fail(invocation, wish.error());
    wishes.push_back(std::move(*wish));
  }
  auto opened = Session::open(invocation);
  if (!opened) return fail(invocation, opened.error());
  Session& session = **opened;
  std::vector<std::unique_ptr<LatestValues>> latest;
  for (const TypeWish& wish : wishes) {
    latest.push_back(std::make_unique<LatestValues>(session.domain(), wish.name, options));
  }
  const auto some = [&] {
    return std::all_of(latest.begin(), latest.end(),
                       [](const auto& each) { return !each->values().empty(); });
  };
  const Duration longest = wait->value_or(std::chrono::seconds(1));
  session.run(instant_now() + longest, some);
  if (!session.ended()) session.run_for(std::min<Duration>(kGather, longest));
  if (session.ended() && !some()) return Session::exit_code(session.end(), exit_nothing);

  Output& out = invocation.out();
  const auto fields = invocation.values("field");
  const bool mixed = wishes.size() > 1 || wishes[0].is_pattern();
  SampleLines lines(out, fields, mixed);
  int code = exit_ok;
  for (std::size_t i = 0; i < latest.size(); ++i) {
    std::size_t shown = 0;
    for (const auto& [key, value] : latest[i]->values()) {
      if (value.origin.type.hex().compare(0, wishes[i].id_prefix.size(), wishes[i].id_prefix) !=
          0) {
        continue;
      }
      if (const auto known = check_paths(value.value.type(), fields, out.style().utf8); !known) {
        return fail(invocation, known.error());
      }
      lines.show({value.value, value.origin, value.sequence, value.published, value.received});
      ++shown;
    }
    if (shown == 0) code = nothing(invocation, session, wishes[i].name);
  }
  return code;
}

}  // namespace

constinit const Command get_command{
    .name = "get",
    .aliases = "",
    .group = Group::look,
    .arguments = "TYPE...",
    .summary = "print the last value of each source, then end",
    .about = "Ends with exit code 4 when there is nothing.",
    .flags = kFlags,
    .examples = kExamples,
    .run = run_get,
    .complete = Complete::types,
    .arguments_min = 1,
};

}  // namespace dts::cli
