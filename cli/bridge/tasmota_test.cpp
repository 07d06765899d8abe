// What Tasmota's devices say, and what becomes of it. The payloads are written as its
// documentation has them.
#include <gtest/gtest.h>

#include <cstdlib>

#include <cli/bridge/mqtt_desk_record.hpp>
#include <cli/bridge/tasmota.hpp>

namespace dts::cli {
namespace {

struct TasmotaDevices : testing::Test {
  MqttDeskRecord desk;
  Tasmota tasmota{desk};
  TasmotaDevices() { tasmota.begin(); }
  void post(std::string_view topic, std::string_view payload) {
    EXPECT_TRUE(tasmota.take({topic, payload, false})) << topic;
  }
  std::string notation(const std::string& type) {
    return desk.types[type].print(Type::Style::one_line);
  }
};

TEST_F(TasmotaDevices, a_sensor_is_a_type_and_has_its_unit_and_time) {
  ::setenv("TZ", "JST-9", 1);
  post("tele/cellar/SENSOR",
       R"({"Time":"2017-02-16T10:13:52","DS18B20":{"Id":"0000040D1C2E","Temperature":20.6},)"
       R"("TempUnit":"C"})");
  EXPECT_EQ(desk.last(),
            "tasmota.DS18B20 device=cellar sensor=DS18B20 "
            R"({"Id":"0000040D1C2E","Temperature":20.6,"Time":"2017-02-16T01:13:52.000000000Z"})");
  EXPECT_EQ(notation("tasmota.DS18B20"),
            "tasmota.DS18B20{Id:optional<text>, Temperature:optional<f64>[Cel], "
            "Time:optional<time>}");
  post("tele/cellar/SENSOR",
       R"({"Time":"2017-02-16T10:13:52+01:00","DS18B20":{"Id":"x","Temperature":20.6}})");
  EXPECT_NE(desk.last().find("T09:13:52.0"), std::string::npos);
}

TEST_F(TasmotaDevices, the_units_are_those_the_device_says) {
  post("tele/attic/SENSOR",
       R"({"Time":"2020-01-01T00:00:00","BME280":{"Temperature":68.2,"Humidity":45.1,)"
       R"("DewPoint":45.6,"Pressure":29.92},"PressureUnit":"inHg","TempUnit":"F"})");
  EXPECT_EQ(notation("tasmota.BME280"),
            "tasmota.BME280{Temperature:optional<f64>[[degF]], Humidity:optional<f64>[%], "
            "DewPoint:optional<f64>[[degF]], Pressure:optional<f64>[[in_i'Hg]], "
            "Time:optional<time>}");
  post("tele/attic/SENSOR", R"({"BME280":{"Temperature":20.1,"Pressure":1013.2},"TempUnit":"C"})");
  EXPECT_NE(notation("tasmota.BME280").find("Temperature:optional<f64>[Cel]"), std::string::npos);
  EXPECT_NE(notation("tasmota.BME280").find("Pressure:optional<f64>[hPa]"), std::string::npos);
}

TEST_F(TasmotaDevices, several_sensors_of_a_kind_are_sources_of_one_type) {
  post("tele/cellar/SENSOR",
       R"({"DS18B20-1":{"Id":"a","Temperature":1},"DS18B20-2":{"Id":"b","Temperature":2},)"
       R"("Switch1":"ON","TempUnit":"C"})");
  ASSERT_EQ(desk.values.size(), 3u);
  EXPECT_NE(desk.values[0].find("tasmota.DS18B20 device=cellar sensor=DS18B20-1"),
            std::string::npos);
  EXPECT_NE(desk.values[1].find("tasmota.DS18B20 device=cellar sensor=DS18B20-2"),
            std::string::npos);
  EXPECT_EQ(desk.values[2], R"(tasmota.Sensor device=cellar {"Switch1":"ON"})");
}

TEST_F(TasmotaDevices, the_plug_that_measures) {
  post("tele/plug/SENSOR",
       R"({"Time":"2020-05-01T10:00:00Z","ENERGY":{"TotalStartTime":"2020-01-01T00:00:00Z",)"
       R"("Total":11.144,"Yesterday":0.308,"Today":0.113,"Period":0,"Power":12,)"
       R"("ApparentPower":24,"ReactivePower":21,"Factor":0.50,"Voltage":230,"Current":0.105}})");
  EXPECT_EQ(notation("tasmota.ENERGY"),
            "tasmota.ENERGY{TotalStartTime:optional<time>, Total:optional<f64>[kW.h], "
            "Yesterday:optional<f64>[kW.h], Today:optional<f64>[kW.h], Period:optional<f64>[W.h], "
            "Power:optional<f64>[W], ApparentPower:optional<f64>[V.A], "
            "ReactivePower:optional<f64>[V.A;reactive], Factor:optional<f64>, "
            "Voltage:optional<f64>[V], Current:optional<f64>[A], Time:optional<time>}");
  // Three phases: lists.
  post("tele/three/SENSOR", R"({"ENERGY":{"Power":[1,2,3],"Total":4}})");
  EXPECT_EQ(desk.values.back(),
            "tasmota.ENERGY device=three sensor=ENERGY "
            R"({"Power":[1,2,3],"Total":4})");
}

TEST_F(TasmotaDevices, a_sensor_that_fails_has_no_number_and_no_new_type) {
  post("tele/a/SENSOR", R"({"AM2301":{"Temperature":20.5,"Humidity":44.1},"TempUnit":"C"})");
  const Type before = desk.types["tasmota.AM2301"];
  post("tele/a/SENSOR", R"({"AM2301":{"Temperature":null,"Humidity":44.2},"TempUnit":"C"})");
  EXPECT_EQ(desk.last(), R"(tasmota.AM2301 device=a sensor=AM2301 {"Humidity":44.2})");
  EXPECT_EQ(before, desk.types["tasmota.AM2301"]);
  post("tele/a/SENSOR", R"({"Time":"2020-01-01T00:00:00","AM2301":{"Temperature":null}})");
  EXPECT_EQ(desk.last(), "");
}

TEST_F(TasmotaDevices, a_switch_is_heard_once_though_it_speaks_twice) {
  post("stat/plug/RESULT", R"({"POWER":"ON"})");
  EXPECT_EQ(desk.last(), R"(tasmota.Power device=plug output=POWER {"on":true})");
  post("stat/plug/POWER", "ON");
  EXPECT_EQ(desk.last(), "");
  post("stat/plug/RESULT", R"({"POWER":"OFF"})");
  EXPECT_EQ(desk.last(), R"(tasmota.Power device=plug output=POWER {"on":false})");
  post("stat/plug/POWER2", "ON");
  EXPECT_EQ(desk.last(), R"(tasmota.Power device=plug output=POWER2 {"on":true})");
  post("stat/plug/RESULT", R"({"Dimmer":20})");
  EXPECT_EQ(desk.last(), "");
}

TEST_F(TasmotaDevices, a_state_has_the_device_and_its_outputs) {
  post("tele/plug/STATE",
       R"({"Time":"2020-01-01T00:00:10Z","Uptime":"0T00:10:12","UptimeSec":612,"Heap":27,)"
       R"("POWER":"OFF","Wifi":{"AP":1,"RSSI":82,"Signal":-59}})");
  ASSERT_EQ(desk.values.size(), 2u);
  EXPECT_EQ(desk.values[0], R"(tasmota.Power device=plug output=POWER {"on":false})");
  EXPECT_EQ(
      desk.values[1],
      R"(tasmota.State device=plug {"Uptime":"0T00:10:12","UptimeSec":612,"Heap":27,)"
      R"("Wifi_AP":1,"Wifi_RSSI":82,"Wifi_Signal":-59,"Time":"2020-01-01T00:00:10.000000000Z"})");
}

TEST_F(TasmotaDevices, the_last_will_ends_the_sources) {
  post("tele/plug/LWT", "Online");
  EXPECT_EQ(desk.last(), R"(tasmota.Availability device=plug {"online":true})");
  post("tele/plug/LWT", "Offline");
  EXPECT_EQ(desk.last(), R"(tasmota.Availability device=plug {"online":false})");
  EXPECT_EQ(desk.ended, std::vector<std::string>{"tasmota/plug"});
}

TEST_F(TasmotaDevices, commands_go_to_devices_that_are_known) {
  post("tele/plug/LWT", "Online");
  ASSERT_TRUE(desk.order("tasmota.Command",
                         {{"device", "plug"}, {"command", "POWER"}, {"argument", "TOGGLE"}}));
  EXPECT_EQ(desk.sent, std::vector<std::string>{"cmnd/plug/POWER TOGGLE"});
  const auto unknown = desk.order("tasmota.Command", {{"device", "plg"}, {"command", "POWER"}});
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().text().find("plug"), std::string::npos);
  EXPECT_FALSE(desk.order("tasmota.Command", {{"device", "plug"}, {"command", "a/b"}}));
  EXPECT_FALSE(desk.order("tasmota.Command", {{"device", "plug"}, {"command", ""}}));
  EXPECT_EQ(desk.sent.size(), 1u);
}

TEST_F(TasmotaDevices, a_device_may_announce_topics_and_words_of_its_own) {
  post("tasmota/discovery/DC4F22AABBCC/config",
       R"({"ip":"10.0.0.9","dn":"Pump","fn":["Pump",null],"hn":"pump","mac":"DC4F22AABBCC",)"
       R"("md":"Sonoff Basic","ofln":"weg","onln":"da","state":["AUS","AN","TOGGLE","HOLD"],)"
       R"("sw":"12.1.0","t":"pump","ft":"home/%topic%/%prefix%/","tp":["cmnd","stat","tele"]})");
  EXPECT_NE(std::find(desk.filters.begin(), desk.filters.end(), "home/pump/tele/SENSOR"),
            desk.filters.end());
  post("home/pump/tele/SENSOR", R"({"DS18B20":{"Temperature":5}})");
  EXPECT_NE(desk.last().find("tasmota.DS18B20 device=pump"), std::string::npos);
  post("home/pump/stat/RESULT", R"({"POWER":"AN"})");
  EXPECT_NE(desk.last().find(R"({"on":true})"), std::string::npos);
  post("home/pump/tele/LWT", "weg");
  EXPECT_NE(desk.last().find(R"({"online":false})"), std::string::npos);
  ASSERT_TRUE(desk.order("tasmota.Command", {{"device", "pump"}, {"command", "POWER"}}));
  EXPECT_EQ(desk.sent.back(), "home/pump/cmnd/POWER ");
  post("tasmota/discovery/DC4F22AABBCC/config", "");
  EXPECT_FALSE(desk.order("tasmota.Command", {{"device", "pump"}, {"command", "POWER"}}));
}

TEST_F(TasmotaDevices, a_time_beyond_all_reckoning_is_left_out) {
  post("tele/x/SENSOR", R"({"Time":"5965-02-16T10:13:52","A":{"Temperature":1}})");
  EXPECT_EQ(desk.last(), R"(tasmota.A device=x sensor=A {"Temperature":1})");
  EXPECT_EQ(desk.counts[MqttCount::misfits], 1);
}

TEST_F(TasmotaDevices, nonsense_does_no_harm) {
  for (const char* payload :
       {"", "x", "[]", "7", "null", R"({"A":{"B":{"C":{"D":{"E":1}}}}})", R"({"":{"":1}})",
        R"({"A":[[1]]})", R"({"A":{"B":[]}})", R"({"POWER":{"on":1}})"})
    for (const char* topic : {"tele/x/SENSOR", "tele/x/STATE", "stat/x/RESULT", "stat/x/POWER",
                              "tele/x/LWT", "tasmota/discovery/1/config"})
      post(topic, payload);
  EXPECT_FALSE(tasmota.take({"stat/x/other", "1", false}));
  EXPECT_TRUE(desk.sent.empty());
}

}  // namespace
}  // namespace dts::cli
