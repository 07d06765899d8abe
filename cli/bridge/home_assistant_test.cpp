// Home Assistant's discovery as others write it, and its templates.
#include <gtest/gtest.h>

#include <cli/bridge/home_assistant.hpp>
#include <cli/bridge/mqtt_desk_record.hpp>

namespace dts::cli {
namespace {

std::string applied(std::string_view text, std::string_view payload) {
  const auto parsed = ValueTemplate::parse(text);
  if (!parsed) return "not understood";
  PayloadReader reader;
  std::optional<Json> json;
  if (parsed->wants_json())
    if (auto read = reader.json(payload)) json = *read;
  return parsed->apply(payload, json).value_or("nothing");
}

TEST(ValueTemplate, finds_values_and_reckons_with_them) {
  constexpr const char* payload =
      R"({"a":{"b":[{"c":21.56}],"d e":"On"},"t":215,"n":null,"s":"7.5","yes":true})";
  EXPECT_EQ(applied("", "on"), "on");
  EXPECT_EQ(applied("{{ value }}", "on"), "on");
  EXPECT_EQ(applied("{{ value_json.a.b[0].c }}", payload), "21.56");
  EXPECT_EQ(applied("{{value_json['a'][\"d e\"]|lower}}", payload), "on");
  EXPECT_EQ(applied("{{ value_json.t | float / 10 }}", payload), "21.5");
  EXPECT_EQ(applied("{{ (value_json.t / 10) | round(0) }}", payload), "22");
  EXPECT_EQ(applied("{{ ((value_json.t | float(0)) * 0.1 + 1) | round(1) }}", payload), "22.5");
  EXPECT_EQ(applied("{{ float(value_json.s) | int }}", payload), "7");
  EXPECT_EQ(applied("{{ value_json.a.b[0].c | round(1) }}", payload), "21.6");
  EXPECT_EQ(applied("{{ value_json.missing | default('none of it') }}", payload), "none of it");
  EXPECT_EQ(applied("{{ value_json.missing | float(0) }}", payload), "0");
  EXPECT_EQ(applied("{{ value_json.n }}", payload), "nothing");
  EXPECT_EQ(applied("{{ value_json.missing | is_defined }}", payload), "nothing");
  EXPECT_EQ(applied("{{ value_json.t / 0 }}", payload), "nothing");
  EXPECT_EQ(applied("{{- value_json.yes -}}", payload), "true");
}

TEST(ValueTemplate, refuses_what_it_would_get_wrong) {
  for (const char* text :
       {"{{ value_json.a if value_json.b else 0 }}", "{% if value %}1{% endif %}",
        "{{ value_json.t / 10 | round(1) }}", "{{ value_json.t + 1 * 2 }}", "{{ states('x') }}",
        "{{ value_json.get('a') }}", "{{ value_json.a == 'on' }}", "{{ value_json }} °C",
        "{{ value_json.a ~ value_json.b }}", "{{ value_json.a | timestamp_local }}", "{{", "{{ }}",
        "{{ value_json. }}", "{{ value_json[ }}", "{{ value_json['a\\n'] }}", "{{ 2 ** 3 }}",
        "{{ value // 2 }}", "{{ value | round(99) }}"})
    EXPECT_EQ(applied(text, R"({"a":1})"), "not understood") << text;
  EXPECT_EQ(applied("{{ " + std::string(500, '(') + "value }}", "1"), "not understood");
}

struct Discovery : testing::Test {
  MqttDeskRecord desk;
  HomeAssistant home{desk, "homeassistant",
                     [](std::string_view topic) { return topic.starts_with("zigbee2mqtt/"); }};
  Discovery() { home.begin(); }
  void post(std::string_view topic, std::string_view payload) {
    EXPECT_TRUE(home.take({topic, payload, false})) << topic;
  }
};

TEST_F(Discovery, a_sensor_with_short_names_and_a_base_topic) {
  post("homeassistant/sensor/esp_cellar/temperature/config",
       R"({"~":"esp/cellar","name":"Temperature","uniq_id":"esp_cellar_t","stat_t":"~/state",
           "unit_of_meas":"°C","dev_cla":"temperature","stat_cla":"measurement",
           "val_tpl":"{{ value_json.t }}","avty_t":"~/status",
           "dev":{"ids":["esp_cellar"],"name":"Cellar","mdl":"ESP32","mf":"x"}})");
  post("esp/cellar/state", R"({"t":18.4})");
  EXPECT_EQ(desk.last(),
            "homeassistant.Temperature device=Cellar entity=Temperature id=esp_cellar_t "
            R"({"value":18.4})");
  EXPECT_EQ(desk.types["homeassistant.Temperature"].print(Type::Style::one_line),
            "homeassistant.Temperature{value:f64[Cel]}");
  for (const char* none : {R"({"t":null})", R"({"t":"unavailable"})", "{}", ""}) {
    post("esp/cellar/state", none);
    EXPECT_EQ(desk.last(), "") << none;
  }
  post("esp/cellar/status", "offline");
  EXPECT_EQ(desk.last(), R"(homeassistant.Availability device=Cellar {"online":false})");
  EXPECT_EQ(desk.ended, std::vector<std::string>{"homeassistant/Cellar"});
}

TEST_F(Discovery, full_names_switches_texts_and_times) {
  post("homeassistant/binary_sensor/door/config",
       R"({"name":"Door","state_topic":"door","device_class":"door","payload_on":"open!",
           "payload_off":"shut"})");
  post("door", "open!");
  EXPECT_EQ(desk.last(), R"(homeassistant.Door device=door entity=Door {"on":true})");
  post("door", "shut");
  EXPECT_EQ(desk.last(), R"(homeassistant.Door device=door entity=Door {"on":false})");
  post("door", "ajar");
  EXPECT_EQ(desk.counts[MqttCount::misfits], 1);
  post("homeassistant/sensor/mode/config", R"({"name":"Mode","state_topic":"mode"})");
  post("mode", "eco");
  EXPECT_EQ(desk.last(), R"(homeassistant.Sensor device=mode entity=Mode {"value":"eco"})");
  post("homeassistant/sensor/seen/config",
       R"({"name":"Seen","state_topic":"seen","device_class":"timestamp"})");
  post("seen", "2024-05-01T10:00:00+02:00");
  EXPECT_NE(desk.last().find("2024-05-01T08:00:00.000000000Z"), std::string::npos);
}

