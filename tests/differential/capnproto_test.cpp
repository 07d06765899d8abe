// Cap'n Proto against the reference: the schema we write is compiled by libcapnp, our messages are
// read by it and its messages by us, field by field, over random types and values; and the `capnp`
// tool reads and writes what we do. An offset that differs from the compiler's shows here.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <capnp/dynamic.h>
#include <capnp/message.h>
#include <capnp/schema-parser.h>
#include <capnp/serialize.h>
#include <kj/filesystem.h>

#include <base/endian.hpp>
#include <dts/format.hpp>
#include <format/capnproto_shape.hpp>
#include <format/plan.hpp>
#include <support/type_generator.hpp>

namespace dts {
namespace {

namespace shape = format::capnproto;

// A schema that libcapnp compiled from our text.
class Compiled {
 public:
  explicit Compiled(const Type& type) {
    directory_ = kj::newInMemoryDirectory(kj::nullClock());
    const std::string text = to_capnp_schema(type);
    directory_->openFile(kj::Path("type.capnp"), kj::WriteMode::CREATE)
        ->writeAll(kj::StringPtr(text.c_str(), text.size()));
    file_ = parser_.parseFromDirectory(*directory_, kj::Path("type.capnp"), nullptr);
  }
  // The struct of the root: the first one in the text.
  capnp::StructSchema root() {
    for (auto nested : file_.getAllNested()) {
      if (nested.getProto().isStruct()) return nested.asStruct();
    }
    throw std::runtime_error("no struct in the schema");
  }

 private:
  kj::Own<const kj::Directory> directory_;
  capnp::SchemaParser parser_;
  capnp::ParsedSchema file_;
};

// Copies a value of ours into a libcapnp builder, by what the schema says, not by our offsets.
class Fill {
 public:
  using Builder = capnp::DynamicStruct::Builder;

  // What is a struct to Cap'n Proto.
  static void object(const Layout& layout, const void* from, Builder to) {
    switch (layout.kind) {
      case Kind::structure:
        structure(layout, from, to);
        return;
      case Kind::decimal: {
        const auto& decimal = *static_cast<const Decimal*>(from);
        to.set("coefficient", decimal.coefficient);
        to.set("exponent", decimal.exponent);
        return;
      }
      case Kind::any: {
        const auto& any = *static_cast<const Any*>(from);
        if (!any.type.valid()) return;
        to.set("type", data(any.type.document()));
        to.set("message", data(any.message));
        return;
      }
      case Kind::optional:
        field(layout, from, to, to.getSchema().getFields()[0]);
        return;
      default:
        break;
    }
    const std::uint32_t which = layout.functions.which(layout, from);
    if (which == Layout::no_case) {
      to.set("none", capnp::VOID);
      return;
    }
    set(*layout.fields[which].layout, layout.functions.held(layout, from), to,
        to.getSchema().getFields()[which + 1]);
  }

 private:
  static void structure(const Layout& layout, const void* from, Builder to) {
    const auto schema_fields = to.getSchema().getFields();
    for (std::size_t i = 0; i < layout.fields.size(); ++i) {
      const void* place = static_cast<const std::byte*>(from) + layout.fields[i].offset;
      field(*layout.fields[i].layout, place, to, schema_fields[static_cast<unsigned>(i)]);
    }
  }

  // Fields of the schema come in the order of the type's members.
  static void field(const Layout& layout, const void* from, Builder to,
                    capnp::StructSchema::Field schema) {
    if (layout.kind != Kind::optional) return set(layout, from, to, schema);
    const void* held = layout.functions.get(layout, from);
    if (schema.getProto().isGroup()) {
      auto group = to.init(schema).as<capnp::DynamicStruct>();
      if (held == nullptr)
        group.set("none", capnp::VOID);
      else
        set(*layout.element, held, group, group.getSchema().getFieldByName("some"));
    } else if (held != nullptr) {
      set(*layout.element, held, to, schema);
    }
  }

  static void set(const Layout& layout, const void* from, Builder to,
                  capnp::StructSchema::Field schema) {
    switch (layout.kind) {
      case Kind::list:
      case Kind::array:
      case Kind::map:
        elements(
            layout, from,
            to.init(schema, static_cast<unsigned>(count(layout, from))).as<capnp::DynamicList>());
        return;
      case Kind::structure:
      case Kind::union_:
      case Kind::decimal:
      case Kind::any:
      case Kind::optional:
        object(layout, from, to.init(schema).as<capnp::DynamicStruct>());
        return;
      default:
        to.set(schema, scalar(layout, from, schema.getType()));
    }
  }

  static std::size_t count(const Layout& layout, const void* from) {
    return layout.kind == Kind::map ? layout.functions.map_count(layout, from)
                                    : layout.functions.count(layout, from);
  }

