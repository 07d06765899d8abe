// Schemas that somebody wrote by hand: messages of the reference libraries are read by us through
// the binding, and ours by them.
#include <gtest/gtest.h>

#include <cstring>
#include <deque>
#include <map>

#include <capnp/compat/json.h>
#include <capnp/dynamic.h>
#include <capnp/message.h>
#include <capnp/schema-parser.h>
#include <capnp/serialize.h>
#include <google/protobuf/compiler/importer.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <google/protobuf/text_format.h>
#include <kj/filesystem.h>

#include <dts/format.hpp>
#include <dts/value.hpp>
#include <schema/schema.hpp>

namespace dts {
namespace {

Result<std::string> no_files(const std::string& path) {
  return Error(ErrorCode::file, "cannot find", path);
}

schema::ImportedType import(schema::Language language, const char* text, const char* root) {
  auto imported = schema::import_text(language, "t", text, no_files, root);
  return imported.value().types[0];
}

// Encoded by the binding, from JSON.
Bytes encode(const schema::ImportedType& type, const char* json) {
  Value value = Value::of(type.type).value();
  from_json(json, value.layout(), value.data()).value();
  const Format& format = *find_format(built_in_formats(), type.binding.format());
  const auto encoder = format.bound_encoder(value.layout(), type.binding);
  Bytes out;
  encoder.value()->encode(value.data(), out).value();
  return out;
}

std::string decode(const schema::ImportedType& type, ByteView message) {
  Value value = Value::of(type.type).value();
  const Format& format = *find_format(built_in_formats(), type.binding.format());
  const auto decoder =
      format.bound_decoder(Assignment::make(type.type, type.type), value.layout(), type.binding);
  const auto done = decoder.value()->decode(message, value.data());
  if (!done) return done.error().text();
  return to_json(value.layout(), value.data()).value();
}

constexpr const char* kCapnp = R"(@0xa93fc509624c72d9;
using Dts = import "/dts/annotations.capnp";
$Dts.name("brewery");

struct Batch {
  note @3 :Text = "none yet";
  tank @0 :UInt8;
  celsius @1 :Float64 = 20.5 $Dts.unit("Cel");
  ready @2 :Bool = true;
  count @4 :Int32 = -7;
  lid :group {
    open @5 :Bool;
    angle @6 :Int16 = 90;
  }
  union {
    idle @7 :Void;
    heating @8 :Float32;
    step @9 :Step;
    manual :group { by @10 :Text; since @11 :Int64; }
  }
  state @12 :State = cooling;
  next @13 :Batch;
  steps @14 :List(Step);
  data @15 :Data;
  limit :union { none @16 :Void; most @17 :UInt16; }
  flags @18 :List(Bool);
}
struct Step { union { wait @0 :UInt32; call @1 :Text; heat @2 :Float64 $Dts.unit("Cel"); } }
enum State { off @0; cooling @1; }
)";

// The schema as libcapnp compiled it, from the same text.
class Reference {
 public:
  explicit Reference(const char* text) {
    directory_ = kj::newInMemoryDirectory(kj::nullClock());
    const auto write = [&](const char* path, kj::StringPtr content) {
      directory_
          ->openFile(kj::Path::parse(path), kj::WriteMode::CREATE | kj::WriteMode::CREATE_PARENT)
          ->writeAll(content);
    };
    write("t.capnp", text);
    write("dts/annotations.capnp",
          "@0xd75d0a6f2f3a1000; annotation name @0xd75d0a6f2f3a1001 (*) :Text;"
          "annotation unit @0xd75d0a6f2f3a1002 (field) :Text;");
    import_path_ = directory_.get();
    file_ = parser_.parseFromDirectory(*directory_, kj::Path("t.capnp"),
                                       kj::arrayPtr(&import_path_, 1));
  }
  capnp::StructSchema root() { return file_.getNested("Batch").asStruct(); }

  Bytes write(const char* json) {
    capnp::MallocMessageBuilder message(4096);
    capnp::JsonCodec codec;
    codec.decode(kj::StringPtr(json), message.initRoot<capnp::DynamicStruct>(root()));
    const auto words = capnp::messageToFlatArray(message);
    const auto bytes = words.asBytes();
    return Bytes(bytes.begin(), bytes.end());
  }
  std::string read(const Bytes& message) {
    kj::Array<capnp::word> words = kj::heapArray<capnp::word>(message.size() / 8);
    std::memcpy(words.begin(), message.data(), message.size());
    capnp::FlatArrayMessageReader reader(words);
    return kj::str(reader.getRoot<capnp::DynamicStruct>(root())).cStr();
  }

