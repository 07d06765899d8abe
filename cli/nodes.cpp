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
    {0, "paths", "", "the ways to each, which of them is taken, and why"},
};
constexpr Example kExamples[] = {
    {"dts nodes", "who takes part"},
    {"dts nodes --paths", "how they are reached"},
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

std::string path_json(const PathInfo& path) {
  return JsonObject()
      .text("transport", path.transport)
      .text("link", path.link)
      .text("address", path.address)
      .text("kind", path.kind)
      .number("heard_s", static_cast<double>(path.heard.count()) / 1e9)
      .boolean("taken", path.taken)
      .boolean("by_group", path.by_group)
      .boolean("proven", path.proven)
      .boolean("silent", path.silent)
      .str();
}

// Why a way is taken, or not: `best` is the one that is.
std::string why_text(const PathInfo& path, const PathInfo& best) {
  if (path.taken && path.silent) return path.kind + "; silent, as all are";
  if (path.taken) return path.kind + (path.by_group ? "; data by the group" : "; data to it alone");
  if (path.silent) return path.kind + "; silent";
  return path.kind + (path.kind == best.kind ? "; heard less lately" : "; dearer");
}

// The ways to each node, the one that is taken first.
void show_paths(Output& out, const Catalogue& catalogue) {
  Table table({{"NODE"}, {"BY"}, {"ADDRESS"}, {"HEARD", Align::right}, {"TAKEN"}, {"BECAUSE"}});
  for (const NodeInfo& node : catalogue.nodes) {
    for (const PathInfo& path : node.paths) {
      const bool named = path.link.starts_with(path.transport);
      table.add({{path.taken ? node.host + "/" + node.name : ""},
                 {named ? path.link : path.transport + " " + path.link},
                 {path.address},
                 {span_text(path.heard) + " ago"},
                 {path.taken ? "yes" : ""},
                 {why_text(path, node.paths.front())}});
    }
  }
  if (table.size() > 0) table.print(out);
}

// `via`: the hub that a node beyond it is known by; of such a node nothing else is known.
std::string node_json(const NodeInfo& node, const std::string& via = {}) {
  std::vector<std::string> publishes, wants;
  std::vector<std::string> paths;
  for (const PathInfo& path : node.paths) paths.push_back(path_json(path));
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
      .number("loss", node.loss)
      .text("losses", node.losses)
      .texts("publishes", publishes)
      .texts("wants", wants)
      .raw("paths", json_array(paths))
      .text("via", via)
      .str();
}

void conclude(Session& session, const Catalogue& catalogue, std::size_t beyond) {
  Output& out = session.out();
  if (catalogue.nodes.empty() && !session.ended()) {
    out.warn("no other DTS node heard in " + span_text(session.elapsed()) + " on " +
             links_text(catalogue) + ", domain '" + base::printable(catalogue.domain) + "'  " +
             std::string(out.arrow()) + "  dts doctor");
    return;
  }
  const std::string by_hubs = beyond == 0 ? "" : " and " + std::to_string(beyond) + " beyond hubs";
  out.note(counted(catalogue.nodes.size(), "node") + by_hubs + " on domain '" +
           base::printable(catalogue.domain) + "' (listened " + span_text(session.elapsed()) + ")");
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
  const std::vector<NodeBeyond> beyond = nodes_beyond(catalogue);
  for (const NodeBeyond& there : beyond) {
    if (out.json())
      out.line(node_json(there.node, there.via));
    else
      table.add({{there.node.host + "/" + there.node.name},
                 {""},
                 {"by " + there.via},
                 {""},
                 {std::to_string(there.node.streams.size())},
                 {""},
                 {""},
                 {""}});
  }
  if (invocation.has("paths") && !out.json())
    show_paths(out, catalogue);
  else if (table.size() > 0)
    table.print(out);
  for (const NodeInfo& node : catalogue.nodes)
    if (!node.losses.empty() && !out.json())
      out.warn(base::printable(node.host + "/" + node.name) + " " + node.losses);
  conclude(session, catalogue, beyond.size());
  return session.ended() ? Session::exit_code(session.end(), exit_ok) : exit_ok;
}

}  // namespace

constinit const Command nodes_command{
    .name = "nodes",
    .aliases = "",
    .group = Group::look,
    .arguments = "",
    .summary = "list the processes that take part",
    .about =
        "CLOCK is their clock minus ours, the way of the packet included. Below the table: which "
        "of them lose\nmuch, and whether the network does it or their own receive buffer. Of a "
        "node beyond a "
        "hub only the\nname is known, what it publishes, and by which hub.\n\n--paths: a node may "
        "be "
        "heard by several ways at once. The cheapest is taken: memory, this machine,\na cable, "
        "the air, a third program in between; one that was silent for three announcements\nonly "
        "if there is no other. A value never arrives twice.",
    .flags = kFlags,
    .examples = kExamples,
    .run = run_nodes,
    .arguments_max = 0,
};

}  // namespace dts::cli
