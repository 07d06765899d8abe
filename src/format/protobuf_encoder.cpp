// Protobuf encoder: one pass over the value, fields by rising number as libprotobuf writes them.
// The length of a nested message is not known before its content is: room for it is left, as much
// as it will probably take, and the content moves when that was wrong. protobuf_shape.hpp draws
// the bytes, protobuf_schema.cpp says which message stands for what.
#include <base/endian.hpp>
#include <base/text.hpp>
#include <dts/value.hpp>
#include <format/plan.hpp>
#include <format/protobuf.hpp>
#include <format/protobuf_writer.hpp>
#include <format/short_copy.hpp>

namespace dts::format::protobuf {

namespace {

using namespace writing;

class Encode final : public Encoder {
 public:
  explicit Encode(std::unique_ptr<const Writers> writers) : writers_(std::move(writers)) {}
  Result<void> encode(const void* value, Bytes& out) const override;

 private:
  std::unique_ptr<const Writers> writers_;
};

using Cursor = std::uint8_t*;  // where the next byte goes; null after a failure

// One encode call. The cursor is handed from function to function, for a store through it could
// change a member as far as the compiler knows. What lies behind it up to end_ is room made ahead.
class Run {
 public:
  explicit Run(Bytes& out) : out_(out), start_(out.size()) {}

  bool message(const Writer& root, const void* value) {
    Cursor at = grow(start_, 192);
    at = content(root, value, at);
    if (at == nullptr) return false;
    const std::size_t size = used(at);
    if (size > bytes_max) return too_large() != nullptr;
    out_.resize(start_ + size);
    return true;
  }
  void undo() { out_.resize(start_); }
  Failure failure;

 private:
  static constexpr std::size_t bytes_max = 0x7fffffff;  // libprotobuf's own bound
  static constexpr std::size_t large_bytes_min = 4096;
  static constexpr std::size_t zeros_ahead_max = 64 * 1024;

  std::size_t used(Cursor at) const { return static_cast<std::size_t>(at - out_.data()) - start_; }
  Cursor too_large() {
    failure.set(ErrorCode::too_large, "the value is too large for a Protocol Buffers message",
                "a message has at most 2 GiB");
    return nullptr;
  }
  Cursor refuse(std::string what, std::string why = {}) {
    failure.set(ErrorCode::encode, std::move(what), std::move(why));
    return nullptr;
  }

  Cursor room(Cursor at, std::size_t size) {
    if (static_cast<std::size_t>(end_ - at) < size) [[unlikely]]
      return grow(start_ + used(at), size);
    return at;
  }
  Cursor grow(std::size_t position, std::size_t size) {
    out_.resize(position + size + std::clamp<std::size_t>(position, 64, zeros_ahead_max));
    end_ = out_.data() + out_.size();
    return out_.data() + position;
  }

  static Cursor put_tag(const Op& op, Cursor at) {
    base::store(at, op.tag);
    return at + op.tag_size;
  }

  [[gnu::always_inline]] inline Cursor put_bytes(ByteView bytes, Cursor at) {
    const std::size_t size = bytes.size();
    if (size < 0x80 && static_cast<std::size_t>(end_ - at) > size) {
      *at = static_cast<std::uint8_t>(size);
      copy_short(at + 1, bytes.data(), size);
      return at + 1 + size;
    }
    return put_more_bytes(bytes, at);
  }
  [[gnu::noinline]] Cursor put_more_bytes(ByteView bytes, Cursor at) {
    if (bytes.size() >= large_bytes_min) return put_large(bytes, at);
    at = write_varint(room(at, varint_bytes_max + bytes.size()), bytes.size());
    if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
    return at + bytes.size();
  }
  // Appended, so that the room for it is not filled with zeros first.
  [[gnu::noinline]] Cursor put_large(ByteView bytes, Cursor at) {
    if (bytes.size() > bytes_max || used(at) > bytes_max - bytes.size()) return too_large();
    at = write_varint(room(at, varint_bytes_max), bytes.size());
    const std::size_t begin = start_ + used(at), end = begin + bytes.size();
    out_.resize(begin);
    if (end + 64 > out_.capacity()) out_.reserve(std::max(end + end / 8, 2 * out_.capacity()));
    out_.insert(out_.end(), bytes.begin(), bytes.end());
    out_.resize(end + 64);
    end_ = out_.data() + out_.size();
    return out_.data() + end;
  }

