// Default values printed as the notation writes them, under the lead of the type.
#include <type/default_value.hpp>

#include <charconv>
#include <cmath>
#include <cstdio>
#include <utility>

#include <dts/time.hpp>

#include <base/assert.hpp>
#include <base/hex.hpp>
#include <base/text.hpp>
#include <type/canonical.hpp>

namespace dts {

namespace {

template <class T>
std::string shortest(T number) {
  if (std::isnan(number)) return "nan";
  char text[32];
  return std::string(text, std::to_chars(text, text + sizeof text, number).ptr);
}

std::string quoted_text(std::string_view text) {
  std::string out = "\"";
  // What printable() would escape is written as an escape that can be read back; whole characters
  // are handed to it one at a time.
  for (std::size_t i = 0; i < text.size();) {
    std::size_t length = 1;
    while (i + length < text.size() && (text[i + length] & 0xc0) == 0x80) ++length;
    const std::string_view one = text.substr(i, length);
    i += length;
    if (one == "\n") {
      out += "\\n";
    } else if (one == "\"" || one == "\\") {
      out += '\\';
      out += one;
    } else if (base::printable(one) == one) {
      out += one;
    } else {
      const auto lead = static_cast<unsigned char>(one[0]);
      std::uint32_t point = length == 1 ? lead : lead & (0xffu >> (length + 1));
      for (std::size_t k = 1; k < length; ++k) {
        point = point << 6 | (static_cast<unsigned char>(one[k]) & 63u);
      }
      char escape[16];
      std::snprintf(escape, sizeof escape, "\\u{%x}", point);
      out += escape;
    }
  }
  return out + '"';
}

class DefaultTextWriter {
 public:
  DefaultTextWriter(ByteView bytes, std::span<const TypeNode> nodes) : in_(bytes), nodes_(nodes) {}

  void write(const TypeRef& type, bool in_optional = false) {
    switch (type.kind) {
      case Kind::list:
      case Kind::array:
        return list(type);
      case Kind::map:
        return map(type);
      case Kind::optional: {
        if (in_.null()) {
          out_ += "none";
        } else {
          count();
          write(type.arguments[0], true);
        }
        return;
      }
      case Kind::reference:
        return node(nodes_[type.node], in_optional);
      default:
        return scalar(type.kind);
    }
  }

  std::string take() { return std::move(out_); }

 private:
  std::uint64_t count() {
    std::uint64_t count = 0;
    DTS_ASSERT(in_.array(count));
    return count;
  }

  std::int64_t integer() {
    std::int64_t value = 0;
    DTS_ASSERT(in_.integer(value));
    return value;
  }

  void scalar(Kind kind) {
    bool truth = false;
    std::uint64_t number = 0;
    float single = 0;
    double twice = 0;
    std::string_view text;
    switch (kind) {
      case Kind::boolean:
        DTS_ASSERT(in_.boolean(truth));
        out_ += truth ? "true" : "false";
        return;
      case Kind::u64:
        DTS_ASSERT(in_.unsigned_integer(number));
        out_ += std::to_string(number);
        return;
      case Kind::f32:
        DTS_ASSERT(in_.f32(single));
        out_ += shortest(single);
        return;
      case Kind::f64:
        DTS_ASSERT(in_.f64(twice));
        out_ += shortest(twice);
        return;
      case Kind::text:
        DTS_ASSERT(in_.text(text));
        out_ += quoted_text(text);
        return;
      case Kind::bytes:
        return hex();
      case Kind::time:
        out_ += to_rfc3339(Time(Duration(integer())));
        return;
      case Kind::duration:
        out_ += to_text(Duration(integer()));
        return;
      case Kind::decimal:
        return decimal();
      default:
        out_ += std::to_string(integer());
        return;
    }
  }

  void hex() {
    ByteView bytes;
    DTS_ASSERT(in_.bytes(bytes));
    out_ += "0x" + base::to_hex(bytes);
  }

  void decimal() {
    count();
    const std::int64_t coefficient = integer(), exponent = integer();
    std::string digits = std::to_string(coefficient);
    const std::size_t sign = coefficient < 0 ? 1 : 0;
    if (exponent == 0) {
      out_ += digits;
    } else if (exponent < 0 && exponent >= -18) {
      const auto places = static_cast<std::size_t>(-exponent);
      if (digits.size() - sign <= places) {
        digits.insert(sign, places + 1 - (digits.size() - sign), '0');
      }
      digits.insert(digits.size() - places, 1, '.');
      out_ += digits;
    } else {
      out_ += digits + "e" + std::to_string(exponent);
    }
  }

  void list(const TypeRef& type) {
    const std::uint64_t n = count();
    out_ += '[';
    for (std::uint64_t i = 0; i < n; ++i) {
      if (i > 0) out_ += ", ";
      write(type.arguments[0]);
    }
    out_ += ']';
  }

  void map(const TypeRef& type) {
    const std::uint64_t n = count();
    out_ += '{';
    for (std::uint64_t i = 0; i < n; ++i) {
      if (i > 0) out_ += ", ";
      count();
      write(type.arguments[0]);
      out_ += ": ";
      write(type.arguments[1]);
    }
    out_ += '}';
  }

  void node(const TypeNode& node, bool in_optional) {
    if (node.kind == Kind::enumeration) return symbol(node, integer(), in_optional);
    const std::uint64_t n = count();
    if (node.kind == Kind::union_) {
      std::uint64_t which = 0;
      DTS_ASSERT(in_.unsigned_integer(which));
      const Field& field = node.fields[static_cast<std::size_t>(which)];
      out_ += field.name + "(";
      write(field.type);
      out_ += ')';
      return;
    }
    out_ += '{';
    for (std::size_t i = 0; i < n; ++i) {
      out_ += (i > 0 ? ", " : "") + node.fields[i].name + ": ";
      write(node.fields[i].type);
    }
    out_ += '}';
  }

  // In an optional, a symbol called "none" would read as the empty optional: write its number.
  void symbol(const TypeNode& node, std::int64_t value, bool in_optional) {
    for (const Symbol& symbol : node.symbols) {
      if (symbol.value != value) continue;
      out_ += in_optional && symbol.name == "none" ? std::to_string(value) : symbol.name;
      return;
    }
  }

  CanonicalReader in_;
  std::span<const TypeNode> nodes_;
  std::string out_;
};

}  // namespace

std::string default_to_text(ByteView encoded, const TypeRef& type,
                            std::span<const TypeNode> nodes) {
  DefaultTextWriter writer(encoded, nodes);
  writer.write(type);
  return writer.take();
}

}  // namespace dts
