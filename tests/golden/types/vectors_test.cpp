// The vectors that make_vectors.py computed without us: documents, ids and groups must be the same.
#include <algorithm>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <base/hex.hpp>
#include <dts/type.hpp>

namespace dts {
namespace {

using nlohmann::json;

const json& vectors() {
  static const json all = [] {
    std::ifstream file(DTS_TYPE_VECTORS);
    return json::parse(file, nullptr, false);
  }();
  return all;
}

TEST(TypeVectors, are_there) {
  ASSERT_TRUE(vectors().is_object()) << DTS_TYPE_VECTORS;
  EXPECT_GE(vectors()["vectors"].size(), 9u);
}

TEST(TypeVectors, have_the_document_and_id_that_the_notation_gives) {
  for (const json& vector : vectors()["vectors"]) {
    SCOPED_TRACE(vector["title"].get<std::string>());
    const auto types = Type::parse_all(vector["notation"].get<std::string>());
    ASSERT_TRUE(types.ok()) << types.error().text();
    const auto name = vector["name"].get<std::string>();
    const auto named = [&](const Type& type) { return type.name() == name; };
    const auto type = std::find_if(types->begin(), types->end(), named);
    ASSERT_NE(type, types->end());
    EXPECT_EQ(base::to_hex(type->document()), vector["document"].get<std::string>());
    EXPECT_EQ(type->id().hex(), vector["type_id"].get<std::string>());
    EXPECT_EQ(type->family().hex(), vector["family_id"].get<std::string>());
  }
}

TEST(TypeVectors, are_read_from_their_documents_and_printed_so_that_they_parse_back) {
  for (const json& vector : vectors()["vectors"]) {
    SCOPED_TRACE(vector["title"].get<std::string>());
    const auto type =
        Type::from_document(base::from_hex(vector["document"].get<std::string>()).value());
    ASSERT_TRUE(type.ok()) << type.error().text();
    EXPECT_EQ(type->id().hex(), vector["type_id"].get<std::string>());
    for (const Type::Style style : {Type::Style::lines, Type::Style::one_line}) {
      const auto again = Type::parse(type->print(style));
      ASSERT_TRUE(again.ok()) << again.error().text();
      EXPECT_EQ(*again, *type);
    }
  }
}

TEST(TypeVectors, change_their_id_with_every_bit_of_the_document) {
  const json& vector = vectors()["vectors"][0];
  const Bytes document = base::from_hex(vector["document"].get<std::string>()).value();
  for (std::size_t bit = 0; bit < 8 * document.size(); ++bit) {
    Bytes other = document;
    other[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    const auto type = Type::from_document(other);
    if (type) {
      EXPECT_NE(type->id().hex(), vector["type_id"].get<std::string>());
    }
  }
}

}  // namespace
}  // namespace dts