  // A length that is known when what it is of is written; as large as `guess`, most likely.
  struct Length {
    std::size_t position;
    std::size_t room;
  };
  Length begin(std::size_t guess, Cursor& at) {
    at = room(at, 16);
    const Length made{used(at), varint_size(guess)};
    at += made.room;
    return made;
  }
  Cursor end(const Length& length, Cursor at) {
    const std::size_t size = used(at) - length.position - length.room;
    const std::size_t needed = varint_size(size);
    if (needed != length.room) [[unlikely]] {
      at = room(at, needed);
      std::uint8_t* first = out_.data() + start_ + length.position;
      std::memmove(first + needed, first + length.room, size);
      at = first + needed + size;
    }
    write_varint(out_.data() + start_ + length.position, size);
    return at;
  }

  static std::uint64_t load(const void* from, std::uint8_t size, bool sign) {
    switch (size) {
      case 1:
        return sign ? static_cast<std::uint64_t>(std::int64_t{base::load<std::int8_t>(from)})
                    : base::load<std::uint8_t>(from);
      case 2:
        return sign ? static_cast<std::uint64_t>(std::int64_t{base::load<std::int16_t>(from)})
                    : base::load<std::uint16_t>(from);
      case 4:
        return sign ? static_cast<std::uint64_t>(std::int64_t{base::load<std::int32_t>(from)})
                    : base::load<std::uint32_t>(from);
      default:
        return base::load<std::uint64_t>(from);
    }
  }

  Cursor put_symbol(const Layout& layout, const void* from, Cursor at) {
    const std::int64_t value = load_symbol(layout, from);
    const TypeNode& node = layout.type.root();
    if (value < INT32_MIN || value > INT32_MAX || (node.closed && !is_symbol_of(node, value)))
      return refuse(std::to_string(value) + " is not a symbol of " + node.name +
                    " and cannot be sent");
    return write_varint_ahead(at, static_cast<std::uint64_t>(value));
  }

  Cursor put_text(const Layout& layout, const void* from, Cursor at) {
    const ByteView text = layout.functions.view(layout, from);
    if (!base::is_utf8(as_text(text))) return refuse("the text is not valid UTF-8");
    return put_bytes(text, at);
  }

  // A message of two numbers, zeros left out: at most 24 bytes, so its length is one byte.
  Cursor put_pair(std::uint64_t first, std::uint64_t second, Cursor at) {
    Cursor length = room(at, 40);
    at = length + 1;
    if (first != 0) {
      *at++ = 0x08;
      at = write_varint_ahead(at, first);
    }
    if (second != 0) {
      *at++ = 0x10;
      at = write_varint_ahead(at, second);
    }
    *length = static_cast<std::uint8_t>(at - length - 1);
    return at;
  }
  Cursor put_time(std::int64_t nanoseconds, bool since_epoch, Cursor at) {
    constexpr std::int64_t second = 1'000'000'000;
    std::int64_t seconds = nanoseconds / second, rest = nanoseconds % second;
    if (since_epoch && rest < 0) {  // a time counts up from the second before it
      rest += second;
      --seconds;
    }
    return put_pair(static_cast<std::uint64_t>(seconds), static_cast<std::uint64_t>(rest), at);
  }

