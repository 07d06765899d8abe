#include <cli/bridge/foreign_payload.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ctime>

#include <base/text.hpp>
#include <cli/words.hpp>

namespace dts::cli {

namespace {

constexpr std::size_t kShownMax = 40;
constexpr double kMillisecondsFrom = 1e11;  // the year 5138 in seconds, 1973 in milliseconds
constexpr double kSecondsMax = 9e9;         // fits nanoseconds in 64 bits
constexpr double kEpochMax = 9e12;          // fits nanoseconds in 64 bits, either way

Error misfit(const Value& value, const std::string& path, std::string_view shown) {
  return Error(ErrorCode::wrong_value, "\"" + base::printable(shown.substr(0, kShownMax)) +
                                           "\" is not a value of " + value.type().name() + "." +
                                           path);
}

// Behind optionals.
Result<Kind> kind_at(Value& value, const std::string& path) {
  DTS_ASSIGN(const Place place, value.make(path));
  const Layout* layout = place.layout;
  while (layout->kind == Kind::optional) layout = layout->element;
  return layout->kind;
}

Result<void> put_list(Value& value, const std::string& path, const simdjson::dom::array& items) {
  DTS_TRY(value.clear(path));
  std::size_t index = 0;
  for (const Json item : items) DTS_TRY(put(value, path + "." + std::to_string(index++), item));
  return {};
}

Result<void> put_time(Value& value, const std::string& path, Time time) {
  return value.set(path, std::int64_t{time.time_since_epoch().count()});
}

}  // namespace

Result<Json> PayloadReader::json(std::string_view payload) {
  if (payload.size() > bytes_max)
    return Error(ErrorCode::too_large, "the payload is longer than 4 MiB");
  if (room_ < std::max<std::size_t>(payload.size(), 1)) {
    room_ = std::max<std::size_t>(payload.size(), 64u << 10);
    if (parser_.allocate(room_, depth_max) != simdjson::SUCCESS) {
      room_ = 0;
      return Error(ErrorCode::too_large, "the payload is too large");
    }
  }
  Json json;
  if (const auto error = parser_.parse(payload.data(), payload.size()).get(json))
    return Error(
        ErrorCode::decode, "the payload is not JSON", {},
        std::string(simdjson::error_message(error)) + " It begins " + first_bytes(payload));
  return json;
}

JsonPath json_path(std::string_view text) {
  JsonPath path;
  if (text.empty() || text == ".") return path;
  const char between = text[0] == '/' ? '/' : '.';
  if (between == '/') text.remove_prefix(1);
  for (;;) {
    const std::size_t end = text.find(between);
    path.emplace_back(text.substr(0, end));
    if (end == text.npos) return path;
    text.remove_prefix(end + 1);
  }
}

std::optional<Json> find(Json json, std::string_view name) {
  simdjson::dom::object object;
  Json found;
  if (json.get(object) == simdjson::SUCCESS) {
    if (object.at_key(name).get(found) == simdjson::SUCCESS) return found;
    return {};
  }
  simdjson::dom::array array;
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
  if (json.get(array) != simdjson::SUCCESS || error != std::errc() ||
      end != name.data() + name.size() || array.at(index).get(found) != simdjson::SUCCESS)
    return {};
  return found;
}

std::optional<Json> find(Json json, const JsonPath& path) {
  std::optional<Json> at = json;
  for (const std::string& name : path) {
    at = find(*at, name);
    if (!at) return {};
  }
  return at;
}

std::string plain_text(Json json) {
  std::string_view text;
  return json.get(text) == simdjson::SUCCESS ? std::string(text) : simdjson::minify(json);
}

std::string text_of(Json json, std::string_view name) {
  const auto found = find(json, name);
  std::string_view text;
  return found && found->get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

std::optional<double> number_of(Json json) {
  double number = 0;
  if (json.get(number) == simdjson::SUCCESS) return number;
  std::string_view text;
  if (json.get(text) != simdjson::SUCCESS) return {};
  while (text.starts_with(' ') || text.starts_with('+')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) return {};
  return number;
}

std::optional<bool> truth_of(std::string_view text) {
  const std::string word = base::lower(text);
  for (const std::string_view yes : {"on", "true", "1", "online", "yes", "open", "home"})
    if (word == yes) return true;
  for (const std::string_view no : {"off", "false", "0", "offline", "no", "closed", "not_home"})
    if (word == no) return false;
  return {};
}

Result<Time> time_of(std::string_view text) {
  if (const auto exact = from_rfc3339(text)) return *exact;
  const std::string local(text);
  std::tm parts{};
  const char* end = ::strptime(local.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (end == nullptr) end = ::strptime(local.c_str(), "%Y-%m-%d %H:%M:%S", &parts);
  if (end == nullptr || *end != 0)
    return Error(ErrorCode::wrong_value, "\"" + first_bytes(text) + "\" is not a time");
  parts.tm_isdst = -1;
  const auto seconds = static_cast<double>(std::mktime(&parts));
  if (std::abs(seconds) > kSecondsMax)
    return Error(ErrorCode::wrong_value, "the time " + first_bytes(text) + " is too far away");
  return Time(std::chrono::seconds(static_cast<std::int64_t>(seconds)));
}

Time time_of(double epoch) {
  const bool milliseconds = std::abs(epoch) >= kMillisecondsFrom;
  const double ns = std::clamp(epoch, -kEpochMax, kEpochMax) * (milliseconds ? 1e6 : 1e9);
  return Time(Duration(static_cast<std::int64_t>(std::clamp(ns, -9e18, 9e18))));
}

Result<void> put(Value& value, const std::string& path, std::string_view text) {
  DTS_ASSIGN(const Kind kind, kind_at(value, path));
  if (kind == Kind::boolean) {
    const auto truth = truth_of(text);
    if (!truth) return misfit(value, path, text);
    return value.set(path, *truth);
  }
  if (kind == Kind::time) {
    double epoch = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), epoch);
    if (error == std::errc() && end == text.data() + text.size())
      return put_time(value, path, time_of(epoch));
    DTS_ASSIGN(const Time time, time_of(text));
    return put_time(value, path, time);
  }
  return value.set(path, text);
}

Result<void> put(Value& value, const std::string& path, Json json) {
  if (json.is_null()) return value.clear(path);
  std::string_view text;
  if (json.get(text) == simdjson::SUCCESS) return put(value, path, text);
  DTS_ASSIGN(const Kind kind, kind_at(value, path));
  if (kind == Kind::text) return value.set(path, std::string_view(plain_text(json)));
  simdjson::dom::array items;
  if (json.get(items) == simdjson::SUCCESS)
    return kind == Kind::list || kind == Kind::array ? put_list(value, path, items)
                                                     : misfit(value, path, plain_text(json));
  bool truth = false;
  if (json.get(truth) == simdjson::SUCCESS)
    return kind == Kind::boolean ? value.set(path, truth) : misfit(value, path, plain_text(json));
  double number = 0;
  if (json.get(number) != simdjson::SUCCESS) return misfit(value, path, plain_text(json));
  if (kind == Kind::time) return put_time(value, path, time_of(number));
  if (kind == Kind::f64 || kind == Kind::f32) return value.set(path, number);
  return put(value, path, std::string_view(plain_text(json)));
}

std::string first_bytes(std::string_view payload) {
  if (payload.empty()) return "with nothing: it is empty";
  return base::printable(payload.substr(0, kShownMax)) + (payload.size() > kShownMax ? "..." : "");
}

}  // namespace dts::cli
