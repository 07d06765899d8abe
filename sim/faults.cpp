#include <sim/faults.hpp>

#include <algorithm>
#include <cstdio>

namespace dts::sim {

namespace {

constexpr auto ms = [](std::uint64_t n) { return std::chrono::milliseconds(n); };

void say(std::string& text, const char* name, double value, double calm) {
  if (value == calm) return;
  char part[64];
  std::snprintf(part, sizeof part, "%s%s=%.4g", text.empty() ? "" : " ", name, value);
  text += part;
}

double ms_of(Duration d) { return static_cast<double>(d.count()) / 1e6; }

#define DTS_PART(member)                                            \
  {                                                                 \
    #member, [](Faults& f) { f.member = Faults{}.member; },         \
        [](const Faults& f) { return f.member != Faults{}.member; } \
  }
constexpr Faults::Part part_table[] = {
    DTS_PART(loss),      DTS_PART(uplink_loss), DTS_PART(burst_begin),   DTS_PART(duplicate),
    DTS_PART(reorder),   DTS_PART(delay),       DTS_PART(jitter),        DTS_PART(corrupt),
    DTS_PART(overheard), DTS_PART(mtu_bytes),   DTS_PART(receive_queue), DTS_PART(receive_cost),
    DTS_PART(clog),      DTS_PART(partition),   DTS_PART(one_way),       DTS_PART(unplug),
    DTS_PART(crash),     DTS_PART(restart),     DTS_PART(pause),         DTS_PART(suspend),
    DTS_PART(wall_jump),
};
#undef DTS_PART

}  // namespace

std::span<const Faults::Part> Faults::parts() { return part_table; }

bool Faults::remove(std::string_view name) {
  const auto at = std::find_if(std::begin(part_table), std::end(part_table),
                               [&](const Part& part) { return name == part.name; });
  if (at == std::end(part_table)) return false;
  at->remove(*this);
  return true;
}

Faults Faults::chaos(base::Random& random) {
  Faults f;
  // Each fault is absent from about half of the seeds, so that their mixtures differ in kind.
  const auto maybe = [&](double most) { return random.chance(0.5) ? random.fraction() * most : 0; };
  f.loss = random.chance(0.1) ? 0.3 + random.fraction() * 0.2 : maybe(0.3);
  f.uplink_loss = random.chance(0.2) ? random.fraction() * 0.2 : 0;
  f.burst_begin = maybe(0.05);
  f.burst_end = 1.0 / static_cast<double>(1 + random.below(16));
  f.duplicate = maybe(0.5);
  f.reorder = maybe(0.2);
  f.reorder_max = ms(1 + random.below(50));
  f.delay = std::chrono::microseconds(10 + random.below(random.chance(0.2) ? 20000 : 500));
  f.jitter = std::chrono::microseconds(random.below(random.chance(0.2) ? 10000 : 200));
  f.corrupt = maybe(0.02);
  f.overheard = maybe(0.3);
  if (random.chance(0.05)) f.mtu_bytes = static_cast<std::uint32_t>(600 + random.below(800));
  if (random.chance(0.2)) f.receive_queue = static_cast<std::uint32_t>(16 + random.below(256));
  f.receive_cost = std::chrono::nanoseconds(200 + random.below(random.chance(0.1) ? 50000 : 2000));
  f.clog = maybe(0.05);
  f.clog_max = ms(10 + random.below(5000));
  f.partition = maybe(0.05);
  f.one_way = maybe(0.02);
  f.partition_max = ms(100 + random.below(20000));
  f.unplug = random.chance(0.2) ? random.fraction() * 0.03 : 0;
  f.unplug_max = ms(100 + random.below(8000));
  f.crash = maybe(0.03);
  f.crash_max = ms(random.below(10000));
  f.restart = random.chance(0.2) ? random.fraction() * 0.03 : 0;
  f.pause = maybe(0.03);
  f.pause_max = ms(100 + random.below(20000));
  f.suspend = random.chance(0.2) ? random.fraction() * 0.03 : 0;
  f.suspend_max = ms(100 + random.below(40000));
  f.wall_jump = maybe(0.05);
  return f;
}

std::string Faults::text() const {
  const Faults calm;
  std::string text;
  say(text, "loss", loss, calm.loss);
  say(text, "uplink_loss", uplink_loss, calm.uplink_loss);
  say(text, "burst_begin", burst_begin, calm.burst_begin);
  if (burst_begin > 0) say(text, "burst_end", burst_end, 0);
  say(text, "duplicate", duplicate, calm.duplicate);
  say(text, "reorder", reorder, calm.reorder);
  if (reorder > 0 || duplicate > 0) say(text, "reorder_ms", ms_of(reorder_max), 0);
  say(text, "delay_ms", ms_of(delay), ms_of(calm.delay));
  say(text, "jitter_ms", ms_of(jitter), ms_of(calm.jitter));
  say(text, "corrupt", corrupt, calm.corrupt);
  say(text, "overheard", overheard, calm.overheard);
  say(text, "mtu", mtu_bytes, calm.mtu_bytes);
  say(text, "receive_queue", receive_queue, calm.receive_queue);
  say(text, "clog", clog, calm.clog);
  say(text, "partition", partition, calm.partition);
  say(text, "one_way", one_way, calm.one_way);
  say(text, "unplug", unplug, calm.unplug);
  say(text, "crash", crash, calm.crash);
  say(text, "restart", restart, calm.restart);
  say(text, "pause", pause, calm.pause);
  say(text, "suspend", suspend, calm.suspend);
  say(text, "wall_jump", wall_jump, calm.wall_jump);
  return text.empty() ? "calm" : text;
}

}  // namespace dts::sim
