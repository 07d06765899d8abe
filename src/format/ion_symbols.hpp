// The symbol table of a type: the names of its fields and cases, numbered, and the bytes that say
// so at the start of every binary Ion message of the type. It is a function of the type alone, so
// that a decoder knows the table of a publisher that is DTS before any message comes, and compares
// instead of parsing. Immutable once made; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <dts/bytes.hpp>
#include <dts/type.hpp>

namespace dts::format::ion {

constexpr std::array<std::uint8_t, 4> version_marker{0xe0, 0x01, 0x00, 0xea};

// The symbols every Ion 1.0 stream has, by id. Id 0 has no text.
constexpr std::array<std::string_view, 10> system_symbols{
    std::string_view{}, "$ion",    "$ion_1_0", "$ion_symbol_table",       "name", "version",
    "imports",          "symbols", "max_id",   "$ion_shared_symbol_table"};
constexpr std::uint32_t symbol_table_id = 3, name_id = 4, imports_id = 6, symbols_id = 7;

class SymbolTable {
 public:
  explicit SymbolTable(const Type& type);
  SymbolTable(const SymbolTable&) = delete;
  SymbolTable& operator=(const SymbolTable&) = delete;

  // The version marker and the table, as a message begins.
  ByteView block() const { return block_; }
  // By id; a symbol without text has no data().
  std::span<const std::string_view> texts() const { return texts_; }

  // A name, prepared: its id as VarUInt, and the name itself as an Ion string.
  struct Key {
    std::array<std::uint8_t, 3> id{};
    std::uint8_t id_bytes = 0;
    std::string_view string;  // lives as long as the table
  };
  // Not for concurrent use: called while an encoder is made.
  Key key(std::string_view name);

 private:
  void add(std::string_view name);
  void write_block();

  Type type_;  // keeps the names alive
  std::vector<std::string_view> texts_;
  std::unordered_map<std::string_view, std::uint32_t> ids_;
  std::deque<std::string> strings_;  // of keys
  Bytes block_;
};

}  // namespace dts::format::ion
