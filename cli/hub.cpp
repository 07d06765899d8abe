// dts hub: passes values between networks. The work is src/hub's; here are the flags and what
// people see of it.
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <map>

#include <base/text.hpp>
#include <cli/interrupt.hpp>
#include <cli/json_object.hpp>
#include <cli/output.hpp>
#include <cli/run.hpp>
#include <cli/session.hpp>
#include <cli/table.hpp>
#include <cli/verbs.hpp>
#include <cli/words.hpp>
#include <domain/environment.hpp>
#include <hub/station.hpp>
#include <transport/url.hpp>

namespace dts::cli {

namespace {

constexpr Flag kFlags[] = {
    {0, "between", "IF,IF", "the interfaces to join, each a side"},
    {0, "listen", "[HOST]:PORT", "a side of all who connect here, as tcp-listen://[HOST]:PORT"},
    {0, "side", "URL", "a side: udp://eth0?port=25556, tcp://host; may be repeated"},
    {0, "every", "DUR", "also print a table of all this often: 1m"},
};
constexpr Example kExamples[] = {
    {"dts hub", "join the networks of all interfaces"},
    {"dts hub --between eth0,eth1", "these two"},
    {"dts hub --between eth0,wg0 --every 1m", "with a table once a minute"},
    {"dts hub --listen :25555", "this site's networks, and the hubs of others that connect"},
    {"dts hub tcp://site1.example", "such an other one: its networks, and that hub"},
    {"dts hub tcps-listen://:25555", "encrypted, with DTS_TLS_CERT and DTS_TLS_KEY"},
    {"dts hub wss://www.example/bus", "through a web server; any transport will do"},
};

using Passage = hub::Hub::Passage;

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    if (comma != 0) parts.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return parts;
}

// "udp://eth0?port=25556": the interface is taken out of the URL.
Result<hub::SideOptions> side_of(const std::string& url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string::npos)
    return Error(ErrorCode::invalid_url, "not a side: \"" + base::printable(url) + "\"",
                 "the arguments", "a side is a URL", "tcp://" + base::printable(url));
  hub::SideOptions side;
  side.name = transport::shown_url(url);
  side.transport.url = url;
  if (!url.starts_with("udp://")) return side;
  const std::size_t end = std::min(url.find('?'), url.size());
  const std::string interface = url.substr(scheme + 3, end - scheme - 3);
  if (interface.empty())
    return Error(ErrorCode::invalid_url, "a side without an interface", base::printable(url),
                 "each side is one network", "udp://eth0");
  side.name = interface;
  side.transport.url = "udp://" + url.substr(end);
  side.transport.interfaces = {interface};
  return side;
}

// Every network this machine is on.
Result<std::vector<std::string>> networks(const domain::Environment& environment) {
  const Transports table = built_in_transports();
  const auto udp = std::find_if(table.begin(), table.end(),
                                [](const TransportPlugin& p) { return p.scheme == "udp"; });
  std::vector<std::string> names;
  if (udp == table.end()) return names;
  TransportOptions options;
  options.url = "udp://";
  options.domain = environment.domain;
  options.interfaces = environment.interfaces;
  DTS_ASSIGN(const std::unique_ptr<Transport> transport, udp->open(options));
  for (const Link& link : transport->links())
    if (!link.same_host) names.push_back(link.name);
  transport->close();
  return names;
}

