// What foreign devices put into a message: JSON, or a plain word or number. Here it is read, within
// bounds, and its values are put into fields of a Value, generously: a number may be written as a
// text, a switch as ON, a time in a dozen ways. One thread at a time.
#pragma once

#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <dts/value.hpp>

namespace dts::cli {

using Json = simdjson::dom::element;
using JsonPath = std::vector<std::string>;  // names and indices; empty: the whole

class PayloadReader {
 public:
  static constexpr std::size_t bytes_max = 4u << 20;
  static constexpr std::size_t depth_max = 32;
  // Valid until the next one is read.
  Result<Json> json(std::string_view payload);

 private:
  simdjson::dom::parser parser_;
  std::size_t room_ = 0;
};

// "battery.cells.0", or with dots in names "/battery/cell.1" (RFC 6901); "" and ".": the whole.
JsonPath json_path(std::string_view text);
std::optional<Json> find(Json json, const JsonPath& path);
std::optional<Json> find(Json json, std::string_view name);
// A member's text, empty when it is not there or no text; and as people write it, whatever it is.
std::string text_of(Json json, std::string_view name);
std::string plain_text(Json json);
std::optional<double> number_of(Json json);
// on, ON, true, 1, online, open ...
std::optional<bool> truth_of(std::string_view text);
// RFC 3339; without an offset (Tasmota) it is this machine's local time.
Result<Time> time_of(std::string_view text);
// Seconds or milliseconds since 1970, whichever makes a year after 1973.
Time time_of(double epoch);

// Into the field at `path`; null empties an optional. The error says what does not fit.
Result<void> put(Value& value, const std::string& path, Json json);
Result<void> put(Value& value, const std::string& path, std::string_view text);

// The first bytes of a payload, for errors.
std::string first_bytes(std::string_view payload);

}  // namespace dts::cli
