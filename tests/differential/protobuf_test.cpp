// Protocol Buffers against libprotobuf: the schema we write is compiled by it, values are put into
// its messages by what that schema says, not by our numbers, and the bytes of both are the same;
// over random types, values and bindings. What we take of damaged messages, it takes as the same.
#include <gtest/gtest.h>

#include <google/protobuf/compiler/importer.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/timestamp.pb.h>

#include <set>

#include <base/endian.hpp>
#include <base/hex.hpp>
#include <dts/format.hpp>
#include <format/plan.hpp>
#include <support/type_generator.hpp>

namespace dts {
namespace {

namespace pb = google::protobuf;

// Files in memory.
class Files : public pb::compiler::SourceTree {
 public:
  explicit Files(std::string text) {
    files_["type.proto"] = std::move(text);
    for (const auto* file :
         {pb::Timestamp::descriptor()->file(), pb::Duration::descriptor()->file()})
      files_[file->name()] = file->DebugString();
  }
  pb::io::ZeroCopyInputStream* Open(const std::string& name) override {
    const auto found = files_.find(name);
    if (found == files_.end()) return nullptr;
    return new pb::io::ArrayInputStream(found->second.data(),
                                        static_cast<int>(found->second.size()));
  }

 private:
  std::map<std::string, std::string> files_;
};

class Errors : public pb::compiler::MultiFileErrorCollector {
 public:
  void AddError(const std::string& file, int line, int, const std::string& message) override {
    text += file + ":" + std::to_string(line + 1) + ": " + message + "\n";
  }
  std::string text;
};

// A schema that libprotobuf compiled from our text.
class Compiled {
 public:
  explicit Compiled(const Type& type, const Binding& binding = {})
      : schema(to_proto_schema(type, binding)), files_(schema), importer_(&files_, &errors_) {
    const pb::FileDescriptor* file = importer_.Import("type.proto");
    if (file == nullptr) {
      ADD_FAILURE() << errors_.text << schema;
      return;
    }
    message_.reset(factory_.GetPrototype(file->message_type(0))->New());
  }
  pb::Message& message() { return *message_; }
  const std::string schema;

 private:
  Files files_;
  Errors errors_;
  pb::compiler::Importer importer_;
  pb::DynamicMessageFactory factory_;
  std::unique_ptr<pb::Message> message_;
};

// Puts a value of ours into a libprotobuf message.
class Fill {
 public:
  // Fields of the schema come in the order of the type's members; a flat union's cases in a row.
  static void object(const Layout& layout, const void* from, pb::Message& to) {
    const pb::Descriptor& descriptor = *to.GetDescriptor();
    if (layout.kind == Kind::union_) return one_case(layout, from, to, 0);
    int next = 0;
    for (const LayoutField& member : layout.fields) {
      const void* place = static_cast<const std::byte*>(from) + member.offset;
      const pb::FieldDescriptor& field = *descriptor.field(next++);
      const pb::OneofDescriptor* oneof = field.real_containing_oneof();
      if (oneof == nullptr) {
        put(*member.layout, place, to, field);
        continue;
      }
      const Layout* held = member.layout;
      if (held->kind == Kind::optional) {
        place = held->functions.get(*held, place);
        held = held->element;
      }
      if (place != nullptr) one_case(*held, place, to, next - 1);
      next += oneof->field_count() - 1;
    }
  }

 private:
  static void one_case(const Layout& layout, const void* from, pb::Message& to, int first) {
    const std::uint32_t which = layout.functions.which(layout, from);
    if (which == Layout::no_case) return;
    set(*layout.fields[which].layout, layout.functions.held(layout, from), to,
        *to.GetDescriptor()->field(first + static_cast<int>(which)));
  }