 private:
  kj::Own<const kj::Directory> directory_;
  const kj::ReadableDirectory* import_path_ = nullptr;
  capnp::SchemaParser parser_;
  capnp::ParsedSchema file_;
};

TEST(SchemaDifferential, a_capnp_file_written_by_hand_becomes_this_type) {
  const auto batch = import(schema::Language::capnp, kCapnp, "Batch");
  EXPECT_EQ(
      batch.type.print(Type::Style::one_line),
      "brewery.Batch{tank:u8, celsius:f64[Cel]=20.5, ready:bool=true, note:text=\"none yet\", "
      "count:i32=-7, lid:brewery.Batch.lid, which:brewery.Batch.which, "
      "state:brewery.State=cooling, next:optional<brewery.Batch>, steps:list<brewery.Step>, "
      "data:bytes, limit:brewery.Batch.limit, flags:list<bool>}; "
      "brewery.Batch.lid{open:bool, angle:i16=90}; "
      "union brewery.Batch.limit{none:dts.Void, most:u16}; "
      "brewery.Batch.manual{by:text, since:i64}; "
      "union brewery.Batch.which{idle:dts.Void, heating:f32, step:brewery.Step, "
      "manual:brewery.Batch.manual}; enum brewery.State{off=0, cooling=1}; "
      "union brewery.Step{wait:u32, call:text, heat:f64[Cel]}; dts.Void{}");
}

TEST(SchemaDifferential, libcapnp_reads_what_we_write_by_the_binding) {
  const auto batch = import(schema::Language::capnp, kCapnp, "Batch");
  Reference reference(kCapnp);
  const Bytes ours = encode(batch, R"({"tank":9,"celsius":18.25,"ready":false,"note":"a","count":5,
    "lid":{"open":true,"angle":45},"which":{"manual":{"by":"Anna","since":"-3"}},"state":"off",
    "next":{"tank":1,"lid":{"open":false},"which":{"heating":1.5},"steps":[],"data":"",
            "limit":{"none":{}},"flags":[]},
    "steps":[{"call":"x"},{"wait":7},{"heat":-1.5}],"data":"AAH/","limit":{"most":500},
    "flags":[true,false,true]})");
  EXPECT_EQ(reference.read(ours),
            "(tank = 9, celsius = 18.25, ready = false, note = \"a\", count = 5, lid = (open = "
            "true, angle = 45), manual = (by = \"Anna\", since = -3), state = off, next = (tank = "
            "1, celsius = 20.5, ready = true, note = \"none yet\", count = -7, lid = (open = "
            "false, angle = 90), heating = 1.5, state = cooling, steps = [], data = \"\", limit = "
            "(none = void), flags = []), steps = [(call = \"x\"), (wait = 7), (heat = -1.5)], data "
            "= \"\\000\\001\\377\", limit = (most = 500), flags = [true, false, true])");
}

TEST(SchemaDifferential, we_read_what_libcapnp_writes_by_the_binding) {
  const auto batch = import(schema::Language::capnp, kCapnp, "Batch");
  Reference reference(kCapnp);
  EXPECT_EQ(decode(batch, reference.write("{}")),
            R"({"tank":0,"celsius":20.5,"ready":true,"note":"none yet","count":-7,)"
            R"("lid":{"open":false,"angle":90},"which":{"idle":{}},"state":"cooling",)"
            R"("steps":[],"data":"","limit":{"none":{}},"flags":[]})");
  EXPECT_EQ(decode(batch, reference.write(R"({"tank":9,"celsius":18.25,"ready":false,"note":"a",
              "count":5,"lid":{"open":true,"angle":45},"manual":{"by":"Anna","since":"-3"},
              "state":"off","next":{"tank":1},"steps":[{"call":"x"},{"heat":-1.5}],
              "limit":{"most":500},"flags":[true,false]})")),
            R"({"tank":9,"celsius":18.25,"ready":false,"note":"a","count":5,)"
            R"("lid":{"open":true,"angle":45},"which":{"manual":{"by":"Anna","since":-3}},)"
            R"("state":"off","next":{"tank":1,"celsius":20.5,"ready":true,"note":"none yet",)"
            R"("count":-7,"lid":{"open":false,"angle":90},"which":{"idle":{}},"state":"cooling",)"
            R"("steps":[],"data":"","limit":{"none":{}},"flags":[]},)"
            R"("steps":[{"call":"x"},{"heat":-1.5}],"data":"","limit":{"most":500},)"
            R"("flags":[true,false]})");
}