  Cursor put_any(const Any& any, Cursor at) {
    at = room(at, 16);
    if (!any.type.valid()) {
      *at++ = 0;
      return at;
    }
    const ByteView document = any.type.document();
    std::size_t size = 1 + varint_size(document.size()) + document.size();
    if (!any.message.empty()) size += 1 + varint_size(any.message.size()) + any.message.size();
    at = write_varint_ahead(at, size);
    *at++ = 0x0a;
    at = put_bytes(document, at);
    if (at == nullptr || any.message.empty()) return at;
    at = room(at, 16);
    *at++ = 0x12;
    return put_bytes(any.message, at);
  }

  // What follows a tag, for which there is room.
  Cursor value(const Writer& writer, const void* from, Cursor at) {
    switch (writer.code) {
      case Code::boolean:
        *at = base::load<std::uint8_t>(from) != 0;
        return at + 1;
      case Code::plain:
        return write_varint_ahead(at, load(from, writer.size, writer.is_signed));
      case Code::signs:
        return write_varint_ahead(at,
                                  zigzag(static_cast<std::int64_t>(load(from, writer.size, true))));
      case Code::bits4:
        base::store(at, static_cast<std::uint32_t>(load(from, writer.size, writer.is_signed)));
        return at + 4;
      case Code::bits8:
        base::store(at, base::load<std::uint64_t>(from));
        return at + 8;
      case Code::symbol:
        return put_symbol(*writer.layout, from, at);
      case Code::text:
        return put_text(*writer.layout, from, at);
      case Code::bytes:
        return put_bytes(writer.layout->functions.view(*writer.layout, from), at);
      case Code::time:
      case Code::duration:
        return put_time(base::load<std::int64_t>(from), writer.code == Code::time, at);
      case Code::decimal: {
        const auto& decimal = *static_cast<const Decimal*>(from);
        return put_pair(zigzag(decimal.coefficient), zigzag(decimal.exponent), at);
      }
      case Code::any:
        return put_any(*static_cast<const Any*>(from), at);
      default:
        return nested(writer, from, at);
    }
  }

  // Few bytes, or about as many as long lists and `bytes` directly inside will take.
  static std::size_t at_least(const Writer& writer, const void* from) {
    std::size_t size = 0;
    for (const std::uint32_t index : writer.bulky) {
      const Op& op = writer.ops[index];
      const void* place = static_cast<const std::byte*>(from) + op.from;
      if (op.form == Form::repeated)
        size += count_of(*op.layout, place) * (op.code == Code::bits8 ? 8 : 1);
      else
        size += op.layout->functions.view(*op.layout, place).size();
    }
    return size;
  }
  static std::size_t count_of(const Layout& layout, const void* from) {
    return layout.kind == Kind::array ? layout.length : layout.functions.count(layout, from);
  }

  // The inside of a message.
  Cursor content(const Writer& writer, const void* from, Cursor at) {
    if (depth_ == 0) return too_deep();
    --depth_;
    at = writer.code == Code::one_case ? held_case(writer, from, at) : fields(writer, from, at);
    ++depth_;
    return at;
  }
  Cursor too_deep() { return refuse("the value is nested too deeply", "64 levels are allowed"); }

