// Mapping files, right and wrong; topics and patterns of them.
#include <gtest/gtest.h>

#include <cli/bridge/foreign_unit.hpp>
#include <cli/bridge/mapping.hpp>
#include <cli/bridge/mqtt_desk_record.hpp>
#include <type/unit.hpp>

namespace dts::cli {
namespace {

TEST(MqttTopic, patterns_match_as_brokers_do) {
  for (const auto& [filter, topic] :
       {std::pair("a/+/c", "a/b/c"), std::pair("a/#", "a/b/c"), std::pair("a/#", "a"),
        std::pair("#", "a/b"), std::pair("+", "a"), std::pair("a/+", "a/"),
        std::pair("a/#", "a/+/c"), std::pair("+/b", "+/b")})
    EXPECT_TRUE(topic_matches(filter, topic)) << filter << " " << topic;
  for (const auto& [filter, topic] :
       {std::pair("a/+/c", "a/b/d"), std::pair("a/+", "a"), std::pair("a", "a/b"),
        std::pair("+", "a/b"), std::pair("#", "$SYS/a"), std::pair("a/+", "a/#"),
        std::pair("a/b", "a/+")})
    EXPECT_FALSE(topic_matches(filter, topic)) << filter << " " << topic;
}

TEST(ForeignUnit, every_code_it_has_is_known_here) {
  for (const char* text :
       {"°C",    "°F",  "%",     "hPa", "mmHg", "lx",   "W",   "kWh",     "ppm", "µg/m³", "m³/h",
        "L/min", "rpm", "µS/cm", "mph", "GB",   "W/m²", "kVA", "gal/min", "‰",   "℃",     "µm"})
    EXPECT_TRUE(parse_unit(unit_from_foreign(text))) << text;
  EXPECT_EQ(unit_from_foreign("Cel"), "Cel");
  EXPECT_EQ(unit_from_foreign("lqi"), "");
  // Coulombs and farads are rare in houses.
  EXPECT_EQ(unit_from_foreign("C"), "Cel");
  EXPECT_EQ(unit_from_foreign("F"), "[degF]");
  EXPECT_EQ(unit_to_foreign("Cel").text, "°C");
  EXPECT_EQ(unit_to_foreign("kW.h").device_class, "energy");
  EXPECT_EQ(unit_to_foreign("{beat}/min").text, "");
}

Mapping parsed(std::string_view text) {
  auto mapping = Mapping::parse(text, "map.json");
  EXPECT_TRUE(mapping) << (mapping ? "" : mapping.error().text());
  return mapping ? std::move(*mapping) : Mapping();
}

TEST(Mapping, topics_become_values_field_by_field) {
  MqttDeskRecord desk;
  MappedTopics mapped(desk, parsed(R"({"from":[
    {"topic":"brewery/{tank}/temperature",
     "type":"brewery.Temperature{celsius:f64[Cel], tank:i32, at:optional<time>, note:text=\"-\"}",
     "fields":{"celsius":"data.readings.0","tank":"{tank}","at":"data.ts","note":"/a.b/c"}},
    {"topic":"plain/{room}/{what}","type":"room.Value{value:f64}","fields":{"value":""},
     "labels":{"room":"{room}","what":"the {what}"}},
    {"topic":"all/#","type":"all.Names{a:f64, b:optional<text>}"}]})")
                                .from);
  mapped.begin();
  EXPECT_EQ(desk.filters,
            (std::vector<std::string>{"brewery/+/temperature", "plain/+/+", "all/#"}));
  EXPECT_TRUE(
      mapped.take({"brewery/3/temperature",
                   R"({"data":{"readings":[18.4],"ts":1700000000},"a.b":{"c":"ok"}})", false}));
  EXPECT_EQ(desk.last(),
            "brewery.Temperature tank=3 "
            R"({"celsius":18.4,"tank":3,"at":"2023-11-14T22:13:20.000000000Z",)"
            R"("note":"ok"})");
  EXPECT_TRUE(mapped.take({"plain/koji/heat", "21.5", false}));
  EXPECT_EQ(desk.last(), R"(room.Value room=koji what=the heat {"value":21.5})");
  EXPECT_TRUE(mapped.take({"all/x/y", R"({"a":1,"c":3})", false}));
  EXPECT_EQ(desk.last(), R"(all.Names {"a":1})");
  EXPECT_TRUE(desk.told.empty());
}

TEST(Mapping, what_is_missing_is_not_made_up) {
  MqttDeskRecord desk;
  MappedTopics mapped(desk, parsed(R"({"from":[
    {"topic":"t/{n}","type":"a.B{x:f64, n:i32}","fields":{"x":"x","n":"{n}"}}]})")
                                .from);
  EXPECT_TRUE(mapped.take({"t/1", R"({"y":1})", false}));
  EXPECT_TRUE(mapped.take({"t/one", R"({"x":1})", false}));
  EXPECT_TRUE(mapped.take({"t/1", R"({"x":"many"})", false}));
  EXPECT_TRUE(mapped.take({"t/1", "nonsense", false}));
  EXPECT_TRUE(desk.values.empty());
  EXPECT_EQ(desk.counts[MqttCount::misfits], 3);
  EXPECT_EQ(desk.counts[MqttCount::not_understood], 1);
  EXPECT_NE(desk.told[0].find("nothing for a.B.x"), std::string::npos);
  EXPECT_FALSE(mapped.take({"u/1", "1", false}));
}

