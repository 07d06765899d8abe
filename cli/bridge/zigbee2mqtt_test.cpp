// What Zigbee2MQTT says about its devices, and what becomes of it. The descriptions are written as
// its own are.
#include <gtest/gtest.h>

#include <cli/bridge/mqtt_desk_record.hpp>
#include <cli/bridge/zigbee2mqtt.hpp>

namespace dts::cli {
namespace {

constexpr const char* kSensor = R"({
  "ieee_address":"0x00158d00018255df","type":"EndDevice","network_address":29159,
  "supported":true,"friendly_name":"koji room","disabled":false,"power_source":"Battery",
  "definition":{"model":"WSDCGQ11LM","vendor":"Xiaomi",
    "description":"Aqara temperature, humidity and pressure sensor","exposes":[
    {"type":"numeric","name":"battery","property":"battery","unit":"%","access":1,
     "value_min":0,"value_max":100,"description":"Remaining battery in %"},
    {"type":"numeric","name":"temperature","property":"temperature","unit":"°C","access":1},
    {"type":"numeric","name":"humidity","property":"humidity","unit":"%","access":1},
    {"type":"numeric","name":"pressure","property":"pressure","unit":"hPa","access":1},
    {"type":"numeric","name":"voltage","property":"voltage","unit":"mV","access":1},
    {"type":"numeric","name":"linkquality","property":"linkquality","unit":"lqi","access":1,
     "value_min":0,"value_max":255}]}})";
constexpr const char* kLamp = R"({
  "ieee_address":"0x000b57fffec6a5b2","type":"Router","friendly_name":"cellar/lamp",
  "definition":{"model":"LED1624G9","vendor":"IKEA","description":"TRADFRI bulb E14/E26/E27",
  "exposes":[{"type":"light","features":[
    {"type":"binary","name":"state","property":"state","access":7,
     "value_on":"ON","value_off":"OFF","value_toggle":"TOGGLE"},
    {"type":"numeric","name":"brightness","property":"brightness","access":7,
     "value_min":0,"value_max":254},
    {"type":"composite","name":"color_xy","property":"color","features":[
      {"type":"numeric","name":"x","property":"x","access":7},
      {"type":"numeric","name":"y","property":"y","access":7}]}]},
   {"type":"enum","name":"effect","property":"effect","access":2,
    "values":["blink","breathe","okay","stop_effect"]},
   {"type":"enum","name":"action","property":"action","access":1,
    "values":["1_single","1_double","hold"]},
   {"type":"list","name":"levels","property":"levels","access":1,
    "item_type":{"type":"numeric","name":"level"}}]}})";
constexpr const char* kCoordinator =
    R"({"ieee_address":"0x00124b00120144ae","type":"Coordinator","friendly_name":"Coordinator",
        "definition":null})";

struct Zigbee : testing::Test {
  MqttDeskRecord desk;
  Zigbee2Mqtt zigbee{desk, "zigbee2mqtt"};
  void post(std::string_view topic, std::string_view payload) {
    EXPECT_TRUE(zigbee.take({topic, payload, false})) << topic;
  }
  void devices(const std::string& list) { post("zigbee2mqtt/bridge/devices", "[" + list + "]"); }
};

TEST_F(Zigbee, a_description_becomes_a_type_with_units) {
  devices(std::string(kCoordinator) + "," + kSensor);
  EXPECT_EQ(desk.filters, (std::vector<std::string>{"zigbee2mqtt/koji room",
                                                    "zigbee2mqtt/koji room/availability"}));
  post("zigbee2mqtt/koji room",
       R"({"battery":91,"temperature":27.34,"humidity":44.72,"pressure":null,"voltage":2995,
           "linkquality":120,"last_seen":"2021-01-01T10:00:00.000Z","update":{"state":"idle"}})");
  EXPECT_EQ(desk.last(),
            "zigbee2mqtt.WSDCGQ11LM address=0x00158d00018255df device=koji room "
            R"({"battery":91,"temperature":27.34,"humidity":44.72,"voltage":2995,)"
            R"("linkquality":120,"last_seen":"2021-01-01T10:00:00.000000000Z"})");
  EXPECT_EQ(desk.types["zigbee2mqtt.WSDCGQ11LM"].print(Type::Style::one_line),
            "zigbee2mqtt.WSDCGQ11LM{battery:optional<f64>[%], temperature:optional<f64>[Cel], "
            "humidity:optional<f64>[%], pressure:optional<f64>[hPa], voltage:optional<f64>[mV], "
            "linkquality:optional<f64>, last_seen:optional<time>}");
  EXPECT_TRUE(desk.told.empty());
}

