// JsonObject: one JSON object on one line, for --json. Text from the network is made inert: control
// characters and text-direction marks are escaped as JSON allows.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace dts::cli {

// "text" with quotes and escapes; bytes that are not UTF-8 become U+FFFD.
std::string json_string(std::string_view text);
// A JSON document with everything that could steer a terminal escaped: the same JSON.
std::string json_inert(std::string_view document);

class JsonObject {
 public:
  JsonObject& text(std::string_view key, std::string_view value) {
    return raw(key, json_string(value));
  }
  JsonObject& number(std::string_view key, double value);
  JsonObject& integer(std::string_view key, std::int64_t value) {
    return raw(key, std::to_string(value));
  }
  JsonObject& count(std::string_view key, std::uint64_t value) {
    return raw(key, std::to_string(value));
  }
  JsonObject& boolean(std::string_view key, bool value) {
    return raw(key, value ? "true" : "false");
  }
  JsonObject& texts(std::string_view key, const std::vector<std::string>& values);
  JsonObject& texts(std::string_view key,
                    const std::map<std::string, std::string, std::less<>>& values);
  // `json` is a JSON value already.
  JsonObject& raw(std::string_view key, std::string_view json);
  std::string str() const { return text_ + "}"; }

 private:
  std::string text_ = "{";
};

// "[a,b]" of JSON values.
std::string json_array(const std::vector<std::string>& values);

}  // namespace dts::cli
