// The formats over C++ structs: every container a struct may have, and a struct beside the same
// type learned from the network.
#include <gtest/gtest.h>

#include <dts/declare.hpp>
#include <dts/format.hpp>
#include <support/type_generator.hpp>

namespace {
enum class Mood : std::uint8_t { calm, busy, wild };
enum class Code : std::int64_t { low = -7, high = 1'000'000 };
}  // namespace
template <>
inline constexpr auto dts::describe<Mood> = dts::type("cpp.Mood");
template <>
inline constexpr auto dts::describe<Code> =
    dts::type("cpp.Code", dts::symbol(Code::low, "low"), dts::symbol(Code::high, "high"));

namespace dts {
namespace {

struct Leaf {
  std::int16_t number;
  std::string text;
  static constexpr auto dts = dts::type("cpp.Leaf");
  friend bool operator==(const Leaf&, const Leaf&) = default;
};

using Choice = Union<"cpp.Choice", Case<"whole", std::int32_t>, Case<"spelt", std::string>,
                     Case<"leaf", Leaf>>;

struct Everything {
  bool flag;
  std::int8_t a;
  std::uint64_t b;
  float c;
  double d;
  std::string e;
  Bytes f;
  Time g;
  Duration h;
  Decimal i;
  Mood mood;
  Code code;
  std::vector<double> numbers;
  std::vector<std::string> words;
  std::vector<Leaf> leaves;
  List<std::uint8_t> octets;
  std::array<std::int32_t, 3> three;
  std::map<std::string, Leaf> table;
  std::optional<double> maybe;
  std::optional<Leaf> maybe_leaf;
  std::unique_ptr<Everything> inner;
  Choice choice;
  static constexpr auto dts = dts::type("cpp.Everything");
};

class FormatStructs : public testing::TestWithParam<const char*> {
 protected:
  const Format& format() const { return *find_format(built_in_formats(), GetParam()); }
};

TEST_P(FormatStructs, keep_every_kind_of_member) {
  const Layout& layout = layout_of<Everything>();
  const auto encoder = format().encoder(layout).value();
  const auto decoder = format().decoder(Assignment::make(layout.type, layout.type), layout).value();
  Everything read{};
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    base::Random random(seed);
    Everything written{};
    test::fill(layout, &written, random);
    Bytes message;
    const auto encoded = encoder->encode(&written, message);
    ASSERT_TRUE(encoded.ok()) << encoded.error().text();
    const auto decoded = decoder->decode(message, &read);
    ASSERT_TRUE(decoded.ok()) << decoded.error().text();
    ASSERT_TRUE(equal(layout, &written, &read)) << "seed " << seed;
  }
}

TEST_P(FormatStructs, write_the_bytes_that_a_type_from_the_network_writes) {
  const Layout& layout = layout_of<Everything>();
  const Type learned = Type::from_document(layout.type.document()).value();
  Value value = Value::of(learned).value();
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    base::Random random(seed);
    Everything written{};
    test::fill(layout, &written, random);
    Bytes message, again;
    ASSERT_TRUE(format().encoder(layout).value()->encode(&written, message).ok());
    ASSERT_TRUE(format()
                    .decoder(Assignment::make(learned, learned), value.layout())
                    .value()
                    ->decode(message, value.data())
                    .ok());
    ASSERT_TRUE(format().encoder(value.layout()).value()->encode(value.data(), again).ok());
    ASSERT_EQ(message, again) << "seed " << seed;
  }
}

struct Frame {
  Blob jpeg;
  static constexpr auto dts = dts::type("cpp.Frame");
};

class FormatBlobs : public testing::TestWithParam<const char*> {
 protected:
  // A frame of `size` bytes, through a message that has an owner; `shared`: it was not copied.
  void pass(std::size_t size, Frame& read, bool& shared) {
    const Format& format = *find_format(built_in_formats(), GetParam());
    const Layout& layout = layout_of<Frame>();
    const Frame written{Bytes(size, 7)};
    Bytes message;
    ASSERT_TRUE(format.encoder(layout).value()->encode(&written, message).ok());
    const auto owner = std::make_shared<const Bytes>(std::move(message));
    const auto decoder = format.decoder(Assignment::make(layout.type, layout.type), layout).value();
    ASSERT_TRUE(decoder->decode_shared(*owner, owner, &read).ok());
    EXPECT_EQ(written.jpeg, read.jpeg);
    shared = owner.use_count() > 1;
    if (shared) {
      EXPECT_GE(read.jpeg.begin(), owner->data());
      EXPECT_LE(read.jpeg.end(), owner->data() + owner->size());
    }
    Frame copied;
    ASSERT_TRUE(decoder->decode(*owner, &copied).ok());
    EXPECT_EQ(written.jpeg, copied.jpeg);
    EXPECT_EQ(owner.use_count(), shared ? 2 : 1);
  }
};

TEST_P(FormatBlobs, share_the_memory_of_a_large_message) {
  Frame read;
  bool shared = false;
  pass(100'000, read, shared);
  // What is text has no bytes as they are.
  EXPECT_EQ(shared, !find_format(built_in_formats(), GetParam())->is_text());
  EXPECT_EQ(read.jpeg, Blob(Bytes(100'000, 7))) << "the message's other owners are gone";
}

TEST_P(FormatBlobs, copy_what_is_small) {
  Frame read;
  bool shared = true;
  pass(100, read, shared);
  EXPECT_FALSE(shared);
}

INSTANTIATE_TEST_SUITE_P(Formats, FormatBlobs,
                         testing::Values("capnproto", "json", "cbor", "messagepack", "raw", "xml"),
                         [](const auto& row) { return std::string(row.param); });

std::vector<const char*> all_but_raw() {
  std::vector<const char*> names;
  for (const Format* format : built_in_formats()) {
    if (format->name() != "raw") names.push_back(format->name().data());
  }
  return names;
}
INSTANTIATE_TEST_SUITE_P(Formats, FormatStructs, testing::ValuesIn(all_but_raw()),
                         [](const auto& row) { return std::string(row.param); });

}  // namespace
}  // namespace dts