TEST_F(Zigbee, an_epoch_is_a_time_in_seconds_or_milliseconds) {
  devices(kSensor);
  for (const char* said : {"1609495200", "1609495200000"}) {
    post("zigbee2mqtt/koji room", std::string(R"({"battery":1,"last_seen":)") + said + "}");
    EXPECT_NE(desk.last().find("2021-01-01T10:00:00.0"), std::string::npos) << said;
  }
}

TEST_F(Zigbee, two_devices_of_a_model_share_the_type_and_are_two_sources) {
  std::string second = kSensor;
  second.replace(second.find("koji room"), 9, "attic");
  devices(std::string(kSensor) + "," + second);
  post("zigbee2mqtt/koji room", R"({"temperature":1})");
  const Type first = desk.types["zigbee2mqtt.WSDCGQ11LM"];
  post("zigbee2mqtt/attic", R"({"temperature":2})");
  EXPECT_NE(desk.last().find("device=attic"), std::string::npos);
  EXPECT_EQ(first, desk.types["zigbee2mqtt.WSDCGQ11LM"]);
}

TEST_F(Zigbee, switches_choices_objects_and_lists_are_understood) {
  devices(kLamp);
  post("zigbee2mqtt/cellar/lamp",
       R"({"state":"OFF","brightness":12,"color":{"x":0.25,"y":0.5},"action":"1_double",
           "levels":[1,2.5]})");
  EXPECT_EQ(desk.last(),
            "zigbee2mqtt.LED1624G9 address=0x000b57fffec6a5b2 device=cellar/lamp "
            R"({"state":false,"brightness":12,"color_x":0.25,"color_y":0.5,)"
            R"("action":"_1_double","levels":[1,2.5]})");
  post("zigbee2mqtt/cellar/lamp", R"({"state":"ON","action":""})");
  EXPECT_NE(desk.last().find(R"({"state":true})"), std::string::npos);
}

TEST_F(Zigbee, what_does_not_fit_is_told_and_the_rest_goes_on) {
  devices(kLamp);
  post("zigbee2mqtt/cellar/lamp", R"({"state":"perhaps","brightness":"bright","action":"kick"})");
  EXPECT_EQ(desk.last(), "");
  EXPECT_EQ(desk.counts[MqttCount::misfits], 3);
  post("zigbee2mqtt/cellar/lamp", R"({"state":"ON","brightness":[1]})");
  EXPECT_NE(desk.last().find(R"({"state":true})"), std::string::npos);
}

TEST_F(Zigbee, what_can_be_set_is_set_in_the_devices_own_words) {
  devices(kLamp);
  const std::string set = "zigbee2mqtt.LED1624G9.Set";
  ASSERT_TRUE(desk.order(set, {{"device", "cellar/lamp"},
                               {"state", "true"},
                               {"brightness", "100"},
                               {"color_x", "0.3"},
                               {"color_y", "0.4"},
                               {"effect", "stop_effect"}}));
  EXPECT_EQ(desk.sent, std::vector<std::string>{
                           R"(zigbee2mqtt/cellar/lamp/set {"state":"ON","brightness":100,)"
                           R"("color":{"x":0.3,"y":0.4},"effect":"stop_effect"})"});
}

