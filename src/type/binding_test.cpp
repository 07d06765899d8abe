#include <gtest/gtest.h>

#include <dts/binding.hpp>

namespace dts {
namespace {

Type reading() {
  return Type::parse("t.Reading{celsius:f64, inner:t.Inner}\nt.Inner{x:i32}").value();
}

std::vector<BindingNode> nodes() {
  BindingNode root{"t.Reading", 0, 0, 0, {{"celsius", 7}, {"inner", 3}}};
  root.members[0].coding = Coding::fixed;
  root.members[1].flat = true;
  return {root, {"t.Inner", 0, 0, 0, {{"x", 9}}}};
}

TEST(Binding, comes_back_from_its_document) {
  const Binding made = Binding::make("protobuf", reading(), nodes()).value();
  const Binding read = Binding::from_document(made.document(), reading()).value();
  EXPECT_EQ(read, made);
  EXPECT_EQ(read.format(), "protobuf");
  EXPECT_EQ(read.type(), reading().id());
  ASSERT_NE(read.find("t.Reading"), nullptr);
  EXPECT_EQ(*read.find("t.Reading"), nodes()[0]);
  EXPECT_EQ(*read.find("t.Inner"), nodes()[1]);
  EXPECT_EQ(read.find("t.Other"), nullptr);
  EXPECT_EQ(Binding::type_of_document(made.document()).value(), reading().id());
}

TEST(Binding, has_another_id_when_anything_differs) {
  const Binding made = Binding::make("protobuf", reading(), nodes()).value();
  auto other = nodes();
  other[0].members[0].number = 8;
  EXPECT_NE(Binding::make("protobuf", reading(), other)->id(), made.id());
  other = nodes();
  other[0].members[0].coding = Coding::zigzag;
  EXPECT_NE(Binding::make("protobuf", reading(), other)->id(), made.id());
  EXPECT_NE(Binding::make("capnproto", reading(), nodes())->id(), made.id());
}

TEST(Binding, must_fit_its_type) {
  auto other = nodes();
  other[1].members[0].name = "y";
  EXPECT_EQ(Binding::make("protobuf", reading(), other).error().why(),
            "t.Inner has no member y in that place");
  other = nodes();
  other[0].members.pop_back();
  EXPECT_EQ(Binding::make("protobuf", reading(), other).error().why(),
            "t.Reading has 2 members, the binding 1");
  other = nodes();
  other[1].name = "t.Stranger";
  EXPECT_EQ(Binding::make("protobuf", reading(), other).error().why(),
            "t.Reading does not use t.Stranger");
  other = nodes();
  other[1] = other[0];
  EXPECT_EQ(Binding::make("protobuf", reading(), other).error().why(), "t.Reading is there twice");
}

TEST(Binding, refuses_every_document_that_is_not_exactly_one) {
  const Binding made = Binding::make("protobuf", reading(), nodes()).value();
  const Bytes document(made.document().begin(), made.document().end());
  for (std::size_t size = 0; size < document.size(); ++size)
    EXPECT_FALSE(Binding::from_document(ByteView(document).first(size), reading())) << size;
  Bytes longer = document;
  longer.push_back(0);
  EXPECT_FALSE(Binding::from_document(longer, reading()));
  for (std::size_t bit = 0; bit < document.size() * 8; ++bit) {
    Bytes flipped = document;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    const auto read = Binding::from_document(flipped, reading());
    // What is still a binding is another one.
    if (read) {
      EXPECT_NE(read->id(), made.id()) << bit;
    }
  }
  EXPECT_FALSE(Binding::from_document(document, Type::parse("t.Other{x:i32}").value()));
}

}  // namespace
}  // namespace dts
