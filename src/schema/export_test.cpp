// What is exported as C++ compiles and is the same type; what is exported as Python runs.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <unistd.h>

#include <schema/schema.hpp>

namespace dts::schema {
namespace {

class Export : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) /
              ("dts_export_" + std::to_string(static_cast<long>(getpid())));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, std::string_view text) {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  std::string read(const std::string& name) {
    std::ifstream file(folder_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  // Its output and errors are in "out".
  int run(const std::string& command) {
    return std::system(("cd " + folder_.string() + " && (" + command + ") > out 2>&1").c_str());
  }

  std::filesystem::path folder_;
};

const Type& everything() {
  static const Type type = Type::parse(R"(
    brewery.Batch {
      key tank        : i32
      must_understand celsius : f64 [Cel; delta] = 18.5
      b : bool = true
      a : i8 = -3
      l : i64 = -9223372036854775808
      ul : u64 = 18446744073709551615
      f : f32 = nan
      note : text? = none
      named : text = "a \"b\" \\ // {[("
      raw : bytes
      at : time = 2026-11-22T10:24:48Z
      took : duration = 90s
      price : decimal = 12.50
      more : any
      state : brewery.State = heating
      sparse : brewery.State.Sparse
      steps : list<brewery.Step>
      limit : brewery.Limit
      bits : list<bool>
      octets : list<u8>
      grid : list<list<i16?>>
      three : array<f32, 3>
      counts : map<text, u32>
      by_state : map<brewery.State, brewery.Step?>
      next : brewery.Batch?
      class : brewery.Part
    }
    brewery.Part { x@4 : i32, y@2 : list<brewery.Batch> }
    enum brewery.State { idle = 0, heating = 1 }
    closed enum brewery.State.Sparse { off = -2147483648, default = 700 }
    union brewery.Step { wait : duration, heat_to : f32, call : text?, sub : list<brewery.Batch> }
    closed union brewery.Limit { celsius : f64 [Cel], none : bool }
  )")
                               .value();
  return type;
}

TEST_F(Export, writes_cpp_that_is_the_same_type) {
  const auto header = export_schema(everything(), Language::cpp);
  ASSERT_TRUE(header.ok()) << header.error().text();
  write("batch.hpp", *header);
  write("main.cpp",
        "#include \"batch.hpp\"\n"
        "template <class T> constexpr bool plain = std::is_aggregate_v<T>;\n"
        "static_assert(plain<brewery::Batch>);\n"
        "const dts::Type& type() { return dts::type_of<brewery::Batch>(); }\n"
        "#include <cstdio>\n"
        "int main() { std::puts(type().id().hex().c_str()); }\n");
  ASSERT_EQ(run(std::string(DTS_CXX) + " -std=c++20 -O0 -Wall -Wextra -Werror " DTS_CXX_FLAGS
                                       " -I" DTS_ROOT "/include main.cpp -o main " DTS_LIBRARY
                                       " -lcrypto -pthread"),
            0)
      << read("out") << *header;
  ASSERT_EQ(run("./main"), 0) << read("out");
  EXPECT_EQ(read("out"), everything().id().hex() + "\n") << *header;
}

TEST_F(Export, writes_cpp_that_the_other_compiler_takes) {
  const auto header = export_schema(everything(), Language::cpp);
  ASSERT_TRUE(header.ok()) << header.error().text();
  write("main.cpp", *header + "const dts::Type& t = dts::type_of<brewery::Batch>();\n");
  for (const char* compiler : {"g++", "clang++-16"}) {
    ASSERT_EQ(
        run(std::string(compiler) + " -std=c++20 -fsyntax-only -w -I" DTS_ROOT "/include main.cpp"),
        0)
        << compiler << "\n"
        << read("out") << *header;
  }
}

TEST_F(Export, refuses_as_cpp_what_would_lie_in_itself) {
  const Type type = Type::parse("x.A{u:x.U}\nunion x.U{a:x.A, b:i32}").value();
  const auto refused = export_schema(type, Language::cpp);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().why(), "a value of it would lie in itself through a union");
}

TEST_F(Export, refuses_as_proto_the_numbers_that_protoc_keeps_for_itself) {
  for (const char* text : {"x.A{a@1:i32, b@19000:i32}", "x.A{b:x.B}\nunion x.B{b@19999:i32}"}) {
    const auto refused = export_schema(Type::parse(text).value(), Language::proto);
    ASSERT_FALSE(refused.ok()) << text;
    EXPECT_NE(
        refused.error().text().find("one of 19000 to 19999, which are reserved (try: give the "
                                    "field another id)"),
        std::string::npos)
        << refused.error().text();
  }
  EXPECT_TRUE(export_schema(Type::parse("x.A{a@18999:i32, b@20000:i32, c@536870911:i32}").value(),
                            Language::proto)
                  .ok());
}

TEST_F(Export, writes_python_dataclasses) {
  const auto module = export_schema(everything(), Language::python);
  ASSERT_TRUE(module.ok()) << module.error().text();
  write("batch.py", *module);
  write("main.py",
        "import dataclasses, typing, batch\n"
        "b = batch.Batch(tank=3, raw=b'', more=None, sparse=batch.Sparse.off, steps=[], limit=None,"
        " state=batch.State.idle, bits=[], octets=[], grid=[], three=[1, 2, 3], counts={},"
        " by_state={}, xclass_=None)\n"
        "assert (b.celsius, b.b, b.a, b.note, b.named) == (18.5, True, -3, None, 'a \"b\" \\\\ // "
        "{[(')\n"
        "assert [f.name for f in dataclasses.fields(batch.Step)] == ['wait', 'heat_to', 'call', "
        "'sub']\n"
        "assert batch.State.heating == 1 and batch.State.__dts__.startswith('enum brewery.State')\n"
        "typing.get_type_hints(batch.Batch)\n"
        "print(batch.DTS)\n");
  ASSERT_EQ(run("python3 main.py"), 0) << read("out") << *module;
  const auto again = Type::parse(read("out"));
  ASSERT_TRUE(again.ok()) << again.error().text();
  EXPECT_EQ(again->id(), everything().id());
}

}  // namespace
}  // namespace dts::schema
