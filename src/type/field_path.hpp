// FieldPath: a path as Value::at reads it, resolved once against a Layout, then followed per value
// without parsing or allocating. Optionals are looked through, the last one too. The layout must
// outlive the path. Immutable once made; any thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include <dts/layout.hpp>
#include <dts/result.hpp>
#include <dts/value.hpp>

namespace dts {

class FieldPath {
 public:
  // The error names the nearest field; its where() is empty.
  static Result<FieldPath> make(const Layout& layout, std::string_view path);

  // Null: an optional on the way is empty, the union holds another case, the index or key is not
  // there.
  const void* find(const void* value) const;

  // How the place lies; never an optional.
  const Layout& layout() const noexcept { return *layout_; }
  // The field that unit and quantity tag are of; null when the path is empty or leads to an entry
  // of a map's key.
  const Field* field() const noexcept { return field_; }

 private:
  friend class FieldPathMaker;
  struct Step {
    enum class Kind : std::uint8_t { offset, optional, choice, element, key };
    Kind kind;
    std::uint32_t number = 0;  // offset: bytes; choice: the case; element: the index; key: of keys_
    const Layout* layout = nullptr;  // of what the step starts from
  };

  std::vector<Step> steps_;
  std::vector<Value> keys_;
  const Layout* layout_ = nullptr;
  const Field* field_ = nullptr;
};

}  // namespace dts
