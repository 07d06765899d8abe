// The one walk over a value for formats that write names: what named.hpp says, with a notation's
// Writer. The type is turned into a graph of nodes with prepared keys once; encoding calls the
// Writer only, without a virtual call. An encoder is immutable; any thread.
#pragma once

#include <deque>
#include <map>
#include <optional>

#include <base/endian.hpp>
#include <base/text.hpp>
#include <format/named.hpp>

namespace dts::format::named {

template <class Writer>
class NamedEncoder final : public Encoder {
 public:
  using Names = typename Writer::Names;
  using Key = typename Names::Key;

  // How values of one Layout are written.
  struct Node;
  struct Member {
    std::uint32_t from = 0;        // bytes from the start of the struct
    bool may_be_left_out = false;  // an optional without a default, when empty
    Key key{};
    const Node* node = nullptr;
  };
  struct Node {
    Kind kind = Kind::boolean;
    bool some_left_out = false;  // a member may be
    const Layout* layout = nullptr;
    std::vector<Member> members;    // structure, union_
    std::vector<Key> symbols;       // enumeration
    const Node* element = nullptr;  // list, array, map, optional
    const Node* key = nullptr;      // map
  };

  explicit NamedEncoder(const Layout& layout) : names_(make_names(layout.type)) {
    root_ = node(layout);
  }

  Result<void> encode(const void* value, Bytes& out) const override {
    Failure failure;
    if (encode(value, out, depth_max, failure)) return {};
    return failure.error();
  }
  bool encode(const void* value, Bytes& out, std::uint32_t depth, Failure& failure) const;

  const Node& root() const noexcept { return *root_; }
  const Key& type_key() const noexcept { return *type_key_; }
  const Key& value_key() const noexcept { return *value_key_; }

 private:
  const Node* node(const Layout& layout);
  static Names make_names(const Type& type) {
    if constexpr (std::is_constructible_v<Names, const Type&>)
      return Names(type);
    else
      return Names();
  }

  Names names_;
  std::deque<Node> nodes_;
  std::map<const Layout*, Node*> made_;
  const Node* root_ = nullptr;
  std::optional<Key> type_key_, value_key_;  // of an any, when the type has one
};

template <class Writer>
const typename NamedEncoder<Writer>::Node* NamedEncoder<Writer>::node(const Layout& layout) {
  const auto [found, fresh] = made_.try_emplace(&layout, nullptr);
  if (!fresh) return found->second;
  Node& made = nodes_.emplace_back();
  found->second = &made;  // before its members: a type may refer to itself
  made.kind = layout.kind;
  made.layout = &layout;
  if (layout.key != nullptr) made.key = node(*layout.key);
  if (layout.element != nullptr) made.element = node(*layout.element);
  if (layout.kind == Kind::any && !type_key_) {
    type_key_ = names_.key("type");
    value_key_ = names_.key("value");
  }
  if (layout.kind == Kind::enumeration) {
    for (const Symbol& symbol : layout.type.root().symbols)
      made.symbols.push_back(names_.key(symbol.name));
  }
  for (std::size_t i = 0; i < layout.fields.size(); ++i) {
    const Field& field = layout.type.root().fields[i];
    Member member;
    member.from = layout.fields[i].offset;
    member.may_be_left_out =
        layout.kind == Kind::structure && field.type.kind == Kind::optional && !field.default_value;
    member.key = names_.key(field.name);
    member.node = node(*layout.fields[i].layout);
    made.some_left_out |= member.may_be_left_out;
    made.members.push_back(std::move(member));
  }
  return &made;
}

// One encode call.
template <class Writer>
class EncodeRun {
 public:
  using Walk = NamedEncoder<Writer>;
  using Node = typename Walk::Node;
  using Member = typename Walk::Member;

  EncodeRun(const Walk& walk, Writer& writer, std::uint32_t depth, Failure& failure)
      : walk_(&walk), writer_(writer), depth_(depth), failure_(failure) {}

  bool write(const Node& node, const void* from) {
    return number(node, from) || all_but_number(node, from);
  }

