#include <cli/bridge/jetstream_command.hpp>

#include <cli/bridge/jetstream_bridge.hpp>
#include <cli/output.hpp>
#include <cli/run.hpp>

namespace dts::cli {

namespace {

// As much as one answer to a query holds.
constexpr std::uint64_t kValuesMost = 4096;

constexpr Flag kFlags[] = {
    {0, "values", "N", "the last so many of each source, at most 4096; 1000 in a new store"},
    {0, "for", "DUR", "no longer than this, on the servers' clock: 30d; for ever in a new store"},
    {0, "bytes", "SIZE", "of all values, the oldest go first; 1GiB in a new store"},
    {0, "replicas", "N", "on so many servers of a cluster; 1 in a new store"},
};
constexpr Example kExamples[] = {
    {"dts bridge jetstream nats://nas", "all values of this network, for those who ask later"},
    {"dts bridge jetstream nats://nas 'brewery.*' --for 30d", "those of a brewery, for a month"},
    {"dts query brewery.Temperature --since 1h", "what is kept, by whoever asks"},
};

Result<JetStreamBridge::Options> parse_options(const Invocation& invocation) {
  JetStreamBridge::Options options;
  options.store.url = invocation.arguments()[0];
  if (options.store.url.find("://") == std::string::npos)
    options.store.url = "nats://" + options.store.url;
  options.patterns.assign(invocation.arguments().begin() + 1, invocation.arguments().end());
  if (options.patterns.empty()) options.patterns.push_back("*");
  DTS_ASSIGN(options.store.values_max, invocation.count("values"));
  if (options.store.values_max.value_or(1) > kValuesMost)
    return Error(ErrorCode::invalid_argument, "--values is at most 4096", {},
                 "an answer to a query has no more of a source");
  DTS_ASSIGN(options.store.age_max, invocation.duration("for"));
  DTS_ASSIGN(options.store.bytes_max, invocation.size("bytes"));
  DTS_ASSIGN(options.store.replicas, invocation.count("replicas"));
  return options;
}

int run(Invocation& invocation) {
  auto options = parse_options(invocation);
  if (!options) return fail(invocation, options.error());
  auto session = Session::open(invocation);
  if (!session) return fail(invocation, session.error());
  auto bridge = JetStreamBridge::open(**session, std::move(*options));
  if (!bridge) return fail(invocation, bridge.error());
  const Session::End end = (*bridge)->run();
  (*bridge)->finish();
  return Session::exit_code(end, exit_ok);
}

}  // namespace

constinit const Command jetstream_bridge_command{
    .name = "jetstream",
    .aliases = "",
    .group = Group::connect,
    .arguments = "URL [TYPE ...]",
    .summary = "values kept on NATS servers, beyond the life of who published them",
    .about =
        "Keeps the values of the types, or patterns, by JetStream and answers queries with them: "
        "all of\npublishers that are gone, and of those that are there what they no longer have "
        "themselves. They\nare listed with the label kept_of, the publisher's name. The limits "
        "change a store that is there\nwhere they are given. Several bridges of one domain may "
        "keep in one store: each value is there\nonce, and one answers. Runs until Ctrl-C or "
        "SIGTERM.",
    .flags = kFlags,
    .examples = kExamples,
    .run = run,
    .arguments_min = 1};

}  // namespace dts::cli
