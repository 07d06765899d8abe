// The peers over the same record: Cap'n Proto's and Protocol Buffers' generated code, Protocol
// Buffers' DynamicMessage and JSON, nlohmann's JSON, CBOR and MessagePack, msgpack-cxx, simdjson on
// demand, pugixml's DOM. Python's C libraries are in python_peers.py.
#include <capnp/message.h>
#include <capnp/serialize.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/util/json_util.h>
#include <simdjson.h>
#include <msgpack.hpp>
#include <nlohmann/json.hpp>
#include <pugixml.hpp>

#include "measured.hpp"
#include "record.capnp.h"
#include "record.hpp"
#include "record.pb.h"

namespace {

using bench::Run;

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

void capnp_generated_encode(Run& run) {
  const BenchRecord value = record();
  capnp::word scratch[64];
  dts::Bytes out;
  for (auto _ : run) {
    std::memset(scratch, 0, sizeof scratch);
    capnp::MallocMessageBuilder message(kj::arrayPtr(scratch, 64));
    build(value, message.initRoot<Record>());
    const auto segment = message.getSegmentsForOutput()[0].asBytes();
    out.assign(8, 0);
    out.insert(out.end(), segment.begin(), segment.end());
    bench::keep(out.data());
  }
}

void capnp_generated_decode(Run& run) {
  capnp::MallocMessageBuilder message;
  build(record(), message.initRoot<Record>());
  const auto words = capnp::messageToFlatArray(message);
  BenchRecord read{};
  for (auto _ : run) {
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
    bench::keep(&read);
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

void nlohmann_encode(Run& run) {
  const BenchRecord value = record();
  for (auto _ : run) bench::keep(to_tree(value).dump());
}

void nlohmann_decode(Run& run) {
  const std::string text = to_tree(record()).dump();
  BenchRecord read{};
  for (auto _ : run) {
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
    bench::keep(&read);
  }
}

// ---- Protocol Buffers' JSON

void fill(bench::Record& message, const BenchRecord& v) {
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
}

bench::Record proto_record() {
  bench::Record message;
  fill(message, record());
  return message;
}

void protobuf_json_encode(Run& run) {
  const bench::Record message = proto_record();
  std::string text;
  for (auto _ : run) {
    text.clear();
    bench::keep(google::protobuf::util::MessageToJsonString(message, &text).ok());
  }
}

void protobuf_json_decode(Run& run) {
  std::string text;
  (void)google::protobuf::util::MessageToJsonString(proto_record(), &text).ok();
  bench::Record message;
  for (auto _ : run) bench::keep(google::protobuf::util::JsonStringToMessage(text, &message).ok());
}

// ---- Protocol Buffers' generated code, and its messages known only at run time

void protobuf_generated_encode(Run& run) {
  const BenchRecord value = record();
  bench::Record message;
  std::string out;
  for (auto _ : run) {
    message.Clear();
    fill(message, value);
    out.clear();
    bench::keep(message.AppendToString(&out));
  }
}

void protobuf_generated_serialize_only(Run& run) {
  const bench::Record message = proto_record();
  std::string out;
  for (auto _ : run) {
    out.clear();
    bench::keep(message.AppendToString(&out));
  }
}

void protobuf_generated_decode(Run& run) {
  const std::string bytes = proto_record().SerializeAsString();
  bench::Record message;
  BenchRecord read{};
  for (auto _ : run) {
    bench::keep(message.ParseFromString(bytes));
    read.id = message.id();
    read.temperature = message.temperature();
    read.station = message.station();
    read.readings.assign(message.readings().begin(), message.readings().end());
    read.inner = BenchInner{message.inner().x(), message.inner().y()};
    read.color = static_cast<BenchColor>(message.color());
    read.at = message.at();
    read.flag = message.flag();
    read.count = message.count();
    read.ratio = message.ratio();
    bench::keep(&read);
  }
}

void protobuf_generated_parse_only(Run& run) {
  const std::string bytes = proto_record().SerializeAsString();
  bench::Record message;
  for (auto _ : run) bench::keep(message.ParseFromString(bytes));
}

std::unique_ptr<google::protobuf::Message> dynamic_record() {
  static google::protobuf::DynamicMessageFactory factory;
  return std::unique_ptr<google::protobuf::Message>(
      factory.GetPrototype(bench::Record::descriptor())->New());
}

void protobuf_dynamic_encode(Run& run) {
  const auto message = dynamic_record();
  message->ParseFromString(proto_record().SerializeAsString());
  std::string out;
  for (auto _ : run) {
    out.clear();
    bench::keep(message->AppendToString(&out));
  }
}

void protobuf_dynamic_decode(Run& run) {
  const std::string bytes = proto_record().SerializeAsString();
  const auto message = dynamic_record();
  for (auto _ : run) bench::keep(message->ParseFromString(bytes));
}

// ---- nlohmann's binary formats

template <auto Write>
void nlohmann_binary_encode(Run& run) {
  const BenchRecord value = record();
  for (auto _ : run) bench::keep(Write(to_tree(value)));
}

template <auto Write, auto Read>
void nlohmann_binary_decode(Run& run) {
  const std::vector<std::uint8_t> bytes = Write(to_tree(record()));
  for (auto _ : run) bench::keep(Read(bytes));
}

std::vector<std::uint8_t> to_cbor(const nlohmann::json& tree) {
  return nlohmann::json::to_cbor(tree);
}
nlohmann::json from_cbor(const std::vector<std::uint8_t>& bytes) {
  return nlohmann::json::from_cbor(bytes);
}
std::vector<std::uint8_t> to_msgpack(const nlohmann::json& tree) {
  return nlohmann::json::to_msgpack(tree);
}
nlohmann::json from_msgpack(const std::vector<std::uint8_t>& bytes) {
  return nlohmann::json::from_msgpack(bytes);
}

// ---- msgpack-cxx: packed by hand, unpacked into its tree of objects

void msgpack_cxx_encode(Run& run) {
  const BenchRecord v = record();
  msgpack::sbuffer out;
  for (auto _ : run) {
    out.clear();
    msgpack::packer<msgpack::sbuffer> pack(out);
    pack.pack_map(10);
    pack.pack("id").pack(v.id).pack("temperature").pack(v.temperature);
    pack.pack("station").pack(v.station).pack("readings").pack(v.readings);
    pack.pack("inner").pack_map(2).pack("x").pack(v.inner->x).pack("y").pack(v.inner->y);
    pack.pack("color").pack("green").pack("at").pack(v.at).pack("flag").pack(v.flag);
    pack.pack("count").pack(v.count).pack("ratio").pack(v.ratio);
    bench::keep(out.data());
  }
}

void msgpack_cxx_decode(Run& run) {
  const std::vector<std::uint8_t> bytes = to_msgpack(to_tree(record()));
  for (auto _ : run) {
    bench::keep(msgpack::unpack(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  }
}

// ---- simdjson on demand, our JSON text, fields in order

std::string json_text() {
  const BenchRecord value = record();
  return dts::to_json(bench::layout(), &value).value();
}

void simdjson_decode(Run& run) {
  const simdjson::padded_string text(json_text());
  simdjson::ondemand::parser parser;
  BenchRecord read{};
  for (auto _ : run) {
    auto document = parser.iterate(text);
    auto root = document.get_object().value();
    // Beyond 2^53 integers are strings.
    read.id = root["id"].get_uint64_in_string().value();
    read.temperature = root["temperature"].get_double().value();
    read.station = root["station"].get_string().value();
    read.readings.clear();
    for (auto each : root["readings"].get_array().value())
      read.readings.push_back(each.get_double().value());
    auto inner = root["inner"].get_object().value();
    read.inner->x = static_cast<std::int32_t>(inner["x"].get_int64().value());
    read.inner->y = inner["y"].get_double().value();
    read.color =
        root["color"].get_string().value() == "green" ? BenchColor::green : BenchColor::red;
    read.at = root["at"].get_uint64_in_string().value();
    read.flag = root["flag"].get_bool().value();
    read.count = static_cast<std::int32_t>(root["count"].get_int64().value());
    read.ratio = static_cast<float>(root["ratio"].get_double().value());
    bench::keep(&read);
  }
}

// ---- pugixml, our XML: parsed into its tree, and every field looked up and read

void pugixml_decode(Run& run) {
  const auto encoder = bench::format("xml").encoder(bench::layout()).value();
  const BenchRecord value = record();
  dts::Bytes text;
  encoder->encode(&value, text).value();
  BenchRecord read{};
  for (auto _ : run) {
    pugi::xml_document document;
    document.load_buffer(text.data(), text.size());
    const pugi::xml_node root = document.first_child();
    read.id = root.child("id").text().as_ullong();
    read.temperature = root.child("temperature").text().as_double();
    read.station = root.child("station").text().as_string();
    read.readings.clear();
    for (const pugi::xml_node& item : root.child("readings"))
      read.readings.push_back(item.text().as_double());
    const pugi::xml_node inner = root.child("inner");
    read.inner = BenchInner{inner.child("x").text().as_int(), inner.child("y").text().as_double()};
    read.color = std::string_view(root.child("color").text().as_string()) == "green"
                     ? BenchColor::green
                     : BenchColor::red;
    read.at = root.child("at").text().as_ullong();
    read.flag = root.child("flag").text().as_bool();
    read.count = root.child("count").text().as_int();
    read.ratio = root.child("ratio").text().as_float();
    bench::keep(&read);
  }
}

void pugixml_encode(Run& run) {
  struct Sink final : pugi::xml_writer {
    dts::Bytes out;
    void write(const void* data, std::size_t size) override {
      const auto* bytes = static_cast<const std::uint8_t*>(data);
      out.insert(out.end(), bytes, bytes + size);
    }
  } sink;
  const BenchRecord v = record();
  for (auto _ : run) {
    sink.out.clear();
    pugi::xml_document document;
    pugi::xml_node root = document.append_child("bench.Record");
    root.append_child("id").text().set(static_cast<unsigned long long>(v.id));
    root.append_child("temperature").text().set(v.temperature);
    root.append_child("station").text().set(v.station.c_str());
    pugi::xml_node readings = root.append_child("readings");
    for (const double reading : v.readings) readings.append_child("item").text().set(reading);
    pugi::xml_node inner = root.append_child("inner");
    inner.append_child("x").text().set(v.inner->x);
    inner.append_child("y").text().set(v.inner->y);
    root.append_child("color").text().set("green");
    root.append_child("at").text().set(static_cast<unsigned long long>(v.at));
    root.append_child("flag").text().set(v.flag);
    root.append_child("count").text().set(v.count);
    root.append_child("ratio").text().set(v.ratio);
    document.save(sink, "", pugi::format_raw | pugi::format_no_declaration);
    bench::keep(sink.out.data());
  }
}

const int registered = [] {
  bench::add("encode/capnproto/generated", capnp_generated_encode);
  bench::add("decode/capnproto/generated", capnp_generated_decode);
  bench::add("encode/json/nlohmann", nlohmann_encode);
  bench::add("decode/json/nlohmann", nlohmann_decode);
  bench::add("encode/json/libprotobuf", protobuf_json_encode);
  bench::add("decode/json/libprotobuf", protobuf_json_decode);
  bench::add("decode/json/simdjson", simdjson_decode);
  bench::add("encode/protobuf/generated", protobuf_generated_encode);
  bench::add("encode/protobuf/generated_serialize_only", protobuf_generated_serialize_only);
  bench::add("decode/protobuf/generated", protobuf_generated_decode);
  bench::add("decode/protobuf/generated_parse_only", protobuf_generated_parse_only);
  bench::add("encode/protobuf/dynamic", protobuf_dynamic_encode);
  bench::add("decode/protobuf/dynamic", protobuf_dynamic_decode);
  bench::add("encode/cbor/nlohmann", nlohmann_binary_encode<to_cbor>);
  bench::add("decode/cbor/nlohmann", nlohmann_binary_decode<to_cbor, from_cbor>);
  bench::add("encode/messagepack/nlohmann", nlohmann_binary_encode<to_msgpack>);
  bench::add("decode/messagepack/nlohmann", nlohmann_binary_decode<to_msgpack, from_msgpack>);
  bench::add("encode/messagepack/msgpack_cxx", msgpack_cxx_encode);
  bench::add("decode/messagepack/msgpack_cxx", msgpack_cxx_decode);
  bench::add("encode/xml/pugixml", pugixml_encode);
  bench::add("decode/xml/pugixml", pugixml_decode);
  return 0;
}();

}  // namespace
