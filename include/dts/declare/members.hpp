// The fields of an aggregate, by structured bindings: one specialisation of Members for each
// number of fields from 1 to 64, made of groups of eight. Only for <dts/declare.hpp>.
#pragma once

#include <dts/declare/reflect.hpp>

#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wundefined-var-template"
#endif

// clang-format off

// The bindings are numbered in octal: group `g` is m<g>0 to m<g>7. The first n of a group:
#define DTS_BIND1(g) m##g##0
#define DTS_BIND2(g) DTS_BIND1(g), m##g##1
#define DTS_BIND3(g) DTS_BIND2(g), m##g##2
#define DTS_BIND4(g) DTS_BIND3(g), m##g##3
#define DTS_BIND5(g) DTS_BIND4(g), m##g##4
#define DTS_BIND6(g) DTS_BIND5(g), m##g##5
#define DTS_BIND7(g) DTS_BIND6(g), m##g##6
#define DTS_BIND8(g) DTS_BIND7(g), m##g##7
// ... and all groups before group g:
#define DTS_BIND_BEFORE_0
#define DTS_BIND_BEFORE_1 DTS_BIND8(0),
#define DTS_BIND_BEFORE_2 DTS_BIND_BEFORE_1 DTS_BIND8(1),
#define DTS_BIND_BEFORE_3 DTS_BIND_BEFORE_2 DTS_BIND8(2),
#define DTS_BIND_BEFORE_4 DTS_BIND_BEFORE_3 DTS_BIND8(3),
#define DTS_BIND_BEFORE_5 DTS_BIND_BEFORE_4 DTS_BIND8(4),
#define DTS_BIND_BEFORE_6 DTS_BIND_BEFORE_5 DTS_BIND8(5),
#define DTS_BIND_BEFORE_7 DTS_BIND_BEFORE_6 DTS_BIND8(6),

// The same for their names.
#define DTS_NAME(member) ::dts::declared::member_name<DTS_MEMBER_POINTER(member)>()
#define DTS_NAME1(g) DTS_NAME(m##g##0)
#define DTS_NAME2(g) DTS_NAME1(g), DTS_NAME(m##g##1)
#define DTS_NAME3(g) DTS_NAME2(g), DTS_NAME(m##g##2)
#define DTS_NAME4(g) DTS_NAME3(g), DTS_NAME(m##g##3)
#define DTS_NAME5(g) DTS_NAME4(g), DTS_NAME(m##g##4)
#define DTS_NAME6(g) DTS_NAME5(g), DTS_NAME(m##g##5)
#define DTS_NAME7(g) DTS_NAME6(g), DTS_NAME(m##g##6)
#define DTS_NAME8(g) DTS_NAME7(g), DTS_NAME(m##g##7)
#define DTS_NAME_BEFORE_0
#define DTS_NAME_BEFORE_1 DTS_NAME8(0),
#define DTS_NAME_BEFORE_2 DTS_NAME_BEFORE_1 DTS_NAME8(1),
#define DTS_NAME_BEFORE_3 DTS_NAME_BEFORE_2 DTS_NAME8(2),
#define DTS_NAME_BEFORE_4 DTS_NAME_BEFORE_3 DTS_NAME8(3),
#define DTS_NAME_BEFORE_5 DTS_NAME_BEFORE_4 DTS_NAME8(4),
#define DTS_NAME_BEFORE_6 DTS_NAME_BEFORE_5 DTS_NAME8(5),
#define DTS_NAME_BEFORE_7 DTS_NAME_BEFORE_6 DTS_NAME8(6),

#define DTS_MEMBERS(g, n)                                                                       \
  template <>                                                                                   \
  struct Members<8 * g + n> {                                                                   \
    template <class T, class Visitor>                                                           \
    static auto visit(T& value, Visitor visitor) {                                              \
      auto& [DTS_BIND_BEFORE_##g DTS_BIND##n(g)] = value;                                       \
      DTS_REFUSE_BIT_FIELDS(DTS_BIND_BEFORE_##g DTS_BIND##n(g));                                \
      return visitor(DTS_BIND_BEFORE_##g DTS_BIND##n(g));                                       \
    }                                                                                           \
    template <class T>                                                                          \
    static constexpr auto member_names() {                                                      \
      auto& [DTS_BIND_BEFORE_##g DTS_BIND##n(g)] = external<T>.value;                           \
      return std::array<std::string_view, 8 * g + n>{DTS_NAME_BEFORE_##g DTS_NAME##n(g)};       \
    }                                                                                           \
  };
#define DTS_MEMBERS_OF_GROUP(g)                                                             \
  DTS_MEMBERS(g, 1) DTS_MEMBERS(g, 2) DTS_MEMBERS(g, 3) DTS_MEMBERS(g, 4) DTS_MEMBERS(g, 5) \
  DTS_MEMBERS(g, 6) DTS_MEMBERS(g, 7) DTS_MEMBERS(g, 8)

namespace dts::declared {

DTS_MEMBERS_OF_GROUP(0)
DTS_MEMBERS_OF_GROUP(1)
DTS_MEMBERS_OF_GROUP(2)
DTS_MEMBERS_OF_GROUP(3)
DTS_MEMBERS_OF_GROUP(4)
DTS_MEMBERS_OF_GROUP(5)
DTS_MEMBERS_OF_GROUP(6)
DTS_MEMBERS_OF_GROUP(7)

}  // namespace dts::declared

// clang-format on

#if defined(__clang__)
#pragma clang diagnostic pop
#endif