  static void put(const Layout& layout, const void* from, pb::Message& to,
                  const pb::FieldDescriptor& field) {
    if (layout.kind == Kind::list || layout.kind == Kind::array) {
      const std::size_t count =
          layout.kind == Kind::array ? layout.length : layout.functions.count(layout, from);
      const auto* first = static_cast<const std::byte*>(layout.functions.elements(layout, from));
      for (std::size_t i = 0; i < count; ++i)
        set(*layout.element, first + i * layout.element->size, to, field);
    } else if (layout.kind == Kind::map) {
      void* cursor = nullptr;
      const void *key = nullptr, *value = nullptr;
      while (layout.functions.map_next(layout, from, &cursor, &key, &value)) {
        pb::Message& entry = *to.GetReflection()->AddMessage(&to, &field);
        set(*layout.key, key, entry, *field.message_type()->field(0));
        set(*layout.element, value, entry, *field.message_type()->field(1));
      }
    } else if (layout.kind == Kind::optional) {
      const void* held = layout.functions.get(layout, from);
      if (held != nullptr) set(*layout.element, held, to, field);
    } else {
      set(layout, from, to, field);
    }
  }

  // One value: sets the field, or adds to it.
  static void set(const Layout& layout, const void* from, pb::Message& to,
                  const pb::FieldDescriptor& field) {
    const pb::Reflection& write = *to.GetReflection();
    const bool add = field.is_repeated();
    switch (field.cpp_type()) {
#define DTS_CASE(KIND, NAME, VALUE)                                                  \
  case pb::FieldDescriptor::CPPTYPE_##KIND:                                          \
    add ? write.Add##NAME(&to, &field, VALUE) : write.Set##NAME(&to, &field, VALUE); \
    return;
      DTS_CASE(BOOL, Bool, *static_cast<const bool*>(from))
      DTS_CASE(INT32, Int32, static_cast<std::int32_t>(whole(layout, from)))
      DTS_CASE(INT64, Int64, whole(layout, from))
      DTS_CASE(UINT32, UInt32, static_cast<std::uint32_t>(whole(layout, from)))
      DTS_CASE(UINT64, UInt64, static_cast<std::uint64_t>(whole(layout, from)))
      DTS_CASE(FLOAT, Float, base::load<float>(from))
      DTS_CASE(DOUBLE, Double, base::load<double>(from))
      DTS_CASE(STRING, String, std::string(as_text(layout.functions.view(layout, from))))
      DTS_CASE(ENUM, EnumValue, static_cast<int>(whole(layout, from)))
#undef DTS_CASE
      default:
        message(layout, from,
                add ? *write.AddMessage(&to, &field) : *write.MutableMessage(&to, &field));
    }
  }

  static std::int64_t whole(const Layout& layout, const void* from) {
    if (layout.kind == Kind::enumeration) return format::load_symbol(layout, from);
    const auto is_signed = layout.kind <= Kind::i64;
    switch (layout.size) {
      case 1:
        return is_signed ? std::int64_t{base::load<std::int8_t>(from)}
                         : std::int64_t{base::load<std::uint8_t>(from)};
      case 2:
        return is_signed ? std::int64_t{base::load<std::int16_t>(from)}
                         : std::int64_t{base::load<std::uint16_t>(from)};
      case 4:
        return is_signed ? std::int64_t{base::load<std::int32_t>(from)}
                         : std::int64_t{base::load<std::uint32_t>(from)};
      default:
        return base::load<std::int64_t>(from);
    }
  }