  Cursor fields(const Writer& writer, const void* from, Cursor at) {
    at = room(at, writer.room);
    for (const Op& op : writer.ops) {
      const auto* place = static_cast<const std::byte*>(from) + op.from;
      at = put_tag(op, at);
      switch (op.quick) {
        case Quick::boolean:
          *at++ = base::load<std::uint8_t>(place) != 0;
          continue;
        case Quick::u32:
          at = write_varint_ahead(at, base::load<std::uint32_t>(place));
          continue;
        case Quick::u64:
          at = write_varint_ahead(at, base::load<std::uint64_t>(place));
          continue;
        case Quick::i32:
          at = write_varint_ahead(at, zigzag(base::load<std::int32_t>(place)));
          continue;
        case Quick::i64:
          at = write_varint_ahead(at, zigzag(base::load<std::int64_t>(place)));
          continue;
        case Quick::bits4:
          base::store(at, base::load<std::uint32_t>(place));
          at += 4;
          continue;
        case Quick::bits8:
          base::store(at, base::load<std::uint64_t>(place));
          at += 8;
          continue;
        case Quick::symbol: {
          const std::uint64_t symbol = load(place, op.size, op.is_signed);
          at = symbol - static_cast<std::uint64_t>(op.first_symbol) <= op.last_symbol
                   ? write_varint_ahead(at, symbol)
                   : put_symbol(*op.layout, place, at);
          break;
        }
        case Quick::text:
          at = put_text(*op.layout, place, at);
          break;
        case Quick::block:
          at = put_block(op, place, at);
          break;
        case Quick::message:
        case Quick::held:
          at = put_held(op, place, at);
          break;
        case Quick::none:
          at = field(op, place, at - op.tag_size);
      }
      if (at == nullptr) [[unlikely]] {
        // What is only put around a list has no name of its own.
        if (writer.layout->kind == Kind::structure)
          failure.in(writer.layout->type.root().fields[op.member].name);
        return nullptr;
      }
      at = room(at, writer.room);
    }
    return at;
  }

  // These are handed where the value goes, behind its tag; without a value the tag goes.
  Cursor put_block(const Op& op, const void* from, Cursor at) {
    const Layout& layout = *op.layout;
    const std::size_t count = count_of(layout, from);
    if (count == 0) return at - op.tag_size;
    const auto* first = static_cast<const std::uint8_t*>(layout.functions.elements(layout, from));
    return put_bytes({first, count * layout.element->size}, at);
  }
  Cursor put_held(const Op& op, const void* from, Cursor at) {
    if (op.form == Form::optional) {
      from = op.layout->functions.get(*op.layout, from);
      if (from == nullptr) return at - op.tag_size;
    }
    return op.quick == Quick::message ? nested(*op.writer, from, at) : value(*op.writer, from, at);
  }
  Cursor nested(const Writer& writer, const void* from, Cursor at) {
    if (writer.is_short) {
      if (depth_ == 0) return too_deep();
      at = room(at, 1 + writer.room);
      const Cursor end = fields(writer, from, at + 1);  // has its room, and cannot fail
      *at = static_cast<std::uint8_t>(end - at - 1);
      return end;
    }
    const Length length = begin(at_least(writer, from), at);
    at = content(writer, from, at);
    return at == nullptr ? nullptr : end(length, at);
  }

  Cursor field(const Op& op, const std::byte* place, Cursor at) {
    switch (op.form) {
      case Form::single:
        return op.implicit && is_zero(op, place) ? at : tag_and_value(op, place, at);
      case Form::optional:
        return put_held(op, place, put_tag(op, at));
      case Form::repeated:
        return repeated(op, place, at);
      case Form::map:
        return map(op, place, at);
      default:
        return flat_case(op, place, at);
    }
  }

  Cursor tag_and_value(const Op& op, const void* from, Cursor at) {
    at = put_tag(op, room(at, scalar_bytes_max));
    return value(*op.writer, from, at);
  }

  static bool is_zero(const Op& op, const void* from) {
    switch (op.code) {
      case Code::text:
      case Code::bytes:
        return op.layout->functions.view(*op.layout, from).empty();
      case Code::symbol:
        return load_symbol(*op.layout, from) == 0;
      case Code::boolean:
      case Code::plain:
      case Code::signs:
      case Code::bits4:
      case Code::bits8:
      case Code::time:
      case Code::duration:
        return load(from, op.size, false) == 0;  // -0.0 is not left out
      default:
        return false;
    }
  }

