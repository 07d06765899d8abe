// JSON encoder: one pass over the value, fields in the type's order, no white space.
#include <format/json.hpp>

#include <charconv>
#include <cmath>
#include <cstring>
#include <deque>
#include <map>

#include <base/base64.hpp>
#include <base/endian.hpp>
#include <base/text.hpp>
#include <format/capnproto.hpp>
#include <format/plan.hpp>

namespace dts::format::json {

namespace {

// How values of one Layout are written.
struct Writer;
struct Member {
  std::uint32_t from = 0;        // bytes from the start of the struct
  bool may_be_left_out = false;  // an optional without a default, when empty
  std::string key;               // "name":
  const Writer* writer = nullptr;
};
struct Writer {
  const Layout* layout = nullptr;
  std::vector<Member> members;      // structure, union_
  const Writer* element = nullptr;  // list, array, map, optional
  const Writer* key = nullptr;      // map
};

class Encode final : public Encoder {
 public:
  explicit Encode(const Layout& layout) { root_ = writer(layout); }
  Result<void> encode(const void* value, Bytes& out) const override;
  const Writer& root() const { return *root_; }

 private:
  const Writer* writer(const Layout& layout);
  std::deque<Writer> writers_;
  std::map<const Layout*, Writer*> made_;
  const Writer* root_ = nullptr;
};

const Writer* Encode::writer(const Layout& layout) {
  const auto [found, fresh] = made_.try_emplace(&layout, nullptr);
  if (!fresh) return found->second;
  Writer& made = writers_.emplace_back();
  found->second = &made;  // before its members: a type may refer to itself
  made.layout = &layout;
  if (layout.key != nullptr) made.key = writer(*layout.key);
  if (layout.element != nullptr) made.element = writer(*layout.element);
  for (std::size_t i = 0; i < layout.fields.size(); ++i) {
    const Field& field = layout.type.root().fields[i];
    Member member;
    member.from = layout.fields[i].offset;
    member.may_be_left_out = field.type.kind == Kind::optional && !field.default_value;
    member.key = "\"" + field.name + "\":";
    member.writer = writer(*layout.fields[i].layout);
    made.members.push_back(std::move(member));
  }
  return &made;
}

// One encode call.
class Run {
 public:
  explicit Run(Bytes& out) : out_(out), start_(out.size()), used_(start_) {}

  bool message(const Writer& root, const void* value) {
    const bool fine = write(root, value);
    out_.resize(fine ? used_ : start_);
    return fine;
  }
  Failure failure;

 private:
  // Room for `count` more bytes; advance by used().
  char* room(std::size_t count) {
    if (used_ + count > out_.size()) out_.resize(std::max(used_ + count + 256, out_.size() * 2));
    return reinterpret_cast<char*>(out_.data()) + used_;
  }
  void used(const char* end) {
    used_ = static_cast<std::size_t>(end - reinterpret_cast<const char*>(out_.data()));
  }
  void put(char c) {
    *room(1) = c;
    ++used_;
  }
  void put(std::string_view text) {
    std::memcpy(room(text.size()), text.data(), text.size());
    used_ += text.size();
  }
  void quoted(std::string_view plain) {
    char* to = room(plain.size() + 2);
    *to = '"';
    std::memcpy(to + 1, plain.data(), plain.size());
    to[plain.size() + 1] = '"';
    used_ += plain.size() + 2;
  }

  template <class T>
  void integer(T value) {
    char* to = room(24);
    const bool text = std::cmp_greater(value, integer_max) || std::cmp_less(value, -integer_max);
    if (text) *to++ = '"';
    to = std::to_chars(to, to + 21, value).ptr;
    if (text) *to++ = '"';
    used(to);
  }

  template <class T>
  void real(T value) {
    if (std::isfinite(value)) {
      char* to = room(32);
      used(std::to_chars(to, to + 32, value).ptr);
    } else {
      put(std::isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
    }
  }

  bool text(ByteView bytes) {
    const std::string_view text = as_text(bytes);
    if (!base::is_utf8(text)) return failure.set(ErrorCode::encode, "the text is not valid UTF-8");
    char* to = room(text.size() * 6 + 2);
    *to++ = '"';
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte >= 0x20 && c != '"' && c != '\\') {
        *to++ = c;
        continue;
      }
      *to++ = '\\';
      switch (c) {
        case '"':
        case '\\':
          *to++ = c;
          break;
        case '\n':
          *to++ = 'n';
          break;
        case '\r':
          *to++ = 'r';
          break;
        case '\t':
          *to++ = 't';
          break;
        default: {
          static constexpr char digits[] = "0123456789abcdef";
          std::memcpy(to, "u00", 3);
          to[3] = digits[byte >> 4];
          to[4] = digits[byte & 15];
          to += 5;
        }
      }
    }
    *to++ = '"';
    used(to);
    return true;
  }