TEST(SchemaDifferential, a_binding_that_leads_out_of_the_struct_is_refused) {
  const auto batch = import(schema::Language::capnp, kCapnp, "Batch");
  const Value value = Value::of(batch.type).value();
  const Format& format = *find_format(built_in_formats(), "capnproto");
  for (std::size_t node = 0; node < batch.binding.nodes().size(); ++node) {
    std::vector<BindingNode> nodes(batch.binding.nodes().begin(), batch.binding.nodes().end());
    for (BindingMember& member : nodes[node].members) member.number = 100'000;
    nodes[node].discriminant = 100'000;
    nodes[node].data_words = nodes[node].pointers = 1;
    if (nodes[node].members.empty()) continue;
    const auto hostile = Binding::make("capnproto", batch.type, nodes);
    ASSERT_TRUE(hostile.ok());
    EXPECT_FALSE(format.bound_encoder(value.layout(), *hostile).ok()) << nodes[node].name;
  }
}

constexpr const char* kProto = R"(syntax = "proto3";
package brewery;
import "dts/options.proto";
import "google/protobuf/timestamp.proto";

// One batch.
message Batch {
  uint32 tank = 4;
  double celsius = 2 [(dts.unit) = "Cel"];
  optional sint32 count = 7;
  google.protobuf.Timestamp at = 9;
  oneof what { string note = 11; Step step = 12; fixed64 code = 13; }
  map<string, int32> counts = 14;
  repeated sfixed32 xs = 15 [packed = false];
  State state = 16;
  Batch next = 17;
  enum State { OFF = 0; ON = 5; }
  message Step { int64 wait = 3; }
}
)";

struct Texts final : google::protobuf::compiler::SourceTree {
  google::protobuf::io::ZeroCopyInputStream* Open(const std::string& path) override {
    static const std::map<std::string, std::string> texts{
        {"t", kProto},
        {"dts/options.proto",
         "syntax = \"proto2\"; package dts; import "
         "\"google/protobuf/descriptor.proto\"; extend "
         "google.protobuf.FieldOptions { optional string unit = 51701; }"}};
    const auto found = texts.find(path);
    if (found != texts.end())
      return new google::protobuf::io::ArrayInputStream(found->second.data(),
                                                        static_cast<int>(found->second.size()));
    const auto* file = google::protobuf::DescriptorPool::generated_pool()->FindFileByName(path);
    if (file == nullptr) return nullptr;
    kept.push_back(file->DebugString());
    return new google::protobuf::io::ArrayInputStream(kept.back().data(),
                                                      static_cast<int>(kept.back().size()));
  }
  std::deque<std::string> kept;
};
struct Quiet final : google::protobuf::compiler::MultiFileErrorCollector {
  void AddError(const std::string&, int, int, const std::string& message) override {
    ADD_FAILURE() << message;
  }
};

TEST(SchemaDifferential, a_proto_file_written_by_hand_is_spoken_both_ways) {
  const auto batch = import(schema::Language::proto, kProto, "Batch");
  EXPECT_EQ(batch.type.print(Type::Style::one_line),
            "brewery.Batch{tank:u32=0, celsius:f64[Cel]=0, count:optional<i32>, at:optional<time>, "
            "what:brewery.Batch.what, counts:map<text, i32>={}, xs:list<i32>=[], "
            "state:brewery.Batch.State=OFF, next:optional<brewery.Batch>}; "
            "enum brewery.Batch.State{OFF=0, ON=5}; brewery.Batch.Step{wait:i64=0}; "
            "union brewery.Batch.what{note:text, step:brewery.Batch.Step, code:u64}");
  ASSERT_TRUE(batch.binding.valid());
  Texts texts;
  Quiet quiet;
  google::protobuf::compiler::Importer importer(&texts, &quiet);
  const auto* file = importer.Import("t");
  ASSERT_NE(file, nullptr);
  google::protobuf::DynamicMessageFactory factory;
  std::unique_ptr<google::protobuf::Message> message(
      factory.GetPrototype(file->FindMessageTypeByName("Batch"))->New());
  const char* json =
      R"({"tank":9,"celsius":18.25,"count":-3,"at":"1970-01-01T00:00:01.500000000Z",)"
      R"("what":{"step":{"wait":7}},"counts":{"a":-1},"xs":[1,-2],"state":"ON",)"
      R"("next":{"tank":0,"celsius":0,"what":{},"counts":{},"xs":[],"state":"OFF"}})";
  const Bytes ours = encode(batch, json);
  ASSERT_TRUE(message->ParseFromArray(ours.data(), static_cast<int>(ours.size())));
  EXPECT_EQ(message->ShortDebugString(),
            "celsius: 18.25 tank: 9 count: -3 at { seconds: 1 nanos: 500000000 } step { wait: 7 } "
            "counts { key: \"a\" value: -1 } xs: 1 xs: -2 state: ON next { }");
  EXPECT_EQ(decode(batch, as_bytes(message->SerializeAsString())), json);
  message->Clear();
  EXPECT_EQ(decode(batch, as_bytes(message->SerializeAsString())),
            R"({"tank":0,"celsius":0,"what":{},"counts":{},"xs":[],"state":"OFF"})");
}

}  // namespace
}  // namespace dts