  static void message(const Layout& layout, const void* from, pb::Message& to) {
    const pb::Reflection& write = *to.GetReflection();
    const pb::Descriptor& descriptor = *to.GetDescriptor();
    switch (layout.kind) {
      case Kind::structure:
      case Kind::union_:
        return object(layout, from, to);
      case Kind::time:
      case Kind::duration: {
        const auto all = base::load<std::int64_t>(from);
        std::int64_t seconds = all / 1'000'000'000, rest = all % 1'000'000'000;
        if (layout.kind == Kind::time && rest < 0) --seconds, rest += 1'000'000'000;
        write.SetInt64(&to, descriptor.FindFieldByName("seconds"), seconds);
        write.SetInt32(&to, descriptor.FindFieldByName("nanos"), static_cast<int>(rest));
        return;
      }
      case Kind::decimal: {
        const auto& decimal = *static_cast<const Decimal*>(from);
        write.SetInt64(&to, descriptor.FindFieldByName("coefficient"), decimal.coefficient);
        write.SetInt32(&to, descriptor.FindFieldByName("exponent"), decimal.exponent);
        return;
      }
      case Kind::any: {
        const auto& any = *static_cast<const Any*>(from);
        if (!any.type.valid()) return;
        write.SetString(&to, descriptor.FindFieldByName("type"),
                        std::string(as_text(any.type.document())));
        write.SetString(&to, descriptor.FindFieldByName("message"),
                        std::string(as_text(any.message)));
        return;
      }
      default:
        put(layout, from, to, *descriptor.field(0));
    }
  }
};

std::string serialize(const pb::Message& message, bool deterministic) {
  std::string bytes;
  {
    pb::io::StringOutputStream stream(&bytes);
    pb::io::CodedOutputStream out(&stream);
    out.SetSerializationDeterministic(deterministic);
    EXPECT_TRUE(message.SerializeToCodedStream(&out));
  }
  return bytes;
}

class Ours {
 public:
  Ours(const Type& type, const Binding& binding) : value_(Value::of(type).value()) {
    const Format& format = *find_format(built_in_formats(), "protobuf");
    const Layout& layout = value_.layout();
    const Assignment same = Assignment::make(type, type);
    if (binding.valid()) {
      encoder_ = format.bound_encoder(layout, binding).value();
      decoder_ = format.bound_decoder(same, layout, binding).value();
    } else {
      encoder_ = format.encoder(layout).value();
      decoder_ = format.decoder(same, layout).value();
    }
  }
  std::string encode(const Value& value) {
    Bytes message;
    const auto done = encoder_->encode(value.data(), message);
    EXPECT_TRUE(done.ok()) << done.error().text();
    return std::string(as_text(message));
  }
  Result<void> decode(std::string_view message) {
    return decoder_->decode(as_bytes(message), value_.data());
  }
  const Value& value() const { return value_; }
  LayoutPtr layout() const { return value_.layout_ptr(); }

