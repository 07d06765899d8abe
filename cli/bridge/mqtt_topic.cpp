// Topics and patterns of them (MQTT 5, section 4.7).
#include <base/text.hpp>
#include <cli/bridge/mqtt_dialect.hpp>

namespace dts::cli {

namespace {
constexpr std::size_t kTopicMax = 512;
}  // namespace

std::vector<std::string_view> topic_levels(std::string_view topic) {
  std::vector<std::string_view> levels;
  for (;;) {
    const std::size_t slash = topic.find('/');
    levels.push_back(topic.substr(0, slash));
    if (slash == topic.npos) return levels;
    topic.remove_prefix(slash + 1);
  }
}

bool topic_matches(std::string_view filter, std::string_view topic) {
  const auto wanted = topic_levels(filter), levels = topic_levels(topic);
  if (!topic.empty() && topic[0] == '$' && wanted[0] != levels[0]) return false;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == "#") return true;
    if (i >= levels.size() || levels[i] == "#") return false;
    if (wanted[i] != "+" && wanted[i] != levels[i]) return false;
  }
  return wanted.size() == levels.size();
}

bool is_topic(std::string_view topic) {
  return !topic.empty() && topic.size() <= kTopicMax && topic[0] != '$' &&
         topic.find_first_of(std::string_view("+#\0", 3)) == topic.npos && base::is_utf8(topic);
}

}  // namespace dts::cli
