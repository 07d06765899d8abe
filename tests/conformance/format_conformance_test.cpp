// The suite every format passes: a row in src/plugins.cmake is tested without a new test. A format
// may refuse a type when the encoder is made, with a reason; whatever it takes, it keeps exactly.
#include <gtest/gtest.h>

#include <dts/declare.hpp>
#include <dts/format.hpp>
#include <format/convert.hpp>
#include <support/type_generator.hpp>

namespace dts {
namespace {

using test::fill;
using test::generate_packed_type;
using test::generate_reader;
using test::generate_type;
using test::generate_value;

class FormatConformance : public testing::TestWithParam<const Format*> {
 protected:
  const Format& format() const { return *GetParam(); }
  // Only raw is choosy.
  bool takes_everything() const { return format().name() != "raw"; }

  // A Protocol Buffers message ends where its fields do.
  bool says_where_it_ends() const { return format().name() != "protobuf"; }

  // The bytes of a value, or nothing when the format refuses the type.
  std::optional<Bytes> encode(const Layout& layout, const void* value) const {
    const auto encoder = format().encoder(layout);
    if (!encoder) {
      EXPECT_FALSE(takes_everything()) << encoder.error().text();
      EXPECT_EQ(encoder.error().code(), ErrorCode::unsupported);
      EXPECT_FALSE(encoder.error().why().empty());
      return {};
    }
    Bytes message;
    const auto encoded = (*encoder)->encode(value, message);
    EXPECT_TRUE(encoded.ok()) << encoded.error().text();
    return message;
  }
  std::unique_ptr<Decoder> decoder(const Layout& layout) const {
    return format().decoder(Assignment::make(layout.type, layout.type), layout).value();
  }
  std::string show(const Layout& layout, const void* value) const {
    const auto text = to_json(layout, value);
    return text ? *text : text.error().text();
  }
  // A type at random that this format takes; raw takes two sorts.
  Type some_type(base::Random& random) const {
    if (takes_everything()) return generate_type(random);
    return random.chance(0.1) ? simple() : generate_packed_type(random);
  }
  // A type every format takes.
  Type simple() const {
    return Type::parse(takes_everything()
                           ? "t.Simple{a:i32, words:list<text>, maybe:optional<i16>, x:f64}"
                           : "t.Simple{payload:bytes}")
        .value();
  }
};

TEST_P(FormatConformance, keeps_random_values_of_random_types) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    base::Random random(seed);
    const Type type = some_type(random);
    Value read = Value::of(type).value();  // reused: whatever it held is overwritten
    for (int i = 0; i < 4; ++i) {
      const Value written = generate_value(read.layout_ptr(), random);
      const auto message = encode(written.layout(), written.data());
      if (!message) break;
      const auto decoded = decoder(read.layout())->decode(*message, read.data());
      ASSERT_TRUE(decoded.ok()) << "seed " << seed << ": " << decoded.error().text() << "\n"
                                << type.print() << "\n"
                                << show(written.layout(), written.data());
      ASSERT_EQ(written, read) << "seed " << seed << "\n"
                               << type.print() << "\n"
                               << show(written.layout(), written.data()) << "\n"
                               << show(read.layout(), read.data());
    }
  }
}

TEST_P(FormatConformance, refuses_a_type_with_a_reason_or_takes_it) {
  int refused = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    base::Random random(seed);
    const Value value = generate_value(generate_type(random), random);
    if (encode(value.layout(), value.data())) continue;
    ++refused;
    const auto same = Assignment::make(value.type(), value.type());
    const auto decoder = format().decoder(same, value.layout());
    ASSERT_FALSE(decoder.ok());
    EXPECT_EQ(decoder.error().code(), ErrorCode::unsupported);
  }
  EXPECT_EQ(refused > 0, !takes_everything());
}

