// The dts command. Everything is in the library dts_cli_core, for the tests' sake.
#include <string_view>
#include <vector>

#include <cli/run.hpp>

int main(int count, char** words) {
  return dts::cli::run(std::vector<std::string_view>(words + (count > 0), words + count));
}
