#!/usr/bin/env python3
"""Writes members.hpp: one decomposition per number of fields. Run: ./generate_members.py > members.hpp"""

COUNT_MAX = 64
HEADER = """\
// The fields of an aggregate, by structured bindings: one specialisation per number of fields.
// Written by generate_members.py; only for <dts/declare.hpp>.
#pragma once

#include <dts/declare/reflect.hpp>

// clang-format off
#define DTS_MEMBERS(count, names, ...)                                                  \\
  template <>                                                                           \\
  struct Members<count> {                                                               \\
    template <class T, class Visitor>                                                   \\
    static auto visit(T& value, Visitor visitor) {                                      \\
      auto& [__VA_ARGS__] = value;                                                      \\
      DTS_REFUSE_BIT_FIELDS(__VA_ARGS__);                                               \\
      return visitor(__VA_ARGS__);                                                      \\
    }                                                                                   \\
    template <class T>                                                                  \\
    static constexpr auto member_names() {                                              \\
      auto& [__VA_ARGS__] = external<T>.value;                                          \\
      return std::array<std::string_view, count>{names};                                \\
    }                                                                                   \\
  };
#define DTS_NAME(member) ::dts::declared::member_name<DTS_MEMBER_POINTER(member)>()
#define DTS_LIST(...) __VA_ARGS__

#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wundefined-var-template"
#endif

namespace dts::declared {
"""
FOOTER = """
}  // namespace dts::declared

#if defined(__clang__)
#pragma clang diagnostic pop
#endif
#undef DTS_MEMBERS
#undef DTS_NAME
#undef DTS_LIST
// clang-format on
"""


def wrapped(items, indent):
    lines, line = [], indent
    for item in items:
        if len(line) + len(item) > 98:
            lines.append(line.rstrip())
            line = indent
        line += item + " "
    lines.append(line.rstrip())
    return "\n".join(lines)


def row(count):
    members = [f"m{i}" for i in range(count)]
    names = [f"DTS_NAME({m})," for m in members]
    names[-1] = names[-1][:-1]
    bindings = [m + "," for m in members]
    bindings[-1] = bindings[-1][:-1]
    return (f"DTS_MEMBERS({count}, DTS_LIST(\n{wrapped(names, '  ')}),\n"
            f"{wrapped(bindings, '  ')})")


print(HEADER)
for n in range(1, COUNT_MAX + 1):
    print(row(n))
print(FOOTER, end="")
