// Work: no input makes a decoder work more than its size allows. Every builder below makes a
// message of a given number of parts; twice the parts may cost little more than twice the work,
// whether the message is taken or refused. Work is counted, not timed: the comparisons that are
// executed, as the compiler's coverage instrumentation of this build reports them.
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include <dts/format.hpp>
#include <dts/value.hpp>

namespace {
std::uint64_t work = 0;
}

#define DTS_COUNT __attribute__((no_sanitize("coverage"))) extern "C" void
DTS_COUNT __sanitizer_cov_trace_cmp1(std::uint8_t, std::uint8_t) { ++work; }
DTS_COUNT __sanitizer_cov_trace_cmp2(std::uint16_t, std::uint16_t) { ++work; }
DTS_COUNT __sanitizer_cov_trace_cmp4(std::uint32_t, std::uint32_t) { ++work; }
DTS_COUNT __sanitizer_cov_trace_cmp8(std::uint64_t, std::uint64_t) { ++work; }
DTS_COUNT __sanitizer_cov_trace_const_cmp1(std::uint8_t, std::uint8_t) { ++work; }
DTS_COUNT __sanitizer_cov_trace_const_cmp2(std::uint16_t, std::uint16_t) { ++work; }
DTS_COUNT __sanitizer_cov_trace_const_cmp4(std::uint32_t, std::uint32_t) { ++work; }
DTS_COUNT __sanitizer_cov_trace_const_cmp8(std::uint64_t, std::uint64_t) { ++work; }
DTS_COUNT __sanitizer_cov_trace_switch(std::uint64_t, std::uint64_t*) { ++work; }

