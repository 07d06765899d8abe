// From a C++ type to its rows: one Container specialisation per supported kind of type, and the
// compile errors for everything else. Only for <dts/declare.hpp>, which includes it at its end.
#pragma once

#include <dts/declare.hpp>
#include <dts/declare/containers.hpp>
#include <dts/declare/draft.hpp>
#include <dts/declare/members.hpp>
#include <dts/declare/reflect.hpp>

namespace dts::declared {

template <class T>
void build(Draft& draft);

template <class T>
inline constinit Entry entry{&build<T>};

template <class>
inline constexpr bool never = false;

// ---- declarations ----

template <class T>
concept DeclaredByMember = requires { T::dts.heading; };
template <class T>
concept DeclaredByMacro = requires { typename T::DtsDescribed; };
template <class T>
concept DeclaredOutside = !std::is_same_v<std::remove_cvref_t<decltype(describe<T>)>, Undeclared>;
template <class T>
concept Declared = DeclaredByMember<T> || DeclaredByMacro<T> || DeclaredOutside<T>;

template <class T>
inline constexpr auto declared_by_macro = T::dts_describe();

template <class T>
constexpr const auto& declaration_of() {
  if constexpr (DeclaredOutside<T>) {
    return describe<T>;
  } else if constexpr (DeclaredByMacro<T>) {
    static_assert(std::is_same_v<typename T::DtsDescribed, T>,
                  "dts: only the base class has a DTS_DESCRIBE: this class needs its own");
    return declared_by_macro<T>;
  } else {
    return T::dts;
  }
}

// ---- scalars ----

template <class T>
consteval Kind scalar_kind() {
  if constexpr (std::is_same_v<T, bool>) return Kind::boolean;
  if constexpr (std::is_same_v<T, float>) return Kind::f32;
  if constexpr (std::is_same_v<T, double>) return Kind::f64;
  if constexpr (std::is_integral_v<T>) {
    constexpr Kind is[] = {Kind::i8, Kind::i16, Kind::i32, Kind::i64};
    constexpr Kind us[] = {Kind::u8, Kind::u16, Kind::u32, Kind::u64};
    constexpr int log2 = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;
    return std::is_signed_v<T> ? is[log2] : us[log2];
  }
  if constexpr (std::is_same_v<T, Time>) return Kind::time;
  if constexpr (std::is_same_v<T, Duration>) return Kind::duration;
  if constexpr (std::is_same_v<T, Decimal>) return Kind::decimal;
  if constexpr (std::is_same_v<T, Any>) return Kind::any;
}

template <class T>
inline constexpr bool is_character =
    std::is_same_v<T, char> || std::is_same_v<T, wchar_t> || std::is_same_v<T, char8_t> ||
    std::is_same_v<T, char16_t> || std::is_same_v<T, char32_t>;

template <class T>
inline constexpr bool is_scalar =
    (std::is_integral_v<T> && !is_character<T> && sizeof(T) <= 8) || std::is_same_v<T, float> ||
    std::is_same_v<T, double> || std::is_same_v<T, Time> || std::is_same_v<T, Duration> ||
    std::is_same_v<T, Decimal> || std::is_same_v<T, Any>;

// ---- structs ----

template <class T>
struct IsField : std::false_type {};
template <class C, class M, class D>
struct IsField<FieldDeclaration<C, M, D>> : std::true_type {};

template <class T, class Class, class Member, class Default>
MemberRow declared_row(const FieldDeclaration<Class, Member, Default>& field) {
  static_assert(std::is_base_of_v<Class, T>,
                "dts: dts::field(&X::member) in the declaration of another class than X");
  MemberRow row;
  row.options = &field.options;
  if constexpr (!std::is_same_v<Default, NoDefault>) {
    row.declaration = &field;
    row.default_value = [](const void* declaration, const Layout& layout) {
      using Declaration = FieldDeclaration<Class, Member, Default>;
      const Member value(static_cast<const Declaration*>(declaration)->value);
      return default_bytes(layout, &value);
    };
  }
  return row;
}

// Memory of the size of a T in which no T lives: only the places of its fields are asked for.
template <class T>
union Shape {
  char nothing;
  T value;
  constexpr Shape() : nothing(0) {}
  ~Shape() {}
};
template <class T>
inline constinit Shape<T> shape;

template <class T, class Member>
std::uint32_t offset_of(Member& member) {
  static_assert(sizeof(T) <= 0x7fffffff, "dts: a struct of at most 2 GiB");
  static_assert(!std::is_const_v<Member>,
                "dts: a const field cannot be received into: drop the const");
  return static_cast<std::uint32_t>(reinterpret_cast<const char*>(std::addressof(member)) -
                                    reinterpret_cast<const char*>(&shape<T>));
}

template <class T, class... Fields>
void build_listed(Draft& draft, const TypeDeclaration<Fields...>& declaration) {
  std::array<MemberRow, sizeof...(Fields)> rows;
  std::size_t next = 0;
  const auto add = [&]<class C, class M, class D>(const FieldDeclaration<C, M, D>& field) {
    MemberRow row = declared_row<T>(field);
    if (field.options.name == nullptr) field_not_found(declaration.heading, next);
    row.name = field.options.name;
    row.offset = offset_of<T>(shape<T>.value.*(field.pointer));
    row.entry = &entry<std::remove_cv_t<M>>;
    rows[next++] = row;
  };
  std::apply([&](const auto&... field) { (add(field), ...); }, declaration.members);
  draft.structure(declaration.heading, rows);
}

template <class T>
inline constexpr auto names_of = Members<field_count<T>>::template member_names<T>();

template <class T, class... Fields>
void build_reflected(Draft& draft, const TypeDeclaration<Fields...>& declaration) {
  constexpr std::size_t count = field_count<T>;
  std::array<MemberRow, count> rows;
  Members<count>::visit(shape<T>.value, [&](auto&... member) {
    std::size_t i = 0;
    ((rows[i].name = names_of<T>[i], rows[i].offset = offset_of<T>(member),
      rows[i].entry = &entry<std::remove_cv_t<std::remove_reference_t<decltype(member)>>>, ++i),
     ...);
  });
  std::size_t next = 0;
  const auto add = [&]<class C, class M, class D>(const FieldDeclaration<C, M, D>& field) {
    const MemberRow found = declared_row<T>(field);
    const std::uint32_t offset = offset_of<T>(shape<T>.value.*(field.pointer));
    MemberRow* match = nullptr;
    for (MemberRow& row : rows) {
      if (row.offset == offset && row.entry == &entry<std::remove_cv_t<M>>) match = &row;
    }
    if (match == nullptr) field_not_found(declaration.heading, next);
    match->options = found.options;
    match->default_value = found.default_value;
    match->declaration = found.declaration;
    ++next;
  };
  std::apply([&](const auto&... field) { (add(field), ...); }, declaration.members);
  draft.structure(declaration.heading, rows);
}

template <class... Fields>
constexpr bool is_listed(const TypeDeclaration<Fields...>& declaration) {
  return std::apply([](const auto&... field) { return ((field.options.name != nullptr) || ...); },
                    declaration.members);
}

template <class T>
void build_structure(Draft& draft) {
  draft.layout.kind = Kind::structure;
  static_assert(Declared<T>,
                "dts: this struct has no DTS name yet. Inside it, add: static constexpr auto dts = "
                "dts::type(\"namespace.Name\"); or outside, at global scope: template <> inline "
                "constexpr auto dts::describe<T> = dts::type(\"namespace.Name\");");
  static_assert(std::is_default_constructible_v<T>,
                "dts: this struct cannot be default-constructed (a reference, or a member without "
                "default constructor): a value to receive into has to exist first");
  static_assert(std::is_move_constructible_v<T>, "dts: this struct cannot be moved");
  if constexpr (Declared<T>) {
    constexpr const auto& declaration = declaration_of<T>();
    []<class... Fields>(const TypeDeclaration<Fields...>&) {
      static_assert((IsField<Fields>::value && ...),
                    "dts: the declaration of a struct takes dts::field(...) only");
    }(declaration);
    if constexpr (is_listed(declaration)) {
      build_listed<T>(draft, declaration);
      set_life<T, std::is_copy_constructible_v<T> && !std::is_aggregate_v<T>>(
          draft.layout.functions);
    } else if constexpr (!std::is_aggregate_v<T>) {
      static_assert(never<T>,
                    "dts: this is no plain aggregate (it has private members, constructors or "
                    "virtual functions): list its fields with DTS_DESCRIBE(T, \"name\", a, b) or "
                    "dts::field(\"name\", &T::member)");
    } else if constexpr (HasBase<T>) {
      static_assert(never<T>,
                    "dts: a struct with a base class cannot be reflected: list its fields with "
                    "DTS_DESCRIBE(T, \"name\", a, b) or dts::field(\"name\", &T::member)");
    } else if constexpr (field_count<T> > fields_max) {
      static_assert(never<T>, "dts: more than 64 fields: group some of them in a struct");
    } else if constexpr (has_c_array<T>) {
      static_assert(never<T>,
                    "dts: a C array in a struct: use std::array<T, N>, or std::string "
                    "for char[N]");
    } else {
      build_reflected<T>(draft, declaration);
      set_life<T, false>(draft.layout.functions);
    }
  }
}

// ---- enumerations ----

template <class T>
struct IsSymbol : std::false_type {};
template <class E>
struct IsSymbol<SymbolDeclaration<E>> : std::true_type {};

template <class E, class... Symbols>
void build_symbols(Draft& draft, const TypeDeclaration<Symbols...>& declaration) {
  static_assert((IsSymbol<Symbols>::value && ...),
                "dts: the declaration of an enumeration takes dts::symbol(...) only");
  std::array<SymbolRow, sizeof...(Symbols)> rows;
  std::size_t next = 0;
  const auto add = [&](const auto& symbol) {
    rows[next++] = {symbol.name, static_cast<std::int64_t>(symbol.value), symbol.text};
  };
  std::apply([&](const auto&... symbol) { (add(symbol), ...); }, declaration.members);
  draft.enumeration(declaration.heading, rows);
}

template <class E>
void build_symbols(Draft& draft, const TypeDeclaration<>& declaration) {
  if constexpr (!FixedEnumeration<E>) {
    static_assert(never<E>,
                  "dts: an enumeration without underlying type cannot be scanned: write enum "
                  "class E or enum E : int, or list dts::symbol(value, \"name\")");
  } else {
    constexpr const Enumerators<E>& found = enumerators<E>;
    static_assert(found.count > 0,
                  "dts: no enumerator has a value within [-128, 127]: list them with "
                  "dts::symbol(E::value, \"name\")");
    std::array<SymbolRow, found.count> rows;
    for (std::size_t i = 0; i < found.count; ++i) {
      rows[i] = {found.list[i].name, found.list[i].value, ""};
    }
    draft.enumeration(declaration.heading, rows);
  }
}

template <class E>
void build_enumeration(Draft& draft) {
  draft.layout.kind = Kind::enumeration;
  draft.layout.width = sizeof(E);
  draft.layout.is_signed = std::is_signed_v<std::underlying_type_t<E>>;
  static_assert(DeclaredOutside<E>,
                "dts: this enumeration has no DTS name yet. At global scope, before its use, add: "
                "template <> inline constexpr auto dts::describe<E> = "
                "dts::type(\"namespace.Name\");");
  if constexpr (DeclaredOutside<E>) build_symbols<E>(draft, describe<E>);
}

// ---- everything else: one specialisation each ----

template <class T>
struct Container {
  static void build(Draft& draft) {
    if constexpr (std::is_enum_v<T>) {
      build_enumeration<T>(draft);
    } else {
      build_structure<T>(draft);
    }
  }
};

template <>
struct Container<std::string> {
  static void build(Draft& draft) {
    draft.layout.kind = Kind::text;
    set_life<std::string, true>(draft.layout.functions);
    draft.layout.functions.view = &BufferFunctions<std::string>::view;
    draft.layout.functions.assign = &BufferFunctions<std::string>::assign;
  }
};

template <>
struct Container<Bytes> {
  static void build(Draft& draft) {
    draft.layout.kind = Kind::bytes;
    set_life<Bytes, true>(draft.layout.functions);
    draft.layout.functions.view = &BufferFunctions<Bytes>::view;
    draft.layout.functions.assign = &BufferFunctions<Bytes>::assign;
  }
};

template <>
struct Container<Blob> {
  static void build(Draft& draft) {
    draft.layout.kind = Kind::bytes;
    set_life<Blob, true>(draft.layout.functions);
    draft.layout.functions.view = &BlobFunctions::view;
    draft.layout.functions.assign = &BlobFunctions::assign;
    draft.layout.functions.borrow = &BlobFunctions::borrow;
  }
};

template <class T, class Vector>
void build_list(Draft& draft) {
  draft.layout.kind = Kind::list;
  draft.layout.element = Draft::part(entry<T>);
  set_life<Vector, false>(draft.layout.functions);
  draft.layout.functions.count = &ListFunctions<Vector>::count;
  draft.layout.functions.resize = &ListFunctions<Vector>::resize;
  draft.layout.functions.elements = &ListFunctions<Vector>::elements;
}

template <class T>
struct Container<std::vector<T>> {
  static void build(Draft& draft) {
    if constexpr (std::is_same_v<T, bool>) {
      static_assert(never<T>,
                    "dts: std::vector<bool> has no elements in memory: use dts::List<bool>");
    } else {
      build_list<T, std::vector<T>>(draft);
    }
  }
};

template <class T>
struct Container<List<T>> {
  static void build(Draft& draft) { build_list<T, List<T>>(draft); }
};

template <class T, std::size_t Size>
struct Container<std::array<T, Size>> {
  static void build(Draft& draft) {
    static_assert(Size > 0, "dts: an array of no elements carries nothing: drop the field");
    static_assert(Size <= 0x7fffffff, "dts: an array of more than 2^31 elements: use std::vector");
    draft.layout.kind = Kind::array;
    draft.layout.length = Size;
    draft.layout.element = Draft::part(entry<T>);
    set_life<std::array<T, Size>, false>(draft.layout.functions);
    draft.layout.functions.count = &array_count;
    draft.layout.functions.resize = &array_resize;
    draft.layout.functions.elements = &array_elements;
  }
};

template <class Key, class T, class Map>
void build_map(Draft& draft) {
  static_assert((std::is_integral_v<Key> && !is_character<Key>) || std::is_enum_v<Key> ||
                    std::is_same_v<Key, std::string>,
                "dts: the key of a map is a bool, an integer, an enumeration or std::string");
  using Functions = MapFunctions<Map>;
  draft.layout.kind = Kind::map;
  draft.layout.key = Draft::part(entry<Key>);
  draft.layout.element = Draft::part(entry<T>);
  set_life<Map, false>(draft.layout.functions);
  draft.layout.functions.map_count = &Functions::count;
  draft.layout.functions.map_next = &Functions::next;
  draft.layout.functions.map_clear = &Functions::clear;
  draft.layout.functions.map_insert = &Functions::insert;
  draft.layout.functions.map_find = &Functions::find;
}

template <class K, class V, class C, class A>
struct Container<std::map<K, V, C, A>> {
  static void build(Draft& draft) { build_map<K, V, std::map<K, V, C, A>>(draft); }
};

template <class K, class V, class H, class E, class A>
struct Container<std::unordered_map<K, V, H, E, A>> {
  static void build(Draft& draft) { build_map<K, V, std::unordered_map<K, V, H, E, A>>(draft); }
};

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct IsOptional<std::unique_ptr<T>> : std::true_type {};

template <class T, class Optional>
void build_optional(Draft& draft) {
  static_assert(!IsOptional<T>::value,
                "dts: an optional of an optional cannot be told from an empty one: put a struct "
                "between them");
  draft.layout.kind = Kind::optional;
  draft.layout.element = Draft::part(entry<T>);
  set_life<Optional, false>(draft.layout.functions);
  draft.layout.functions.get = &OptionalFunctions<Optional>::get;
  draft.layout.functions.set = &OptionalFunctions<Optional>::set;
  draft.layout.functions.reset = &OptionalFunctions<Optional>::reset;
}

template <class T>
struct Container<std::optional<T>> {
  static void build(Draft& draft) { build_optional<T, std::optional<T>>(draft); }
};

template <class T>
struct Container<std::unique_ptr<T>> {
  static_assert(!std::is_array_v<T>, "dts: std::unique_ptr<T[]>: use std::vector<T>");
  static void build(Draft& draft) { build_optional<T, std::unique_ptr<T>>(draft); }
};

// ---- unions ----

template <class Whole, class... Alternatives>
void set_union_functions(Draft& draft) {
  using Functions = UnionFunctions<Alternatives...>;
  draft.layout.kind = Kind::union_;
  set_life<Whole, false>(draft.layout.functions);
  draft.layout.functions.construct = &Life<Whole>::construct;
  draft.layout.functions.which = &Functions::which;
  draft.layout.functions.held = &Functions::held;
  draft.layout.functions.choose = &Functions::choose;
}

template <Name UnionName, class... Cases>
struct Container<Union<UnionName, Cases...>> {
  static void build(Draft& draft) {
    using Whole = Union<UnionName, Cases...>;
    static_assert(sizeof...(Cases) > 0, "dts: a union without cases");
    set_union_functions<Whole, std::monostate, typename Cases::type...>(draft);
    static constexpr auto options_of = [](auto one_case) {
      MemberOptions options;
      options.has_id = decltype(one_case)::id >= 0;
      options.id = options.has_id ? static_cast<std::uint32_t>(decltype(one_case)::id) : 0;
      return options;
    };
    const std::array<MemberOptions, sizeof...(Cases)> options{options_of(Cases{})...};
    std::array<MemberRow, sizeof...(Cases)> rows;
    std::size_t i = 0;
    ((rows[i].name = Cases::name, rows[i].entry = &entry<typename Cases::type>,
      rows[i].options = &options[i], ++i),
     ...);
    draft.union_(Heading{Whole::type_name.data(), "", false}, rows);
  }
};

template <class... Alternatives>
struct Container<std::variant<Alternatives...>> {
  static void build(Draft& draft) {
    using Whole = std::variant<Alternatives...>;
    static_assert(DeclaredOutside<Whole>,
                  "dts: the cases of a std::variant have no names: use dts::Union<\"x.Y\", "
                  "dts::Case<\"name\", T>...>, or specialise dts::describe<std::variant<...>> with "
                  "dts::alternative(\"name\")");
    if constexpr (DeclaredOutside<Whole>) {
      set_union_functions<Whole, Alternatives...>(draft);
      using Functions = UnionFunctions<Alternatives...>;
      constexpr const auto& declaration = describe<Whole>;
      static_assert(Functions::has_none || declaration.heading.closed,
                    "dts: put std::monostate first, for cases of newer publishers that this "
                    "program does not know, or declare the union .closed()");
      static_assert(
          std::tuple_size_v<std::remove_cvref_t<decltype(declaration.members)>> == Functions::cases,
          "dts: one dts::alternative(\"name\") for each alternative but std::monostate");
      std::array<MemberRow, Functions::cases> rows;
      fill<Whole, Functions::has_none>(rows, std::make_index_sequence<Functions::cases>());
      draft.union_(declaration.heading, rows);
    }
  }