Value setpoint() {
  const auto type =
      Type::parse("a.Set{celsius:f64[Cel], tank:text, on:bool, deep:a.Deep}\na.Deep{x:list<i32>}");
  EXPECT_TRUE(type) << (type ? "" : type.error().text());
  auto value = Value::of(*type);
  EXPECT_TRUE(value->set("celsius", 18.5));
  EXPECT_TRUE(value->set("tank", "t\"3"));
  EXPECT_TRUE(value->set("on", true));
  EXPECT_TRUE(value->set("deep.x.0", 4));
  return *value;
}

TEST(Mapping, values_become_messages) {
  const Mapping mapping = parsed(R"({"to":[
    {"type":"a.Set","topic":"brewery/{labels.room}/set","retained":true,
     "payload":{"target":"{celsius}","tank":"{tank}","text":"{tank} is {on}","fixed":[1,null,
                "{deep.x}","{deep.x.0}"]}},
    {"type":"a.*","topic":"plain","payload":"{celsius} C"},
    {"type":"a.Set","topic":"whole"},
    {"type":"a.Set","topic":"x/{tank}/{labels.none}"}]})");
  const Value value = setpoint();
  const Labels labels{{"room", "koji"}, {"none", "a/b"}};
  const auto first = message_of(mapping.to[0], value, labels);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->topic, "brewery/koji/set");
  EXPECT_EQ(first->payload,
            R"({"target":18.5,"tank":"t\"3","text":"t\"3 is true","fixed":[1,null,[4],4]})");
  EXPECT_TRUE(mapping.to[0].retained);
  EXPECT_EQ(message_of(mapping.to[1], value, labels)->payload, "18.5 C");
  EXPECT_EQ(message_of(mapping.to[2], value, labels)->payload,
            R"({"celsius":18.5,"tank":"t\"3","on":true,"deep":{"x":[4]}})");
  EXPECT_FALSE(message_of(mapping.to[3], value, labels));
  EXPECT_FALSE(message_of(mapping.to[0], value, {}));
  EXPECT_FALSE(message_of(mapping.to[0], value, {{"room", "+"}}));
}

TEST(Mapping, says_where_a_file_is_wrong) {
  const auto why = [](std::string_view text) {
    const auto mapping = Mapping::parse(text, "map.json");
    return mapping ? std::string("understood") : mapping.error().text();
  };
  const auto says = [&](std::string_view text, std::string_view what) {
    EXPECT_NE(why(text).find(what), std::string::npos) << why(text);
  };
  says("{", "not JSON");
  says("{}", "empty");
  says(R"({"form":[]})", "from");
  says(R"({"from":{}})", "no list");
  says(R"({"from":[{"topic":"a"}]})", "from[0]");
  says(R"({"from":[{"topic":"a","type":"a.B"}]})", "no fields");
  says(R"({"from":[{"topic":"a","type":"a.B{x:f65}"}]})", "f64");
  says(R"({"from":[{"topic":"a","tpye":"a.B"}]})", "type");
  says(R"({"from":[{"topic":"a/b{c}","type":"a.B{x:f64}"}]})", "whole level");
  says(R"({"from":[{"topic":"a/#/b","type":"a.B{x:f64}"}]})", "end only");
  says(R"({"from":[{"topic":"","type":"a.B{x:f64}"}]})", "topic");
  says(R"({"from":[{"topic":"$SYS/a","type":"a.B{x:f64}"}]})", "no topic");
  says(R"({"from":[{"topic":"a","type":"a.B{x:f64}","fields":{"y":"y"}}]})", "y");
  says(R"({"from":[{"topic":"a","type":"a.B{x:f64}","fields":{"x":"{y}"}}]})", "{y}");
  says(R"({"from":[{"topic":"a","type":"a.B{x:f64}","fields":{"x":7}}]})", "no text");
  says(R"({"from":[{"topic":"a","type":"a.B{x:f64,y:f64}","fields":{"x":"x"}}]})", "a.B.y");
  says(R"({"from":[{"topic":"a","type":"a.B{x:f64}","labels":{"x y":"1"}}]})", "no label");
  says(R"({"to":[{"type":"a.B","topic":"a/#"}]})", "no topic");
  says(R"({"to":[{"type":"a.B","topic":"a/{"}]})", "without a name");
  says(R"({"to":[{"type":"a.B","topic":"a","payload":{"x":"}"}}]})", "without a {");
  says(R"({"to":[{"type":"a B","topic":"a"}]})", "not a type");
  says(R"({"to":[{"type":"a.B","topic":"a","retained":1}]})", "true or false");
}

}  // namespace
}  // namespace dts::cli