TEST_P(FormatConformance, reads_another_version_of_a_type_as_memory_does) {
  int readable = 0, fitting = 0, misfits = 0;
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    base::Random random(seed);
    const Type publisher = some_type(random);
    const Type subscriber = generate_reader(publisher, random);
    const Assignment assignment = Assignment::make(publisher, subscriber);
    if (!assignment.readable()) continue;  // e.g. the only common field was left out
    ++readable;
    Value read = Value::of(subscriber).value(), expected = read;
    const auto plan =
        format::Plan::make(assignment, expected.layout(), format::Plan::Omission::possible).value();
    for (int i = 0; i < 3; ++i) {
      const Value written = generate_value(publisher, random);
      const auto message = encode(written.layout(), written.data());
      if (!message) break;
      format::Failure failure;
      const bool fits =
          format::convert(plan->root(), written.layout(), written.data(), expected.data(), failure);
      ASSERT_TRUE(fits || failure.is_misfit()) << failure.error().text() << "\n"
                                          << publisher.print() << subscriber.print();
      ++(fits ? fitting : misfits);
      const auto decoder = format().decoder(assignment, read.layout()).value();
      const auto decoded = decoder->decode(*message, read.data());
      ASSERT_EQ(decoded.ok(), fits) << "seed " << seed << "\n"
                                    << (fits ? decoded.error().text() : failure.error().text())
                                    << "\n"
                                    << publisher.print() << subscriber.print() << "\n"
                                    << show(written.layout(), written.data());
      if (!fits) continue;
      ASSERT_EQ(expected, read) << "seed " << seed << "\n"
                                << publisher.print() << subscriber.print() << "\n"
                                << show(written.layout(), written.data()) << "\n"
                                << show(expected.layout(), expected.data()) << "\n"
                                << show(read.layout(), read.data());
    }
  }
  EXPECT_GT(readable, 300);
  EXPECT_GT(fitting, 300);
  EXPECT_GT(misfits, 20);
}

TEST_P(FormatConformance, appends_to_what_is_there) {
  base::Random random(7);
  const Value value = generate_value(simple(), random);
  const Bytes alone = encode(value.layout(), value.data()).value();
  Bytes message(16, 0xaa);
  const auto encoder = format().encoder(value.layout()).value();
  ASSERT_TRUE(encoder->encode(value.data(), message).ok());
  EXPECT_EQ(Bytes(message.begin(), message.begin() + 16), Bytes(16, 0xaa));
  EXPECT_EQ(Bytes(message.begin() + 16, message.end()), alone);
}

TEST_P(FormatConformance, reads_a_message_at_any_alignment) {
  base::Random random(8);
  const Value written = generate_value(simple(), random);
  Value read(written.layout_ptr());
  const Bytes message = encode(written.layout(), written.data()).value();
  const auto decode = decoder(read.layout());
  for (std::size_t shift = 0; shift < 8; ++shift) {
    Bytes shifted(shift, 0);
    shifted.insert(shifted.end(), message.begin(), message.end());
    ASSERT_TRUE(decode->decode(ByteView(shifted).subspan(shift), read.data()).ok());
    ASSERT_EQ(written, read);
  }
}

TEST_P(FormatConformance, refuses_every_truncation_and_every_byte_too_many) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    base::Random random(seed);
    // Opaque bytes have no wrong size.
    const Type type = takes_everything() ? generate_type(random) : generate_packed_type(random);
    const Value written = generate_value(type, random);
    Value read = Value::of(type).value();
    Bytes message = encode(written.layout(), written.data()).value();
    if (message.size() > 1500) continue;  // every size of these takes too long
    const auto decode = decoder(read.layout());
    for (std::size_t size = 0; size < message.size(); ++size) {
      // A copy of exactly that size: reading behind it is an error that the sanitizer sees.
      const Bytes cut(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(size));
      const bool taken = decode->decode(cut, read.data()).ok();
      if (!taken || says_where_it_ends()) {
        ASSERT_FALSE(taken) << "seed " << seed << " size " << size;
        continue;
      }
      // Cut between two fields: what follows is empty or takes its default, nothing else changes.
      const Bytes again = encode(read.layout(), read.data()).value();
      ASSERT_GE(again.size(), size);
      ASSERT_TRUE(std::equal(cut.begin(), cut.end(), again.begin())) << "seed " << seed;
    }
    message.push_back('x');
    ASSERT_FALSE(decode->decode(message, read.data()).ok());
  }
}

TEST_P(FormatConformance, survives_every_single_bit_flip) {
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    base::Random random(seed);
    const Type type = some_type(random);
    const Value written = generate_value(type, random);
    Value read = Value::of(type).value();
    const Bytes message = encode(written.layout(), written.data()).value();
    const auto decode = decoder(read.layout());
    const auto encode_again = format().encoder(read.layout()).value();
    const std::size_t step = 1 + message.size() / 150;
    for (std::size_t bit = 0; bit < message.size() * 8; bit += step) {
      Bytes flipped = message;
      flipped[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
      if (!decode->decode(flipped, read.data()).ok()) continue;
      // Whatever was taken is a value like any other.
      Bytes again;
      const auto encoded = encode_again->encode(read.data(), again);
      ASSERT_TRUE(encoded.ok()) << "seed " << seed << " bit " << bit << ": "
                                << encoded.error().text();
    }
  }
}

