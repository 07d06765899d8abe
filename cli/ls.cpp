// dts ls: the types on the bus, who publishes and wants them, how often, and the last values.
#include <algorithm>
#include <map>

#include <base/text.hpp>
#include <cli/json_object.hpp>
#include <cli/latest.hpp>
#include <cli/output.hpp>
#include <cli/run.hpp>
#include <cli/session.hpp>
#include <cli/table.hpp>
#include <cli/type_rows.hpp>
#include <cli/value_text.hpp>
#include <cli/verbs.hpp>
#include <cli/words.hpp>

namespace dts::cli {

namespace {

constexpr Flag kFlags[] = {
    {0, "unmatched", "",
     "only types that are published and not wanted, or wanted and not published"},
    {'d', "duration", "DUR", "listen this long (900ms); longer makes slow rates exact"},
};
constexpr Example kExamples[] = {
    {"dts ls", "every type on the bus"},
    {"dts ls 'brewery.*'", "those that match"},
    {"dts ls --unmatched", "what nobody reads, and what nobody sends"},
    {"dts ls --json | jq -r .type", "for a script"},
};

// The bus is asked twice, this far apart; a rate is the difference of the counters between.
constexpr auto kSettle = std::chrono::milliseconds(150);
constexpr auto kListen = std::chrono::milliseconds(900);

std::string labels_text(const Labels& labels) {
  std::vector<std::string> parts;
  for (const auto& [key, value] : labels) parts.push_back(key + "=" + value);
  return joined(parts, " ");
}

// The last values of one type: the fields of its only source, or one number of every source.
std::string latest_text(const std::vector<const LatestValue*>& values, const Output& out) {
  const bool utf8 = out.style().utf8;
  if (values.empty()) return {};
  LeafOptions options;
  options.brief = true;
  options.elements_max = 4;
  std::vector<std::string> parts, labels;
  if (values.size() == 1) {
    for (const Leaf& leaf : leaves(values[0]->value, options)) {
      if (values[0]->origin.labels.contains(leaf.path)) continue;  // shown behind, as a label
      parts.push_back(leaf.path + " " + quantity_text(leaf.text, leaf.unit, utf8));
    }
    const std::string shown = shortened(joined(parts, "  "), 48, utf8);
    const std::string label = labels_text(values[0]->origin.labels);
    return label.empty() ? shown : shown + "   " + label;
  }
  std::string unit;
  for (const LatestValue* value : values) {
    const auto all = leaves(value->value, options);
    const auto number = std::find_if(all.begin(), all.end(), [&](const Leaf& leaf) {
      return leaf.number && !value->origin.labels.contains(leaf.path);
    });
    const Leaf* leaf = number != all.end() ? &*number : all.empty() ? nullptr : &all[0];
    const bool scaled = leaf != nullptr && leaf->unit.starts_with("By");
    parts.push_back(leaf == nullptr ? "-"
                    : scaled        ? quantity_text(leaf->text, leaf->unit, utf8)
                                    : leaf->text);
    if (leaf != nullptr && !scaled && !leaf->unit.empty()) unit = unit_text(leaf->unit, utf8);
    if (!value->origin.labels.empty()) labels.push_back(labels_text(value->origin.labels));
  }
  std::string shown = shortened(joined(parts, " " + std::string(out.dot()) + " "), 48, utf8);
  if (!unit.empty()) shown += " " + unit;
  return labels.empty() ? shown : shown + "   " + shortened(joined(labels, " "), 48, utf8);
}

struct Listing {
  std::vector<TypeRow> rows;
  std::map<std::string, std::vector<const LatestValue*>> latest;
};

void print_json(Output& out, const Listing& listing, const TypeRow& row, JsonEncoder& encoder) {
  JsonObject object;
  object.text("type", row.name)
      .count("publishers", row.publishers)
      .count("subscribers", row.subscribers);
  std::vector<std::string> ids, latest;
  for (const TypeId& id : row.ids) ids.push_back(id.short_hex());
  object.texts("ids", ids).number("rate", row.rate).number("bytes_per_s", row.bytes_per_s);
  object.boolean("rate_is_average", row.average);
  if (const auto found = listing.latest.find(row.name); found != listing.latest.end()) {
    for (const LatestValue* value : found->second) {
      auto json = encoder.encode(value->value);
      latest.push_back(JsonObject()
                           .text("src", value->origin.name)
                           .texts("labels", value->origin.labels)
                           .text("t", to_rfc3339(value->published))
                           .raw("v", json ? *json : "null")
                           .str());
    }
  }
  out.line(object.raw("latest", json_array(latest)).str());
}

void add_row(Table& table, Output& out, const Listing& listing, const TypeRow& row) {
  const auto found = listing.latest.find(row.name);
  std::string last, latest;
  bool stale = false;
  if (found != listing.latest.end()) {
    Time newest{};
    for (const LatestValue* value : found->second) newest = std::max(newest, value->published);
    const Duration age = std::max(now() - newest, Duration::zero());
    last = age_text(age) + " ago";
    latest = latest_text(found->second, out);
    // Ten times as long as it usually takes, and never before ten seconds.
    stale = age > std::chrono::seconds(10) && row.rate > 0 &&
            static_cast<double>(age.count()) / 1e9 > 10 / row.rate;
    if (stale) last = "! " + last;
  }
  if (row.publishers == 0) latest = "(nobody publishes it)";
  const std::string rate =
      row.publishers == 0 ? "-" : (row.average ? "~" : "") + rate_text(row.rate);
  table.add({{row.name, Color::type},
             {std::to_string(row.publishers)},
             {std::to_string(row.subscribers)},
             {rate},
             {row.publishers == 0 ? "-" : bandwidth_text(row.bytes_per_s)},
             {last.empty() ? "-" : last, stale ? Color::stale : Color::plain},
             {latest, row.publishers == 0 ? Color::stale : Color::plain}});
}

void print_footer(Output& out, Session& session, const Catalogue& catalogue,
                  const Listing& listing) {
  std::size_t others = 0;
  for (const NodeInfo& node : catalogue.nodes) others += !node.self;
  const std::string listened = "listened " + span_text(session.elapsed());
  if (others == 0) {
    out.warn("no other DTS node heard in " + span_text(session.elapsed()) + " on " +
             links_text(catalogue) + ", domain '" + base::printable(catalogue.domain) + "'  " +
             std::string(out.arrow()) + "  dts doctor");
    return;
  }
  out.note(counted(listing.rows.size(), "type") + ", " + counted(others, "node") + ", domain '" +
           base::printable(catalogue.domain) + "' on " + links_text(catalogue) + " (" + listened +
           ")");
  for (const TypeRow& row : listing.rows) {
    if (row.publishers == 0) {
      out.warn(base::printable(row.name) + " has " + counted(row.subscribers, "subscriber") +
               " and no publisher   (dts ls --unmatched)");
    } else if (row.ids.size() > 1) {
      out.warn(base::printable(row.name) + " is published as " + std::to_string(row.ids.size()) +
               " different types   (dts show " + base::printable(row.name) + ")");
    }
  }
}

int run_ls(Invocation& invocation) {
  const auto duration = invocation.duration("duration");
  if (!duration) return fail(invocation, duration.error());
  auto opened = Session::open(invocation);
  if (!opened) return fail(invocation, opened.error());
  Session& session = **opened;
  Output& out = invocation.out();
  session.domain().refresh();
  SubscribeOptions options;
  options.live = false;
  options.quiet = true;
  LatestValues latest(session.domain(), "*", options);

  const Duration listen = duration->value_or(Duration(kListen));
  session.run_for(std::min<Duration>(kSettle, listen / 2));
  const Catalogue before = session.domain().catalogue();
  if (!session.ended()) {
    session.run_for(
        std::max(session.started() + listen - instant_now() - kSettle / 2, Duration::zero()));
  }
  if (!session.ended()) {
    session.domain().refresh();
    session.run_for(kSettle / 2);
  }
  const Catalogue after = session.domain().catalogue();

  Listing listing;
  listing.rows = type_rows(before, after);
  std::erase_if(listing.rows, [&](const TypeRow& row) {
    const auto& globs = invocation.arguments();
    const bool named =
        globs.empty() || std::any_of(globs.begin(), globs.end(), [&](const auto& glob) {
          return base::glob_match(glob, row.name);
        });
    const bool unmatched = row.publishers == 0 || row.subscribers == 0;
    return !named || (invocation.has("unmatched") && !unmatched);
  });
  for (const auto& [key, value] : latest.values())
    listing.latest[key.first.first].push_back(&value);

  Table table({{"TYPE"},
               {"PUB", Align::right},
               {"SUB", Align::right},
               {"RATE", Align::right},
               {"BW", Align::right},
               {"LAST", Align::right},
               {"LATEST"}});
  JsonEncoder encoder;
  for (const TypeRow& row : listing.rows) {
    if (out.json()) {
      print_json(out, listing, row, encoder);
    } else {
      add_row(table, out, listing, row);
    }
  }
  if (!out.json() && table.size() > 0) table.print(out);
  print_footer(out, session, after, listing);
  if (session.ended()) return Session::exit_code(session.end(), exit_ok);
  return listing.rows.empty() && !invocation.arguments().empty() ? exit_nothing : exit_ok;
}

}  // namespace

constinit const Command ls_command{
    .name = "ls",
    .aliases = "list",
    .group = Group::look,
    .arguments = "[GLOB...]",
    .summary = "list the types on the bus",
    .about =
        "RATE and BW come from the publishers' own counters, asked twice; ~ marks an average "
        "over the\nlife of the publisher, shown when it is slower than the time listened. LAST "
        "is the age of the\nnewest value, ! when it is ten times older than the rate says.",
    .flags = kFlags,
    .examples = kExamples,
    .run = run_ls,
    .complete = Complete::types,
};

}  // namespace dts::cli
