// dts source: connects what measures to the bus. Each kind is a Sensor; this file turns the flags
// into one, and reads it once a period until Ctrl-C.
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include <cli/interrupt.hpp>
#include <cli/invocation.hpp>
#include <cli/output.hpp>
#include <cli/run.hpp>
#include <cli/session.hpp>
#include <cli/source/brewery.hpp>
#include <cli/source/exec.hpp>
#include <cli/source/flags.hpp>
#include <cli/source/host.hpp>
#include <cli/source/hwmon.hpp>
#include <cli/source/iio.hpp>
#include <cli/source/w1.hpp>
#include <cli/verbs.hpp>
#include <cli/words.hpp>

namespace dts::cli {

namespace {

// Without a domain there is no loop to run: waits on the interrupt alone. False: stop.
bool wait_without_domain(Duration duration) {
  pollfd handle{interrupt_fd(), POLLIN, 0};
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(duration).count();
  ::poll(&handle, 1, static_cast<int>(std::clamp<std::int64_t>(ms, 0, 1 << 30)));
  return !interrupted();
}

int finish(Output& out, const Emitter& emitter) {
  out.note(counted(emitter.readings(), "reading") + ", " + counted(emitter.failures(), "failure"));
  return emitter.readings() == 0 && emitter.failures() > 0 ? exit_failed : exit_ok;
}

// Reads once a period, on time: a slow reading does not shift the ones after it.
int run(Invocation& invocation, std::string_view kind, std::unique_ptr<Sensor> sensor) {
  Output& out = invocation.out();
  auto flags = sensor_flags(invocation, kind);
  if (!flags) return fail(invocation, flags.error());
  std::unique_ptr<Session> session;
  if (!flags->dry_run) {
    auto opened = Session::open(invocation);
    if (!opened) return fail(invocation, opened.error());
    session = std::move(*opened);
  }
  Emitter emitter(session ? &session->domain() : nullptr, *flags);
  const bool once = invocation.has("once");
  const Instant began = instant_now();
  for (std::int64_t round = 1;; ++round) {
    sensor->read(instant_now(), emitter);
    if (round == 1) out.note(std::string(kind) + ": " + sensor->describe());
    Instant next = began + round * flags->every;
    if (next < instant_now()) {  // it took longer than a period: skip the ones that were missed
      round = (instant_now() - began) / flags->every + 1;
      next = began + round * flags->every;
    }
    // Once: long enough for whoever waits for the type to be found and served.
    const Duration wait = once ? Duration(std::chrono::milliseconds(300)) : next - instant_now();
    const bool go_on = session ? session->run_for(wait) : once || wait_without_domain(wait);
    if (once || !go_on) break;
  }
  return finish(out, emitter);
}

Sysfs files(const Invocation& invocation) { return Sysfs(invocation.value("root").value_or("")); }

int run_host(Invocation& invocation) {
  return run(invocation, "host", make_host_sensor(files(invocation)));
}
int run_w1(Invocation& invocation) {
  return run(invocation, "w1", make_w1_sensor(files(invocation)));
}
int run_hwmon(Invocation& invocation) {
  return run(invocation, "hwmon", make_hwmon_sensor(files(invocation)));
}
int run_iio(Invocation& invocation) {
  return run(invocation, "iio",
             make_iio_sensor(files(invocation), invocation.value("device").value_or("")));
}

int run_demo(Invocation& invocation) {
  if (invocation.arguments()[0] != "brewery") {
    return fail(invocation,
                Error(ErrorCode::invalid_argument, "no demo \"" + invocation.arguments()[0] + "\"",
                      {}, {}, "dts source demo brewery"));
  }
  const auto tanks = invocation.count("tanks");
  const auto dies_after = invocation.duration("dies-after");
  if (!tanks || !dies_after || tanks->value_or(3) > 99) {
    return fail(invocation, !tanks ? tanks.error()
                            : !dies_after
                                ? dies_after.error()
                                : Error(ErrorCode::invalid_argument, "--tanks is at most 99"));
  }
  return run(invocation, "brewery",
             make_brewery_sensor(static_cast<int>(tanks->value_or(3)),
                                 dies_after->value_or(std::chrono::seconds(60)), 1));
}

#define DTS_COMMON_SENSOR_FLAGS                                                     \
  {0, "every", "DUR", "how often to read; 1s unless told"},                         \
      {'l', "label", "KEY=VALUE", "a label on every reading; may be repeated"},     \
      {0, "name", "NAME", "the source's name"},                                     \
      {0, "format", "NAME", "the data format (capnproto); dts formats lists them"}, \
      {0, "once", "", "read once and end"}, {                                       \
    0, "dry-run", "", "print the readings instead of publishing them"               \
  }

constexpr Flag kDemoFlags[] = {
    DTS_COMMON_SENSOR_FLAGS,
    {0, "tanks", "N", "how many tanks; 3 unless told"},
    {0, "dies-after", "DUR", "when a level gauge fails; 60s unless told"},
};
constexpr Flag kHostFlags[] = {DTS_COMMON_SENSOR_FLAGS,
                               {0, "root", "DIR", "read DIR/proc and DIR/sys instead"}};
constexpr Flag kSensorFlags[] = {DTS_COMMON_SENSOR_FLAGS,
                                 {0, "root", "DIR", "read DIR/sys instead"},
                                 {0, "scale", "X", "multiply every value"},
                                 {0, "offset", "X", "then add"}};
constexpr Flag kIioFlags[] = {DTS_COMMON_SENSOR_FLAGS,
                              {0, "root", "DIR", "read DIR/sys instead"},
                              {0, "scale", "X", "multiply every value"},
                              {0, "offset", "X", "then add"},
                              {0, "device", "NAME", "only this device, e.g. bme280"}};
constexpr Flag kExecFlags[] = {
    DTS_COMMON_SENSOR_FLAGS,
    {0, "type", "TYPE", "the type of what the program prints"},
    {0, "define", "TYPE",
     "the type: 'Weight{grams:f64[g]}', or a file with it (.dts, .proto ...)"}};

constexpr Example kDemoExamples[] = {
    {"dts source demo brewery", "three tanks, a koji room, and a sensor that fails"},
    {"dts source demo brewery --tanks 5 --every 200ms", "more of it, faster"},
};
constexpr Example kHostExamples[] = {
    {"dts source host", "this machine, once a second"},
    {"dts source host --dry-run --once", "what would be published"},
};
constexpr Example kW1Examples[] = {
    {"dts source w1 --every 10s", "all thermometers, now and later"}};
constexpr Example kIioExamples[] = {{"dts source iio --device bme280", "one device"}};
constexpr Example kHwmonExamples[] = {{"dts source hwmon", "chips, fans and supplies"}};
constexpr Example kExecExamples[] = {
    {"dts source exec --every 5s --type Uptime -- awk '{print \"{\\\"seconds\\\":\" $1 \"}\"}' "
     "/proc/uptime",
     "a program that prints a JSON object and ends, every 5 s"},
    {"dts source exec --type Weight -- ./scale.py",
     "a program that goes on, one JSON object a line; restarted when it ends"},
};

constexpr Command kDemo{.name = "demo",
                        .aliases = "",
                        .group = Group::connect,
                        .arguments = "brewery",
                        .summary = "a simulated brewery",
                        .about = "",
                        .flags = kDemoFlags,
                        .examples = kDemoExamples,
                        .run = run_demo,
                        .words = "brewery",
                        .arguments_min = 1,
                        .arguments_max = 1};
constexpr Command kHost{.name = "host",
                        .aliases = "",
                        .group = Group::connect,
                        .arguments = "",
                        .summary = "this machine: processor, memory, temperatures, disk, network",
                        .about = "",
                        .flags = kHostFlags,
                        .examples = kHostExamples,
                        .run = run_host,
                        .arguments_max = 0};
constexpr Command kExec{.name = "exec",
                        .aliases = "",
                        .group = Group::connect,
                        .arguments = "-- PROGRAM [ARGUMENT...]",
                        .summary = "what a program prints as JSON",
                        .about =
                            "With --every the program is run once a period and prints one object "
                            "a line. Without, it goes on for ever; when it ends it is started "
                            "again, after 1, 2, 4 ... 60 s. Its stderr is passed on. The type is "
                            "the one on the bus, else --define, else it is made from the first "
                            "object.",
                        .flags = kExecFlags,
                        .examples = kExecExamples,
                        .run = run_exec,
                        .arguments_min = 1};
constexpr Command kW1{.name = "w1",
                      .aliases = "",
                      .group = Group::connect,
                      .arguments = "",
                      .summary = "1-Wire thermometers (DS18B20)",
                      .about = "",
                      .flags = kSensorFlags,
                      .examples = kW1Examples,
                      .run = run_w1,
                      .arguments_max = 0};
constexpr Command kIio{.name = "iio",
                       .aliases = "",
                       .group = Group::connect,
                       .arguments = "",
                       .summary = "Industrial I/O sensors (BME280, ADCs)",
                       .about = "",
                       .flags = kIioFlags,
                       .examples = kIioExamples,
                       .run = run_iio,
                       .arguments_max = 0};
constexpr Command kHwmon{.name = "hwmon",
                         .aliases = "",
                         .group = Group::connect,
                         .arguments = "",
                         .summary = "hardware monitors: temperatures, fans, supplies",
                         .about = "",
                         .flags = kSensorFlags,
                         .examples = kHwmonExamples,
                         .run = run_hwmon,
                         .arguments_max = 0};
constexpr const Command* kKinds[] = {&kDemo, &kHost, &kExec, &kW1, &kIio, &kHwmon};

}  // namespace

const Command source_command{
    .name = "source",
    .aliases = "",
    .group = Group::connect,
    .arguments = "KIND",
    .summary = "publish readings: this machine, sensors, a program, a demo",
    .about = "A sensor that fails is published too, as dts.SourceStatus.",
    .children = kKinds,
    .words = "demo host exec w1 iio hwmon"};

}  // namespace dts::cli
