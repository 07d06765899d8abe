// dts type diff, dts type check: two types side by side, and who can read whom.
#include <base/text.hpp>
#include <cli/json_object.hpp>
#include <cli/output.hpp>
#include <cli/run.hpp>
#include <cli/type_command.hpp>
#include <cli/type_source.hpp>
#include <cli/words.hpp>

namespace dts::cli {

namespace {

constexpr Flag kCheckFlags[] = {
    {0, "full", "", "both directions must be readable, not only new from old"},
};
constexpr Example kDiffExamples[] = {
    {"dts type diff Pressure@51ce Pressure@a07b", "two types of one name on the bus"},
    {"dts type diff old.dts brewery.Temperature", "a file and the bus"},
};
constexpr Example kCheckExamples[] = {
    {"dts type check old.dts new.dts", "in CI: may the new type replace the old one?"},
    {"dts type check --full old.dts new.dts", "and may old programs go on reading?"},
};

std::string named(const Type& type) {
  return base::printable(type.name()) + "@" + type.id().short_hex();
}

// "✓ the new type reads the old: adapted" and the reasons.
void print_direction(Output& out, std::string_view what, const Assignment& assignment) {
  const bool good = assignment.readable();
  out.line(out.paint(good ? Color::good : Color::error, good ? out.glyph_ok() : out.glyph_bad()) +
           " " + std::string(what) + ": " + std::string(outcome_name(assignment.outcome())));
  for (const Refusal& refusal : assignment.refusals())
    out.line("    " + base::printable(refusal.text()));
  for (const std::string& difference : assignment.differences()) {
    out.line("    " + base::printable(difference));
  }
}

struct Two {
  Type a, b;
};

Result<Two> load(Invocation& invocation) {
  TypeSource source(invocation);
  DTS_ASSIGN(Type a, source.one(invocation.arguments()[0]));
  DTS_ASSIGN(Type b, source.one(invocation.arguments()[1]));
  return Two{std::move(a), std::move(b)};
}

int run_diff(Invocation& invocation) {
  const auto two = load(invocation);
  if (!two) return fail(invocation, two.error());
  Output& out = invocation.out();
  const Assignment b_reads_a = Assignment::make(two->a, two->b);
  const Assignment a_reads_b = Assignment::make(two->b, two->a);
  if (out.json()) {
    out.line(JsonObject()
                 .text("a", two->a.id().hex())
                 .text("b", two->b.id().hex())
                 .text("diff", diff(two->a, two->b))
                 .raw("b_reads_a", assignment_json(b_reads_a))
                 .raw("a_reads_b", assignment_json(a_reads_b))
                 .str());
  } else if (two->a == two->b) {
    out.line(named(two->a) + " and " + named(two->b) + " are identical");
  } else {
    out.line(out.paint(Color::dim, "--- " + named(two->a)));
    out.line(out.paint(Color::dim, "+++ " + named(two->b)));
    out.line(printable_lines(diff(two->a, two->b)));
    print_direction(out, named(two->b) + " reads " + named(two->a), b_reads_a);
    print_direction(out, named(two->a) + " reads " + named(two->b), a_reads_b);
  }
  return two->a == two->b ? exit_ok : exit_failed;
}

int run_check(Invocation& invocation) {
  const auto two = load(invocation);
  if (!two) return fail(invocation, two.error());
  Output& out = invocation.out();
  const Assignment backward = Assignment::make(two->a, two->b);
  const Assignment forward = Assignment::make(two->b, two->a);
  const bool passed = backward.readable() && (!invocation.has("full") || forward.readable());
  if (out.json()) {
    out.line(JsonObject()
                 .text("old", two->a.id().hex())
                 .text("new", two->b.id().hex())
                 .boolean("passed", passed)
                 .raw("new_reads_old", assignment_json(backward))
                 .raw("old_reads_new", assignment_json(forward))
                 .str());
  } else {
    print_direction(out, "the new type reads the old", backward);
    print_direction(out, "the old type reads the new", forward);
  }
  return passed ? exit_ok : exit_failed;
}

}  // namespace

constinit const Command type_diff_command{
    .name = "diff",
    .aliases = "",
    .group = Group::write,
    .arguments = "A B",
    .summary = "compare two types, and say who can read whom",
    .about = "Exit code 0 when they are identical, 1 when not.",
    .examples = kDiffExamples,
    .run = run_diff,
    .complete = Complete::types_or_files,
    .arguments_min = 2,
    .arguments_max = 2,
};

constinit const Command type_check_command{
    .name = "check",
    .aliases = "",
    .group = Group::write,
    .arguments = "OLD NEW",
    .summary = "may the new type replace the old one?",
    .about =
        "Yes (exit code 0) when a subscriber of the new type reads publishers of the old one; "
        "with --full also\nthe other way round. Both directions are shown with the reasons.",
    .flags = kCheckFlags,
    .examples = kCheckExamples,
    .run = run_check,
    .complete = Complete::types_or_files,
    .arguments_min = 2,
    .arguments_max = 2,
};

}  // namespace dts::cli
