// Formats against what others offer, over one record of ten fields (about 150 bytes): our plans
// beside Cap'n Proto's generated code, nlohmann's JSON and Protocol Buffers' JSON. Compare rows of
// one run; absolute numbers are the machine's.
#include <benchmark/benchmark.h>

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <google/protobuf/util/json_util.h>
#include <nlohmann/json.hpp>

#include <dts/declare.hpp>
#include <dts/format.hpp>

#include "record.capnp.h"
#include "record.pb.h"

namespace {

struct BenchInner {
  std::int32_t x;
  double y;
  static constexpr auto dts = dts::type("bench.Inner");
};
enum class BenchColor : std::int32_t { red, green, blue };
}  // namespace
template <>
inline constexpr auto dts::describe<BenchColor> = dts::type("bench.Color");
namespace {
struct BenchRecord {
  std::uint64_t id;
  double temperature;
  std::string station;
  std::vector<double> readings;
  std::optional<BenchInner> inner;
  BenchColor color;
  std::uint64_t at;
  bool flag;
  std::int32_t count;
  float ratio;
  static constexpr auto dts = dts::type("bench.Record");
};

BenchRecord record() {
  return {1152921504606846976u,
          21.4375,
          "KSEA-station",
          {1.125, 2.7182818284, 3.14159265, 4.5, 5.75, -6.0625, 7.1, 8.2},
          BenchInner{-42, 0.3333333333},
          BenchColor::green,
          1789000000123456789u,
          true,
          77,
          0.25f};
}

const dts::Layout& layout() { return dts::layout_of<BenchRecord>(); }
const dts::Format& format(const char* name) {
  return *dts::find_format(dts::built_in_formats(), name);
}
std::unique_ptr<dts::Decoder> decoder(const char* name) {
  const auto same = dts::Assignment::make(layout().type, layout().type);
  return format(name).decoder(same, layout()).value();
}

void encode(benchmark::State& state, const char* name) {
  const auto encoder = format(name).encoder(layout()).value();
  const BenchRecord value = record();
  dts::Bytes out;
  for (auto _ : state) {
    out.clear();
    benchmark::DoNotOptimize(encoder->encode(&value, out).ok());
  }
  state.counters["bytes"] = static_cast<double>(out.size());
}

void decode(benchmark::State& state, const char* name) {
  const BenchRecord value = record();
  dts::Bytes message;
  format(name).encoder(layout()).value()->encode(&value, message).value();
  const auto plan = decoder(name);
  BenchRecord read{};
  for (auto _ : state) benchmark::DoNotOptimize(plan->decode(message, &read).ok());
}

void make_plan(benchmark::State& state, const char* name) {
  const auto same = dts::Assignment::make(layout().type, layout().type);
  for (auto _ : state) benchmark::DoNotOptimize(format(name).decoder(same, layout()).value());
}
void make_assignment(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(dts::Assignment::make(layout().type, layout().type));
  }
}

// ---- Cap'n Proto's generated code

void build(const BenchRecord& value, Record::Builder to) {
  to.setId(value.id);
  to.setTemperature(value.temperature);
  to.setStation(capnp::Text::Reader(value.station.data(), value.station.size()));
  auto readings = to.initReadings(static_cast<unsigned>(value.readings.size()));
  for (unsigned i = 0; i < readings.size(); ++i) readings.set(i, value.readings[i]);
  auto inner = to.initInner();
  inner.setX(value.inner->x);
  inner.setY(value.inner->y);
  to.setColor(static_cast<Color>(value.color));
  to.setAt(value.at);
  to.setFlag(value.flag);
  to.setCount(value.count);
  to.setRatio(value.ratio);
}

void capnp_generated_encode(benchmark::State& state) {
  const BenchRecord value = record();
  capnp::word scratch[64];
  dts::Bytes out;
  for (auto _ : state) {
    std::memset(scratch, 0, sizeof scratch);
    capnp::MallocMessageBuilder message(kj::arrayPtr(scratch, 64));
    build(value, message.initRoot<Record>());
    const auto segment = message.getSegmentsForOutput()[0].asBytes();
    out.assign(8, 0);
    out.insert(out.end(), segment.begin(), segment.end());
    benchmark::DoNotOptimize(out.data());
  }
}