  Cursor repeated(const Op& op, const void* from, Cursor at) {
    const Layout& layout = *op.layout;
    const std::size_t count = count_of(layout, from);
    if (count == 0) return at;
    const auto* first = static_cast<const std::byte*>(layout.functions.elements(layout, from));
    const std::size_t step = layout.element->size;
    if (!op.packed) {
      for (std::size_t i = 0; i < count; ++i, first += step) {
        at = tag_and_value(op, first, at);
        if (at == nullptr) return element_failed(i);
      }
      return at;
    }
    at = put_tag(op, room(at, scalar_bytes_max));
    const std::size_t width = op.code == Code::bits8 ? 8 : op.code == Code::bits4 ? 4 : 0;
    const Length length = begin(count * std::max<std::size_t>(width, 1), at);
    for (std::size_t i = 0; i < count; ++i, first += step) {
      at = value(*op.writer, first, room(at, scalar_bytes_max));
      if (at == nullptr) return element_failed(i);
    }
    return end(length, at);
  }
  Cursor element_failed(std::size_t index) {
    failure.in(index);
    return nullptr;
  }

  // message Entry { key = 1; value = 2; }, both always there.
  Cursor map(const Op& op, const void* from, Cursor at) {
    const Layout& layout = *op.layout;
    if (depth_ == 0) return layout.functions.map_count(layout, from) == 0 ? at : too_deep();
    --depth_;
    void* cursor = nullptr;
    const void *key = nullptr, *held = nullptr;
    for (std::size_t i = 0; layout.functions.map_next(layout, from, &cursor, &key, &held); ++i) {
      at = put_tag(op, room(at, scalar_bytes_max));
      const Length length = begin(0, at);
      at = room(at, scalar_bytes_max);
      *at++ = static_cast<std::uint8_t>(1 << 3 | op.key->wire);
      at = value(*op.key, key, at);
      if (at == nullptr) return element_failed(i);
      at = room(at, scalar_bytes_max);
      *at++ = static_cast<std::uint8_t>(2 << 3 | op.writer->wire);
      at = value(*op.writer, held, at);
      if (at == nullptr) return element_failed(i);
      at = end(length, at);
    }
    ++depth_;
    return at;
  }

  Cursor held_case(const Writer& writer, const void* from, Cursor at) {
    const Layout& layout = *writer.layout;
    const std::uint32_t which = layout.functions.which(layout, from);
    if (which >= writer.ops.size()) return no_case(layout, at);
    at = tag_and_value(writer.ops[which], layout.functions.held(layout, from), at);
    if (at == nullptr) failure.in(layout.type.root().fields[which].name);
    return at;
  }
  Cursor no_case(const Layout& layout, Cursor at) {
    const TypeNode& node = layout.type.root();
    return node.closed ? refuse("no case of " + node.name + " is set", "the union is closed") : at;
  }

  // One of the cases of a oneof: written if it is the one that is held.
  Cursor flat_case(const Op& op, const void* from, Cursor at) {
    const Layout* layout = op.layout;
    if (layout->kind == Kind::optional) {
      from = layout->functions.get(*layout, from);
      if (from == nullptr) return at;
      layout = layout->element;
    }
    const std::uint32_t which = layout->functions.which(*layout, from);
    if (which >= layout->fields.size()) return no_case(*layout, at);
    if (which != op.which) return at;
    at = tag_and_value(op, layout->functions.held(*layout, from), at);
    if (at == nullptr) failure.in(layout->type.root().fields[which].name);
    return at;
  }

  Bytes& out_;
  const std::size_t start_;
  std::uint8_t* end_ = nullptr;
  std::uint32_t depth_ = depth_max;
};

Result<void> Encode::encode(const void* value, Bytes& out) const {
  Run run(out);
  if (run.message(writers_->root(), value)) return {};
  run.undo();
  return run.failure.error();
}

}  // namespace

Result<std::unique_ptr<Encoder>> make_encoder(const Layout& layout, const Binding* binding) {
  DTS_ASSIGN(auto writers, Writers::make(layout, binding));
  return std::unique_ptr<Encoder>(new Encode(std::move(writers)));
}

}  // namespace dts::format::protobuf