  static void elements(const Layout& layout, const void* from, capnp::DynamicList::Builder to) {
    if (layout.kind == Kind::map) {
      void* cursor = nullptr;
      const void *key = nullptr, *value = nullptr;
      for (unsigned i = 0; layout.functions.map_next(layout, from, &cursor, &key, &value); ++i) {
        auto entry = to[i].as<capnp::DynamicStruct>();
        const auto fields = entry.getSchema().getFields();
        field(*layout.key, key, entry, fields[0]);
        field(*layout.element, value, entry, fields[1]);
      }
      return;
    }
    const Layout& element = *layout.element;
    const auto* first = static_cast<const std::byte*>(layout.functions.elements(layout, from));
    for (unsigned i = 0; i < to.size(); ++i) {
      const void* place = first + i * element.size;
      switch (element.kind) {
        case Kind::list:
        case Kind::array:
        case Kind::map:
          elements(
              element, place,
              to.init(i, static_cast<unsigned>(count(element, place))).as<capnp::DynamicList>());
          break;
        case Kind::structure:
        case Kind::union_:
        case Kind::decimal:
        case Kind::any:
        case Kind::optional:
          object(element, place, to[i].as<capnp::DynamicStruct>());
          break;
        default:
          to.set(i, scalar(element, place, to.getSchema().getElementType()));
      }
    }
  }

  static capnp::Data::Reader data(ByteView bytes) {
    return capnp::Data::Reader(bytes.data(), bytes.size());
  }