TEST_F(Zigbee, what_cannot_be_set_is_refused_with_the_reason) {
  devices(kLamp);
  const std::string set = "zigbee2mqtt.LED1624G9.Set";
  const auto why = [&](std::vector<std::pair<std::string, std::string>> fields) {
    const auto done = desk.order(set, fields);
    return done ? std::string("sent") : done.error().text();
  };
  EXPECT_NE(why({{"device", "cellar/lamp"}, {"brightness", "255"}}).find("from 0 to 254"),
            std::string::npos);
  EXPECT_NE(why({{"device", "cellar/lamp"}, {"brightness", "nan"}}).find("is nan"),
            std::string::npos);
  EXPECT_NE(why({{"device", "cellar/lmp"}, {"brightness", "2"}}).find("cellar/lamp"),
            std::string::npos);
  EXPECT_NE(why({{"device", "cellar/lamp"}}).find("nothing is set"), std::string::npos);
  EXPECT_NE(why({{"device", "#"}, {"state", "true"}}).find("no device"), std::string::npos);
  EXPECT_TRUE(desk.sent.empty());
}

TEST_F(Zigbee, a_device_that_is_gone_ends) {
  devices(std::string(kSensor) + "," + kLamp);
  devices(kSensor);
  EXPECT_EQ(desk.ended, std::vector<std::string>{"zigbee2mqtt/cellar/lamp"});
  EXPECT_FALSE(desk.orders.contains("zigbee2mqtt.LED1624G9.Set"));
  EXPECT_FALSE(zigbee.take({"zigbee2mqtt/cellar/lamp", "{}", false}));
  devices(kSensor);
  EXPECT_EQ(desk.ended.size(), 1u);
}

TEST_F(Zigbee, availability_is_a_value_and_offline_ends_the_others) {
  devices(kSensor);
  post("zigbee2mqtt/koji room/availability", "online");
  EXPECT_EQ(desk.last(),
            "zigbee2mqtt.Availability address=0x00158d00018255df device=koji room "
            R"({"online":true})");
  EXPECT_TRUE(desk.ended.empty());
  post("zigbee2mqtt/koji room/availability", R"({"state":"offline"})");
  EXPECT_NE(desk.last().find(R"({"online":false})"), std::string::npos);
  EXPECT_EQ(desk.ended, std::vector<std::string>{"zigbee2mqtt/koji room"});
  post("zigbee2mqtt/koji room/availability", "perhaps");
  EXPECT_EQ(desk.counts[MqttCount::not_understood], 1);
}

TEST_F(Zigbee, nonsense_is_told_with_its_first_bytes) {
  devices(kSensor);
  post("zigbee2mqtt/koji room", "\x1b[31m{nonsense");
  ASSERT_EQ(desk.told.size(), 1u);
  EXPECT_NE(desk.told[0].find("not JSON"), std::string::npos);
  EXPECT_NE(desk.told[0].find("\\x1b[31m{nonsense"), std::string::npos);
  post("zigbee2mqtt/bridge/devices", R"({"not":"a list"})");
  post("zigbee2mqtt/koji room", std::string(100, '[') + std::string(100, ']'));
  EXPECT_EQ(desk.counts[MqttCount::not_understood], 3);
  post("zigbee2mqtt/koji room", "[1,2]");
  EXPECT_EQ(desk.last(), "");
}

TEST_F(Zigbee, descriptions_that_make_no_sense_do_no_harm) {
  for (const char* exposes :
       {"null", "7", "[7,null,{}]", R"([{"type":"enum","property":"a","access":1,"values":[]}])",
        R"([{"type":"enum","property":"a b","access":1,"values":["x y","x_y"]}])",
        R"([{"type":"numeric","property":"a","access":1},{"type":"text","property":"a"}])",
        R"([{"type":"composite","property":"a","features":[{"features":[{"features":[]}]}]}])",
        R"([{"type":"list","property":"l","access":1}])"}) {
    devices(std::string(R"({"friendly_name":"x","definition":{"model":"list","exposes":)") +
            exposes + "}}");
    zigbee.take({"zigbee2mqtt/x", R"({"a":"x y","l":[1],"a b":"x y"})", false});
  }
  devices(R"({"friendly_name":"+/#","definition":{"model":"m","exposes":[]}})");
  EXPECT_TRUE(desk.sent.empty());
}

}  // namespace
}  // namespace dts::cli
