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
  static Value of(const Type& type) { return Value(Layout::of(type)); }
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

  // By field path: "celsius", "inner.y", "xs.3", "table.key". The error names the path and, for
  // a misspelt field, the nearest one.
  Result<ConstPlace> at(std::string_view path) const;
  Result<Place> at(std::string_view path);

  // Scalars and text by path, with exact conversion only: a value that does not fit is an error.
  Result<double> number(std::string_view path) const;
  Result<std::int64_t> integer(std::string_view path) const;
  Result<std::string> text(std::string_view path) const;  // any scalar as people write it
  Result<void> set(std::string_view path, double value);
  Result<void> set(std::string_view path, std::int64_t value);
  Result<void> set(std::string_view path, int value) { return set(path, std::int64_t{value}); }
  Result<void> set(std::string_view path, bool value);
  // Text as a person writes it: "18.4", "heating", "2026-11-22T10:00:00Z", "500ms".
  Result<void> set(std::string_view path, std::string_view value);
  Result<void> set(std::string_view path, const char* value) {
    return set(path, std::string_view(value));
  }

  // Bit-equal (all NaN are equal).
  friend bool operator==(const Value& a, const Value& b);

 private:
  LayoutPtr layout_;
  void* memory_ = nullptr;
};

// Deep equality of two values of one layout; all NaN are equal.
bool equal(const Layout& layout, const void* a, const void* b);
// Applies the declared defaults of a struct's fields (others keep their value).
void apply_defaults(const Layout& layout, void* value);

}  // namespace dts
