// Declaring a C++ type: plain aggregates, no generator, no macro. One line gives the name and, if
// wanted, units, ids, defaults and docs:
//
//   struct Temperature {
//     double celsius;
//     std::int32_t tank;
//     static constexpr auto dts =
//         dts::type("brewery.Temperature", dts::field(&Temperature::celsius).unit("Cel"));
//   };
//
// Fields not mentioned are reflected all the same, by name. At most 64 fields.
// A struct or enumeration that cannot be edited is declared outside, at global scope, before use:
//
//   template <> inline constexpr auto dts::describe<vendor::Point> = dts::type("vendor.Point");
//   template <> inline constexpr auto dts::describe<State> = dts::type("brewery.State");
//
// What has private members or a base class lists its fields, by DTS_DESCRIBE or, where options are
// wanted, by dts::field("name", &T::member).
//
// clang-format off
//   C++                                        DTS
//   bool, integers (long etc. by width)        bool, i8 ... u64
//   float, double                              f32, f64
//   std::string                                text
//   std::vector<std::uint8_t> (dts::Bytes)     bytes
//   dts::Blob                                  bytes; large ones are shared with the message
//   dts::Time, dts::Duration                   time, duration; nanoseconds only
//   dts::Decimal, dts::Any                     decimal, any
//   std::vector<T>, dts::List<T>               list<T>; dts::List also of std::uint8_t and bool
//   std::array<T, N>                           array<T, N>
//   std::map<K, V>, std::unordered_map<K, V>   map<K, V>; K is a bool, integer, text or enumeration
//   std::optional<T>, std::unique_ptr<T>       optional<T>
//   struct, enum, dts::Union, std::variant     struct, enum, union
// clang-format on
// Everything else does not compile, and the message says what to do instead.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include <dts/declare/draft.hpp>
#include <dts/layout.hpp>
#include <dts/type.hpp>
#include <dts/value.hpp>

namespace dts {

// The Layout of a C++ type; layout.type is its Type. Lives for ever; any thread.
template <class T>
const Layout& layout_of();

// The Type of a C++ type.
template <class T>
const Type& type_of() {
  return layout_of<T>().type;
}

// ---- the words of a declaration ----

namespace declared {

// Common to fields and cases. Each option gives a changed copy, so that they chain.
template <class Self>
struct Options {
  MemberOptions options;

  // UCUM code: "Cel", "m/s".
  constexpr Self unit(const char* code) const { return with(&MemberOptions::unit, code); }
  // What the unit alone does not say: "delta", "torque".
  constexpr Self quantity(const char* tag) const { return with(&MemberOptions::quantity, tag); }
  constexpr Self doc(const char* text) const { return with(&MemberOptions::doc, text); }
  // A number that stays when the name changes. All fields of a struct have one, or none.
  constexpr Self id(std::uint32_t number) const {
    Self self = copy();
    self.options.id = number;
    self.options.has_id = true;
    return self;
  }
  // One of the fields that tell two things of this type apart.
  constexpr Self key() const { return with(&MemberOptions::is_key, true); }
  // A subscriber that does not know this field must not read the rest.
  constexpr Self must_understand() const { return with(&MemberOptions::is_must_understand, true); }
  // What becomes of a value of another type that does not fit this field, instead of discarding the
  // message: the default (an empty optional has none) is taken, or a list is cut to the length of
  // a std::array. Not part of the identity.
  constexpr Self use_default() const { return with(&MemberOptions::misfit, OnMisfit::use_default); }
  constexpr Self trim() const { return with(&MemberOptions::misfit, OnMisfit::trim); }
  // Also read what may not fit, checked value by value: larger integers, 64-bit integers as floats,
  // f64 as f32, an optional that may be empty. Not part of the identity.
  constexpr Self narrow() const { return with(&MemberOptions::is_narrow, true); }
  // A former name, at most four.
  constexpr Self alias(const char* name) const {
    Self self = copy();
    std::size_t i = 0;
    while (self.options.aliases[i] != nullptr) ++i;
    self.options.aliases[i] = name;
    return self;
  }

 private:
  friend Self;
  constexpr Self copy() const { return static_cast<const Self&>(*this); }
  template <class T>
  constexpr Self with(T MemberOptions::*option, T value) const {
    Self self = copy();
    self.options.*option = value;
    return self;
  }
};

struct NoDefault {};

template <class Class, class Member, class Default = NoDefault>
struct FieldDeclaration : Options<FieldDeclaration<Class, Member, Default>> {
  Member Class::*pointer;
  Default value;

