// How the typed edge hands over what the compiler found: rows of plain data, from which
// src/type/declare.cpp makes Layouts and Types. Only for <dts/declare.hpp>.
//
// Every C++ type has one Entry. The first use of a type drafts the layouts of everything it
// reaches under one lock and publishes them together once all are complete; later uses are one
// atomic load. Entries are constant-initialised, so it does not matter when they are first used.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>
#include <string_view>

#include <dts/bytes.hpp>
#include <dts/layout.hpp>

namespace dts::declared {

class Draft;

struct Entry {
  void (*build)(Draft&) = nullptr;
  std::atomic<const Layout*> published{nullptr};
  Layout* draft = nullptr;  // under the lock
};

// What a declaration says of a field, a case or a symbol beyond what the compiler knows.
struct MemberOptions {
  const char* name = nullptr;  // null: by reflection
  const char* unit = "";
  const char* quantity = "";
  const char* doc = "";
  std::array<const char*, 4> aliases{};
  std::uint32_t id = 0;
  bool has_id = false;
  bool is_key = false;
  bool is_must_understand = false;
  OnMisfit misfit = OnMisfit::discard;
  bool is_narrow = false;
};

struct MemberRow {
  std::string_view name;
  std::uint32_t offset = 0;
  Entry* entry = nullptr;
  const MemberOptions* options = nullptr;  // null: none
  // The default in the canonical encoding; null: none is declared.
  Bytes (*default_value)(const void* declaration, const Layout& layout) = nullptr;
  const void* declaration = nullptr;
};

struct SymbolRow {
  std::string_view name;
  std::int64_t value = 0;
  const char* doc = "";
};

// A named type as declared.
struct Heading {
  const char* name = "";
  const char* doc = "";
  bool closed = false;
};

// The drafting of one Layout. The members are called once each at most, by Entry::build.
class Draft {
 public:
  Layout& layout;

  explicit Draft(Layout& target) : layout(target) {}
  // The layout of a part: complete only after the whole draft is.
  static const Layout* part(Entry& entry);
  void structure(const Heading& heading, std::span<const MemberRow> fields);
  void union_(const Heading& heading, std::span<const MemberRow> cases);
  void enumeration(const Heading& heading, std::span<const SymbolRow> symbols);
};

// The layout of an entry that is not published yet. Ends the process with a message when the
// declaration is wrong in a way the compiler cannot see (two fields with one id, a unit that is
// no unit, a default that does not fit): that is a mistake in the program.
const Layout& publish(Entry& entry);

// The canonical encoding of a default (docs/reference/types.md, "Defaults").
Bytes default_bytes(const Layout& layout, const void* value);

// Ends the process: option `index` of the declaration names a field that is not there.
[[noreturn]] void field_not_found(const Heading& heading, std::size_t index);

}  // namespace dts::declared