Result<hub::StationOptions> options_of(const Invocation& invocation) {
  DomainOptions given;
  given.name = invocation.value("domain").value_or("");
  given.node = "dts-hub";
  for (const std::string& value : invocation.values("iface"))
    for (std::string& name : split(value)) given.interfaces.push_back(std::move(name));
  const domain::Environment environment = domain::environment_of(given);
  hub::StationOptions options;
  options.domain = environment.domain;
  options.host = environment.host;
  options.name = environment.node;
  options.version = domain::version();
  options.transports = built_in_transports();
  std::vector<std::string> urls = invocation.values("side");
  for (const std::string& value : invocation.values("between"))
    for (const std::string& name : split(value)) urls.push_back("udp://" + name);
  // Streams stand beside the networks of this machine, unless those are named.
  if (urls.empty()) {
    DTS_ASSIGN(const std::vector<std::string> names, networks(environment));
    for (const std::string& name : names) urls.push_back("udp://" + name);
  }
  for (const std::string& place : invocation.values("listen"))
    urls.push_back("tcp-listen://" + place);
  for (const std::string& url : invocation.arguments()) urls.push_back(url);
  for (const std::string& url : urls) {
    DTS_ASSIGN(hub::SideOptions side, side_of(url));
    side.transport.domain = options.domain;
    options.sides.push_back(std::move(side));
  }
  if (options.sides.size() < 2)
    return Error(ErrorCode::invalid_argument, "a hub joins two networks or more", "this machine",
                 options.sides.empty() ? "it is on none"
                                       : "it is on one: " + base::printable(options.sides[0].name),
                 "dts hub --between eth0,eth1, or a hub elsewhere: dts hub tcp://host");
  return options;
}

std::string_view state_of(const Passage& passage) {
  return !passage.active ? "stands by" : passage.wanted ? "passes" : "not wanted";
}

std::string source_of(const proto::StreamRecord& record) {
  std::string name = record.relay.host + "/" + record.relay.name;
  if (!record.source.empty()) name += "/" + record.source;
  return name;
}

std::string passage_json(const hub::Hub& hub, const Passage& p) {
  return JsonObject()
      .text("event", "passage")
      .text("from", hub.name_of(p.from))
      .text("to", hub.name_of(p.to))
      .text("type", p.record->family_name)
      .text("src", source_of(*p.record))
      .text("state", state_of(p))
      .count("hops", p.record->relay.via.size())
      .count("messages", p.messages)
      .count("bytes", p.bytes)
      .str();
}

// Says what has begun, what has ended, and once in a while all of it.
class Reporter {
 public:
  Reporter(hub::Station& station, Output& out) : station_(station), out_(out) {}

  void begin() {
    hub::Hub& hub = station_.hub();
    std::vector<std::string> sides;
    for (hub::SideIndex i = 0; i < hub.sides(); ++i) {
      std::string text = hub.name_of(i);
      for (const Link& link : station_.links(i))
        if (!link.same_host && !link.address.empty()) text += " (" + link.address + ")";
      sides.push_back(text);
    }
    if (out_.json())
      out_.line(JsonObject().text("event", "started").texts("sides", sides).str());
    else
      out_.note("hub between " + joined(sides, " and "));
    out_.flush();
  }

  // Passages that have changed their state.
  void tell_changes() {
    std::map<Key, std::string_view> now;
    station_.hub().for_each_passage([&](const Passage& p) {
      const Key key{p.node, p.stream, p.to};
      now[key] = state_of(p);
      const auto before = states_.find(key);
      const bool quiet =
          before == states_.end() ? state_of(p) != "passes" : before->second == state_of(p);
      if (quiet) return;
      if (out_.json())
        out_.line(passage_json(station_.hub(), p));
      else
        out_.line(out_.time_text(dts::now()) + "  " + row_of(p));
    });
    states_ = std::move(now);
    if (!told_narrow_ && station_.hub().counters().narrow != 0) {
      told_narrow_ = true;
      out_.warn("messages cut for larger packets than a side takes are named there as missing  " +
                std::string(out_.arrow()) +
                "  the same MTU on all networks (ip link), or smaller values");
    }
  }

  void print_all() {
    if (out_.json()) {
      station_.hub().for_each_passage(
          [&](const Passage& p) { out_.line(passage_json(station_.hub(), p)); });
      JsonObject counters;
      counters.text("event", "counters");
      station_.hub().counters().for_each(
          [&](std::string_view name, std::uint64_t value) { counters.count(name, value); });
      out_.line(counters.str());
      return;
    }
    Table table({{"TYPE"},
                 {"SOURCE"},
                 {"FROM"},
                 {"TO"},
                 {"STATE"},
                 {"MESSAGES", Align::right},
                 {"BYTES", Align::right}});
    station_.hub().for_each_passage([&](const Passage& p) {
      table.add({{p.record->family_name},
                 {source_of(*p.record)},
                 {station_.hub().name_of(p.from)},
                 {station_.hub().name_of(p.to)},
                 {std::string(state_of(p))},
                 {grouped(p.messages)},
                 {bytes_text(static_cast<double>(p.bytes))}});
    });
    if (table.size() > 0) table.print(out_);
  }

