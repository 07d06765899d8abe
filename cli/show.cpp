// dts show TYPE: its notation, who publishes it (every exact type of the family), who wants it.
#include <algorithm>

#include <base/text.hpp>
#include <cli/json_object.hpp>
#include <cli/output.hpp>
#include <cli/run.hpp>
#include <cli/session.hpp>
#include <cli/table.hpp>
#include <cli/type_rows.hpp>
#include <cli/verbs.hpp>
#include <cli/words.hpp>

namespace dts::cli {

namespace {

constexpr Example kExamples[] = {
    {"dts show brewery.Temperature", "fields, publishers and subscribers"},
    {"dts show brewery.Temperature --json | jq .publishers", "for a script"},
};

constexpr auto kListen = std::chrono::milliseconds(600);

struct Found {
  const NodeInfo* node;
  const StreamInfo* stream;
  StreamRate rate;
};

std::vector<Found> publishers(const Catalogue& before, const Catalogue& after,
                              const TypeWish& wish) {
  std::vector<Found> all;
  for (const NodeInfo& node : after.nodes) {
    if (node.self) continue;
    for (const StreamInfo& stream : node.streams) {
      if (stream.source.type_name != wish.name) continue;
      if (stream.source.type.hex().compare(0, wish.id_prefix.size(), wish.id_prefix) != 0) continue;
      all.push_back(
          {&node, &stream, stream_rate(node, find_stream(before, stream.source), stream)});
    }
  }
  std::sort(all.begin(), all.end(), [](const Found& a, const Found& b) {
    return a.stream->source.name < b.stream->source.name;
  });
  return all;
}

std::string labels_text(const Labels& labels) {
  std::vector<std::string> parts;
  for (const auto& [key, value] : labels) parts.push_back(key + "=" + value);
  return joined(parts, " ");
}

std::string rate_cell(const StreamRate& rate) {
  return (rate.average ? "~" : "") + rate_text(rate.per_second);
}

// The hub that passes on what another node publishes; empty: it publishes itself.
std::string via_of(const Found& each) {
  const Source& source = each.stream->source;
  return source.node_id == each.node->id ? std::string() : node_text(*each.node);
}

void print_json(Output& out, const std::string& name, const std::vector<Type>& types,
                const std::vector<Found>& found, const std::vector<std::string>& subscribers) {
  std::vector<std::string> type_items, publisher_items;
  for (const Type& type : types) {
    type_items.push_back(JsonObject()
                             .text("id", type.id().hex())
                             .text("notation", type.print(Type::Style::one_line))
                             .str());
  }
  for (const Found& each : found) {
    const Source& source = each.stream->source;
    publisher_items.push_back(JsonObject()
                                  .text("src", source.name)
                                  .text("id", source.type.short_hex())
                                  .texts("labels", source.labels)
                                  .text("format", source.format)
                                  .text("profile", profile_name(source.profile))
                                  .text("via", via_of(each))
                                  .count("messages", each.stream->messages)
                                  .count("bytes", each.stream->bytes)
                                  .number("rate", each.rate.per_second)
                                  .number("up_s", static_cast<double>(each.node->up.count()) / 1e9)
                                  .str());
  }
  out.line(JsonObject()
               .text("type", name)
               .raw("types", json_array(type_items))
               .raw("publishers", json_array(publisher_items))
               .texts("subscribers", subscribers)
               .str());
}

void print_text(Output& out, const TypeWish& wish, const std::vector<Type>& types,
                const std::vector<Found>& found, const std::vector<std::string>& subscribers) {
  for (const Type& type : types) {
    // The notation's own line breaks stay; whatever else came from the network is made inert.
    std::string notation = type.print(Type::Style::lines);
    while (!notation.empty() && notation.back() == '\n') notation.pop_back();
    out.line(out.paint(Color::type, base::printable(type.name())) +
             out.paint(Color::dim, " @" + type.id().short_hex()));
    std::size_t from = 0;
    for (std::size_t end; (end = notation.find('\n', from)) != std::string::npos; from = end + 1) {
      out.line(base::printable(std::string_view(notation).substr(from, end - from)));
    }
    out.line(base::printable(std::string_view(notation).substr(from)));
  }
  if (types.empty()) out.warn("nobody has told the definition of " + wish.name + " yet");
  Table table({{"PUBLISHERS"},
               {"ID"},
               {"RATE", Align::right},
               {"MESSAGES", Align::right},
               {"FORMAT"},
               {"PROFILE"},
               {"LABELS"},
               {"SINCE", Align::right}});
  for (const Found& each : found) {
    const Source& source = each.stream->source;
    table.add({{source.name},
               {source.type.short_hex(), Color::dim},
               {rate_cell(each.rate)},
               {grouped(each.stream->messages)},
               {source.format},
               {std::string(profile_name(source.profile))},
               {labels_text(source.labels)},
               {age_text(each.node->up)}});
  }
  if (table.size() > 0) {
    table.print(out);
    for (const Found& each : found)
      if (const std::string via = via_of(each); !via.empty())
        out.line(base::printable(each.stream->source.name) + " is passed on by " +
                 base::printable(via));
  } else {
    out.line("PUBLISHERS  none");
  }
  out.line("SUBSCRIBERS  " + (subscribers.empty()
                                  ? "none"
                                  : joined(subscribers, " " + std::string(out.dot()) + " ")));
  if (types.size() > 1) {
    out.warn("published as " + std::to_string(types.size()) + " different types: dts type diff " +
             wish.name + "@" + types[0].id().short_hex() + " " + wish.name + "@" +
             types[1].id().short_hex());
  }
}

int run_show(Invocation& invocation) {
  const auto wish = parse_type_wish(invocation.arguments()[0]);
  if (!wish) return fail(invocation, wish.error());
  auto opened = Session::open(invocation);
  if (!opened) return fail(invocation, opened.error());
  Session& session = **opened;
  Output& out = invocation.out();
  session.domain().refresh();
  session.run_for(kListen / 3);
  const Catalogue before = session.domain().catalogue();
  std::vector<Type> types;
  if (!session.ended()) {
    types = session.domain().types(wish->name, session.within_timeout(kListen));
    session.run_for(std::max(session.started() + kListen - instant_now(), Duration::zero()));
    session.domain().refresh();
    session.run_for(kListen / 6);
  }
  if (session.ended()) return Session::exit_code(session.end(), exit_ok);
  const Catalogue after = session.domain().catalogue();
  const std::vector<Found> found = publishers(before, after, *wish);
  const std::vector<std::string> subscribers = subscribers_of(after, wish->name, !out.json());
  std::erase_if(types, [&](const Type& type) {
    return type.id().hex().compare(0, wish->id_prefix.size(), wish->id_prefix) != 0;
  });
  const auto live = live_types(after);
  const bool known = std::find(live.begin(), live.end(), wish->name) != live.end();
  if (!known || (!wish->id_prefix.empty() && found.empty() && types.empty())) {
    const auto resolved = resolve_id(after, *wish);
    return fail(invocation,
                known && !resolved ? resolved.error() : nobody_knows(after, "show", wish->name));
  }
  if (out.json()) {
    print_json(out, wish->name, types, found, subscribers);
  } else {
    print_text(out, *wish, types, found, subscribers);
  }
  return exit_ok;
}

}  // namespace

constinit const Command show_command{
    .name = "show",
    .aliases = "info",
    .group = Group::look,
    .arguments = "TYPE[@ID]",
    .summary = "show a type: its fields, its publishers, its subscribers",
    .about = "",
    .examples = kExamples,
    .run = run_show,
    .complete = Complete::types,
    .arguments_min = 1,
    .arguments_max = 1,
};

}  // namespace dts::cli