TEST_P(FormatConformance, survives_random_bytes) {
  base::Random random(99);
  Value read = Value::of(simple()).value();
  const auto decode = decoder(read.layout());
  for (int i = 0; i < 2000; ++i) {
    Bytes message(random.below(80));
    for (std::uint8_t& byte : message) byte = static_cast<std::uint8_t>(random.next());
    (void)decode->decode(message, read.data()).ok();
  }
}

TEST_P(FormatConformance, nests_64_levels_and_no_more) {
  if (!takes_everything()) return;
  const Type type = Type::parse("t.Node{n:i32, next:optional<t.Node>}").value();
  const auto chain = [&](int levels) {
    Value value = Value::of(type).value();
    const Layout& layout = value.layout();
    const LayoutField& next = layout.fields[1];
    void* at = value.data();
    for (int i = 1; i < levels; ++i) {
      at = next.layout->functions.set(*next.layout, static_cast<std::byte*>(at) + next.offset);
    }
    return value;
  };
  const Value deepest = chain(64), deeper = chain(65);
  Value read(deepest.layout_ptr());
  const Bytes message = encode(deepest.layout(), deepest.data()).value();
  ASSERT_TRUE(decoder(read.layout())->decode(message, read.data()).ok());
  EXPECT_EQ(deepest, read);
  Bytes out(8, 0x55);
  const auto refused = format().encoder(deeper.layout()).value()->encode(deeper.data(), out);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(out, Bytes(8, 0x55));  // as before
  EXPECT_EQ(refused.error().code(), ErrorCode::encode);
  DecodeLimits limits;
  limits.depth_max = 63;
  const Assignment same = Assignment::make(type, type);
  EXPECT_EQ(format()
                .decoder(same, read.layout(), limits)
                .value()
                ->decode(message, read.data())
                .error()
                .code(),
            ErrorCode::limit_reached);
}

TEST_P(FormatConformance, keeps_to_the_allocation_limit) {
  if (!takes_everything()) return;
  const Type type = Type::parse("t.Words{words:list<text>}").value();
  const Value written = [&] {
    Value value = Value::of(type).value();
    for (int i = 0; i < 100; ++i) {
      EXPECT_TRUE(value.set("words." + std::to_string(i), "some text of some length, again").ok());
    }
    return value;
  }();
  Value read = Value::of(type).value();
  const Bytes message = encode(written.layout(), written.data()).value();
  DecodeLimits limits;
  limits.allocation_bytes_max = 2000;
  const Assignment same = Assignment::make(type, type);
  EXPECT_EQ(format()
                .decoder(same, read.layout(), limits)
                .value()
                ->decode(message, read.data())
                .error()
                .code(),
            ErrorCode::limit_reached);
}

TEST_P(FormatConformance, refuses_to_write_text_that_is_not_utf8) {
  if (!takes_everything()) return;
  Value value = Value::of(Type::parse("t.Label{name:text}").value()).value();
  const Layout& text = *value.layout().fields[0].layout;
  text.functions.assign(text, value.data(), as_bytes("caf\xe9"));
  Bytes out;
  const auto encoded = format().encoder(value.layout()).value()->encode(value.data(), out);
  ASSERT_FALSE(encoded.ok());
  EXPECT_EQ(encoded.error().where(), "name");
  EXPECT_TRUE(out.empty());
}

TEST_P(FormatConformance, can_be_found_by_name_and_code) {
  EXPECT_EQ(find_format(built_in_formats(), format().name()), &format());
  EXPECT_EQ(find_format(built_in_formats(), format().code()), &format());
  EXPECT_EQ(find_format(built_in_formats(), "no such format"), nullptr);
}

INSTANTIATE_TEST_SUITE_P(Formats, FormatConformance,
                         testing::ValuesIn(built_in_formats().begin(), built_in_formats().end()),
                         [](const auto& row) { return std::string(row.param->name()); });

}  // namespace
}  // namespace dts
