#include <support/rows.hpp>

#include <istream>

#include <dts/format.hpp>
#include <dts/value.hpp>

namespace dts::test {

namespace {

constexpr std::string_view kBefore = "{\"row\":";

Value no_row() {
  static const Type type = Type::parse("t.Row{row:list<text>}").value();
  return Value::of(type).value();
}

}  // namespace

std::vector<Row> read_rows(std::istream& in) {
  std::vector<Row> rows;
  for (std::string line; std::getline(in, line);) {
    Value value = no_row();
    from_json(std::string(kBefore) + line + "}", value.layout(), value.data()).value();
    Row& row = rows.emplace_back();
    while (auto cell = value.text("row." + std::to_string(row.size())))
      row.push_back(std::move(*cell));
  }
  return rows;
}

std::string row_text(const Row& row) {
  Value value = no_row();
  for (std::size_t i = 0; i < row.size(); ++i)
    value.set("row." + std::to_string(i), row[i]).value();
  const std::string text = to_json(value.layout(), value.data()).value();
  return text.substr(kBefore.size(), text.size() - kBefore.size() - 1);
}

}  // namespace dts::test
