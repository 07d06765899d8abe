// Table: rows under a header, aligned by display width; also as CSV and as bare values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <cli/output.hpp>

namespace dts::cli {

enum class Align : std::uint8_t { left, right };

struct Column {
  std::string_view title;
  Align align = Align::left;
};

// `text` is made printable here; it may come from the network.
struct Cell {
  std::string text;
  Color color = Color::plain;
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  std::size_t size() const { return rows_.size(); }
  // As the kind of output asks: line and table aligned (the header goes with the rows), csv with
  // all columns, value the first column alone. JSON is not a table's business.
  void print(Output& out, std::string_view indent = {}) const;

 private:
  void print_aligned(Output& out, std::string_view indent) const;
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

// A CSV field, quoted where it must be (RFC 4180).
std::string csv_field(std::string_view text);
std::string csv_line(const std::vector<std::string>& fields);

}  // namespace dts::cli
