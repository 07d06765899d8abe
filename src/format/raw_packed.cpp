#include <format/raw_packed.hpp>

#include <cstring>
#include <vector>

#include <base/endian.hpp>

namespace dts::format::raw {

namespace {

// Bytes of a scalar; 0 for what has no fixed size.
std::size_t scalar_size(Kind kind) {
  switch (kind) {
    case Kind::boolean:
    case Kind::i8:
    case Kind::u8:
      return 1;
    case Kind::i16:
    case Kind::u16:
      return 2;
    case Kind::i32:
    case Kind::u32:
    case Kind::f32:
    case Kind::enumeration:
      return 4;
    case Kind::i64:
    case Kind::u64:
    case Kind::f64:
    case Kind::time:
    case Kind::duration:
      return 8;
    default:
      return 0;
  }
}

// How many bytes the values of a type take when packed, or why they have no fixed size.
class Sizes {
 public:
  static Result<Sizes> of(const Type& type) {
    Sizes sizes(type);
    if (type.root().kind != Kind::structure) return sizes.refuse("it is no struct");
    DTS_TRY(sizes.node(0));
    return sizes;
  }
  // Of what is known to have one.
  std::size_t operator[](const TypeRef& type) const {
    if (type.kind == Kind::reference) return known_[type.node];
    if (type.kind == Kind::array) return (*this)[type.arguments[0]] * type.length;
    return scalar_size(type.kind);
  }
  std::size_t root() const { return known_[0]; }

 private:
  static constexpr std::size_t unknown = ~std::size_t{0}, busy = unknown - 1;
  static constexpr std::size_t size_max = Layout::dynamic_size_max;

  explicit Sizes(const Type& type) : type_(type), known_(type.nodes().size(), unknown) {}

  Result<std::size_t> reference(const TypeRef& type) {
    if (type.kind == Kind::reference) return node(type.node);
    if (type.kind == Kind::array) {
      DTS_ASSIGN(const std::size_t element, reference(type.arguments[0]));
      if (element == 0) return refuse("an array of empty structs has no bytes");
      if (element * type.length > size_max) return refuse("it is larger than 1 MiB");
      return element * type.length;
    }
    const std::size_t size = scalar_size(type.kind);
    if (size == 0) return refuse(kind_text(type.kind) + " has no fixed size");
    return size;
  }

  Result<std::size_t> node(std::uint32_t index) {
    if (known_[index] == busy) return refuse("it holds itself");
    if (known_[index] != unknown) return known_[index];
    const TypeNode& node = type_.nodes()[index];
    if (node.kind == Kind::enumeration) return known_[index] = scalar_size(node.kind);
    if (node.kind == Kind::union_) return refuse("union has no fixed size");
    std::size_t sum = 0;
    known_[index] = busy;
    for (const Field& field : node.fields) {
      const auto size = reference(field.type);
      if (!size) return size.error().at(field.name);
      sum += *size;
      if (sum > size_max) return refuse("it is larger than 1 MiB");
    }
    return known_[index] = sum;
  }

  Error refuse(std::string why) const {
    return Error(ErrorCode::unsupported, "raw cannot carry " + type_.name(), {}, std::move(why),
                 "declare one field of type bytes, or fields of fixed size only, or choose another "
                 "format");
  }

  Type type_;
  std::vector<std::size_t> known_;  // by node
};

// ---- encoder
// -------------------------------------------------------------------------------------

class PackedEncoder final : public Encoder {
 public:
  PackedEncoder(const Layout& layout, std::size_t size) : layout_(layout), size_(size) {}

  Result<void> encode(const void* value, Bytes& out) const override {
    const std::size_t start = out.size();
    out.resize(start + size_);
    std::uint8_t* to = out.data() + start;
    Failure failure;
    if (write(layout_, value, to, failure)) return {};
    out.resize(start);
    return failure.error();
  }

 private:
  static bool write(const Layout& layout, const void* from, std::uint8_t*& to, Failure& failure) {
    switch (layout.kind) {
      case Kind::structure:
        return structure(layout, from, to, failure);
      case Kind::array:
        return array(layout, from, to, failure);
      case Kind::enumeration:
        return symbol(layout, from, to, failure);
      case Kind::boolean:
        *to++ = base::load<std::uint8_t>(from) != 0;
        return true;
      default:
        std::memcpy(to, from, layout.size);
        to += layout.size;
        return true;
    }
  }

  static bool structure(const Layout& layout, const void* from, std::uint8_t*& to,
                        Failure& failure) {
    for (std::size_t i = 0; i < layout.fields.size(); ++i) {
      const LayoutField& field = layout.fields[i];
      if (!write(*field.layout, static_cast<const std::byte*>(from) + field.offset, to, failure))
        return failure.in(layout.type.root().fields[i].name);
    }
    return true;
  }

  static bool array(const Layout& layout, const void* from, std::uint8_t*& to, Failure& failure) {
    const auto* first = static_cast<const std::byte*>(layout.functions.elements(layout, from));
    const Layout& element = *layout.element;
    if (element.kind >= Kind::i8 && element.kind <= Kind::f64) {
      std::memcpy(to, first, std::size_t{element.size} * layout.length);
      to += std::size_t{element.size} * layout.length;
      return true;
    }
    for (std::size_t i = 0; i < layout.length; ++i) {
      if (!write(element, first + i * element.size, to, failure)) return failure.in(i);
    }
    return true;
  }