void capnp_generated_decode(benchmark::State& state) {
  capnp::MallocMessageBuilder message;
  build(record(), message.initRoot<Record>());
  const auto words = capnp::messageToFlatArray(message);
  BenchRecord read{};
  for (auto _ : state) {
    capnp::FlatArrayMessageReader reader(words);
    const auto from = reader.getRoot<Record>();
    read.id = from.getId();
    read.temperature = from.getTemperature();
    const auto station = from.getStation();
    read.station.assign(station.begin(), station.size());
    const auto readings = from.getReadings();
    read.readings.resize(readings.size());
    for (unsigned i = 0; i < readings.size(); ++i) read.readings[i] = readings[i];
    read.inner = BenchInner{from.getInner().getX(), from.getInner().getY()};
    read.color = static_cast<BenchColor>(from.getColor());
    read.at = from.getAt();
    read.flag = from.getFlag();
    read.count = from.getCount();
    read.ratio = from.getRatio();
    benchmark::DoNotOptimize(&read);
  }
}

// ---- nlohmann

nlohmann::json to_tree(const BenchRecord& v) {
  return {{"id", std::to_string(v.id)},
          {"temperature", v.temperature},
          {"station", v.station},
          {"readings", v.readings},
          {"inner", {{"x", v.inner->x}, {"y", v.inner->y}}},
          {"color", "green"},
          {"at", std::to_string(v.at)},
          {"flag", v.flag},
          {"count", v.count},
          {"ratio", v.ratio}};
}

void nlohmann_encode(benchmark::State& state) {
  const BenchRecord value = record();
  for (auto _ : state) benchmark::DoNotOptimize(to_tree(value).dump());
}

void nlohmann_decode(benchmark::State& state) {
  const std::string text = to_tree(record()).dump();
  BenchRecord read{};
  for (auto _ : state) {
    const auto tree = nlohmann::json::parse(text);
    read.id = std::stoull(tree["id"].get_ref<const std::string&>());
    read.temperature = tree["temperature"];
    read.station = tree["station"].get_ref<const std::string&>();
    tree["readings"].get_to(read.readings);
    read.inner = BenchInner{tree["inner"]["x"], tree["inner"]["y"]};
    read.color = tree["color"] == "green" ? BenchColor::green : BenchColor::red;
    read.at = std::stoull(tree["at"].get_ref<const std::string&>());
    read.flag = tree["flag"];
    read.count = tree["count"];
    read.ratio = tree["ratio"];
    benchmark::DoNotOptimize(&read);
  }
}

// ---- Protocol Buffers' JSON

bench::Record proto_record() {
  const BenchRecord v = record();
  bench::Record message;
  message.set_id(v.id);
  message.set_temperature(v.temperature);
  message.set_station(v.station);
  for (const double reading : v.readings) message.add_readings(reading);
  message.mutable_inner()->set_x(v.inner->x);
  message.mutable_inner()->set_y(v.inner->y);
  message.set_color(bench::green);
  message.set_at(v.at);
  message.set_flag(v.flag);
  message.set_count(v.count);
  message.set_ratio(v.ratio);
  return message;
}

void protobuf_json_encode(benchmark::State& state) {
  const bench::Record message = proto_record();
  std::string text;
  for (auto _ : state) {
    text.clear();
    benchmark::DoNotOptimize(google::protobuf::util::MessageToJsonString(message, &text).ok());
  }
}

void protobuf_json_decode(benchmark::State& state) {
  std::string text;
  (void)google::protobuf::util::MessageToJsonString(proto_record(), &text).ok();
  bench::Record message;
  for (auto _ : state)
    benchmark::DoNotOptimize(google::protobuf::util::JsonStringToMessage(text, &message).ok());
}

BENCHMARK_CAPTURE(encode, capnproto, "capnproto");
BENCHMARK(capnp_generated_encode);
BENCHMARK_CAPTURE(decode, capnproto, "capnproto");
BENCHMARK(capnp_generated_decode);
BENCHMARK_CAPTURE(encode, json, "json");
BENCHMARK(nlohmann_encode);
BENCHMARK(protobuf_json_encode);
BENCHMARK_CAPTURE(decode, json, "json");
BENCHMARK(nlohmann_decode);
BENCHMARK(protobuf_json_decode);
BENCHMARK(make_assignment);
BENCHMARK_CAPTURE(make_plan, capnproto, "capnproto");
BENCHMARK_CAPTURE(make_plan, json, "json");

}  // namespace

BENCHMARK_MAIN();
