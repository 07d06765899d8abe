#include <cli/table.hpp>

#include <gtest/gtest.h>
#include <unistd.h>

namespace dts::cli {
namespace {

// What is printed with this kind of output.
std::string printed(OutputKind kind, const Table& table, std::size_t width = 0) {
  int fds[2];
  EXPECT_EQ(::pipe(fds), 0);
  OutputStyle style;
  style.kind = kind;
  style.width = width;
  {
    Output out(style, fds[1], fds[1]);
    table.print(out);
  }
  ::close(fds[1]);
  std::string text;
  char bytes[4096];
  for (ssize_t count; (count = ::read(fds[0], bytes, sizeof bytes)) > 0;) {
    text.append(bytes, static_cast<std::size_t>(count));
  }
  ::close(fds[0]);
  return text;
}

Table sample() {
  Table table({{"TYPE"}, {"PUB", Align::right}, {"LATEST"}});
  table.add({{"Temperature"}, {"3"}, {"12 °C"}});
  table.add({{"麹室"}, {"12"}, {"a,\"b\""}});
  return table;
}

TEST(Table, aligns_by_columns_on_the_screen) {
  EXPECT_EQ(printed(OutputKind::line, sample()),
            "TYPE         PUB  LATEST\n"
            "Temperature    3  12 °C\n"
            "麹室          12  a,\"b\"\n");
}

TEST(Table, is_cut_to_the_terminal) {
  EXPECT_EQ(printed(OutputKind::table, sample(), 12), "TYPE       …\nTemperature…\n麹室       …\n");
}

TEST(Table, writes_csv_with_quotes_where_needed) {
  EXPECT_EQ(printed(OutputKind::csv, sample()),
            "type,pub,latest\nTemperature,3,12 °C\n麹室,12,\"a,\"\"b\"\"\"\n");
}

TEST(Table, writes_the_first_column_as_values) {
  EXPECT_EQ(printed(OutputKind::value, sample()), "Temperature\n麹室\n");
}

TEST(Table, makes_what_the_network_says_inert) {
  Table table({{"A"}});
  table.add({{"x\x1b[2J"}});
  EXPECT_EQ(printed(OutputKind::line, table), "A\nx\\x1b[2J\n");
  EXPECT_EQ(csv_field("a\x1b"), "a\\x1b");
}

}  // namespace
}  // namespace dts::cli
