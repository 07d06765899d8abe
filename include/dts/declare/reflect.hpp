// What the language lets us find out about an aggregate: how many fields it has, their names and
// places; and the symbols of an enumeration. No DTS type in here; only for <dts/declare.hpp>.
// Works on g++ 12 and clang 14 to 16. Names come from __PRETTY_FUNCTION__ of a function whose
// template argument is the address of a field of an object that is declared and never defined.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>

// clang 14 takes no structured binding in a requires-expression; there the compiler's own message
// about the bit-field has to do.
#if defined(__clang__) && __clang_major__ < 16
#define DTS_REFUSE_BIT_FIELDS(...) static_assert(true)
#else
#define DTS_REFUSE_BIT_FIELDS(...)                                                    \
  static_assert(                                                                      \
      requires { by_reference(__VA_ARGS__); },                                        \
      "dts: a bit-field has no address: declare the field as an ordinary integer or " \
      "bool, or list the other fields by hand: dts::field(\"name\", &T::member)")
#endif

namespace dts::declared {

// ---- how many fields ----

// Converts to anything, so it can initialise any field. Never called; it has bodies only because
// types without linkage need them.
struct AnyField {
  std::size_t index;
  template <class T>
  operator T&() const& noexcept {
    __builtin_unreachable();
  }
  template <class T>
  operator T&&() const&& noexcept {
    __builtin_unreachable();
  }
};

// Converts to a base class of T only.
template <class T>
struct AnyBase {
  template <class Base>
    requires(std::is_base_of_v<Base, T> && !std::is_same_v<Base, T>)
  operator Base&() const& noexcept {
    __builtin_unreachable();
  }
  template <class Base>
    requires(std::is_base_of_v<Base, T> && !std::is_same_v<Base, T>)
  operator Base&&() const&& noexcept {
    __builtin_unreachable();
  }
};

template <class T, class Indexes>
struct Initialise;
template <class T, std::size_t... I>
struct Initialise<T, std::index_sequence<I...>> {
  static constexpr bool flat = requires { T{AnyField{I}...}; };
};
template <class T, std::size_t Count>
inline constexpr bool takes_fields = Initialise<T, std::make_index_sequence<Count>>::flat;

inline constexpr std::size_t fields_max = 64;

// The largest number of initialisers that T takes, by bisection in [Low, High).
template <class T, std::size_t Low = 0, std::size_t High = fields_max + 2>
consteval std::size_t count_fields() {
  if constexpr (High - Low <= 1) {
    return Low;
  } else {
    constexpr std::size_t middle = (Low + High) / 2;
    if constexpr (takes_fields<T, middle>) {
      return count_fields<T, middle, High>();
    } else {
      return count_fields<T, Low, middle>();
    }
  }
}

template <class T>
inline constexpr std::size_t field_count = count_fields<T>();

// A C array takes several initialisers by itself, which spoils the count. Field `I` is one when
// giving it all at once as {} leaves fewer initialisers than before for those behind it.
template <class T, class Before, class After>
struct TakesBraces;
template <class T, std::size_t... I, std::size_t... J>
struct TakesBraces<T, std::index_sequence<I...>, std::index_sequence<J...>> {
  static constexpr bool alone = requires { T{AnyField{I}..., {}}; };
  static constexpr bool with_rest = requires { T{AnyField{I}..., {}, AnyField{J}...}; };
  static constexpr bool is_c_array = alone && !with_rest;
};
template <class T, std::size_t... I>
consteval bool find_c_array(std::index_sequence<I...>) {
  return (TakesBraces<T, std::make_index_sequence<I>,
                      std::make_index_sequence<sizeof...(I) - I - 1>>::is_c_array ||
          ...);
}
template <class T>
inline constexpr bool has_c_array = find_c_array<T>(std::make_index_sequence<field_count<T>>());

template <class T>
concept HasBase = requires { T{AnyBase<T>{}}; };

// ---- names ----

template <class T>
struct External {
  T value;
};
#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wundefined-var-template"
#pragma clang diagnostic ignored "-Wundefined-internal"
#endif
// Never defined: only the addresses of its fields are formed, while compiling.
template <class T>
extern const External<T> external;
#if defined(__clang__)
#pragma clang diagnostic pop
#endif

// clang before 18 takes the address of a subobject only inside a class.
template <class Pointer>
struct Wrapped {
  Pointer pointer;
};
template <class Pointer>
Wrapped(Pointer) -> Wrapped<Pointer>;
#if defined(__clang__)
#define DTS_MEMBER_POINTER(member) \
  ::dts::declared::Wrapped { &member }
#else
#define DTS_MEMBER_POINTER(member) &member
#endif

constexpr bool is_identifier_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// "... [with auto P = (& external<S>.External<S>::value.S::celsius); std::string_view = ...]"  g++
// "... [P = Wrapped<const double *>{&external.value.celsius}]"                               clang
template <auto Pointer>
consteval std::string_view member_name() {
  std::string_view text = __PRETTY_FUNCTION__;
#if !defined(__clang__)
  text = text.substr(0, text.rfind("; std::string_view"));
#endif
  std::size_t end = text.size();
  while (end > 0 && !is_identifier_byte(text[end - 1])) --end;
  std::size_t begin = end;
  while (begin > 0 && is_identifier_byte(text[begin - 1])) --begin;
  return text.substr(begin, end - begin);
}

template <class... Fields>
void by_reference(Fields&...);

template <std::size_t Count>
struct Members;
template <>
struct Members<0> {
  template <class T, class Visitor>
  static auto visit(T&, Visitor visitor) {
    return visitor();
  }
  template <class T>
  static constexpr auto member_names() {
    return std::array<std::string_view, 0>{};
  }
};

// ---- enumerations ----

struct EnumeratorName {
  std::string_view name;
  std::int64_t value = 0;
};

inline constexpr int enumerator_min = -128;
inline constexpr int enumerator_max = 127;

template <class E>
consteval int first_enumerator() {
  return std::is_signed_v<std::underlying_type_t<E>> ? enumerator_min : 0;
}
template <class E>
consteval int last_enumerator() {
  return std::is_same_v<std::underlying_type_t<E>, bool> ? 1 : enumerator_max;
}

template <class E, E... Values>
consteval std::string_view print_enumerators() {
  return __PRETTY_FUNCTION__;
}

// One string for the whole range: "... {(State)-1, State::idle, State::heating, (State)2, ...}".
template <class E, int First, int... I>
consteval std::string_view print_range(std::integer_sequence<int, I...>) {
  return print_enumerators<E, static_cast<E>(First + I)...>();
}

template <class E>
struct Enumerators {
  static constexpr int first = first_enumerator<E>();
  static constexpr int range = last_enumerator<E>() - first + 1;
  std::array<EnumeratorName, range> list{};
  std::size_t count = 0;

