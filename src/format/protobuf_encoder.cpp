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

// One encode call. `at_` is where the next byte goes; what lies behind it is room made ahead.
class Run {
 public:
  explicit Run(Bytes& out) : out_(out), start_(out.size()) { grow(192); }

  bool message(const Writer& root, const void* value) {
    if (!content(root, value)) return false;
    const std::size_t size = used();
    if (size > bytes_max) return too_large();
    out_.resize(start_ + size);
    return true;
  }
  void undo() { out_.resize(start_); }
  Failure failure;

 private:
  static constexpr std::size_t bytes_max = 0x7fffffff;  // libprotobuf's own bound
  static constexpr std::size_t large_bytes_min = 4096;
  static constexpr std::size_t zeros_ahead_max = 64 * 1024;

  std::size_t used() const { return static_cast<std::size_t>(at_ - out_.data()) - start_; }
  bool too_large() {
    return failure.set(ErrorCode::too_large,
                       "the value is too large for a Protocol Buffers message",
                       "a message has at most 2 GiB");
  }

  void room(std::size_t size) {
    if (static_cast<std::size_t>(end_ - at_) < size) [[unlikely]]
      grow(size);
  }
  void grow(std::size_t size) {
    const std::size_t position = at_ == nullptr ? start_ : start_ + used();
    out_.resize(position + size + std::clamp<std::size_t>(position, 64, zeros_ahead_max));
    at_ = out_.data() + position;
    end_ = out_.data() + out_.size();
  }

  // Room for a tag and a scalar.
  static constexpr std::size_t scalar_bytes_max = 24;
  void put_tag(const Op& op) {
    base::store(at_, op.tag);
    at_ += op.tag_size;
  }
  void put_varint(std::uint64_t value) { at_ = write_varint(at_, value); }

  bool put_bytes(ByteView bytes) {
    if (bytes.size() > bytes_max) return too_large();
    room(16);
    put_varint(bytes.size());
    return put_raw(bytes.data(), bytes.size());
  }
  bool put_raw(const void* from, std::size_t size) {
    if (size > bytes_max - std::min(used(), bytes_max)) return too_large();
    if (size < large_bytes_min) {
      room(size);
      if (size != 0) std::memcpy(at_, from, size);
      at_ += size;
      return true;
    }
    // Appended, so that the room for it is not filled with zeros first.
    const std::size_t begin = start_ + used(), end = begin + size;
    out_.resize(begin);
    if (end + 64 > out_.capacity()) out_.reserve(std::max(end + end / 8, 2 * out_.capacity()));
    const auto* first = static_cast<const std::uint8_t*>(from);
    out_.insert(out_.end(), first, first + size);
    out_.resize(end + 64);
    at_ = out_.data() + end;
    end_ = out_.data() + out_.size();
    return true;
  }

