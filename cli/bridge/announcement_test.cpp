// What is announced to Home Assistant for values of a domain, and what is taken back.
#include <gtest/gtest.h>

#include <cli/bridge/announcement.hpp>
#include <cli/bridge/mqtt_desk_record.hpp>

namespace dts::cli {
namespace {

constexpr const char* kOld = "homeassistant/sensor/dts_cellar_0123456789abcdef/celsius/config";

TEST(Announcement, what_is_kept_of_a_source_that_has_gone_is_removed) {
  MqttDeskRecord desk;
  Announcement announcement(desk, "cellar", "homeassistant");
  announcement.begin();
  EXPECT_EQ(desk.filters, std::vector<std::string>{"homeassistant/sensor/+/+/config"});
  EXPECT_TRUE(announcement.found(kOld, true));
  const Instant start{std::chrono::hours(1)};
  announcement.tick(start, {});
  announcement.tick(start + std::chrono::seconds(14), {});
  EXPECT_TRUE(desk.sent.empty());
  announcement.tick(start + std::chrono::seconds(15), {});
  EXPECT_EQ(desk.sent, std::vector<std::string>{std::string(kOld) + "  retained"});
  announcement.tick(start + std::chrono::seconds(16), {});
  EXPECT_EQ(desk.sent.size(), 1u);
}

TEST(Announcement, what_others_announce_is_left_alone) {
  MqttDeskRecord desk;
  Announcement announcement(desk, "cellar", "homeassistant");
  for (const char* topic :
       {"homeassistant/sensor/dts_cellar_5fb_0123456789abcdef/x/config",
        "homeassistant/sensor/dts_cellar_/x/config", "homeassistant/sensor/dts_cellar_01",
        "homeassistant/sensor/esp/x/config", "homeassistant/switch/dts_cellar_0123456789abcdef/x"})
    EXPECT_FALSE(announcement.found(topic, true)) << topic;
  EXPECT_TRUE(announcement.found(kOld, false));
  const Instant start{std::chrono::hours(1)};
  announcement.tick(start, {});
  announcement.tick(start + std::chrono::seconds(60), {});
  EXPECT_TRUE(desk.sent.empty());
}

}  // namespace
}  // namespace dts::cli
