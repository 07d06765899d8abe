// ForeignType: a type made for what a foreign device says, and where in its messages each field is.
// All fields are optional, since devices leave out what they do not know, unless said otherwise.
// Immutable; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cli/bridge/foreign_payload.hpp>
#include <dts/value.hpp>

namespace dts::cli {

struct ForeignField {
  std::string name;  // made a member name if it is none
  JsonPath path = {};
  Kind kind = Kind::f64;  // or boolean, text, time, enumeration
  bool list = false;      // of these
  bool required = false;
  std::string unit = {};  // UCUM
  std::string quantity = {};
  std::string doc = {};
  std::vector<std::string> choices = {};        // enumeration: as the device writes them
  std::string on = "\"ON\"", off = "\"OFF\"";   // boolean: the same, as JSON
  std::optional<double> least = {}, most = {};  // f64: what may be sent to it
};

// Text as a member name, or a part of a type's name: "PM2.5" -> "PM2_5", "9290" -> "_9290".
std::string word_of(std::string_view text);

class ForeignType {
 public:
  // A field whose name another one has already is left out, as are those beyond `fields_max`.
  static Result<ForeignType> make(std::string name, std::vector<ForeignField> fields,
                                  std::string doc = {});
  static constexpr std::size_t fields_max = 256;

  const Type& type() const { return type_; }
  const std::vector<ForeignField>& fields() const { return fields_; }

  struct Read {
    Value value = {};
    std::size_t found = 0;           // fields that were there
    std::vector<Error> misfit = {};  // those that could not be taken
  };
  Read read(Json json) const;
  // The other way: a JSON object of the fields that are set and have a path; checked against what
  // the device takes. The error names the field.
  Result<std::string> write(const Value& value) const;

 private:
  Result<void> read_field(const ForeignField& field, Json json, Value& value) const;
  Result<std::string> write_field(const ForeignField& field, const ConstPlace& place) const;

  Type type_;
  LayoutPtr layout_;
  std::vector<ForeignField> fields_;
};

}  // namespace dts::cli
