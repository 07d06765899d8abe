// dts doctor: runs the checks and prints what it found, with the command that cures it.
#include <unistd.h>
#include <algorithm>

#include <base/text.hpp>
#include <cli/doctor_check.hpp>
#include <cli/json_object.hpp>
#include <cli/output.hpp>
#include <cli/run.hpp>
#include <cli/session.hpp>
#include <cli/verbs.hpp>
#include <cli/words.hpp>

namespace dts::cli {

namespace {

constexpr Flag kFlags[] = {
    {0, "explain", "ID", "what a check looks at, such as N05"},
    {0, "list", "", "list the checks"},
    {0, "only", "ID", "run only this check; may be repeated"},
    {0, "strict", "", "exit code 3 when there are warnings"},
    {'d', "duration", "DUR", "listen for peers this long (1.2s)"},
    {0, "root", "DIR", "read /proc and /sys below this directory", {}, true},
};
constexpr Example kExamples[] = {
    {"dts doctor", "is this machine's network fit?"},
    {"dts doctor --peer tank3.local", "and can it reach that one?"},
    {"dts doctor --explain N05", "what a check looks at"},
};
constexpr auto kListen = std::chrono::milliseconds(1200);

int list_checks(Output& out) {
  for (const Check& check : doctor_checks()) {
    if (out.json()) {
      out.line(JsonObject().text("check", check.id).text("title", check.title).str());
    } else {
      out.line(std::string(check.id) + "  " + std::string(check.title));
    }
  }
  return exit_ok;
}

int explain_check(Invocation& invocation, const std::string& id) {
  const Check* check = find_check(id);
  if (check == nullptr) {
    return fail(invocation, Error(ErrorCode::invalid_argument,
                                  "there is no check \"" + base::printable(id) + "\"", {}, {},
                                  "dts doctor --list"));
  }
  invocation.out().line(std::string(check->id) + " " + std::string(check->title) + "\n\n" +
                        std::string(check->explanation));
  return exit_ok;
}

Result<std::vector<const Check*>> chosen(const Invocation& invocation) {
  std::vector<const Check*> checks;
  for (const std::string& id : invocation.values("only")) {
    const Check* check = find_check(id);
    if (check == nullptr) {
      return Error(ErrorCode::invalid_argument, "there is no check \"" + base::printable(id) + "\"",
                   {}, {}, "dts doctor --list");
    }
    checks.push_back(check);
  }
  if (checks.empty()) {
    for (const Check& check : doctor_checks()) checks.push_back(&check);
  }
  return checks;
}

void print_header(Output& out, const Machine& machine) {
  char host[256] = "?";
  ::gethostname(host, sizeof host - 1);
  std::vector<std::string> addresses;
  for (const transport::Interface& interface : machine.interfaces) {
    if (!transport::why_unused(interface, machine.wish).empty()) continue;
    addresses.push_back(base::printable(interface.name) + " " + transport::address_text(interface));
  }
  const std::string dot = " " + std::string(out.dot()) + " ";
  out.line("dts " DTS_VERSION + dot + base::printable(host) + dot + "domain '" +
           base::printable(machine.catalogue.domain) + "'" + dot +
           (addresses.empty() ? "no interface" : joined(addresses, ", ")));
}

void print_finding(Output& out, const Check& check, const Finding& finding) {
  if (out.json()) {
    out.line(JsonObject()
                 .text("check", check.id)
                 .text("title", check.title)
                 .text("verdict", verdict_name(finding.verdict))
                 .text("text", finding.text)
                 .text("cure", finding.cure)
                 .str());
    return;
  }
  std::string glyph;
  switch (finding.verdict) {
    case Verdict::good:
      glyph = out.paint(Color::good, out.glyph_ok());
      break;
    case Verdict::warning:
      glyph = out.paint(Color::stale, "!");
      break;
    case Verdict::bad:
      glyph = out.paint(Color::error, out.glyph_bad());
      break;
    case Verdict::skipped:
      glyph = out.paint(Color::dim, "-");
      break;
  }
  out.line(glyph + " " + std::string(check.id) + " " + padded(std::string(check.title), 16) + " " +
           finding.text);
  for (std::size_t from = 0; from < finding.cure.size();) {
    const std::size_t end = std::min(finding.cure.find('\n', from), finding.cure.size());
    out.line("        " + finding.cure.substr(from, end - from));
    from = end + 1;
  }
}

int run_doctor(Invocation& invocation) {
  Output& out = invocation.out();
  if (invocation.has("list")) return list_checks(out);
  if (const auto id = invocation.value("explain")) return explain_check(invocation, *id);
  const auto checks = chosen(invocation);
  if (!checks) return fail(invocation, checks.error());
  const auto duration = invocation.duration("duration");
  if (!duration) return fail(invocation, duration.error());

  Machine machine;
  machine.root = invocation.value("root").value_or("");
  machine.wish = transport::parse_wish(invocation.values("iface"));
  {
    auto session = Session::open(invocation);
    if (!session) return fail(invocation, session.error());
    (*session)->domain().refresh();
    examine(machine);
    (*session)->run_for(duration->value_or(Duration(kListen)));
    machine.catalogue = (*session)->domain().catalogue();
    if ((*session)->ended()) return Session::exit_code((*session)->end(), exit_ok);
  }
  if (!out.json()) print_header(out, machine);
  std::size_t problems = 0, warnings = 0;
  std::string first;
  for (const Check* check : *checks) {
    const Finding finding = check->run(machine);
    problems += finding.verdict == Verdict::bad;
    warnings += finding.verdict == Verdict::warning;
    const bool notable = finding.verdict == Verdict::bad || finding.verdict == Verdict::warning;
    if (notable && first.empty()) first = check->id;
    print_finding(out, *check, finding);
  }
  out.note(counted(problems, "problem") + ", " + counted(warnings, "warning") +
           (first.empty() ? "." : ". Details: dts doctor --explain " + first));
  if (problems > 0) return exit_failed;
  return warnings > 0 && invocation.has("strict") ? exit_loss : exit_ok;
}

}  // namespace

constinit const Command doctor_command{
    .name = "doctor",
    .aliases = "wtf",
    .group = Group::trust,
    .arguments = "",
    .summary = "find what keeps data from arriving, and the cure",
    .about =
        "Sends packets of its own, reads the system's settings and listens for peers. Exit code "
        "1 when\nsomething is broken.",
    .flags = kFlags,
    .examples = kExamples,
    .run = run_doctor,
    .arguments_max = 0,
};

}  // namespace dts::cli