  bool symbol(const Layout& layout, const void* from, bool as_key) {
    const std::int64_t value = load_symbol(layout, from);
    const TypeNode& node = layout.type.root();
    if (const Symbol* symbol = find_symbol(node, value)) {
      quoted(symbol->name);
      return true;
    }
    if (node.closed || value < INT32_MIN || value > INT32_MAX) {
      return failure.set(ErrorCode::encode, std::to_string(value) + " is not a symbol of " +
                                                node.name + " and cannot be sent");
    }
    if (as_key) put('"');
    integer(value);
    if (as_key) put('"');
    return true;
  }

  bool number(Kind kind, const void* from) {
    switch (kind) {
      case Kind::i8:
        integer(base::load<std::int8_t>(from));
        return true;
      case Kind::i16:
        integer(base::load<std::int16_t>(from));
        return true;
      case Kind::i32:
        integer(base::load<std::int32_t>(from));
        return true;
      case Kind::i64:
        integer(base::load<std::int64_t>(from));
        return true;
      case Kind::u8:
        integer(base::load<std::uint8_t>(from));
        return true;
      case Kind::u16:
        integer(base::load<std::uint16_t>(from));
        return true;
      case Kind::u32:
        integer(base::load<std::uint32_t>(from));
        return true;
      case Kind::u64:
        integer(base::load<std::uint64_t>(from));
        return true;
      case Kind::f32:
        real(base::load<float>(from));
        return true;
      default:
        real(base::load<double>(from));
        return true;
    }
  }

  bool write(const Writer& writer, const void* from) {
    const Layout& layout = *writer.layout;
    if (layout.kind >= Kind::i8 && layout.kind <= Kind::f64) return number(layout.kind, from);
    switch (layout.kind) {
      case Kind::boolean:
        put(base::load<std::uint8_t>(from) != 0 ? "true" : "false");
        return true;
      case Kind::text:
        return text(layout.functions.view(layout, from));
      case Kind::bytes:
        base64(layout.functions.view(layout, from));
        return true;
      case Kind::time:
        quoted(to_rfc3339(Time(Duration(base::load<std::int64_t>(from)))));
        return true;
      case Kind::duration: {
        char* to = room(duration_bytes_max + 2);
        *to = '"';
        to = write_duration(to + 1, base::load<std::int64_t>(from));
        *to++ = '"';
        used(to);
        return true;
      }
      case Kind::decimal: {
        char* to = room(decimal_bytes_max + 2);
        *to = '"';
        to = write_decimal(to + 1, *static_cast<const Decimal*>(from));
        *to++ = '"';
        used(to);
        return true;
      }
      case Kind::enumeration:
        return symbol(layout, from, false);
      case Kind::optional: {
        const void* held = layout.functions.get(layout, from);
        if (held != nullptr) return write(*writer.element, held);
        put("null");
        return true;
      }
      default:
        break;
    }
    if (depth_ == 0) {
      return failure.set(ErrorCode::encode, "the value is nested too deeply",
                         "64 levels are allowed");
    }
    --depth_;
    const bool fine = nested(writer, from);
    ++depth_;
    return fine;
  }

  bool nested(const Writer& writer, const void* from) {
    switch (writer.layout->kind) {
      case Kind::structure:
        return structure(writer, from);
      case Kind::union_:
        return held_case(writer, from);
      case Kind::map:
        return map(writer, from);
      case Kind::any:
        return any(*static_cast<const Any*>(from));
      default:
        return list(writer, from);
    }
  }

  void base64(ByteView bytes) {
    char* to = room(bytes.size() / 3 * 4 + 6);
    *to = '"';
    to = base::write_base64(to + 1, bytes);
    *to++ = '"';
    used(to);
  }