  constexpr FieldDeclaration(Member Class::*member, const MemberOptions& given,
                             Default default_value = {})
      : pointer(member), value(default_value) {
    this->options = given;
  }
  // What a subscriber takes when a publisher's type has no such field, or omits it. Anything the
  // field can be made from: 18.4, "text", State::idle, std::array{1, 2}.
  template <class Value>
  constexpr auto default_value(Value default_value) const {
    static_assert(std::is_constructible_v<Member, const Value&>,
                  "dts: this default_value cannot be converted to the type of its field");
    return FieldDeclaration<Class, Member, Value>(pointer, this->options, default_value);
  }
};

struct AlternativeDeclaration : Options<AlternativeDeclaration> {};

template <class E>
struct SymbolDeclaration {
  E value;
  const char* name;
  const char* text = "";
  constexpr SymbolDeclaration doc(const char* words) const { return {value, name, words}; }
};

void this_is_no_legal_type_name();  // never defined: calling it stops the compiler

// A dotted name, checked by the compiler: [A-Za-z_][A-Za-z0-9_]*(\.…)*, at most 255 bytes.
struct TypeName {
  const char* text;
  template <std::size_t Size>
  consteval TypeName(const char (&name)[Size]) : text(name) {
    bool start = true;
    for (std::size_t i = 0; i + 1 < Size; ++i) {
      const char c = name[i];
      const bool digit = c >= '0' && c <= '9';
      const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
      if (start ? !letter : !(letter || digit || c == '.')) this_is_no_legal_type_name();
      start = c == '.';
    }
    if (start || Size > 256) this_is_no_legal_type_name();
  }
};

struct Undeclared {};

template <class... Members>
struct TypeDeclaration {
  Heading heading;
  std::tuple<Members...> members;

  constexpr TypeDeclaration doc(const char* text) const {
    TypeDeclaration changed = *this;
    changed.heading.doc = text;
    return changed;
  }
  // An enumeration or union whose unknown values are refused, not kept.
  constexpr TypeDeclaration closed() const {
    TypeDeclaration changed = *this;
    changed.heading.closed = true;
    return changed;
  }
};

}  // namespace declared

// The declaration of a type: its name, and options for those fields that have any.
template <class... Members>
constexpr auto type(declared::TypeName name, Members... members) {
  return declared::TypeDeclaration<Members...>{{name.text, "", false}, {members...}};
}

// Options for a reflected field.
template <class Class, class Member>
constexpr auto field(Member Class::*pointer) {
  return declared::FieldDeclaration<Class, Member>(pointer, declared::MemberOptions{});
}

// A field listed by hand: then all are. For private members, bases and other names.
template <class Class, class Member>
constexpr auto field(const char* name, Member Class::*pointer) {
  declared::MemberOptions options;
  options.name = name;
  return declared::FieldDeclaration<Class, Member>(pointer, options);
}

// A symbol of an enumeration, where [-128, 127] does not hold all or the names should differ.
template <class E>
constexpr auto symbol(E value, const char* name) {
  return declared::SymbolDeclaration<E>{value, name, ""};
}

// A case of a described std::variant, in the order of its alternatives:
//   template <> inline constexpr auto dts::describe<std::variant<std::monostate, int, std::string>>
//   =
//       dts::type("x.Number", dts::alternative("whole"), dts::alternative("spelt"));
// std::monostate comes first and stands for "no case", also for cases this program does not know;
// only a closed() union can do without.
constexpr auto alternative(const char* name) {
  declared::AlternativeDeclaration declaration;
  declaration.options.name = name;
  return declaration;
}

// Specialise for what cannot be edited.
template <class T>
inline constexpr declared::Undeclared describe{};

// ---- containers of our own ----

// A std::vector that is a list<T> for every T: List<std::uint8_t> is list<u8>, where
// std::vector<std::uint8_t> is bytes; and List<bool> has elements that lie in memory as such.
template <class T>
struct List : std::vector<T> {
  using std::vector<T>::vector;
};
struct Bool {
  bool value = false;
  constexpr Bool(bool initial = false) : value(initial) {}
  constexpr operator bool() const { return value; }
};
template <>
struct List<bool> : std::vector<Bool> {
  using std::vector<Bool>::vector;
};

template <std::size_t Size>
struct Name {
  char text[Size];
  consteval Name(const char (&name)[Size]) {
    for (std::size_t i = 0; i < Size; ++i) text[i] = name[i];
  }
  friend constexpr bool operator==(const Name& a, std::string_view b) {
    return std::string_view(a.text, Size - 1) == b;
  }
};

template <Name CaseName, class T, std::int64_t CaseId = -1>
struct Case {
  using type = T;
  static constexpr std::string_view name{CaseName.text, sizeof CaseName.text - 1};
  static constexpr std::int64_t id = CaseId;
};

// One of several named cases, or none: what a default-constructed one holds, and what is held
// when a newer publisher sent a case this program does not know. It is a std::variant of
// std::monostate and the types of the cases, and whatever takes a variant takes it.
//   using Command = dts::Union<"brewery.Command", dts::Case<"heat", Heat>, dts::Case<"stop",
//   Stop>>; Command command = Heat{65}; if (const Heat* heat = command.get<"heat">()) ...
template <Name TypeName, class... Cases>
class Union : public std::variant<std::monostate, typename Cases::type...> {
 public:
  using Variant = std::variant<std::monostate, typename Cases::type...>;
  using Variant::Variant;
  using Variant::operator=;