 private:
  // Most members are numbers: those are written without a call, a tenth of the instructions of a
  // record. False: it is none.
  [[gnu::always_inline]] inline bool number(const Node& node, const void* from) {
    switch (node.kind) {
      case Kind::boolean:
        writer_.boolean(base::load<std::uint8_t>(from) != 0);
        return true;
      case Kind::i8:
        writer_.integer(base::load<std::int8_t>(from));
        return true;
      case Kind::i16:
        writer_.integer(base::load<std::int16_t>(from));
        return true;
      case Kind::i32:
        writer_.integer(base::load<std::int32_t>(from));
        return true;
      case Kind::i64:
        writer_.integer(base::load<std::int64_t>(from));
        return true;
      case Kind::u8:
        writer_.unsigned_integer(base::load<std::uint8_t>(from));
        return true;
      case Kind::u16:
        writer_.unsigned_integer(base::load<std::uint16_t>(from));
        return true;
      case Kind::u32:
        writer_.unsigned_integer(base::load<std::uint32_t>(from));
        return true;
      case Kind::u64:
        writer_.unsigned_integer(base::load<std::uint64_t>(from));
        return true;
      case Kind::f32:
        writer_.real(base::load<float>(from));
        return true;
      case Kind::f64:
        writer_.real(base::load<double>(from));
        return true;
      default:
        return false;
    }
  }

  bool all_but_number(const Node& node, const void* from) {
    switch (node.kind) {
      case Kind::text:
        return text(node, from);
      case Kind::bytes:
        writer_.bytes(node.layout->functions.view(*node.layout, from));
        return true;
      case Kind::time:
        writer_.time(base::load<std::int64_t>(from));
        return true;
      case Kind::duration:
        writer_.duration(base::load<std::int64_t>(from));
        return true;
      case Kind::decimal:
        writer_.decimal(*static_cast<const Decimal*>(from));
        return true;
      case Kind::enumeration:
        return symbol(node, from);
      case Kind::optional: {
        const void* held = node.layout->functions.get(*node.layout, from);
        if (held != nullptr) return write(*node.element, held);
        writer_.null();
        return true;
      }
      default:
        return nested(node, from);
    }
  }

  bool nested(const Node& node, const void* from) {
    if (depth_ == 0) {
      return failure_.set(ErrorCode::encode, "the value is nested too deeply",
                          "64 levels are allowed");
    }
    --depth_;
    bool fine;
    switch (node.kind) {
      case Kind::structure:
        fine = structure(node, from);
        break;
      case Kind::union_:
        fine = held_case(node, from);
        break;
      case Kind::map:
        fine = map(node, from);
        break;
      case Kind::any:
        fine = any(*static_cast<const Any*>(from));
        break;
      default:
        fine = list(node, from);
    }
    ++depth_;
    return fine;
  }

  bool text(const Node& node, const void* from) {
    const std::string_view text = as_text(node.layout->functions.view(*node.layout, from));
    if (!base::is_utf8(text)) return failure_.set(ErrorCode::encode, "the text is not valid UTF-8");
    return writer_.text(text, failure_);
  }

  bool symbol(const Node& node, const void* from) {
    const std::int64_t value = load_symbol(*node.layout, from);
    const TypeNode& type = node.layout->type.root();
    if (const Symbol* symbol = find_symbol(type, value)) {
      writer_.symbol(node.symbols[static_cast<std::size_t>(symbol - type.symbols.data())]);
      return true;
    }
    if (type.closed || value < INT32_MIN || value > INT32_MAX)
      return no_symbol_to_send(failure_, type, value);
    writer_.integer(value);
    return true;
  }

  static bool is_left_out(const Member& member, const void* place) {
    if (!member.may_be_left_out) return false;
    const Layout& layout = *member.node->layout;
    return layout.functions.get(layout, place) == nullptr;
  }

  bool structure(const Node& node, const void* from) {
    const auto* bytes = static_cast<const std::byte*>(from);
    std::size_t count = node.members.size();
    if (node.some_left_out) {
      for (const Member& member : node.members) count -= is_left_out(member, bytes + member.from);
    }
    writer_.begin_struct(count);
    for (const Member& member : node.members) {
      const std::byte* place = bytes + member.from;
      if (is_left_out(member, place)) continue;
      writer_.begin_member(member.key);
      if (!number(*member.node, place) && !all_but_number(*member.node, place))
        return failure_.in(name_of(node, member));
      writer_.end_member(member.key);
    }
    writer_.end_struct();
    return true;
  }
  static std::string_view name_of(const Node& node, const Member& member) {
    const auto index = static_cast<std::size_t>(&member - node.members.data());
    return node.layout->type.root().fields[index].name;
  }

