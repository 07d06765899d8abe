// Pickles that CPython wrote (tests/golden/pickle/make_vectors.py), and pickles that would harm who
// loads them (make_hostile.py).
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include <base/hex.hpp>
#include <dts/format.hpp>
#include <dts/value.hpp>
#include <support/rows.hpp>

namespace dts {
namespace {

const Format& pickle() { return *find_format(built_in_formats(), "pickle"); }

std::ifstream open_golden(const char* name) {
  std::ifstream file(std::string(DTS_GOLDEN) + "/pickle/" + name, std::ios::binary);
  EXPECT_TRUE(file) << name;
  return file;
}

// A line: ["what", "type in notation", "hex", "the value as JSON, or refused: <start of error>"].
TEST(PickleGolden, reads_what_python_wrote) {
  std::ifstream file = open_golden("vectors.json");
  const std::vector<test::Row> rows = test::read_rows(file);
  for (const test::Row& row : rows) {
    const std::string &what = row[0], &expected = row[3];
    const Type type = Type::parse(row[1]).value();
    const Bytes message = base::from_hex(row[2]).value();
    Value value = Value::of(type).value();
    const auto same = Assignment::make(type, type);
    const auto decoder = pickle().decoder(same, value.layout()).value();
    const auto read = decoder->decode(message, value.data());
    if (expected.starts_with("refused: ")) {
      ASSERT_FALSE(read.ok()) << what;
      EXPECT_TRUE(read.error().text().starts_with(expected.substr(9)))
          << what << ": " << read.error().text();
      continue;
    }
    ASSERT_TRUE(read.ok()) << what << ": " << read.error().text();
    EXPECT_EQ(to_json(value.layout(), value.data()).value(), expected) << what;
    // Cut anywhere, it is refused.
    const std::size_t step = 1 + message.size() / 200;
    for (std::size_t size = 0; size < message.size(); size += step) {
      const Bytes cut(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(size));
      ASSERT_FALSE(decoder->decode(cut, value.data()).ok()) << what << " cut to " << size;
    }
  }
  EXPECT_GT(rows.size(), 250u);
}

// Who may be at the other end: readers of the field x as everything there is, and one that does not
// read it at all.
struct Reader {
  Reader(std::string publisher, std::string subscriber)
      : value(Value::of(Type::parse(subscriber).value()).value()),
        decoder(pickle()
                    .decoder(Assignment::make(Type::parse(publisher).value(), value.type()),
                             value.layout())
                    .value()) {}
  Value value;
  std::unique_ptr<Decoder> decoder;
};

std::vector<Reader> readers() {
  static const char* const kinds[] = {"text",
                                      "bytes",
                                      "bool",
                                      "i8",
                                      "u64",
                                      "f64",
                                      "time",
                                      "duration",
                                      "decimal",
                                      "any",
                                      "optional<text>",
                                      "list<text>",
                                      "list<i64>",
                                      "list<t.S>",
                                      "map<text,i64>",
                                      "map<i64,any>",
                                      "t.State",
                                      "list<t.State>",
                                      "t.Choice",
                                      "t.S",
                                      "t.Node",
                                      "array<u8,4>",
                                      "list<list<list<optional<i8>>>>"};
  static const char* const others =
      "t.S{x:optional<text>, y:i32 = 0, shell:bool = false}\n"
      "enum t.State{busy = 1, idle = 0}\nunion t.Choice{x:text, y:i64}\n"
      "t.Node{x:optional<t.Node>, kids:list<t.Node> = [], y:i32 = 0}\n";
  std::vector<Reader> all;
  for (const std::string kind : kinds) {
    const std::string optional = kind.starts_with("optional") ? kind : "optional<" + kind + ">";
    std::string used;  // a type may only come with what it refers to
    std::istringstream lines(others);
    for (std::string line; std::getline(lines, line);) {
      const std::size_t start = line.find("t.");
      const std::string name = line.substr(start, line.find('{') - start);
      if (!name.empty() && kind.find(name) != std::string::npos) used += "\n" + line;
    }
    const std::string type = "t.T{x:" + optional + ", y:i32 = 0}" + used;
    all.emplace_back(type, type);
    all.emplace_back(type, "t.T{y:i32 = 0}");
  }
  return all;
}

bool is_one_line(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// A line: name, tab, pieces of hex that may be repeated: 5d*100000.
TEST(PickleHostile, refuses_every_one_whoever_reads_it) {
  std::vector<Reader> all = readers();
  std::ifstream file = open_golden("hostile.txt");
  int rows = 0;
  std::size_t longest = 0;
  for (std::string line; std::getline(file, line); ++rows) {
    const std::size_t tab = line.find('\t');
    const std::string what = line.substr(0, tab);
    Bytes message;
    std::istringstream pieces(line.substr(tab + 1));
    for (std::string piece; pieces >> piece;) {
      const std::size_t star = piece.find('*');
      const int times = star == std::string::npos ? 1 : std::stoi(piece.substr(star + 1));
      const Bytes bytes = base::from_hex(std::string_view(piece).substr(0, star)).value();
      for (int i = 0; i < times; ++i) message.insert(message.end(), bytes.begin(), bytes.end());
    }
    // The longest ones take time: not everybody reads those.
    const std::size_t stride = message.size() > 4000 ? 7 : 1;
    for (std::size_t i = 0; i < all.size(); i += stride) {
      Reader& reader = all[i];
      const auto read = reader.decoder->decode(message, reader.value.data());
      ASSERT_FALSE(read.ok()) << what << "\n" << reader.value.type().print();
      const std::string text = read.error().text();
      EXPECT_TRUE(is_one_line(text)) << what << ": " << text;
      longest = std::max(longest, text.size());
      // What and where: a byte of the message, a key, or a path into the value.
      EXPECT_TRUE(text.find(" byte ") != std::string::npos || text.find("the key ") < text.size() ||
                  text.find("the pickle is empty") < text.size() || !read.error().where().empty())
          << what << ": " << text;
    }
  }
  EXPECT_GT(rows, 1500);
  EXPECT_LT(longest, 1000u);
}

// The first thing that is not allowed is what the error is about.
TEST(PickleHostile, says_what_is_refused_and_where) {
  const auto error = [](std::string_view message) {
    Reader reader("t.T{x:text}", "t.T{x:text}");
    return reader.decoder->decode(as_bytes(message), reader.value.data()).error().text();
  };
  EXPECT_EQ(
      error("cos\nsystem\n(S'echo harm'\ntR."),
      "E1202 REDUCE of os.system at byte 26 is refused: a pickle may not call (try: plain values: "
      "dict, list, str, int, float, bytes, bool, None)");
  EXPECT_EQ(error("(S'harm'\nios\nsystem\n."),
            "E1202 INST of os.system at byte 9 is refused: a pickle may not call");
  EXPECT_EQ(error("cos\nsystem\n."),
            "E1202 GLOBAL of os.system at byte 0 is refused: a name of Python's is no data");
  EXPECT_EQ(error("\x80\x04\x82\x01."),
            "E1202 EXT1 at byte 2 is refused: what its number stands for is not in the message");
  EXPECT_EQ(error(std::string_view("\x80\x04\x8e\0\0\0\0\0\0\0\x80.", 12)),
            "E1202 BINBYTES8 at byte 2 claims 9223372036854775808 bytes where 1 are left");
  EXPECT_EQ(error("]\x94h\x00\x61."), "E1202 BINGET at byte 2 is cut off");
  EXPECT_EQ(error(std::string_view("]\x94h\0a.", 6)),
            "E1202 a list at byte 0 holds itself: a value is a tree");
}

}  // namespace
}  // namespace dts