  bool structure(const Writer& writer, const void* from) {
    bool first = true;
    put('{');
    for (const Member& member : writer.members) {
      const void* place = static_cast<const std::byte*>(from) + member.from;
      const Layout& layout = *member.writer->layout;
      if (member.may_be_left_out && layout.functions.get(layout, place) == nullptr) continue;
      if (!first) put(',');
      first = false;
      put(member.key);
      if (!write(*member.writer, place)) return failure.in(name_of(writer, member));
    }
    put('}');
    return true;
  }
  static std::string_view name_of(const Writer& writer, const Member& member) {
    const auto index = static_cast<std::size_t>(&member - writer.members.data());
    return writer.layout->type.root().fields[index].name;
  }

  bool held_case(const Writer& writer, const void* from) {
    const Layout& layout = *writer.layout;
    const TypeNode& node = layout.type.root();
    const std::uint32_t which = layout.functions.which(layout, from);
    put('{');
    if (which < writer.members.size()) {
      const Member& member = writer.members[which];
      put(member.key);
      if (!write(*member.writer, layout.functions.held(layout, from)))
        return failure.in(node.fields[which].name);
    } else if (node.closed) {
      return failure.set(ErrorCode::encode, "no case of " + node.name + " is set",
                         "the union is closed");
    }
    put('}');
    return true;
  }

  bool list(const Writer& writer, const void* from) {
    const Layout& layout = *writer.layout;
    const std::size_t count =
        layout.kind == Kind::array ? layout.length : layout.functions.count(layout, from);
    const auto* element = static_cast<const std::byte*>(layout.functions.elements(layout, from));
    put('[');
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0) put(',');
      if (!write(*writer.element, element + i * writer.element->layout->size)) return failure.in(i);
    }
    put(']');
    return true;
  }

  bool map(const Writer& writer, const void* from) {
    const Layout& layout = *writer.layout;
    void* cursor = nullptr;
    const void *key = nullptr, *value = nullptr;
    bool first = true;
    put('{');
    while (layout.functions.map_next(layout, from, &cursor, &key, &value)) {
      if (!first) put(',');
      first = false;
      const std::size_t start = used_;
      if (!map_key(*writer.key, key)) return false;
      const std::size_t end = used_;
      put(':');
      if (!write(*writer.element, value)) {
        return failure.in(as_text(ByteView(out_)).substr(start + 1, end - start - 2));
      }
    }
    put('}');
    return true;
  }

  // Always a string.
  bool map_key(const Writer& key, const void* from) {
    const Layout& layout = *key.layout;
    if (layout.kind == Kind::text) return text(layout.functions.view(layout, from));
    if (layout.kind == Kind::enumeration) return symbol(layout, from, true);
    const std::size_t start = used_;
    if (!write(key, from)) return false;
    if (out_[start] == '"') return true;  // an integer that is a string anyway
    room(2);
    std::memmove(out_.data() + start + 1, out_.data() + start, used_ - start);
    out_[start] = '"';
    ++used_;
    put('"');
    return true;
  }

  // {"type": "the type in notation", "value": ...}; {} when empty, for null is an empty optional.
  bool any(const Any& any) {
    if (!any.type.valid()) {
      put("{}");
      return true;
    }
    auto value = Value::of(any.type);
    if (!value) return failure.set(ErrorCode::encode, value.error().what());
    const Assignment same = Assignment::make(any.type, any.type);
    auto decoder = capnproto::make_decoder(same, value->layout(), {});
    if (!decoder) return failure.set(ErrorCode::encode, decoder.error().what());
    if (const auto decoded = (*decoder)->decode(any.message, value->data()); !decoded)
      return failure.set(ErrorCode::encode, "an any holds bytes that are no value of its type",
                         decoded.error().what());
    put("{\"type\":");
    if (!text(as_bytes(any.type.print(Type::Style::one_line)))) return false;
    put(",\"value\":");
    const Encode inner(value->layout());
    if (!write(inner.root(), value->data())) return failure.in("value");
    put('}');
    return true;
  }

  Bytes& out_;
  const std::size_t start_;
  std::size_t used_;
  std::uint32_t depth_ = depth_max;
};

Result<void> Encode::encode(const void* value, Bytes& out) const {
  Run run(out);
  if (run.message(*root_, value)) return {};
  return run.failure.error();
}

}  // namespace

Result<std::unique_ptr<Encoder>> make_encoder(const Layout& layout) {
  return std::unique_ptr<Encoder>(new Encode(layout));
}

}  // namespace dts::format::json
