// Value: a block of memory with its Layout, for types known only at run time; and the two scalar
// kinds that C++ has no type for, Decimal and Any. A Value owns its memory; copying copies deeply.
// One thread at a time, as for any C++ value.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <dts/layout.hpp>
#include <dts/time.hpp>

namespace dts {

// coefficient x 10^exponent, exact.
struct Decimal {
  std::int64_t coefficient = 0;
  std::int8_t exponent = 0;
  friend bool operator==(const Decimal&, const Decimal&) = default;
};

// A value that brings its own type: the type, and the value as a Cap'n Proto message of it.
struct Any {
  Type type;  // not valid(): empty
  Bytes message;
  friend bool operator==(const Any&, const Any&) = default;
};

// A field of a value: where it lies and how. Valid as long as the value is, unmoved.
struct ConstPlace {
  const Layout* layout = nullptr;
  const void* pointer = nullptr;
};
struct Place {
  const Layout* layout = nullptr;
  void* pointer = nullptr;
};

class Value {
 public:
  Value() = default;                 // empty: valid() is false
  explicit Value(LayoutPtr layout);  // the zero value (declared defaults are applied)
  // Fails when the type is too large to lie in memory (Layout::of).
  static Result<Value> of(const Type& type);
  Value(const Value& other);
  Value(Value&& other) noexcept;
  Value& operator=(Value other) noexcept;
  ~Value();

  bool valid() const noexcept { return memory_ != nullptr; }
  const Type& type() const noexcept { return layout_->type; }
  const Layout& layout() const noexcept { return *layout_; }
  LayoutPtr layout_ptr() const noexcept { return layout_; }
  const void* data() const noexcept { return memory_; }
  void* data() noexcept { return memory_; }

  // By field path: "celsius", "inner.y", "xs.3", "table.key", "table.\"a.b\"", "command.start.at".
  // An optional on the way is looked through; the last step gives the optional itself. The empty
  // path is the value. The error names the path and, for a misspelt field, the nearest one;
  // `missing_field` is an empty optional, an index or key that is not there, or another case held.
  Result<ConstPlace> at(std::string_view path) const;
  Result<Place> at(std::string_view path);
  // As at(), but makes what is not there: fills optionals, inserts map keys, chooses cases, and
  // appends to a list by the index one behind its end. What it made stays made on an error.
  Result<Place> make(std::string_view path);

  // Scalars and text by path, with exact conversion only: a value that does not fit is an error.
  Result<double> number(std::string_view path) const;  // f32, f64, integers up to 2^53
  Result<std::int64_t> integer(
      std::string_view path) const;                       // integers, bool, enum, time, duration
  Result<std::string> text(std::string_view path) const;  // any scalar as people write it
  // These make() the place. A double set to an f32 field is rounded to the nearest.
  Result<void> set(std::string_view path, double value);
  Result<void> set(std::string_view path, std::int64_t value);
  Result<void> set(std::string_view path, int value) { return set(path, std::int64_t{value}); }
  Result<void> set(std::string_view path, bool value);
  // Text as a person writes it: "18.4", "heating", "2026-11-22T10:00:00Z", "500ms".
  Result<void> set(std::string_view path, std::string_view value);
  Result<void> set(std::string_view path, const char* value) {
    return set(path, std::string_view(value));
  }
  // Back to the zero value, with declared defaults: an optional becomes empty, a list too.
  Result<void> clear(std::string_view path);

  // Of one type, and bit-equal (all NaN are equal), however each lies in memory.
  friend bool operator==(const Value& a, const Value& b);

 private:
  LayoutPtr layout_;
  void* memory_ = nullptr;
};

// Deep equality of two values of one layout; all NaN are equal.
bool equal(const Layout& layout, const void* a, const void* b);
// Applies the declared defaults of a struct's fields, and of structs inside it (other fields keep
// their value).
void apply_defaults(const Layout& layout, void* value);

// A scalar as people write it: true, 18.4, text as it is, bytes as 0x0aff, time in RFC 3339,
// 1m30s, decimals with all their digits, enumerations by symbol. An optional is its content or
// "none"; an `any` the name of its type; a composite only says what it is ("list of 3").
std::string to_text(const Layout& layout, const void* value);
// The reverse, into a constructed value. Bytes are "0x0aff" or "base64:Cv8="; an enumeration is a
// symbol or, when open, a number; "none" empties an optional of anything but text. Composites and
// `any` cannot be written so. On an error the value is unchanged.
Result<void> from_text(const Layout& layout, void* value, std::string_view text);

}  // namespace dts
