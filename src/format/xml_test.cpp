#include <gtest/gtest.h>

#include <dts/format.hpp>
#include <dts/value.hpp>

namespace dts {
namespace {

const Format& xml() { return *find_format(built_in_formats(), "xml"); }

// The error of reading `text` as a value of the type, or "" and `*back` as it is written again.
std::string read(const char* notation, std::string_view text, std::string* back = nullptr) {
  Value value = Value::of(Type::parse(notation).value()).value();
  const auto same = Assignment::make(value.type(), value.type());
  const auto done =
      xml().decoder(same, value.layout()).value()->decode(as_bytes(text), value.data());
  if (!done) return done.error().text();
  if (back == nullptr) return {};
  Bytes bytes;
  EXPECT_TRUE(xml().encoder(value.layout()).value()->encode(value.data(), bytes).ok());
  *back = as_text(bytes);
  return {};
}
std::string again(const char* notation, std::string_view text) {
  std::string back;
  const std::string error = read(notation, text, &back);
  return error.empty() ? back : error;
}
// A text of type t.T{x:text}, as it was read.
std::string text_of(const std::string& content) {
  Value value = Value::of(Type::parse("t.T{x:text}").value()).value();
  const auto same = Assignment::make(value.type(), value.type());
  const auto done = xml()
                        .decoder(same, value.layout())
                        .value()
                        ->decode(as_bytes("<t.T>" + content + "</t.T>"), value.data());
  return done ? value.text("x").value() : done.error().text();
}
// The XML of a value given as JSON.
std::string written(const char* notation, std::string_view json) {
  Value value = Value::of(Type::parse(notation).value()).value();
  EXPECT_TRUE(from_json(json, value.layout(), value.data()).ok()) << json;
  Bytes bytes;
  EXPECT_TRUE(xml().encoder(value.layout()).value()->encode(value.data(), bytes).ok());
  return std::string(as_text(bytes));
}
bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(Xml, writes_elements_named_after_the_fields) {
  EXPECT_EQ(written("b.T{celsius:f64, tank:i32}", R"({"celsius":18.4,"tank":3})"),
            "<b.T><celsius>18.4</celsius><tank>3</tank></b.T>");
  EXPECT_EQ(written("b.T{xs:list<i8>, none:list<i8>}", R"({"xs":[1,-2],"none":[]})"),
            "<b.T><xs><item>1</item><item>-2</item></xs><none/></b.T>");
  EXPECT_EQ(written("b.T{m:map<text,i8>}", R"({"m":{"a b":1}})"),
            "<b.T><m><entry><key>a b</key><value>1</value></entry></m></b.T>");
  EXPECT_EQ(written("b.T{s:b.Shape}\nunion b.Shape{circle:f64, none:b.E}\nb.E{}",
                    R"({"s":{"circle":2.5}})"),
            "<b.T><s><circle>2.5</circle></s></b.T>");
  EXPECT_EQ(written("b.T{a:any, e:any}", R"({"a":{"type":"b.U{y:i8}","value":{"y":1}},"e":{}})"),
            "<b.T><a><type>b.U{y:i8}</type><value><y>1</y></value></a><e/></b.T>");
  EXPECT_EQ(written("b.E{}", "{}"), "<b.E/>");
}

TEST(Xml, declares_the_namespace_of_nil_where_one_is) {
  EXPECT_EQ(written("b.T{xs:list<optional<i8>>}", R"({"xs":[1,null]})"),
            "<b.T xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><xs><item>1</item>"
            "<item xsi:nil=\"true\"/></xs></b.T>");
  EXPECT_EQ(written("b.T{x:optional<i8>}", "{}"), "<b.T/>");
}

TEST(Xml, keeps_every_character_of_a_text) {
  const auto x = [](const char* json) {
    return written("t.T{x:text}", std::string("{\"x\":\"") + json + "\"}");
  };
  EXPECT_EQ(x("a < b & c > d ]]>"), "<t.T><x>a &lt; b &amp; c &gt; d ]]&gt;</x></t.T>");
  EXPECT_EQ(x(" \\t\\n "), "<t.T><x> \t\n </x></t.T>");
  EXPECT_EQ(x("a\\r\\nb\\r"), "<t.T><x>a&#13;\nb&#13;</x></t.T>");
  EXPECT_EQ(x("caf\\u00e9"), "<t.T><x>caf\xc3\xa9</x></t.T>");
  EXPECT_EQ(x("a\\u0000b"), "<t.T><x enc=\"base64\">YQBi</x></t.T>");
  EXPECT_EQ(x("\\u001b"), "<t.T><x enc=\"base64\">Gw==</x></t.T>");
  EXPECT_EQ(x("\\uffff"), "<t.T><x enc=\"base64\">77+/</x></t.T>");
  EXPECT_EQ(x("\\ufffd"), "<t.T><x>\xef\xbf\xbd</x></t.T>");
  for (const char* json :
       {"a\\u0000b", "a\\r\\nb\\r", " \\t\\n ", "\\ufffe", "]]>&amp;", "\\u007f"}) {
    std::string back;
    EXPECT_EQ(read("t.T{x:text}", x(json), &back), "");
    EXPECT_EQ(back, x(json));
  }
}

TEST(Xml, reads_text_as_xml_says) {
  EXPECT_EQ(text_of("<x> kept \n</x>"), " kept \n");
  EXPECT_EQ(text_of("<x>a\r\nb\rc</x>"), "a\nb\nc");  // line ends are line feeds
  EXPECT_EQ(text_of("<x>&lt;&gt;&amp;&apos;&quot;&#13;&#x1F376;&#233;</x>"),
            "<>&'\"\r\xf0\x9f\x8d\xb6\xc3\xa9");
  EXPECT_EQ(text_of("<x>a<!-- no -->b<?no no?>c<![CDATA[<&]]]]><![CDATA[>\r\n]]>d</x>"),
            "abc<&]]>\nd");
  EXPECT_EQ(text_of("<x></x>"), "");
  EXPECT_EQ(text_of("<x/>"), "");
  EXPECT_EQ(text_of("<x enc='base64'> Y W\nI= </x>"), "ab");
  EXPECT_EQ(text_of("<x enc=\"base64\"/>"), "");
}

TEST(Xml, ignores_what_means_nothing_between_elements) {
  EXPECT_EQ(again("b.T{a:i32, b:list<i8>}",
                  "\xef\xbb\xbf<?xml version='1.0' encoding=\"utf-8\" standalone='yes' ?>\r\n"
                  "<!-- a comment - with hyphens --><?style sheet?>\n"
                  "<b.T\n xmlns=\"urn:a\" xmlns:q='urn:&amp;b' xml:lang=\"en\" >\n"
                  "  <q:b >\n <item> 1 </item><!-- --><item>2</item >\n</q:b>\n\t<a>\n+03 </a>\n"
                  "</b.T>\n<!-- behind --><?and this?>\n"),
            "<b.T><a>3</a><b><item>1</item><item>2</item></b></b.T>");
}

TEST(Xml, reads_the_spellings_of_scalars) {
  const char* type = "b.T{x:f64}";
  const auto x = [&](const std::string& text) {
    return again(type, "<b.T><x>" + text + "</x></b.T>");
  };
  EXPECT_EQ(x("INF"), "<b.T><x>INF</x></b.T>");
  EXPECT_EQ(x(" -INF "), "<b.T><x>-INF</x></b.T>");
  EXPECT_EQ(x("NaN"), "<b.T><x>NaN</x></b.T>");
  EXPECT_EQ(x("+1.50E1"), "<b.T><x>15</x></b.T>");
  EXPECT_EQ(x("-.5"), "<b.T><x>-0.5</x></b.T>");
  for (const char* text :
       {"", "inf", "nan", "infinity", "0x10", "1,5", "1 2", "--1", "+-1", "1e999"})
    EXPECT_TRUE(contains(x(text), "E1205")) << text;
  EXPECT_EQ(again("b.T{x:bool}", "<b.T><x>1</x></b.T>"), "<b.T><x>true</x></b.T>");
  EXPECT_TRUE(contains(again("b.T{x:bool}", "<b.T><x>yes</x></b.T>"), "is not true or false"));
  EXPECT_EQ(again("b.T{x:i64}", "<b.T><x>-9223372036854775808</x></b.T>"),
            "<b.T><x>-9223372036854775808</x></b.T>");
  EXPECT_EQ(again("b.T{x:u64}", "<b.T><x>18446744073709551615</x></b.T>"),
            "<b.T><x>18446744073709551615</x></b.T>");
  EXPECT_TRUE(contains(again("b.T{x:i64}", "<b.T><x>-9223372036854775809</x></b.T>"), "E1205"));
  EXPECT_TRUE(contains(again("b.T{x:i32}", "<b.T><x>1.0</x></b.T>"), "E1205"));
  EXPECT_EQ(again("b.T{x:duration}", "<b.T><x>500ms</x></b.T>"), "<b.T><x>0.5s</x></b.T>");
  EXPECT_EQ(again("b.T{x:time}", "<b.T><x>2026-11-22T10:24:48+01:00</x></b.T>"),
            "<b.T><x>2026-11-22T09:24:48.000000000Z</x></b.T>");
  EXPECT_EQ(again("b.T{x:decimal}", "<b.T><x>12.50</x></b.T>"), "<b.T><x>12.50</x></b.T>");
  EXPECT_EQ(again("b.T{s:b.S}\nenum b.S{idle = 0, busy = 1}", "<b.T><s>1</s></b.T>"),
            "<b.T><s>busy</s></b.T>");
  EXPECT_EQ(again("b.T{s:b.S}\nenum b.S{idle = 0, busy = 1}", "<b.T><s>-7</s></b.T>"),
            "<b.T><s>-7</s></b.T>");
}

TEST(Xml, says_where_and_what_and_what_to_try) {
  const char* type = "b.T{celsius:f64, tank:i32}";
  EXPECT_EQ(read(type, "<b.T><celsius>warm</celsius><tank>1</tank></b.T>"),
            "E1205 \"warm\" is not a number, at celsius: the type is f64 (try: 21.5, -1e-3, INF, "
            "-INF, NaN)");
  EXPECT_EQ(read(type, "<b.T><celcius>1</celcius></b.T>"),
            "E1204 b.T has no field \"celcius\", at celcius (try: did you mean \"celsius\"?)");
  EXPECT_EQ(read(type, "<b.T><celsius>1</celsius></b.T>"),
            "E1206 field \"tank\" is missing, at tank: it is i32 and has no default");
  EXPECT_EQ(read(type, "<b.T><tank>1</tank><tank>1</tank></b.T>"),
            "E1205 the key \"tank\" is there twice");
  EXPECT_EQ(read(type, "<b.U><tank>1</tank></b.U>"),
            "E1205 the root element is <b.U>: the message is a b.T (try: name it after the type)");
  EXPECT_EQ(read(type, "<b.T>\n <tank>1</celsius></b.T>"),
            "E1202 not XML that DTS reads, at tank: </celsius> where </tank> is expected, at line "
            "2, column 9");
  EXPECT_EQ(read(type, "<b.T><tank id='3'>1</tank></b.T>"),
            "E1204 <tank> has the attribute id: only enc, xsi:nil and what belongs to namespaces "
            "is known, at line 1, column 18 (try: fields are elements)");
  EXPECT_EQ(read(type, "<b.T><tank><x>1</x></tank></b.T>"),
            "E1205 <x> where text is expected, at tank: in <tank>, at line 1, column 12");
  EXPECT_EQ(read(type, "<b.T>1</b.T>"),
            "E1205 the text \"1\" where an element is expected: in <b.T>, at line 1, column 6");
  EXPECT_EQ(read("b.T{xs:list<i8>}", "<b.T><xs><item>1</item><x/></xs></b.T>"),
            "E1205 <x> where <item> is expected, at xs.1: at line 1, column 28");
}

TEST(Xml, keeps_null_apart_from_empty) {
  const std::string xsi = " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"";
  const char* type = "b.T{x:optional<text>}";
  EXPECT_EQ(again(type, "<b.T" + xsi + "><x xsi:nil='true'/></b.T>"), "<b.T/>");
  EXPECT_EQ(again(type, "<b.T><x" + xsi + " xsi:nil='1'> </x></b.T>"), "<b.T/>");
  EXPECT_EQ(again(type, "<b.T" + xsi + "><x xsi:nil='false'/></b.T>"), "<b.T><x/></b.T>");
  EXPECT_EQ(again(type, "<b.T><x/></b.T>"), "<b.T><x/></b.T>");
  EXPECT_TRUE(contains(read(type, "<b.T" + xsi + "><x xsi:nil='true'>a</x></b.T>"), "is nil but"));
  EXPECT_TRUE(contains(read(type, "<b.T><x xsi:nil='true'/></b.T>"), "not declared"));
  EXPECT_TRUE(contains(read(type, "<b.T xmlns:xsi='urn:other'/>"), "means something else"));
  EXPECT_TRUE(contains(read(type, "<b.T" + xsi + "><x xsi:nil='maybe'/></b.T>"), "true or false"));
  EXPECT_TRUE(contains(read("b.T{x:i8}", "<b.T" + xsi + "><x xsi:nil='1'/></b.T>"),
                       "nil where an integer is expected"));
  EXPECT_TRUE(contains(read("b.T{x:list<i8>}", "<b.T" + xsi + "><x xsi:nil='1'/></b.T>"),
                       "nil where elements is expected"));
  EXPECT_TRUE(contains(read("b.T{}", "<b.T" + xsi + " xsi:nil='1'/>"), "the root element is nil"));
  EXPECT_TRUE(contains(read("b.T{x:i8}", "<b.T><x enc='base64'>MQ==</x></b.T>"), "base64 where"));
}

// ---- hostile
// -------------------------------------------------------------------------------------

TEST(Xml, refuses_a_document_type_whatever_it_defines) {
  const char* const laughs =
      "<?xml version=\"1.0\"?><!DOCTYPE t.T [<!ENTITY a \"lol\"><!ENTITY b \"&a;&a;&a;&a;\">"
      "<!ENTITY c \"&b;&b;&b;&b;\">]><t.T><x>&c;</x></t.T>";
  const char* const external =
      "<!DOCTYPE t.T [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><t.T><x>&x;</x></t.T>";
  const char* const parameter =
      "<!DOCTYPE t.T PUBLIC \"a\" \"http://127.0.0.1/evil.dtd\"><t.T><x>a</x></t.T>";
  for (const char* text : {laughs, external, parameter, "<!DOCTYPE t.T><t.T><x>a</x></t.T>"}) {
    const std::string error = read("t.T{x:text}", text);
    EXPECT_TRUE(contains(error, "a document type definition (<!DOCTYPE) is refused")) << error;
  }
  EXPECT_TRUE(contains(text_of("<!DOCTYPE t.T><x/>"), "is refused"));
  EXPECT_TRUE(contains(text_of("<x><!DOCTYPE t.T></x>"), "is refused"));
  EXPECT_TRUE(contains(text_of("<x>&c;</x>"), "the entity &c; is none of XML's own five"));
  EXPECT_TRUE(contains(text_of("<x>&nbsp;</x>"), "none of XML's own five"));
}

TEST(Xml, refuses_what_is_not_well_formed) {
  for (const char* content : {"<x>&amp</x>",
                              "<x>&</x>",
                              "<x>& </x>",
                              "<x>&#;</x>",
                              "<x>&#x;</x>",
                              "<x>&#xg;</x>",
                              "<x>&#0;</x>",
                              "<x>&#x1f;</x>",
                              "<x>&#xd800;</x>",
                              "<x>&#xffff;</x>",
                              "<x>&#x110000;</x>",
                              "<x>&#99999999999999999999;</x>",
                              "<x>]]></x>",
                              "<x><![CDATA[</x>",
                              "<x><!-- -- --></x>",
                              "<x><!--></x>",
                              "<x></y>",
                              "<x></x y>",
                              "<x",
                              "<x>",
                              "<x><",
                              "<x></",
                              "<x></x",
                              "< x/>",
                              "<x/ >",
                              "<x a/>",
                              "<x a=/>",
                              "<x a=b/>",
                              "<x enc='base64'enc='base64'/>",
                              "<x enc='hex'/>",
                              "<x enc='base64' enc='base64'/>",
                              "<x xmlns='<'/>",
                              "<x xmlns='&b;'/>",
                              "<x xmlns='/>",
                              "<:x/>",
                              "<x:/>",
                              "<a:b:x/>",
                              "<1/>",
                              "<x/><?xml version='1.0'?>",
                              "<x/><?XML a?>",
                              "<x/><?a",
                              "<x/><?a",
                              "<x/><? a?>",
                              "<x/><?a&?>",
                              "<x/>text",
                              "<x/><![CDATA[]]>",
                              "<x/>&#32;",
                              "<x enc='base64'>!</x>",
                              "<x enc='base64'>/w==</x>",
                              "<x>\x01</x>",
                              "<x>\xef\xbf\xbe</x>",
                              "<x>\xff</x>",
                              "<x/><!WHAT>"}) {
    EXPECT_EQ(text_of(content).substr(0, 2), "E1") << content << "\n" << text_of(content);
  }
  for (const char* text :
       {"", " ", "t.T", "<!-- -->", "<t.T/>x", "<t.T/><t.T/>", "<t.T/></t.T>",
        " <?xml version='1.0'?><t.T/>", "<?xml?><t.T/>", "<?xml version='1.1'?><t.T/>",
        "<?xml version='1.0' encoding='latin1'?><t.T/>", "<?xml encoding='utf-8'?><t.T/>",
        "<?xml version='1.0' standalone='maybe'?><t.T/>",
        "<?xml version='1.0'encoding='utf-8'?><t.T/>", "<?xml version='1.0' version='1.0'?><t.T/>",
        "<?xml version='1.0' a='b'?><t.T/>", "<?xml version='1.0'><t.T/>",
        "\xff\xfe<\0t\0.\0T\0/\0>\0"}) {
    EXPECT_NE(read("t.T{}", text), "") << text;
  }
  EXPECT_EQ(read("t.T{}", "<?xml version='1.0' standalone='no'?><t.T/>"), "");
  const std::string ascii = "<?xml version='1.0' encoding='US-ASCII'?>";
  EXPECT_EQ(read("t.T{x:text}", ascii + "<t.T><x>&#233;</x></t.T>"), "");
  EXPECT_NE(read("t.T{x:text}", ascii + "<t.T><x>\xc3\xa9</x></t.T>"), "");
}

TEST(Xml, refuses_truncation_at_every_byte) {
  const std::string whole =
      "<?xml version='1.0'?><!-- c --><b.T xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'>"
      "<x>a&amp;&#x41;<![CDATA[b]]><?p i?></x><y><item xsi:nil='true'/><item> 1 </item></y></b.T>";
  const char* type = "b.T{x:text, y:list<optional<i8>>}";
  EXPECT_EQ(read(type, whole), "");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_NE(read(type, as_text(cut)), "") << as_text(cut);
  }
}

TEST(Xml, bounds_nesting_and_attributes) {
  const auto nested = [](std::size_t levels) {
    std::string text = "<t.T><skipped>";
    for (std::size_t i = 0; i < levels; ++i) text += "<a>";
    for (std::size_t i = 0; i < levels; ++i) text += "</a>";
    return text + "</skipped></t.T>";
  };
  // A field that is not read is still bounded: by what its type could nest.
  const Type publisher = Type::parse("t.T{skipped:any, x:optional<i8>}").value();
  Value value = Value::of(Type::parse("t.T{x:optional<i8>}").value()).value();
  const auto decoder =
      xml().decoder(Assignment::make(publisher, value.type()), value.layout()).value();
  EXPECT_TRUE(decoder->decode(as_bytes(nested(100)), value.data()).ok());
  for (const std::size_t levels : {200u, 100'000u}) {
    const auto refused = decoder->decode(as_bytes(nested(levels)), value.data());
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), ErrorCode::limit_reached);
  }
  std::string many = "<t.T";
  for (int i = 0; i < 100'000; ++i) many += " xmlns:a" + std::to_string(i) + "='b'";
  const auto refused = decoder->decode(as_bytes(many + "/>"), value.data());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::limit_reached);
}

}  // namespace
}  // namespace dts
