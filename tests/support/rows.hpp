// Rows: lines of text, each a list of texts in JSON: ["t.T{x:i8}","{\"x\":5}","a1617805"]. Golden
// files are made of them, and the scripts of tests/differential are spoken to in them.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace dts::test {

using Row = std::vector<std::string>;

std::vector<Row> read_rows(std::istream& in);  // to its end
std::string row_text(const Row& row);

}  // namespace dts::test
