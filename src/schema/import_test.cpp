// Schemas as people write them in Avro, JSON Schema and JSON Type Definition: each becomes the type
// that lies beside it in the notation, with the notes of what was left out.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include <schema/schema.hpp>

namespace dts::schema {
namespace {

const std::string kFolder = DTS_ROOT "/tests/golden/schemas/";

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_TRUE(file.good()) << path;
  return text.str();
}

void expect_golden(const std::string& name, std::string_view root) {
  const auto imported = import_schema(kFolder + name, root);
  ASSERT_TRUE(imported.ok()) << imported.error().text();
  const Type& type = imported->types[0].type;
  std::string text = type.print(Type::Style::lines);
  for (const std::string& note : imported->notes) {
    text += "\n// " + note.substr(note.rfind(kFolder, 0) == 0 ? kFolder.size() : 0);
  }
  EXPECT_EQ(text + "\n", text_of(kFolder + name + ".dts"));
  EXPECT_EQ(Type::parse(text).value().id(), type.id());
}

TEST(SchemaImport, reads_an_avro_record_with_unions_logical_types_and_defaults) {
  expect_golden("weather.avsc", "Observation");
}

TEST(SchemaImport, reads_a_list_of_avro_types_that_name_each_other) {
  expect_golden("orders.avsc", "shop.Order");
}

TEST(SchemaImport, reads_json_schema_with_references_one_of_and_restrictions) {
  expect_golden("machine.schema.json", "factory.Machine");
}

TEST(SchemaImport, reads_all_forms_of_json_type_definition) {
  expect_golden("ticket.jtd", "desk.Ticket");
}

TEST(SchemaImport, reads_an_integer_of_64_bits_as_the_hint_writes_it) {
  const auto imported = import_text(
      Language::jtd, "t",
      R"({"properties": {"n": {"type": "string", "metadata": {"dts.field": "count : i64"}}}})", {});
  ASSERT_TRUE(imported.ok()) << imported.error().text();
  EXPECT_EQ(imported->types[0].type.print(Type::Style::one_line), "t{count:i64}");
}

TEST(SchemaImport, says_what_a_capnp_file_itself_calls_a_struct) {
  const auto imported = import_text(Language::capnp, "sensors.capnp", R"(@0xd1f2a6b08c5e4437;
using Dts = import "/dts/annotations.capnp";
$Dts.name("brewery");
struct Temperature { celsius @0 :Float64; struct Place { tank @0 :Int32; } at @1 :Place; })",
                                    {});
  ASSERT_TRUE(imported.ok()) << imported.error().text();
  ASSERT_EQ(imported->types.size(), 2u);
  EXPECT_EQ(imported->types[0].type.name(), "brewery.Temperature");
  EXPECT_EQ(imported->types[0].own_name, "Temperature");
  EXPECT_EQ(imported->types[1].own_name, "Temperature.Place");
}

}  // namespace
}  // namespace dts::schema