  // A length that is known when what it is of is written; `guess` bytes are likely.
  struct Length {
    std::size_t position;
    std::size_t room;
  };
  Length begin(std::size_t guess) {
    room(16);
    const Length made{used(), varint_size(guess)};
    at_ += made.room;
    return made;
  }
  void end(const Length& length) {
    const std::size_t size = used() - length.position - length.room;
    const std::size_t needed = varint_size(size);
    if (needed != length.room) [[unlikely]] {
      room(needed);
      std::uint8_t* first = out_.data() + start_ + length.position;
      std::memmove(first + needed, first + length.room, size);
      at_ = first + needed + size;
    }
    write_varint(out_.data() + start_ + length.position, size);
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

  bool put_symbol(const Layout& layout, const void* from) {
    const std::int64_t value = load_symbol(layout, from);
    const TypeNode& node = layout.type.root();
    if (value < INT32_MIN || value > INT32_MAX || (node.closed && !is_symbol_of(node, value))) {
      return failure.set(ErrorCode::encode, std::to_string(value) + " is not a symbol of " +
                                                node.name + " and cannot be sent");
    }
    put_varint(static_cast<std::uint64_t>(value));
    return true;
  }

  bool put_text(const Layout& layout, const void* from) {
    const ByteView text = layout.functions.view(layout, from);
    if (!base::is_utf8(as_text(text)))
      return failure.set(ErrorCode::encode, "the text is not valid UTF-8");
    return put_bytes(text);
  }

  // A message of two numbers, zeros left out: at most 24 bytes, so its length is one byte.
  void put_pair(std::uint64_t first, std::uint64_t second) {
    room(32);
    std::uint8_t* length = at_++;
    if (first != 0) {
      *at_++ = 0x08;
      put_varint(first);
    }
    if (second != 0) {
      *at_++ = 0x10;
      put_varint(second);
    }
    *length = static_cast<std::uint8_t>(at_ - length - 1);
  }
  void put_time(std::int64_t nanoseconds, bool since_epoch) {
    constexpr std::int64_t second = 1'000'000'000;
    std::int64_t seconds = nanoseconds / second, rest = nanoseconds % second;
    if (since_epoch && rest < 0) {  // a time counts up from the second before it
      rest += second;
      --seconds;
    }
    put_pair(static_cast<std::uint64_t>(seconds), static_cast<std::uint64_t>(rest));
  }

  bool put_any(const Any& any) {
    room(16);
    if (!any.type.valid()) {
      *at_++ = 0;
      return true;
    }
    const ByteView document = any.type.document();
    std::size_t size = 1 + varint_size(document.size()) + document.size();
    if (!any.message.empty()) size += 1 + varint_size(any.message.size()) + any.message.size();
    put_varint(size);
    *at_++ = 0x0a;
    if (!put_bytes(document)) return false;
    if (any.message.empty()) return true;
    room(16);
    *at_++ = 0x12;
    return put_bytes(any.message);
  }

  // What follows a tag, for which there is room.
  bool value(const Writer& writer, const void* from) {
    switch (writer.code) {
      case Code::boolean:
        *at_++ = base::load<std::uint8_t>(from) != 0;
        return true;
      case Code::plain:
        put_varint(load(from, writer.size, writer.is_signed));
        return true;
      case Code::signs:
        put_varint(zigzag(static_cast<std::int64_t>(load(from, writer.size, true))));
        return true;
      case Code::bits4:
        base::store(at_, static_cast<std::uint32_t>(load(from, writer.size, writer.is_signed)));
        at_ += 4;
        return true;
      case Code::bits8:
        base::store(at_, base::load<std::uint64_t>(from));
        at_ += 8;
        return true;
      case Code::symbol:
        return put_symbol(*writer.layout, from);
      case Code::text:
        return put_text(*writer.layout, from);
      case Code::bytes:
        return put_bytes(writer.layout->functions.view(*writer.layout, from));
      case Code::time:
      case Code::duration:
        put_time(base::load<std::int64_t>(from), writer.code == Code::time);
        return true;
      case Code::decimal: {
        const auto& decimal = *static_cast<const Decimal*>(from);
        put_pair(zigzag(decimal.coefficient), zigzag(decimal.exponent));
        return true;
      }
      case Code::any:
        return put_any(*static_cast<const Any*>(from));
      default:
        return nested(writer, from);
    }
  }

  bool nested(const Writer& writer, const void* from) {
    const Length length = begin(at_least(writer, from));
    if (!content(writer, from)) return false;
    end(length);
    return true;
  }

  // Few bytes, or about as many as a long list or `bytes` directly inside will take.
  static std::size_t at_least(const Writer& writer, const void* from) {
    std::size_t size = 0;
    if (writer.code == Code::message) {
      for (const Op& op : writer.ops) {
        const void* place = static_cast<const std::byte*>(from) + op.from;
        if (op.form == Form::repeated)
          size += count_of(*op.layout, place) * (op.code == Code::bits8 ? 8 : 1);
        else if (op.form == Form::single && op.code == Code::bytes)
          size += op.layout->functions.view(*op.layout, place).size();
      }
    }
    return size;
  }
  static std::size_t count_of(const Layout& layout, const void* from) {
    return layout.kind == Kind::array ? layout.length : layout.functions.count(layout, from);
  }

  // The inside of a message.
  bool content(const Writer& writer, const void* from) {
    if (depth_ == 0) {
      return failure.set(ErrorCode::encode, "the value is nested too deeply",
                         "64 levels are allowed");
    }
    --depth_;
    const bool fine =
        writer.code == Code::one_case ? held_case(writer, from) : fields(writer, from);
    ++depth_;
    return fine;
  }

  bool fields(const Writer& writer, const void* from) {
    for (const Op& op : writer.ops) {
      const auto* place = static_cast<const std::byte*>(from) + op.from;
      bool fine;
      switch (op.form) {
        case Form::single:
          if (op.implicit && is_zero(op, place)) continue;
          fine = tag_and_value(op, place);
          break;
        case Form::optional: {
          const void* held = op.layout->functions.get(*op.layout, place);
          fine = held == nullptr || tag_and_value(op, held);
          break;
        }
        case Form::repeated:
          fine = repeated(op, place);
          break;
        case Form::map:
          fine = map(op, place);
          break;
        default:
          fine = flat_case(op, place);
      }
      if (!fine) [[unlikely]] {
        if (writer.layout->kind != Kind::structure) return false;  // has no name of its own
        return failure.in(writer.layout->type.root().fields[op.member].name);
      }
    }
    return true;
  }

  // The scalars that most fields are, without a call.
  bool tag_and_value(const Op& op, const void* from) {
    room(scalar_bytes_max);
    put_tag(op);
    switch (op.code) {
      case Code::boolean:
        *at_++ = base::load<std::uint8_t>(from) != 0;
        return true;
      case Code::plain:
        put_varint(load(from, op.size, op.is_signed));
        return true;
      case Code::bits8:
        base::store(at_, base::load<std::uint64_t>(from));
        at_ += 8;
        return true;
      default:
        return value(*op.writer, from);
    }
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

  bool repeated(const Op& op, const void* from) {
    const Layout& layout = *op.layout;
    const std::size_t count = count_of(layout, from);
    if (count == 0) return true;
    const auto* first = static_cast<const std::byte*>(layout.functions.elements(layout, from));
    const Writer& element = *op.writer;
    const std::size_t step = layout.element->size;
    room(scalar_bytes_max);
    if (!op.packed) {
      for (std::size_t i = 0; i < count; ++i, first += step) {
        if (!tag_and_value(op, first)) return failure.in(i);
      }
      return true;
    }
    put_tag(op);
    const std::size_t width = op.code == Code::bits8     ? 8
                              : op.code == Code::bits4   ? 4
                              : op.code == Code::boolean ? 1
                                                         : 0;
    if (width != 0 && width == step)  // they lie as they are sent
      return put_bytes({reinterpret_cast<const std::uint8_t*>(first), count * step});
    const Length length = begin(count * std::max<std::size_t>(width, 1));
    for (std::size_t i = 0; i < count; ++i, first += step) {
      room(scalar_bytes_max);
      if (!value(element, first)) return failure.in(i);
    }
    end(length);
    return true;
  }

  // message Entry { key = 1; value = 2; }, both always there.
  bool map(const Op& op, const void* from) {
    const Layout& layout = *op.layout;
    if (depth_ == 0) {
      return layout.functions.map_count(layout, from) == 0 ||
             failure.set(ErrorCode::encode, "the value is nested too deeply",
                         "64 levels are allowed");
    }
    --depth_;
    void* cursor = nullptr;
    const void *key = nullptr, *held = nullptr;
    for (std::size_t i = 0; layout.functions.map_next(layout, from, &cursor, &key, &held); ++i) {
      room(scalar_bytes_max);
      put_tag(op);
      const Length length = begin(0);
      room(scalar_bytes_max);
      *at_++ = static_cast<std::uint8_t>(1 << 3 | op.key->wire);
      if (!value(*op.key, key)) return failure.in(i);
      room(scalar_bytes_max);
      *at_++ = static_cast<std::uint8_t>(2 << 3 | op.writer->wire);
      if (!value(*op.writer, held)) return failure.in(i);
      end(length);
    }
    ++depth_;
    return true;
  }

  bool held_case(const Writer& writer, const void* from) {
    const Layout& layout = *writer.layout;
    const std::uint32_t which = layout.functions.which(layout, from);
    if (which >= writer.ops.size()) return no_case(layout);
    return tag_and_value(writer.ops[which], layout.functions.held(layout, from)) ||
           failure.in(layout.type.root().fields[which].name);
  }
  bool no_case(const Layout& layout) {
    const TypeNode& node = layout.type.root();
    return !node.closed || failure.set(ErrorCode::encode, "no case of " + node.name + " is set",
                                       "the union is closed");
  }

  // One of the cases of a oneof: written if it is the one that is held.
  bool flat_case(const Op& op, const void* from) {
    const Layout* layout = op.layout;
    if (layout->kind == Kind::optional) {
      from = layout->functions.get(*layout, from);
      if (from == nullptr) return true;
      layout = layout->element;
    }
    const std::uint32_t which = layout->functions.which(*layout, from);
    if (which != op.which) return which < layout->fields.size() || no_case(*layout);
    return tag_and_value(op, layout->functions.held(*layout, from)) ||
           failure.in(layout->type.root().fields[which].name);
  }

  Bytes& out_;
  const std::size_t start_;
  std::uint8_t* at_ = nullptr;
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