  static capnp::DynamicValue::Reader scalar(const Layout& layout, const void* from,
                                            capnp::Type type) {
    switch (layout.kind) {
      case Kind::boolean:
        return *static_cast<const bool*>(from);
      case Kind::i8:
        return base::load<std::int8_t>(from);
      case Kind::i16:
        return base::load<std::int16_t>(from);
      case Kind::i32:
        return base::load<std::int32_t>(from);
      case Kind::u8:
        return base::load<std::uint8_t>(from);
      case Kind::u16:
        return base::load<std::uint16_t>(from);
      case Kind::u32:
        return base::load<std::uint32_t>(from);
      case Kind::u64:
        return base::load<std::uint64_t>(from);
      case Kind::f32:
        return base::load<float>(from);
      case Kind::f64:
        return base::load<double>(from);
      case Kind::text: {
        // Dynamic values take what ends with a zero byte; std::string does.
        const auto& text = *static_cast<const std::string*>(from);
        return capnp::Text::Reader(text.c_str(), text.size());
      }
      case Kind::bytes:
        return data(layout.functions.view(layout, from));
      case Kind::enumeration: {
        const std::int64_t value = format::load_symbol(layout, from);
        if (!type.isEnum()) return static_cast<std::int32_t>(value);
        return capnp::DynamicEnum(type.asEnum(), static_cast<std::uint16_t>(value));
      }
      default:
        return base::load<std::int64_t>(from);
    }
  }
};

Bytes encode(const Value& value) {
  const auto encoder = find_format(built_in_formats(), "capnproto")->encoder(value.layout());
  Bytes message;
  EXPECT_TRUE(encoder.value()->encode(value.data(), message).ok());
  return message;
}

void decode(ByteView message, Value& value) {
  const Assignment same = Assignment::make(value.type(), value.type());
  const auto decoder = find_format(built_in_formats(), "capnproto")->decoder(same, value.layout());
  const auto decoded = decoder.value()->decode(message, value.data());
  ASSERT_TRUE(decoded.ok()) << decoded.error().text();
}

std::string canonical(capnp::DynamicStruct::Reader reader) { return kj::str(reader).cStr(); }

TEST(CapnprotoDifferential, both_libraries_read_each_others_messages) {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    base::Random random(seed);
    const Type type = test::generate_type(random);
    if (type.root().fields.empty()) continue;
    try {
      Compiled compiled(type);
      for (int i = 0; i < 2; ++i) {
        const Value written = test::generate_value(type, random);
        capnp::MallocMessageBuilder builder(4096);
        auto root = builder.initRoot<capnp::DynamicStruct>(compiled.root());
        Fill::object(written.layout(), written.data(), root);
        const Bytes ours = encode(written);

        // Theirs, read by us.
        const auto words = capnp::messageToFlatArray(builder);
        const auto bytes = words.asBytes();
        Value read(written.layout_ptr());
        if (builder.getSegmentsForOutput().size() == 1) {
          decode(ByteView(bytes.begin(), bytes.size()), read);
          ASSERT_EQ(written, read) << "seed " << seed << "\n" << to_capnp_schema(type);
        }

        // Ours, read by them.
        kj::Array<capnp::word> copy = kj::heapArray<capnp::word>(ours.size() / 8);
        std::memcpy(copy.begin(), ours.data(), ours.size());
        capnp::FlatArrayMessageReader reader(copy);
        ASSERT_EQ(canonical(reader.getRoot<capnp::DynamicStruct>(compiled.root())),
                  canonical(root.asReader()))
            << "seed " << seed << "\n"
            << to_capnp_schema(type);
      }
    } catch (const kj::Exception& error) {
      FAIL() << "seed " << seed << ": " << error.getDescription().cStr() << "\n"
             << to_capnp_schema(type);
    }
  }
}

// The compiler's own word on where everything lies.
TEST(CapnprotoDifferential, lays_structs_out_as_the_compiler_does) {
  for (std::uint64_t seed = 1000; seed <= 1400; ++seed) {
    base::Random random(seed);
    const Type type = test::generate_type(random);
    Compiled compiled(type);
    const auto node = compiled.root().getProto().getStruct();
    const shape::Shape ours = shape::shape_of(type.root(), type.nodes());
    ASSERT_EQ(node.getDataWordCount(), ours.data_words) << seed << to_capnp_schema(type);
    ASSERT_EQ(node.getPointerCount(), ours.pointers) << seed << to_capnp_schema(type);
    const bool is_union = type.root().kind == Kind::union_;
    if (is_union) {
      ASSERT_EQ(node.getDiscriminantOffset(), ours.discriminant);
    }
    const auto fields = compiled.root().getFields();
    for (std::size_t i = 0; i < ours.slots.size(); ++i) {
      const auto field = fields[static_cast<unsigned>(i + is_union)];
      auto proto = field.getProto();
      if (proto.isGroup()) {
        const auto group = field.getType().asStruct();
        ASSERT_EQ(group.getProto().getStruct().getDiscriminantOffset(), ours.slots[i].discriminant);
        proto = group.getFieldByName("some").getProto();
      }
      ASSERT_EQ(proto.getSlot().getOffset(), ours.slots[i].offset)
          << "seed " << seed << " field " << i << "\n"
          << to_capnp_schema(type);
    }
  }
}

class Tool : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = std::filesystem::path(testing::TempDir()) /
                 ("dts_capnp_" + std::to_string(static_cast<long>(getpid())));
    std::filesystem::create_directories(directory_);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  void write(const std::string& name, std::string_view content) {
    std::ofstream(directory_ / name, std::ios::binary) << content;
  }
  std::string read(const std::string& name) {
    std::ifstream file(directory_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  int run(const std::string& command) {
    return std::system(("cd " + directory_.string() + " && " + command).c_str());
  }
  std::filesystem::path directory_;
};

TEST_F(Tool, decodes_and_encodes_our_messages) {
  const Type type = Type::parse(R"(
    brewery.Batch {
      celsius  : f64 [Cel]
      tank_no  : i32
      state    : brewery.State
      note     : optional<text>
      limit    : optional<i16>
      steps    : list<brewery.Step>
      grid     : list<list<u8>>
      counts   : map<text, u32>
    }
    enum brewery.State { idle = 0, heating = 1 }
    union brewery.Step { wait : duration, heat_to : f32, call : text }
  )")
                        .value();
  Value value = Value::of(type).value();
  const auto filled = from_json(R"({"celsius":18.5,"tank_no":-3,"state":"heating","limit":7,
    "steps":[{"heat_to":65.5},{"wait":"1.5s"},{"call":"Anna"}],"grid":[[1,2],[],[255]],
    "counts":{"a":1,"b":2}})",
                                value.layout(), value.data());
  ASSERT_TRUE(filled.ok()) << filled.error().text();
  write("type.capnp", to_capnp_schema(type));
  write("ours.bin", as_text(encode(value)));
  ASSERT_EQ(run("capnp decode type.capnp BreweryBatch < ours.bin > text 2> error"), 0)
      << read("error") << to_capnp_schema(type);
  EXPECT_EQ(read("text"),
            "( celsius = 18.5,\n  tankNo = -3,\n  state = heating,\n  limit = (some = 7),\n"
            "  steps = [(heatTo = 65.5), (wait = 1500000000), (call = \"Anna\")],\n"
            "  grid = [[1, 2], [], [255]],\n  counts = [(key = \"a\", value = 1), (key = \"b\", "
            "value = 2)] )\n");
  ASSERT_EQ(run("capnp encode type.capnp BreweryBatch < text > theirs.bin 2> error"), 0)
      << read("error");
  Value again(value.layout_ptr());
  decode(as_bytes(read("theirs.bin")), again);
  EXPECT_EQ(value, again);
}

}  // namespace
}  // namespace dts
