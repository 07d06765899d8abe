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

}  // namespace
}  // namespace dts::schema