  bool held_case(const Node& node, const void* from) {
    const Layout& layout = *node.layout;
    const std::uint32_t which = layout.functions.which(layout, from);
    if (which >= node.members.size()) {
      if (layout.type.root().closed) return no_case_to_send(failure_, layout.type.root());
      writer_.no_case();
      return true;
    }
    const Member& member = node.members[which];
    writer_.begin_case(member.key);
    if (!write(*member.node, layout.functions.held(layout, from)))
      return failure_.in(name_of(node, member));
    writer_.end_case(member.key);
    return true;
  }

  bool list(const Node& node, const void* from) {
    const Layout& layout = *node.layout;
    const Node& item = *node.element;
    const std::size_t count =
        layout.kind == Kind::array ? layout.length : layout.functions.count(layout, from);
    const auto* first = static_cast<const std::byte*>(layout.functions.elements(layout, from));
    if (item.kind >= Kind::i8 && item.kind <= Kind::f64 &&
        writer_.numbers(item.kind, first, count)) {
      return true;
    }
    writer_.begin_list(count);
    for (std::size_t i = 0; i < count; ++i) {
      writer_.begin_item();
      if (!write(item, first + i * item.layout->size)) return failure_.in(i);
      writer_.end_item();
    }
    writer_.end_list();
    return true;
  }

  bool map(const Node& node, const void* from) {
    const Layout& layout = *node.layout;
    void* cursor = nullptr;
    const void *key = nullptr, *value = nullptr;
    writer_.begin_map(layout.functions.map_count(layout, from));
    while (layout.functions.map_next(layout, from, &cursor, &key, &value)) {
      writer_.begin_entry();
      if (!write(*node.key, key)) return false;
      writer_.middle_of_entry();
      if (!write(*node.element, value)) return failure_.in(key_text(*node.key->layout, key));
      writer_.end_entry();
    }
    writer_.end_map();
    return true;
  }

  bool any(const Any& any) {
    if (!any.type.valid()) {
      writer_.begin_struct(0);
      writer_.end_struct();
      return true;
    }
    Value value;
    if (!open_any(any, value, failure_)) return false;
    const Walk inner(value.layout());
    writer_.begin_struct(2);
    writer_.begin_member(walk_->type_key());
    if (!writer_.text(any.type.print(Type::Style::one_line), failure_)) return failure_.in("type");
    writer_.end_member(walk_->type_key());
    writer_.begin_member(walk_->value_key());
    if (!any_value(inner, value.data())) return failure_.in("value");
    writer_.end_member(walk_->value_key());
    writer_.end_struct();
    return true;
  }

  bool any_value(const Walk& inner, const void* value) {
    if constexpr (Writer::any_is_message) {
      Bytes message;
      if (!inner.encode(value, message, depth_, failure_)) return false;
      writer_.bytes(message);
      return true;
    } else {
      const Walk* outer = std::exchange(walk_, &inner);  // its any-keys serve what is inside
      const bool fine = write(inner.root(), value);
      walk_ = outer;
      return fine;
    }
  }

  const Walk* walk_;
  Writer& writer_;
  std::uint32_t depth_;
  Failure& failure_;
};

template <class Writer>
bool NamedEncoder<Writer>::encode(const void* value, Bytes& out, std::uint32_t depth,
                                  Failure& failure) const {
  const std::size_t start = out.size();
  Writer writer(out, names_);
  const auto finish = [&] {
    if constexpr (requires { writer.finish(failure); }) {
      return writer.finish(failure);
    } else {
      writer.finish();
      return true;
    }
  };
  if (EncodeRun<Writer>(*this, writer, depth, failure).write(*root_, value) && finish())
    return true;
  out.resize(start);
  return false;
}

template <class Writer>
Result<std::unique_ptr<Encoder>> make_encoder(const Layout& layout) {
  return std::unique_ptr<Encoder>(new NamedEncoder<Writer>(layout));
}

}  // namespace dts::format::named