TEST_F(Discovery, a_device_with_all_its_components_in_one_message) {
  post("homeassistant/device/0AFFD2/config",
       R"({"dev":{"ids":"0AFFD2","name":"Tank"},"o":{"name":"bla2mqtt"},"cmps":{
           "t1":{"p":"sensor","dev_cla":"temperature","unit_of_measurement":"°C",
                 "value_template":"{{ value_json.temperature}}","unique_id":"t_1"},
           "p1":{"p":"switch","unique_id":"p_1","command_topic":"tank/set",
                 "value_template":"{{ value_json.pump }}"},
           "tr":{"p":"device_automation"}},
           "state_topic":"tank/state"})");
  post("tank/state", R"({"temperature":4.5,"pump":"ON"})");
  EXPECT_EQ(desk.values,
            (std::vector<std::string>{
                "homeassistant.Temperature device=Tank entity=t1 id=t_1 {\"value\":4.5}",
                "homeassistant.Switch device=Tank entity=p1 id=p_1 {\"on\":true}"}));
}

TEST_F(Discovery, a_template_that_is_not_understood_is_named_and_the_payload_passed_on) {
  post("homeassistant/sensor/x/config",
       R"({"name":"X","state_topic":"x","value_template":"{% if 1 %}{{ value }}{% endif %}"})");
  ASSERT_EQ(desk.told.size(), 1u);
  EXPECT_NE(desk.told[0].find("{% if 1 %}"), std::string::npos);
  post("x", R"({"a":1})");
  EXPECT_EQ(desk.last(), R"(homeassistant.Raw device=x entity=X {"payload":"{\"a\":1}"})");
}

