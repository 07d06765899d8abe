#include <type/document.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <base/random.hpp>
#include <type/canonical.hpp>
#include <type/random_type.hpp>

namespace dts {
namespace {

using testing::HasSubstr;

// ["dts-type", 1, [["a", 48, 0, [<members>]]]]
Bytes document_of(std::initializer_list<Bytes> members, std::string_view name = "a") {
  CanonicalWriter out;
  out.array(3);
  out.text("dts-type");
  out.unsigned_integer(1);
  out.array(1);
  out.array(4);
  out.text(name);
  out.unsigned_integer(48);
  out.unsigned_integer(0);
  out.array(members.size());
  for (const Bytes& member : members) out.raw(member);
  return out.take();
}

Bytes member(std::uint64_t id, std::string_view name, Bytes type = {0x02}) {
  CanonicalWriter out;
  out.array(7);
  out.unsigned_integer(id);
  out.text(name);
  out.raw(type);
  out.null();
  out.null();
  out.null();
  out.unsigned_integer(0);
  return out.take();
}

std::string refusal(const Bytes& document) {
  const auto type = Type::from_document(document);
  return type ? "accepted" : type.error().text();
}

TEST(Document, accepts_what_is_canonical) {
  EXPECT_EQ(refusal(document_of({member(1, "x"), member(2, "y")})), "accepted");
}

TEST(Document, refuses_members_out_of_order) {
  EXPECT_THAT(refusal(document_of({member(2, "y"), member(1, "x")})), HasSubstr("order"));
}

TEST(Document, refuses_ids_and_names_that_are_there_twice) {
  EXPECT_THAT(refusal(document_of({member(1, "x"), member(1, "y")})), HasSubstr("twice"));
  EXPECT_THAT(refusal(document_of({member(1, "x"), member(2, "x")})), HasSubstr("twice"));
}

TEST(Document, refuses_names_that_are_not_names) {
  EXPECT_THAT(refusal(document_of({}, "a b")), HasSubstr("E1105"));
  EXPECT_THAT(refusal(document_of({}, "\x1b[2J")), testing::Not(HasSubstr("\x1b")));
  EXPECT_THAT(refusal(document_of({member(1, std::string(300, 'x'))})), HasSubstr("name"));
}

TEST(Document, refuses_nesting_beyond_the_limit_before_it_descends) {
  Bytes deep;
  for (int i = 0; i < 20000; ++i) deep.insert(deep.end(), {0x82, 0x18, 0x20});
  deep.push_back(0x02);
  EXPECT_THAT(refusal(document_of({member(1, "x", deep)})), HasSubstr("too deep"));
}

TEST(Document, refuses_a_reference_out_of_range_and_itself_directly) {
  EXPECT_THAT(refusal(document_of({member(1, "x", {0x82, 0x18, 0x28, 0x05})})), HasSubstr("E1105"));
  EXPECT_THAT(refusal(document_of({member(1, "x", {0x82, 0x18, 0x28, 0x00})})),
              HasSubstr("never end"));
}

TEST(Document, refuses_one_that_is_too_large) {
  EXPECT_THAT(refusal(Bytes(64 * 1024 + 1)), HasSubstr("E1106"));
}

TEST(Document, refuses_counts_that_promise_more_than_there_is) {
  // ["dts-type", 1, [2^32-1 nodes...
  EXPECT_THAT(refusal({0x83, 0x68, 'd', 't', 's', '-', 't', 'y', 'p', 'e', 0x01, 0x9a, 0xff, 0xff,
                       0xff, 0xff}),
              HasSubstr("E1105"));
}

TEST(Document, refuses_every_truncation_and_accepts_no_other_bytes_as_the_same_type) {
  for (std::uint64_t seed = 0; seed < 15; ++seed) {
    const auto type = Type::make(RandomType(seed).nodes());
    ASSERT_TRUE(type.ok());
    const Bytes good(type->document().begin(), type->document().end());
    for (std::size_t length = 0; length < good.size(); ++length) {
      ASSERT_FALSE(Type::from_document(ByteView(good).first(length)).ok()) << length;
    }
    Bytes longer = good;
    longer.push_back(0);
    EXPECT_FALSE(Type::from_document(longer).ok());
    for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
      Bytes bad = good;
      bad[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
      const auto other = Type::from_document(bad);
      if (!other) continue;  // another legal type: then it is exactly what was read
      ASSERT_NE(other->id(), type->id());
      ASSERT_TRUE(std::ranges::equal(other->document(), bad));
    }
  }
}

TEST(Document, survives_random_bytes) {
  base::Random random(7);
  for (int i = 0; i < 20000; ++i) {
    Bytes bytes = document_of({});
    bytes.resize(12);
    for (std::uint64_t n = random.below(40); n > 0; --n) {
      bytes.push_back(static_cast<std::uint8_t>(random.next()));
    }
    const auto type = Type::from_document(bytes);
    if (type) {
      EXPECT_TRUE(std::ranges::equal(type->document(), bytes));
    }
  }
}

TEST(Canonical, reads_only_the_shortest_heads) {
  const auto integer = [](Bytes bytes) {
    std::int64_t value = 99;
    CanonicalReader in(bytes);
    return in.integer(value) ? value : 99;
  };
  EXPECT_EQ(integer({0x17}), 23);
  EXPECT_EQ(integer({0x18, 0x18}), 24);
  EXPECT_EQ(integer({0x18, 0x17}), 99);
  EXPECT_EQ(integer({0x19, 0x00, 0xff}), 99);
  EXPECT_EQ(integer({0x19, 0x01, 0x00}), 256);
  EXPECT_EQ(integer({0x1a, 0x00, 0x00, 0xff, 0xff}), 99);
  EXPECT_EQ(integer({0x1b, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}), 99);
  EXPECT_EQ(integer({0x1b, 0, 0, 0, 1, 0, 0, 0, 0}), std::int64_t{1} << 32);
  EXPECT_EQ(integer({0x3b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}), INT64_MIN);
  EXPECT_EQ(integer({0x3b, 0x80, 0, 0, 0, 0, 0, 0, 0}), 99);  // below i64
  EXPECT_EQ(integer({0x19, 0x01}), 99);                       // cut
  EXPECT_EQ(integer({0x1f}), 99);                             // indefinite
}

}  // namespace
}  // namespace dts