 private:
  template <class Whole, bool HasNone, std::size_t... I>
  static void fill(auto& rows, std::index_sequence<I...>) {
    ((rows[I].name = std::get<I>(describe<Whole>.members).options.name,
      rows[I].options = &std::get<I>(describe<Whole>.members).options,
      rows[I].entry = &entry<std::variant_alternative_t<I + HasNone, Whole>>),
     ...);
  }
};

// ---- what cannot travel, and what to use instead ----

template <class T>
inline constexpr bool is_other_time = false;
template <class Clock, class D>
inline constexpr bool is_other_time<std::chrono::time_point<Clock, D>> = true;
template <class Rep, class Period>
inline constexpr bool is_other_time<std::chrono::duration<Rep, Period>> = true;
template <class T>
inline constexpr bool is_shared_pointer = false;
template <class T>
inline constexpr bool is_shared_pointer<std::shared_ptr<T>> = true;
template <class T>
inline constexpr bool is_shared_pointer<std::weak_ptr<T>> = true;

template <class T>
consteval bool check_supported() {
  static_assert(!std::is_pointer_v<T> && !std::is_member_pointer_v<T>,
                "dts: a raw pointer cannot travel: use the value, std::optional<T> or "
                "std::unique_ptr<T> (or std::string for char*)");
  static_assert(!std::is_reference_v<T>, "dts: a reference cannot travel: use the value");
  static_assert(!std::is_array_v<T>,
                "dts: a C array in a struct: use std::array<T, N>, or "
                "std::string for char[N]");
  static_assert(!std::is_same_v<T, char>,
                "dts: char is signed on some machines and not on others: use std::int8_t, "
                "std::uint8_t or std::string");
  static_assert(!is_character<T> || std::is_same_v<T, char>,
                "dts: text travels as UTF-8 in std::string; a single character as std::uint32_t");
  static_assert(!std::is_same_v<T, long double>,
                "dts: long double differs from machine to machine: use double or dts::Decimal");
  static_assert(!std::is_integral_v<T> || sizeof(T) <= 8,
                "dts: integers of more than 64 bits cannot travel: use dts::Decimal or std::array");
  static_assert(!std::is_same_v<T, std::string_view>,
                "dts: a std::string_view owns nothing to receive into: use std::string");
  static_assert(!is_other_time<T> || std::is_same_v<T, Time> || std::is_same_v<T, Duration>,
                "dts: times travel as nanoseconds: use dts::Time or dts::Duration "
                "(std::chrono converts to them by itself)");
  static_assert(!is_shared_pointer<T>,
                "dts: shared ownership does not travel: use std::unique_ptr<T>, std::optional<T> "
                "or the value");
  static_assert(!std::is_union_v<T>,
                "dts: a C union does not say what it holds: use dts::Union<\"x.Y\", "
                "dts::Case<\"name\", T>...>");
  return !std::is_pointer_v<T> && !std::is_member_pointer_v<T> && !std::is_array_v<T> &&
         !is_character<T> && !std::is_same_v<T, long double> &&
         !std::is_same_v<T, std::string_view> && !is_shared_pointer<T> && !std::is_union_v<T> &&
         (!std::is_integral_v<T> || sizeof(T) <= 8) &&
         (!is_other_time<T> || std::is_same_v<T, Time> || std::is_same_v<T, Duration>);
}

template <class T>
void build(Draft& draft) {
  if constexpr (check_supported<T>()) {
    draft.layout.size = sizeof(T);
    draft.layout.align = alignof(T);
    if constexpr (is_scalar<T>) {
      draft.layout.kind = scalar_kind<T>();
      set_life<T, true>(draft.layout.functions);
    } else {
      Container<T>::build(draft);
    }
  }
}

}  // namespace dts::declared

template <class T>
const dts::Layout& dts::layout_of() {
  static_assert(std::is_same_v<T, std::remove_cvref_t<T>>,
                "dts: ask for the layout of the plain type, without const, volatile or &");
  declared::Entry& entry = declared::entry<T>;
  const Layout* layout = entry.published.load(std::memory_order_acquire);
  return layout != nullptr ? *layout : declared::publish(entry);
}