  consteval Enumerators() {
    std::string_view text = print_range<E, first>(std::make_integer_sequence<int, range>());
#if defined(__clang__)
    std::size_t at = text.rfind("= <") + 3;
#else
    std::size_t at = text.rfind("= {") + 3;
#endif
    for (int i = 0; i < range; ++i) {
      const std::size_t end = end_of_item(text, at);
      std::size_t begin = end;
      while (begin > at && is_identifier_byte(text[begin - 1])) --begin;
      const bool is_number = text[begin] >= '0' && text[begin] <= '9';  // "(State)3"
      if (!is_number) list[count++] = {text.substr(begin, end - begin), first + i};
      at = end + 2;  // ", "
    }
  }

 private:
  // The comma or bracket behind the item at `at`, which may have brackets: "Box<int, 3>::Mode::on".
  static consteval std::size_t end_of_item(std::string_view text, std::size_t at) {
    int depth = 0;
    while (true) {
      const char c = text[at];
      if (depth == 0 && (c == ',' || c == '>' || c == '}' || c == ']')) return at;
      if (c == '<' || c == '(' || c == '{' || c == '[') ++depth;
      if (c == '>' || c == ')' || c == '}' || c == ']') --depth;
      ++at;
    }
  }
};

template <class E>
inline constexpr Enumerators<E> enumerators{};

// An enumeration without a fixed underlying type holds only some values: it cannot be scanned.
template <class E>
concept FixedEnumeration = requires { E{0}; };

}  // namespace dts::declared
