// Values as people, CSV and JSON show them: a walk over (Layout, memory). Everything that comes
// out is safe for a terminal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <dts/format.hpp>
#include <dts/result.hpp>
#include <dts/value.hpp>

namespace dts::cli {

// A scalar (or something shown on one line) of a value.
struct Leaf {
  std::string path;  // "celsius", "pump.rpm"
  std::string text;  // "18.062", "\"two words\"", "[1, 2, 3]", "-" for an empty optional
  std::string unit;  // UCUM, as declared; empty: none
  bool number = false;
};

struct LeafOptions {
  bool brief = false;             // at most six significant digits
  std::size_t elements_max = 16;  // of a list before it is cut
  std::vector<std::string> only;  // these paths and what is under them; empty: all
};

// All leaves of a struct value in the order of its fields.
std::vector<Leaf> leaves(const Value& value, const LeafOptions& options = {});
// "celsius 18.062 °C   tank 3"
std::string leaves_line(const std::vector<Leaf>& all, bool utf8);
// "f64, °C": a field's type and unit in an error.
std::string field_text(const Type& type, const Field& field, bool utf8);

// The value as JSON, made inert for terminals; `only` as in LeafOptions.
class JsonEncoder {
 public:
  Result<std::string> encode(const Value& value, const std::vector<std::string>& only = {});

 private:
  LayoutPtr layout_;  // what the encoder was made for; it must live as long
  std::unique_ptr<Encoder> encoder_;
};

// Does every path of `only` exist in the type? The error offers the nearest.
Result<void> check_paths(const Type& type, const std::vector<std::string>& only, bool utf8);
// E1204 for a field the type does not have.
Error no_such_field(const Type& type, std::string_view name, bool utf8);

}  // namespace dts::cli
