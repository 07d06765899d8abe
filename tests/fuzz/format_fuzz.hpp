// What the fuzzers of the formats share: the first byte chooses a pair of types, the rest is the
// message. What a decoder takes must be a value that can be written and read again unchanged.
#pragma once

#include <cstdlib>
#include <string>
#include <vector>

#include <base/assert.hpp>
#include <dts/format.hpp>
#include <dts/value.hpp>

namespace dts::fuzz {

struct Target {
  Target(const Format& format, const char* publisher, const char* subscriber)
      : from(Type::parse(publisher).value()),
        to(Type::parse(subscriber).value()),
        value(Value::of(to).value()),
        encoder(format.encoder(value.layout()).value()),
        decoder(format.decoder(Assignment::make(from, to), value.layout()).value()),
        again(format.decoder(Assignment::make(to, to), value.layout()).value()) {}

  void run(ByteView message) {
    if (!decoder->decode(message, value.data())) return;
    Value copy(value.layout_ptr());
    Bytes bytes;
    DTS_ASSERT(encoder->encode(value.data(), bytes).ok());
    // A value may be larger in another version than its message: the limits say so, nothing else.
    const auto read = again->decode(bytes, copy.data());
    if (!read && read.error().code() == ErrorCode::limit_reached) return;
    DTS_ASSERT(read.ok() && copy == value);
  }

  Type from, to;
  Value value;
  std::unique_ptr<Encoder> encoder;
  std::unique_ptr<Decoder> decoder, again;
};

inline std::vector<Target>& targets(const char* format_name) {
  static const char* everything =
      "f.All{a:bool, b:i8, c:u16, d:i32, e:u64, f:f32, g:f64, h:text, i:bytes, j:time, k:duration, "
      "l:decimal, m:any, n:optional<i32>, o:optional<text>, p:list<bool>, q:array<i16,2>, "
      "r:map<text,f64>, s:f.State, t:f.Choice, u:list<list<text>>, v:list<optional<u8>>, "
      "w:map<i64,f.Choice>}\n"
      "enum f.State{idle = 0, busy = 1}\n"
      "union f.Choice{number:i64, words:list<text>, state:f.State}";
  static std::vector<Target> made = [&] {
    const Format& format = *find_format(built_in_formats(), format_name);
    std::vector<Target> all;
    all.emplace_back(format, everything, everything);
    all.emplace_back(format, "f.Node{v:i32, next:optional<f.Node>, kids:list<f.Node>}",
                     "f.Node{v:i64, next:optional<f.Node>, kids:list<f.Node>, note:text = \"-\"}");
    all.emplace_back(format,
                     "f.T{a:i8 = 3, b:optional<text>, s:f.S, junk:list<f.Junk>}\n"
                     "enum f.S{x = 0, y = 1, z = -5}\nf.Junk{k:map<text,any>}",
                     "f.T{a:f64 = 9, b:text = \"none\", s:f.S}\nclosed enum f.S{x = 10, y = 11}");
    all.emplace_back(format, "f.L{a:list<f64>, b:list<f.E>, c:list<i32>}\nf.E{}",
                     "f.L{a:array<f64,3>, b:list<f.E>, c:list<i64>}\nf.E{}");
    return all;
  }();
  return made;
}

inline int run(const char* format_name, const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  auto& all = targets(format_name);
  all[data[0] % all.size()].run(ByteView(data + 1, size - 1));
  return 0;
}

}  // namespace dts::fuzz