TEST_F(Discovery, an_announcement_that_is_taken_back_ends_the_source) {
  post("homeassistant/sensor/x/config", R"({"name":"X","state_topic":"x"})");
  post("homeassistant/sensor/y/config", R"({"name":"Y","state_topic":"x"})");
  post("homeassistant/sensor/x/config", "");
  EXPECT_EQ(desk.ended.size(), 1u);
  EXPECT_EQ(std::count(desk.filters.begin(), desk.filters.end(), "x"), 1);
  post("x", "1");
  EXPECT_NE(desk.last().find("entity=Y"), std::string::npos);
  post("homeassistant/sensor/y/config", "");
  EXPECT_FALSE(home.take({"x", "1", false}));
  EXPECT_EQ(std::count(desk.filters.begin(), desk.filters.end(), "x"), 0);
}

TEST_F(Discovery, what_others_read_and_what_the_bridge_announces_is_passed_over) {
  post("homeassistant/sensor/0x1/temperature/config",
       R"({"name":"T","state_topic":"zigbee2mqtt/koji room"})");
  EXPECT_FALSE(home.take({"zigbee2mqtt/koji room", "1", false}));
  post("homeassistant/sensor/dts_default_1/celsius/config",
       R"({"name":"T","state_topic":"t","origin":{"name":"dts bridge mqtt"}})");
  EXPECT_FALSE(home.take({"t", "1", false}));
  EXPECT_EQ(desk.counts[MqttCount::own], 1);
}

TEST_F(Discovery, commands_are_said_in_the_entitys_own_words) {
  post("homeassistant/switch/relay/config",
       R"({"name":"R","uniq_id":"r1","stat_t":"r","cmd_t":"r/set","pl_on":"1","pl_off":"0"})");
  post("homeassistant/number/level/config",
       R"({"name":"L","uniq_id":"l1","cmd_t":"l/set","min":5,"max":30})");
  post("homeassistant/select/mode/config",
       R"({"name":"M","uniq_id":"m1","cmd_t":"m/set","options":["eco","full"]})");
  post("homeassistant/button/restart/config", R"({"name":"B","uniq_id":"b1","cmd_t":"b/set"})");
  post("homeassistant/light/lamp/config",
       R"({"name":"A","uniq_id":"a1","schema":"json","stat_t":"a","cmd_t":"a/set"})");
  const auto set = [&](const char* entity, const char* value) {
    return desk.order("homeassistant.Set", {{"entity", entity}, {"value", value}});
  };
  for (const auto& [entity, value] :
       {std::pair("r1", "on"), std::pair("relay", "0"), std::pair("l1", "12.5"),
        std::pair("m1", "eco"), std::pair("b1", "now"), std::pair("a1", "off")})
    EXPECT_TRUE(set(entity, value)) << entity;
  EXPECT_EQ(desk.sent, (std::vector<std::string>{"r/set 1", "r/set 0", "l/set 12.5", "m/set eco",
                                                 "b/set PRESS", R"(a/set {"state":"OFF"})"}));
  for (const auto& [entity, value] : {std::pair("r1", "perhaps"), std::pair("l1", "31"),
                                      std::pair("m1", "ec"), std::pair("x1", "on")})
    EXPECT_FALSE(set(entity, value)) << entity;
  EXPECT_EQ(desk.sent.size(), 6u);
}

TEST_F(Discovery, nonsense_does_no_harm) {
  for (const char* payload :
       {"x", "[]", "7", "{}", R"({"state_topic":"+/#"})", R"({"state_topic":7})",
        R"({"state_topic":"","command_topic":""})", R"({"~":"~","state_topic":"~~"})",
        R"({"state_topic":"ok","device":7,"availability":[7,{"topic":"#"}],"options":{}})"})
    for (const char* topic : {"homeassistant/sensor/x/config", "homeassistant/device/x/config",
                              "homeassistant/a/b/c/config"})
      post(topic, payload);
  EXPECT_FALSE(home.take({"homeassistant/status", "online", false}));
}

}  // namespace
}  // namespace dts::cli