  void end() {
    const hub::HubCounters& c = station_.hub().counters();
    if (out_.json()) return print_all();
    out_.note("passed on " + counted(c.messages, "message") + ", " +
              bytes_text(static_cast<double>(c.bytes)) +
              "; named as missing: " + grouped(c.gaps + c.blocked + c.narrow));
  }

 private:
  using Key = std::tuple<NodeId, proto::StreamId, hub::SideIndex>;
  std::string row_of(const Passage& p) const {
    const hub::Hub& hub = station_.hub();
    return hub.name_of(p.from) + " " + std::string(out_.arrow()) + " " + hub.name_of(p.to) + "  " +
           out_.paint(Color::type, base::printable(p.record->family_name)) + " of " +
           base::printable(source_of(*p.record)) + ": " + std::string(state_of(p));
  }
  hub::Station& station_;
  Output& out_;
  std::map<Key, std::string_view> states_;
  bool told_narrow_ = false;
};

int run_hub(Invocation& invocation) {
  const auto every = invocation.duration("every");
  if (!every) return fail(invocation, every.error());
  const auto timeout = invocation.duration("timeout");
  if (!timeout) return fail(invocation, timeout.error());
  auto options = options_of(invocation);
  if (!options) return fail(invocation, options.error());
  Output& out = invocation.out();
  auto opened = hub::Station::open(std::move(*options));
  if (!opened) return fail(invocation, opened.error());
  hub::Station& station = **opened;
  Reporter reporter(station, out);
  reporter.begin();
  const Instant began = instant_now();
  Instant table_due = every->has_value() ? began + **every : Instant::max(), changes_due = began;
  bool timed_out = false;
  while (!interrupted() && !timed_out && !out.reader_gone()) {
    station.poll();
    for (const std::string& line : station.take_notices()) out.warn(base::printable(line));
    const Instant at = instant_now();
    if (at >= changes_due) {
      reporter.tell_changes();
      changes_due = at + std::chrono::milliseconds(200);
      if (at >= table_due) {
        reporter.print_all();
        table_due = at + **every;
      }
      out.flush();
    }
    timed_out = timeout->has_value() && at - began >= **timeout;
    const auto wait = std::min(station.patience(), changes_due - at);
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(std::max(wait, Duration(0)));
    pollfd fds[] = {{station.fd(), POLLIN, 0}, {interrupt_fd(), POLLIN, 0}};
    if (::poll(fds, 2, static_cast<int>(ms.count())) < 0 && errno != EINTR) break;
  }
  reporter.end();
  station.close();
  return timed_out ? exit_timeout : exit_ok;
}

}  // namespace

constinit const Command hub_command{
    .name = "hub",
    .aliases = "",
    .group = Group::connect,
    .arguments = "[URL ...]",
    .summary = "pass values between networks and sites",
    .about =
        "Multicast ends at a router: two subnets are two networks for DTS. A hub on a machine "
        "that\n"
        "is on both passes on what somebody on one wants and a node of the other publishes, under\n"
        "the publisher's own name, with its times and sequences; queries and the last values too.\n"
        "Sites join by streams: a hub of one listens, those of the others connect to it.\n"
        "Several hubs may join the same networks: one passes a source on, the others stand by, "
        "and\n"
        "nothing arrives twice. Without --between and --side every network of this machine is a\n"
        "side; --listen and URLs add theirs.\n"
        "Commands are passed on, but not that they were handled: their publisher is told of a\n"
        "timeout. A value cut for larger packets than a side takes is named as lost there.\n"
        "Runs until Ctrl-C or SIGTERM; a line is printed when a source begins or ends to be "
        "passed\n"
        "on.",
    .flags = kFlags,
    .examples = kExamples,
    .run = run_hub,
};

}  // namespace dts::cli
