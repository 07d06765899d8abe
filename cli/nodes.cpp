// dts nodes: the processes taking part in the domain.
#include <algorithm>
#include <cmath>

#include <base/text.hpp>
#include <cli/json_object.hpp>
#include <cli/output.hpp>
#include <cli/run.hpp>
#include <cli/session.hpp>
#include <cli/table.hpp>
#include <cli/verbs.hpp>
#include <cli/words.hpp>

namespace dts::cli {

namespace {

constexpr Flag kFlags[] = {
    {'d', "duration", "DUR", "listen this long (600ms)"},
};
constexpr Example kExamples[] = {
    {"dts nodes", "who takes part"},
    {"dts nodes --json", "with everything known of each"},
};
constexpr auto kListen = std::chrono::milliseconds(600);

std::string offset_text(Duration offset) {
  const double ms = static_cast<double>(offset.count()) / 1e6;
  if (std::fabs(ms) >= 60'000) {
    return (ms < 0 ? "-" : "+") + age_text(offset < Duration::zero() ? -offset : offset);
  }
  char text[32];
  std::snprintf(text, sizeof text, "%+.1f ms", ms);
  return text;
}

std::string node_json(const NodeInfo& node) {
  std::vector<std::string> publishes, wants;
  for (const StreamInfo& stream : node.streams) publishes.push_back(stream.source.type_name);
  for (const InterestInfo& want : node.wants) wants.push_back(want.type_name);
  return JsonObject()
      .text("node", node.host + "/" + node.name)
      .text("id", node.id.hex())
      .text("host", node.host)
      .text("name", node.name)
      .text("version", node.version)
      .text("address", node.address)
      .count("process", node.process)
      .number("up_s", static_cast<double>(node.up.count()) / 1e9)
      .number("clock_offset_ms", static_cast<double>(node.clock_offset.count()) / 1e6)
      .texts("publishes", publishes)
      .texts("wants", wants)
      .str();
}

int run_nodes(Invocation& invocation) {
  const auto duration = invocation.duration("duration");
  if (!duration) return fail(invocation, duration.error());
  auto opened = Session::open(invocation);
  if (!opened) return fail(invocation, opened.error());
  Session& session = **opened;
  Output& out = invocation.out();
  session.domain().refresh();
  session.run_for(duration->value_or(Duration(kListen)));
  Catalogue catalogue = session.domain().catalogue();
  std::erase_if(catalogue.nodes, [](const NodeInfo& node) { return node.self; });
  std::sort(catalogue.nodes.begin(), catalogue.nodes.end(), [](const auto& a, const auto& b) {
    return std::tie(a.host, a.name, a.process) < std::tie(b.host, b.name, b.process);
  });
  Table table({{"NODE"},
               {"PROCESS", Align::right},
               {"ADDRESS"},
               {"VERSION"},
               {"PUB", Align::right},
               {"SUB", Align::right},
               {"CLOCK", Align::right},
               {"UP", Align::right}});
  for (const NodeInfo& node : catalogue.nodes) {
    if (out.json()) {
      out.line(node_json(node));
      continue;
    }
    const bool off = std::chrono::abs(node.clock_offset) > std::chrono::seconds(1);
    table.add(
        {{node.host + "/" + node.name},
         {std::to_string(node.process)},
         {node.address},
         {node.version},
         {std::to_string(node.streams.size())},
         {std::to_string(node.wants.size())},
         {(off ? "! " : "") + offset_text(node.clock_offset), off ? Color::stale : Color::plain},
         {age_text(node.up)}});
  }
  if (table.size() > 0) table.print(out);
  if (catalogue.nodes.empty() && !session.ended()) {
    out.warn("no other DTS node heard in " + span_text(session.elapsed()) + " on " +
             links_text(catalogue) + ", domain '" + base::printable(catalogue.domain) + "'  " +
             std::string(out.arrow()) + "  dts doctor");
  } else {
    out.note(counted(catalogue.nodes.size(), "node") + " on domain '" +
             base::printable(catalogue.domain) + "' (listened " + span_text(session.elapsed()) +
             ")");
  }
  return session.ended() ? Session::exit_code(session.end(), exit_ok) : exit_ok;
}

}  // namespace

constinit const Command nodes_command{
    .name = "nodes",
    .aliases = "",
    .group = Group::look,
    .arguments = "",
    .summary = "list the processes that take part",
    .about = "CLOCK is their clock minus ours, the way of the packet included.",
    .flags = kFlags,
    .examples = kExamples,
    .run = run_nodes,
    .arguments_max = 0,
};

}  // namespace dts::cli