  static constexpr std::string_view type_name{TypeName.text, sizeof TypeName.text - 1};

  template <Name CaseName>
  static consteval std::size_t index_of() {
    std::size_t index = 0, found = 0;
    ((++index, found = Cases::name == std::string_view(CaseName.text) ? index : found), ...);
    return found;
  }
  // Null when another case, or none, is held.
  template <Name CaseName>
  const auto* get() const noexcept {
    static_assert(index_of<CaseName>() != 0, "dts: this union has no case of that name");
    return std::get_if<index_of<CaseName>()>(static_cast<const Variant*>(this));
  }
  template <Name CaseName>
  auto* get() noexcept {
    static_assert(index_of<CaseName>() != 0, "dts: this union has no case of that name");
    return std::get_if<index_of<CaseName>()>(static_cast<Variant*>(this));
  }
  template <Name CaseName, class... Arguments>
  auto& set(Arguments&&... arguments) {
    static_assert(index_of<CaseName>() != 0, "dts: this union has no case of that name");
    return this->template emplace<index_of<CaseName>()>(std::forward<Arguments>(arguments)...);
  }
  bool has_case() const noexcept { return this->index() != 0; }
};

}  // namespace dts

// For a class with private members or a base class: anywhere in the public part of its body,
// DTS_DESCRIBE(Tank, "brewery.Tank", level, label); lists what travels.
#define DTS_DESCRIBE(Class, name, ...)                                               \
  using DtsDescribed = Class;                                                        \
  static constexpr auto dts_describe() {                                             \
    return ::dts::type(name __VA_OPT__(, ) DTS_DESCRIBE_FIELDS(Class, __VA_ARGS__)); \
  }                                                                                  \
  static_assert(true)
#define DTS_DESCRIBE_FIELDS(Class, ...) \
  __VA_OPT__(DTS_EXPAND(DTS_DESCRIBE_NEXT(Class, __VA_ARGS__)))
#define DTS_DESCRIBE_NEXT(Class, member, ...) \
  ::dts::field(#member, &Class::member)       \
      __VA_OPT__(, DTS_DESCRIBE_AGAIN DTS_PARENTHESES(Class, __VA_ARGS__))
#define DTS_DESCRIBE_AGAIN() DTS_DESCRIBE_NEXT
#define DTS_PARENTHESES ()
// Four scans each: 4 x 4 x 4 fields and more.
#define DTS_EXPAND(...) DTS_EXPAND3(DTS_EXPAND3(DTS_EXPAND3(DTS_EXPAND3(__VA_ARGS__))))
#define DTS_EXPAND3(...) DTS_EXPAND2(DTS_EXPAND2(DTS_EXPAND2(DTS_EXPAND2(__VA_ARGS__))))
#define DTS_EXPAND2(...) DTS_EXPAND1(DTS_EXPAND1(DTS_EXPAND1(DTS_EXPAND1(__VA_ARGS__))))
#define DTS_EXPAND1(...) __VA_ARGS__

#include <dts/declare/build.hpp>  // the templates behind layout_of