 private:
  Value value_;
  std::unique_ptr<Encoder> encoder_;
  std::unique_ptr<Decoder> decoder_;
};

void compare(const Type& type, const Binding& binding, base::Random& random) {
  Compiled compiled(type, binding);
  if (testing::Test::HasFailure()) return;
  Ours ours(type, binding);
  for (int i = 0; i < 3; ++i) {
    const Value written = test::generate_value(ours.layout(), random);
    pb::Message& theirs = compiled.message();
    theirs.Clear();
    Fill::object(written.layout(), written.data(), theirs);
    const std::string bytes = ours.encode(written);
    ASSERT_EQ(base::to_hex(as_bytes(bytes)), base::to_hex(as_bytes(serialize(theirs, true))))
        << compiled.schema;
    // Theirs, maps in any order, read by us.
    const auto read = ours.decode(serialize(theirs, false));
    ASSERT_TRUE(read.ok()) << read.error().text() << compiled.schema;
    ASSERT_EQ(written, ours.value()) << compiled.schema;
    // Ours, read and written again by them.
    ASSERT_TRUE(theirs.ParseFromString(bytes));
    ASSERT_EQ(base::to_hex(as_bytes(serialize(theirs, true))), base::to_hex(as_bytes(bytes)))
        << compiled.schema;
  }
}

TEST(ProtobufDifferential, writes_and_reads_the_bytes_that_libprotobuf_does) {
  for (std::uint64_t seed = 1; seed <= 1500; ++seed) {
    base::Random random(seed);
    const Type type = test::generate_type(random);
    compare(type, {}, random);
    if (HasFatalFailure() || HasFailure()) FAIL() << "seed " << seed;
  }
}

TEST(ProtobufDifferential, writes_schemas_that_compile_whatever_the_names) {
  for (const char* notation : {
           "t.T{a_b:i32, aB:i32, A_B:i32, ab:i32, _:i32, __:i32, optional:i32, message:bool}",
           "t.T{foo:map<i32,i32>, FooEntry:i32, fooEntry:text, _foo:map<text,bool>}",
           "google.protobuf.Timestamp{at:time, for_:duration}",
           "google{at:time}",
           "T{d:decimal, a:any, o:Decimal, p:Any}\nDecimal{x:i32}\nAny{y:i32}",
           "t.T{s:t.S, r:t.S_idle}\nenum t.S{idle = 0, IDLE = 1, i_d_l_e = -4, S = 9}\nt.S_idle{}",
           "t.T{s:t.S, u:t.C}\nenum t.S{x = 5, UNSPECIFIED = 6}\nunion t.C{held:i32, Held:i32}",
           "a.b.T{x:a.c.T, y:a.b.c.T, z:T}\na.c.T{}\na.b.c.T{}\nT{}",
           "string{x:bool, m:optional<list<map<text,list<int32>>>>}\nint32{y:i32}",
       }) {
    base::Random random(1);
    compare(Type::parse(notation).value(), {}, random);
    ASSERT_FALSE(HasFailure()) << notation;
  }
}

bool is_number(const TypeRef& type) { return type.kind >= Kind::boolean && type.kind <= Kind::f64; }

// Numbers in another order, other codings, packed or not, implicit or not, oneofs.
Binding random_binding(const Type& type, base::Random& random) {
  std::vector<BindingNode> nodes;
  std::uint32_t number = 0;  // of all messages, so that flat unions find their own
  for (const TypeNode& node : type.nodes()) {
    if (node.kind == Kind::enumeration) continue;
    BindingNode& made = nodes.emplace_back();
    made.name = node.name;
    std::set<std::uint32_t> flat;
    for (const Field& field : node.fields) {
      BindingMember& member = made.members.emplace_back();
      member.name = field.name;
      number += 1 + static_cast<std::uint32_t>(random.below(20));
      member.number = random.chance(0.5) ? number : 15000 - number;
      const TypeRef& inner =
          field.type.arguments.size() == 1 ? field.type.arguments[0] : field.type;
      const bool simple = is_number(inner);
      member.coding = simple ? static_cast<Coding>(random.below(3)) : Coding::zigzag;
      member.key = simple ? Coding::natural : static_cast<Coding>(random.below(3));
      member.packed = !simple || random.chance(0.5);
      const bool direct = field.type.arguments.empty();
      member.implicit = node.kind == Kind::structure && direct && simple && random.chance(0.5);
      if (node.kind == Kind::structure && inner.kind == Kind::reference &&
          (direct || field.type.kind == Kind::optional) &&
          type.nodes()[inner.node].kind == Kind::union_ && flat.insert(inner.node).second) {
        // An open union is told from an empty optional one by its message only.
        member.flat = direct || type.nodes()[inner.node].closed;
      }
    }
  }
  const auto made = Binding::make("protobuf", type, std::move(nodes));
  EXPECT_TRUE(made.ok()) << made.error().text();
  return made.value();
}

TEST(ProtobufDifferential, lays_messages_out_as_a_foreign_schema_does) {
  for (std::uint64_t seed = 1; seed <= 800; ++seed) {
    base::Random random(seed);
    const Type type = test::generate_type(random);
    compare(type, random_binding(type, random), random);
    if (HasFatalFailure() || HasFailure()) FAIL() << "seed " << seed;
  }
}

TEST(ProtobufDifferential, takes_damaged_messages_only_as_libprotobuf_does) {
  int taken = 0;
  for (std::uint64_t seed = 1; seed <= 250; ++seed) {
    base::Random random(seed);
    const Type type = test::generate_type(random);
    Compiled compiled(type);
    Ours ours(type, {});
    const std::string bytes = ours.encode(test::generate_value(ours.layout(), random));
    for (int i = 0; i < 40 && !bytes.empty(); ++i) {
      std::string damaged = bytes;
      for (std::uint64_t n = 1 + random.below(3); n > 0; --n) {
        const std::size_t at = random.below(damaged.size());
        switch (random.below(3)) {
          case 0:
            damaged[at] = static_cast<char>(random.next());
            break;
          case 1:
            damaged.erase(at, 1 + random.below(4));
            break;
          default:
            damaged.insert(at, damaged.substr(random.below(damaged.size()), random.below(8)));
        }
        if (damaged.empty()) break;
      }
      if (!ours.decode(damaged)) continue;
      ++taken;
      const Value value = ours.value();
      pb::Message& theirs = compiled.message();
      ASSERT_TRUE(theirs.ParseFromString(damaged)) << "seed " << seed << compiled.schema;
      theirs.DiscardUnknownFields();
      const auto again = ours.decode(serialize(theirs, true));
      ASSERT_TRUE(again.ok()) << "seed " << seed << " " << again.error().text();
      ASSERT_EQ(value, ours.value()) << "seed " << seed << "\n"
                                     << base::to_hex(as_bytes(damaged)) << "\n"
                                     << compiled.schema;
    }
  }
  EXPECT_GT(taken, 500);
}

}  // namespace
}  // namespace dts