  static bool symbol(const Layout& layout, const void* from, std::uint8_t*& to, Failure& failure) {
    const std::int64_t value = load_symbol(layout, from);
    const TypeNode& node = layout.type.root();
    if ((node.closed && !is_symbol_of(node, value)) || !std::in_range<std::int32_t>(value)) {
      return failure.set(ErrorCode::encode, std::to_string(value) + " is not a symbol of " +
                                                node.name + " and cannot be sent");
    }
    base::store(to, static_cast<std::int32_t>(value));
    to += 4;
    return true;
  }

  const Layout& layout_;
  const std::size_t size_;
};

// ---- decoder
// -------------------------------------------------------------------------------------

class PackedDecoder final : public Decoder {
 public:
  PackedDecoder(std::unique_ptr<const Plan> plan, Sizes sizes, const DecodeLimits& limits)
      : plan_(std::move(plan)), sizes_(std::move(sizes)), limits_(limits) {}

  Result<void> decode(ByteView message, void* value) const override {
    if (message.size() != sizes_.root()) {
      return Error(ErrorCode::decode, "a packed " + plan_->publisher().name() + " has " +
                                          std::to_string(sizes_.root()) + " bytes, not " +
                                          std::to_string(message.size()));
    }
    Failure failure;
    Allowance allowance(limits_, message.size());
    Run run{sizes_, message.data(), allowance, failure};
    if (run.structure(*plan_->root().pair, value)) return {};
    return failure.error();
  }

 private:
  // One decode call. The message has the type's size, so nothing is read behind it.
  struct Run {
    const Sizes& sizes;
    const std::uint8_t* at;
    Allowance& allowance;
    Failure& failure;

    bool structure(const PlanPair& pair, void* to) {
      if (!allowance.enter(failure)) return false;
      if (!pair.absent.empty()) store_absent(pair, to);
      for (std::size_t i = 0; i < pair.members.size(); ++i) {
        const PlanMember& member = pair.members[i];
        const Field& field = pair.from->fields[i];
        const std::uint8_t* const behind = at + sizes[field.type];
        if (member.step != nullptr &&
            !read(*member.step, field.type, static_cast<std::byte*>(to) + member.offset) &&
            !recover(member, to, failure)) {
          return failure.in(field.name);
        }
        at = behind;
      }
      allowance.leave();
      return true;
    }

    // `type`: the publisher's.
    bool read(const PlanStep& step, const TypeRef& type, void* to) {
      switch (step.action) {
        case Action::wrap:
          return allowance.take(1, step.to->element->size, failure) &&
                 read(*step.element, type, step.to->functions.set(*step.to, to));
        case Action::enumeration:
          return store_symbol(step, to, next<std::int32_t>(), failure);
        case Action::list:
          return list(step, type, to);
        case Action::structure:
          return structure(*step.pair, to);
        default:
          return scalar(step, to);
      }
    }

    template <class T>
    T next() {
      const T value = base::load<T>(at);
      at += sizeof(T);
      return value;
    }

    bool scalar(const PlanStep& step, void* to) {
      switch (step.from) {
        case Kind::boolean: {
          const auto byte = next<std::uint8_t>();
          if (byte > 1)
            return failure.set(ErrorCode::wrong_value, std::to_string(byte) + " is not a bool",
                               "a bool is 0 or 1");
          *static_cast<bool*>(to) = byte != 0;
          return true;
        }
        case Kind::i8:
          return store_signed(step, to, next<std::int8_t>(), failure);
        case Kind::i16:
          return store_signed(step, to, next<std::int16_t>(), failure);
        case Kind::i32:
          return store_signed(step, to, next<std::int32_t>(), failure);
        case Kind::u8:
          return store_unsigned(step, to, next<std::uint8_t>(), failure);
        case Kind::u16:
          return store_unsigned(step, to, next<std::uint16_t>(), failure);
        case Kind::u32:
          return store_unsigned(step, to, next<std::uint32_t>(), failure);
        case Kind::u64:
          return store_unsigned(step, to, next<std::uint64_t>(), failure);
        case Kind::f32:
          return store_real(step, to, next<float>(), failure);
        case Kind::f64:
          return store_real(step, to, next<double>(), failure);
        default:  // i64, time, duration
          return store_signed(step, to, next<std::int64_t>(), failure);
      }
    }

    bool list(const PlanStep& step, const TypeRef& type, void* to) {
      const TypeRef& element = type.arguments[0];
      const std::size_t size = step.to->element->size;
      std::size_t kept = 0;
      std::byte* first = nullptr;
      if (!allowance.take(type.length, size, failure) ||
          !resize(step, to, type.length, kept, first, failure)) {
        return false;
      }
      const bool same_bits =
          step.element->action == Action::bits && step.element->from != Kind::boolean;
      if (same_bits) {
        std::memcpy(first, at, kept * size);
        at += kept * size;
      }
      for (std::size_t i = 0; !same_bits && i < kept; ++i) {
        if (!read(*step.element, element, first + i * size)) return failure.in(i);
      }
      at += (type.length - kept) * sizes[element];
      return true;
    }
  };

  const std::unique_ptr<const Plan> plan_;
  const Sizes sizes_;
  const DecodeLimits limits_;
};

}  // namespace

Result<std::unique_ptr<Encoder>> make_packed_encoder(const Layout& layout) {
  DTS_ASSIGN(const Sizes sizes, Sizes::of(layout.type));
  return std::unique_ptr<Encoder>(new PackedEncoder(layout, sizes.root()));
}

Result<std::unique_ptr<Decoder>> make_packed_decoder(std::unique_ptr<const Plan> plan,
                                                     const DecodeLimits& limits) {
  DTS_ASSIGN(Sizes sizes, Sizes::of(plan->publisher()));
  return std::unique_ptr<Decoder>(new PackedDecoder(std::move(plan), std::move(sizes), limits));
}

}  // namespace dts::format::raw
