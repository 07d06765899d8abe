// Every type written in every language and read back is the same type, to the bit of its id.
#include <gtest/gtest.h>

#include <base/random.hpp>
#include <schema/schema.hpp>
#include <type/random_type.hpp>

namespace dts::schema {
namespace {

Result<std::string> no_files(const std::string& path) {
  return Error(ErrorCode::file, "cannot find", path);
}

constexpr Language languages[] = {Language::notation, Language::proto,       Language::capnp,
                                  Language::avro,     Language::json_schema, Language::jtd};

class RoundTrip : public testing::TestWithParam<Language> {
 protected:
  // Empty: it came back as it was. `Binding`s are for what another lays out.
  static std::string problem_of(const Type& type) {
    const auto text = export_schema(type, GetParam());
    if (!text) return text.error().text();
    const auto read = import_text(GetParam(), "schema", *text, no_files, type.name());
    if (!read) return read.error().text() + "\n" + *text;
    if (read->types.size() != 1) return "several types of that name\n" + *text;
    if (read->types[0].type != type)
      return "it came back as\n" + read->types[0].type.print() + "\nfrom\n" + *text;
    if (read->types[0].binding.valid()) return "it needs a binding now\n" + *text;
    return {};
  }
};

std::string test_name(const testing::TestParamInfo<Language>& info) {
  std::string name(language_name(info.param));
  for (char& c : name) {
    if (c == '-') c = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Languages, RoundTrip, testing::ValuesIn(languages), test_name);

TEST_P(RoundTrip, keeps_a_type_with_everything) {
  const Type type = Type::parse(R"(
    brewery.Batch {
      key tank        : i32
      must_understand celsius : f64 [Cel; delta] = 18.5
      b : bool = true
      a : i8
      s : i16 [kPa]
      l : i64
      ua : u8
      us : u16
      ui : u32
      ul : u64 = 18446744073709551615
      f : f32 = nan
      note : text? = none
      named : text = "a \"b\" \\ // {[("
      raw : bytes = 0x00ff
      at : time
      took : duration = 90s
      price : decimal = 12.50
      more : any
      state : brewery.State = heating
      sparse : brewery.Sparse
      steps : list<brewery.Step>
      maybe : list<i32?>
      grid : list<list<u8>>
      three : array<f32, 3>
      counts : map<text, u32>
      by_state : map<brewery.State, brewery.Step?>
      deep : map<i64, list<map<text, brewery.Batch?>>>
      next : brewery.Batch?
      some : i32?
    }
    enum brewery.State { idle = 0, heating = 1 }
    closed enum brewery.Sparse { off = -5, on = 7 }
    union brewery.Step { wait : duration, heat_to : f32 [Cel], call : text?, sub : brewery.Batch }
  )")
                        .value();
  EXPECT_EQ(problem_of(type), "");
}

TEST_P(RoundTrip, keeps_ids_and_names_that_only_differ_in_case_or_underscores) {
  EXPECT_EQ(
      problem_of(Type::parse("a.B{a_b@7 : i32, aB@3 : text, A_B@4 : f64, ab_@9 : u8}").value()),
      "");
  EXPECT_EQ(problem_of(Type::parse("Lone{x:f64}").value()), "");
  EXPECT_EQ(problem_of(Type::parse("x.Nothing{}").value()), "");
  EXPECT_EQ(problem_of(Type::parse("closed union x.U{a:i32}").value()), "");
}

TEST_P(RoundTrip, keeps_random_types) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    const auto type = Type::make(RandomType(seed).nodes());
    if (!type || type->root().kind == Kind::enumeration) continue;
    ASSERT_EQ(problem_of(*type), "") << "seed " << seed << "\n" << type->print();
  }
}

}  // namespace
}  // namespace dts::schema