namespace dts {
namespace {

Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

std::string repeat(std::string_view part, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += part;
  return text;
}

// ---- messages that every format writes

const char* const many_types =
    "w.Many{rows:list<w.Row>, words:map<text,i32>, numbers:list<i64>, note:text, data:bytes, "
    "maybe:list<optional<f64>>}\nw.Row{a:i32, b:text, c:list<u8>}";

Value many(std::size_t count) {
  Value value = Value::of(Type::parse(many_types).value()).value();
  const auto set = [&](const std::string& path, auto what) { value.set(path, what).value(); };
  for (std::size_t i = 0; i < count; ++i) {
    const std::string n = std::to_string(i);
    set("rows." + n + ".a", static_cast<int>(i));
    set("rows." + n + ".b", "row " + n);
    set("rows." + n + ".c.0", 7);
    set("words.key" + n, 1);
    set("numbers." + n, static_cast<int>(i * 7919));
    set("maybe." + n, 0.5);
  }
  set("note", repeat("a<b>&\"\n", count));
  set("data", "0x" + repeat("0aff", count));
  return value;
}

Bytes written(const Format& format, std::size_t count) {
  const Value value = many(count);
  Bytes message;
  format.encoder(value.layout()).value()->encode(value.data(), message).value();
  return message;
}

// ---- hostile messages of one format each, for the type of `many`

struct Hostile {
  const char* format;
  const char* name;
  std::function<Bytes(std::size_t)> make;
};

const std::vector<Hostile>& hostile() {
  const auto text = [](std::string before, std::string part, std::string after) {
    return [=](std::size_t count) { return bytes_of(before + repeat(part, count) + after); };
  };
  const auto deep = [](std::string open, std::string close) {
    return [=](std::size_t count) { return bytes_of(repeat(open, count) + repeat(close, count)); };
  };
  using namespace std::string_literals;
  static const std::vector<Hostile> all = {
      {"json", "white space", text("{", " \n\t", "\"rows\":1}")},
      {"json", "nested lists", deep("[", "]")},
      {"json", "escapes", text("{\"note\":\"", "\\u00e9", "")},
      {"json", "a long number", text("{\"numbers\":[", "1", ".5]}")},
      {"json", "a name that is never closed", text("{\"", "\\\\", "")},
      {"xml", "comments", text("<w.Many>", "<!-- - -->", "<x/></w.Many>")},
      {"xml", "a comment that is never closed", text("<w.Many><!--", "- -", "")},
      {"xml", "references", text("<w.Many><note>", "&lt;&#65;", "</note></w.Man>")},
      {"xml", "CDATA", text("<w.Many><note>", "<![CDATA[]]]]>", "</nota></w.Many>")},
      {"xml", "nested elements", deep("<a>", "</a>")},
      {"xml", "open elements", text("", "<a>", "")},
      {"xml", "attributes", text("<w.Many ", "xmlns:a='b' ", "/x>")},
      {"xml", "an attribute that is never closed", text("<w.Many a='", "b", "")},
      {"cbor", "nested lists", text("", "\x81", "")},
      {"cbor", "nested tags", text("", "\xc1", "\x01")},
      {"cbor", "chunks of one byte", text("\xbf\x64note\x7f", "\x61x", "\xff")},
      {"cbor", "an endless list", text("\xbf\x67numbers\x9f", "\x01", "")},
      {"messagepack", "nested lists", text("", "\x91", "")},
      {"messagepack", "a list that claims more",
       text("\x81\xa7numbers\xdd\x7f\xff\xff\xff", "\x01", "")},
      {"ion", "annotations in text", text("", "a::", "{}")},
      {"ion", "comments in text", text("", "/* * */ // x\n", "")},
      {"ion", "long strings in text", text("{note:", "'''a''' ", "")},
      {"ion", "nested lists in text", deep("[", "]")},
      {"ion", "no-op pads", text("\xe0\x01\x00\xea"s, "\x00"s, "\x21\x01"s)},
      {"pickle", "marks", text("\x80\x04", "(", "t.")},
      {"pickle", "memo writes", text("\x80\x04K\x01", "\x94", ".")},
      {"pickle", "a list of references", text("\x80\x04]\x94(K\x01\x94", "h\x01"s, "e.")},
      {"pickle", "doubled lists", text("\x80\x04]\x94K\x01\x61", "2\x86\x30", ".")},
      {"pickle", "popped values", text("\x80\x04", "K\x01\x30", "N.")},
      {"pickle", "text integers", text("(l", "I1\na", ".")},
      {"protobuf", "unknown fields", text("", "\xf8\x7f\x01", "\x08")},
      {"protobuf", "nested groups", text("", "\xfb\x7f", "")},
      {"capnproto", "zero words", text("", "\0\0\0\0\0\0\0\0"s, "")},
  };
  return all;
}

// ---- counting

struct Reader {
  explicit Reader(const Format& format)
      : value(Value::of(Type::parse(many_types).value()).value()) {
    decoder = format.decoder(Assignment::make(value.type(), value.type()), value.layout()).value();
  }
  bool read(ByteView message) {
    Value fresh(value.layout_ptr());  // not what an earlier message has left behind
    work = 0;
    const bool taken = decoder->decode(message, fresh.data()).ok();
    spent = work;
    return taken;
  }
  Value value;
  std::unique_ptr<Decoder> decoder;
  std::uint64_t spent = 0;
};

int failures = 0;

void check(bool fine, std::string_view format, const std::string& name, std::uint64_t once,
           std::uint64_t twice) {
  std::printf("%-12.*s %-40s %10llu %10llu %5.2f%s\n", static_cast<int>(format.size()),
              format.data(), name.c_str(), static_cast<unsigned long long>(once),
              static_cast<unsigned long long>(twice),
              static_cast<double>(twice) / static_cast<double>(once ? once : 1),
              fine ? "" : "   more than its size allows");
  failures += !fine;
}

constexpr std::size_t parts = 1000;
// Maps are trees: n log n.
bool is_linear(std::uint64_t once, std::uint64_t twice) { return twice <= once * 23 / 10 + 5000; }

void run(const Format& format) {
  Reader reader(format);
  const Bytes small = written(format, parts), large = written(format, 2 * parts);
  const bool taken = reader.read(small);
  const std::uint64_t once = reader.spent;
  const bool taken_twice = reader.read(large);
  const std::uint64_t twice = reader.spent;
  check(taken && taken_twice && once > parts && is_linear(once, twice), format.name(),
        "what it writes itself", once, twice);
  // Refusing at the last byte costs no more than taking, and so does refusing any flipped byte.
  reader.read(ByteView(large).first(large.size() - 1));
  check(reader.spent <= twice + twice / 4 + 5000, format.name(), "one byte short", twice,
        reader.spent);
  std::uint64_t most = 0;
  for (std::size_t at = 0; at < large.size(); at += large.size() / 61 + 1) {
    Bytes broken = large;
    broken[at] ^= 0x55;
    reader.read(broken);
    most = std::max(most, reader.spent);
  }
  check(most <= twice + twice / 4 + 5000, format.name(), "the costliest flipped byte", twice, most);
  for (const Hostile& each : hostile()) {
    if (format.name() != each.format) continue;
    reader.read(each.make(8 * parts));
    const std::uint64_t first = reader.spent;
    reader.read(each.make(16 * parts));
    check(is_linear(first, reader.spent), format.name(), each.name, first, reader.spent);
  }
}

}  // namespace
}  // namespace dts

int main() {
  std::printf("%-12s %-40s %10s %10s %5s\n", "format", "message", "work", "twice", "ratio");
  for (const dts::Format* format : dts::built_in_formats())
    if (format->name() != "raw") dts::run(*format);
  return dts::failures == 0 ? 0 : 1;
}
