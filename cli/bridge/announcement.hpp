// Announcement: makes what is measured on the domain appear in Home Assistant by itself. Every
// number with a unit becomes an entity by a message of discovery; the values of its source go to a
// topic of its own, at most one a second. When the source has gone the entity is removed. One
// thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <cli/bridge/mqtt_dialect.hpp>
#include <cli/value_text.hpp>
#include <dts/domain.hpp>

namespace dts::cli {

class Announcement {
 public:
  Announcement(MqttDesk& desk, const std::string& domain, std::string prefix);

  // What the bridge keeps at the broker to say that it is there.
  static std::string status_topic(const std::string& domain);

  void heard(const Value& value, const Sample& sample);
  // Connected, the first time or again: all is said once more.
  void begin();
  // Every second or so: sends what is new, takes back what is not there any more.
  void tick(Instant now, const Catalogue& catalogue);
  // Is the topic that of an announcement for this domain? `kept`: the broker has one there.
  bool found(std::string_view topic, bool kept);

 private:
  struct Entity {
    std::string topic, config;
  };
  struct Announced {
    std::string state_topic, state;
    std::vector<Entity> entities;
    bool said = false, fresh = false;
  };
  using Key = std::pair<NodeId, std::uint32_t>;
  Announced describe(const Value& value, const Sample& sample) const;
  void say(Announced& announced);
  void take_back(const Announced& announced);

  MqttDesk& desk_;
  const std::string domain_, prefix_, node_;  // "dts_default_"
  std::map<Key, Announced> sources_;
  std::set<std::string, std::less<>> found_;
  bool listening_ = false;
  std::optional<Instant> tidy_at_;  // when what is kept from before and not there any more goes
  JsonEncoder encoder_;
};

}  // namespace dts::cli
