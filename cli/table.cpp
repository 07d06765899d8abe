#include <cli/table.hpp>

#include <algorithm>

#include <base/text.hpp>
#include <cli/words.hpp>

namespace dts::cli {

std::string csv_field(std::string_view text) {
  // A field that a spreadsheet would take for a formula stays text; numbers stay numbers.
  if (text.find_first_of(",\"\n\r") == std::string_view::npos) return base::printable(text);
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  // Line breaks are legal inside quotes; other control characters are made visible.
  std::string safe;
  std::size_t from = 0;
  for (std::size_t end; (end = quoted.find('\n', from)) != std::string::npos; from = end + 1) {
    safe += base::printable(quoted.substr(from, end - from)) + "\n";
  }
  return safe + base::printable(quoted.substr(from)) + "\"";
}

std::string csv_line(const std::vector<std::string>& fields) {
  std::string line;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) line += ',';
    line += csv_field(fields[i]);
  }
  return line;
}

void Table::print(Output& out, std::string_view indent) const {
  if (out.kind() == OutputKind::csv) {
    std::vector<std::string> fields;
    for (const Column& column : columns_) fields.push_back(base::lower(column.title));
    out.line(csv_line(fields));
    for (const auto& row : rows_) {
      fields.clear();
      for (const Cell& cell : row) fields.push_back(cell.text);
      out.line(csv_line(fields));
    }
  } else if (out.kind() == OutputKind::value) {
    for (const auto& row : rows_) out.line(base::printable(row.at(0).text));
  } else {
    print_aligned(out, indent);
  }
}

void Table::print_aligned(Output& out, std::string_view indent) const {
  std::vector<std::size_t> widths;
  for (const Column& column : columns_) widths.push_back(column.title.size());
  std::vector<std::vector<std::string>> safe;
  for (const auto& row : rows_) {
    safe.emplace_back();
    for (std::size_t i = 0; i < row.size() && i < columns_.size(); ++i) {
      safe.back().push_back(base::printable(row[i].text));
      widths[i] = std::max(widths[i], display_width(safe.back().back()));
    }
  }
  const auto put = [&](std::size_t i, const std::string& text, Color color, std::string& line) {
    const std::size_t gap = widths[i] - std::min(widths[i], display_width(text));
    if (columns_[i].align == Align::right) line.append(gap, ' ');
    line += out.paint(color, text);
    if (i + 1 == columns_.size()) return;
    if (columns_[i].align == Align::left) line.append(gap, ' ');
    line += "  ";
  };
  const auto finish = [&](std::string& line) {
    while (!line.empty() && line.back() == ' ') line.pop_back();
    out.line(shortened(line, out.style().width, out.style().utf8));
  };
  std::string line(indent);
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    put(i, std::string(columns_[i].title), Color::dim, line);
  }
  finish(line);
  for (std::size_t r = 0; r < rows_.size(); ++r) {
    line = indent;
    for (std::size_t i = 0; i < safe[r].size(); ++i) put(i, safe[r][i], rows_[r][i].color, line);
    finish(line);
  }
}

}  // namespace dts::cli
