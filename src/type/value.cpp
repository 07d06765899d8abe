// Value: memory and its Layout, and finding places in it by path.
#include <dts/value.hpp>

#include <charconv>
#include <cmath>
#include <cstring>
#include <new>
#include <utility>
#include <vector>

#include <base/text.hpp>
#include <type/layout_default.hpp>
#include <type/scalar.hpp>

namespace dts {

// ---- life cycle ----

namespace {

void* allocate(const Layout& layout) {
  return ::operator new(layout.size > 0 ? layout.size : 1, std::align_val_t(layout.align));
}

}  // namespace

Value::Value(LayoutPtr layout) : layout_(std::move(layout)) {
  memory_ = allocate(*layout_);
  layout_->construct(memory_);
  apply_defaults(*layout_, memory_);
}

Result<Value> Value::of(const Type& type) {
  DTS_ASSIGN(LayoutPtr layout, Layout::of(type));
  return Value(std::move(layout));
}

Value::Value(const Value& other) : layout_(other.layout_) {
  if (other.memory_ == nullptr) return;
  memory_ = allocate(*layout_);
  layout_->copy(memory_, other.memory_);
}

Value::Value(Value&& other) noexcept
    : layout_(std::move(other.layout_)), memory_(std::exchange(other.memory_, nullptr)) {}

Value& Value::operator=(Value other) noexcept {
  std::swap(layout_, other.layout_);
  std::swap(memory_, other.memory_);
  return *this;
}

Value::~Value() {
  if (memory_ == nullptr) return;
  layout_->destroy(memory_);
  ::operator delete(memory_, std::align_val_t(layout_->align));
}

// ---- paths ----

namespace {

// What to do with a part that is not there.
enum class Missing { refuse, make };

std::string shown(std::string_view text) { return "\"" + base::printable(text) + "\""; }

class Walker {
 public:
  Walker(const Layout& layout, void* value, std::string_view path, Missing missing)
      : place_{&layout, value}, path_(path), rest_(path), missing_(missing) {}

  Result<Place> walk() {
    while (!rest_.empty()) {
      DTS_TRY(look_through_optional());
      DTS_ASSIGN(const std::string segment, next_segment());
      DTS_TRY(step(segment));
    }
    return place_;
  }
  // Of the place reached, when it is a field that has one; else null.
  const Bytes* declared_default() const { return default_; }

 private:
  const LayoutFunctions& functions() const { return place_.layout->functions; }

  Error error(ErrorCode code, std::string what, std::string hint = {}) const {
    return Error(code, std::move(what), base::printable(path_), {}, std::move(hint));
  }
  // The path walked so far, for messages.
  std::string walked() const {
    const std::string_view so_far = path_.substr(0, done_);
    return so_far.empty() ? "the value" : shown(so_far);
  }

  // Up to the next dot; in double quotes a dot is a letter: table."a.b".x
  Result<std::string> next_segment() {
    std::string segment;
    std::size_t end;
    if (rest_.starts_with('"')) {
      const std::size_t close = rest_.find('"', 1);
      if (close == std::string_view::npos) {
        return error(ErrorCode::invalid_argument, "a quote in the path is not closed");
      }
      segment = rest_.substr(1, close - 1);
      end = close + 1;
    } else {
      end = std::min(rest_.find('.'), rest_.size());
      segment = rest_.substr(0, end);
    }
    if (end < rest_.size() && (rest_[end] != '.' || end + 1 == rest_.size())) {
      return error(ErrorCode::invalid_argument, "the path is malformed after " + shown(segment));
    }
    rest_ = end < rest_.size() ? rest_.substr(end + 1) : std::string_view();
    return segment;
  }

  void move_to(const Layout& layout, void* pointer) {
    place_ = {&layout, pointer};
    default_ = nullptr;
    done_ = path_.size() - rest_.size();
    if (!rest_.empty()) --done_;  // the dot
  }

  Result<void> look_through_optional() {
    while (place_.layout->kind == Kind::optional) {
      const Layout& layout = *place_.layout;
      void* content = const_cast<void*>(layout.functions.get(layout, place_.pointer));
      if (content == nullptr) {
        if (missing_ == Missing::refuse) {
          return error(ErrorCode::missing_field, walked() + " is empty");
        }
        content = layout.functions.set(layout, place_.pointer);
        apply_defaults(*layout.element, content);
      }
      place_ = {layout.element, content};
    }
    return {};
  }

  Result<void> step(const std::string& segment) {
    switch (place_.layout->kind) {
      case Kind::structure:
        return step_field(segment);
      case Kind::union_:
        return step_case(segment);
      case Kind::list:
      case Kind::array:
        return step_index(segment);
      case Kind::map:
        return step_key(segment);
      default:
        return error(ErrorCode::unknown_field, walked() + " is a " +
                                                   std::string(kind_name(place_.layout->kind)) +
                                                   " and has no part " + shown(segment));
    }
  }

  // The index of a field or case by its name, or an error that knows the nearest.
  Result<std::uint32_t> member(const std::string& name) const {
    const TypeNode& node = place_.layout->type.root();
    std::vector<std::string> names;
    for (std::uint32_t i = 0; i < node.fields.size(); ++i) {
      if (node.fields[i].name == name) return i;
      names.push_back(node.fields[i].name);
    }
    return error(
        ErrorCode::unknown_field,
        node.name + " has no " + (node.kind == Kind::union_ ? "case " : "field ") + shown(name),
        base::suggestion(name, names, "it has"));
  }

  Result<void> step_field(const std::string& name) {
    DTS_ASSIGN(const std::uint32_t index, member(name));
    const LayoutField& field = place_.layout->fields[index];
    const std::optional<Bytes>& declared = place_.layout->type.root().fields[index].default_value;
    move_to(*field.layout, static_cast<char*>(place_.pointer) + field.offset);
    if (declared) default_ = &*declared;
    return {};
  }

  Result<void> step_case(const std::string& name) {
    DTS_ASSIGN(const std::uint32_t index, member(name));
    const Layout& layout = *place_.layout;
    const std::uint32_t which = functions().which(layout, place_.pointer);
    void* content = const_cast<void*>(functions().held(layout, place_.pointer));
    if (which != index) {
      if (missing_ == Missing::refuse) {
        const std::string held = which == Layout::no_case
                                     ? "no case"
                                     : "case " + shown(layout.type.root().fields[which].name);
        return error(ErrorCode::missing_field, walked() + " holds " + held);
      }
      content = functions().choose(layout, place_.pointer, index);
      apply_defaults(*layout.fields[index].layout, content);
    }
    move_to(*layout.fields[index].layout, content);
    return {};
  }

  Result<void> step_index(const std::string& text) {
    std::size_t index = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), index);
    if (text.empty() || end.ec != std::errc() || end.ptr != text.data() + text.size()) {
      return error(ErrorCode::unknown_field,
                   walked() + " is a list: " + shown(text) + " is no index into it",
                   "indexes start at 0");
    }
    const Layout& layout = *place_.layout;
    const std::size_t count = functions().count(layout, place_.pointer);
    void* elements = const_cast<void*>(functions().elements(layout, place_.pointer));
    if (index >= count) {
      if (missing_ == Missing::refuse || index != count || layout.kind == Kind::array) {
        return error(ErrorCode::missing_field, walked() + " has " + std::to_string(count) +
                                                   " elements, none at index " +
                                                   std::to_string(index));
      }
      elements = functions().resize(layout, place_.pointer, count + 1);
      apply_defaults(*layout.element, static_cast<char*>(elements) + index * layout.element->size);
    }
    move_to(*layout.element, static_cast<char*>(elements) + index * layout.element->size);
    return {};
  }

  Result<void> step_key(const std::string& text) {
    const Layout& layout = *place_.layout;
    Value key(LayoutPtr(LayoutPtr(), layout.key));
    if (Result<void> parsed = from_text(*layout.key, key.data(), text); !parsed) {
      return parsed.error().at(base::printable(path_));
    }
    void* value = const_cast<void*>(functions().map_find(layout, place_.pointer, key.data()));
    if (value == nullptr) {
      if (missing_ == Missing::refuse) {
        return error(ErrorCode::missing_field, walked() + " has no key " + shown(text));
      }
      value = functions().map_insert(layout, place_.pointer, key.data());
      apply_defaults(*layout.element, value);
    }
    move_to(*layout.element, value);
    return {};
  }

  Place place_;
  std::string_view path_;
  std::string_view rest_;
  std::size_t done_ = 0;
  const Bytes* default_ = nullptr;
  Missing missing_;
};

Error no_value() { return Error(ErrorCode::invalid_argument, "an empty Value has no fields"); }

}  // namespace

Result<ConstPlace> Value::at(std::string_view path) const {
  if (!valid()) return no_value();
  DTS_ASSIGN(const Place place, Walker(*layout_, memory_, path, Missing::refuse).walk());
  return ConstPlace{place.layout, place.pointer};
}

Result<Place> Value::at(std::string_view path) {
  if (!valid()) return no_value();
  return Walker(*layout_, memory_, path, Missing::refuse).walk();
}

Result<Place> Value::make(std::string_view path) {
  if (!valid()) return no_value();
  return Walker(*layout_, memory_, path, Missing::make).walk();
}

// ---- scalars by path ----

namespace {

Error mismatch(const Layout& layout, std::string_view path, const std::string& wanted) {
  return Error(ErrorCode::wrong_value,
               "a " + std::string(kind_name(layout.kind)) + " is not " + wanted,
               base::printable(path));
}

Error does_not_fit(const Layout& layout, std::string_view path, const std::string& number) {
  return Error(ErrorCode::wrong_value,
               number + " does not fit " + std::string(kind_name(layout.kind)) + " exactly",
               base::printable(path));
}

// Of an optional, its content.
Result<ConstPlace> content_of(ConstPlace place, std::string_view path) {
  if (place.layout->kind != Kind::optional) return place;
  const void* content = place.layout->functions.get(*place.layout, place.pointer);
  if (content == nullptr) {
    return Error(ErrorCode::missing_field, shown(path) + " is empty", base::printable(path));
  }
  return ConstPlace{place.layout->element, content};
}

std::string number_text(double value) {
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value);
  return std::string(buffer, end.ptr);
}

constexpr std::uint64_t exact_double_max = std::uint64_t{1} << 53;

Result<void> store_integer_at(const Layout& layout, void* value, std::int64_t number,
                              std::string_view path);

Result<void> store_number_at(const Layout& layout, void* value, double number,
                             std::string_view path) {
  switch (layout.kind) {
    case Kind::f64:
      std::memcpy(value, &number, sizeof number);
      return {};
    case Kind::f32: {
      const float narrow = static_cast<float>(number);
      if (std::isinf(narrow) && !std::isinf(number)) {
        return does_not_fit(layout, path, number_text(number));
      }
      std::memcpy(value, &narrow, sizeof narrow);
      return {};
    }
    case Kind::decimal:
      if (!std::isfinite(number)) return does_not_fit(layout, path, number_text(number));
      return from_text(layout, value, number_text(number));
    default:
      break;
  }
  if (layout.kind > Kind::u64 || layout.kind == Kind::boolean) {
    return mismatch(layout, path, "a number");
  }
  // 2^63 and 2^64 are doubles; the largest integers are not.
  if (number >= -0x1p63 && number < 0x1p63 && std::trunc(number) == number) {
    return store_integer_at(layout, value, static_cast<std::int64_t>(number), path);
  }
  if (layout.kind == Kind::u64 && number >= 0x1p63 && number < 0x1p64) {
    store_integer(layout, value, static_cast<std::uint64_t>(number));
    return {};
  }
  return does_not_fit(layout, path, number_text(number));
}

Result<void> store_integer_at(const Layout& layout, void* value, std::int64_t number,
                              std::string_view path) {
  const std::uint64_t magnitude =
      number < 0 ? 0 - static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number);
  if (layout.kind == Kind::f32 || layout.kind == Kind::f64) {
    const std::uint64_t max = layout.kind == Kind::f64 ? exact_double_max : std::uint64_t{1} << 24;
    if (magnitude > max) return does_not_fit(layout, path, std::to_string(number));
    return store_number_at(layout, value, static_cast<double>(number), path);
  }
  if (layout.kind == Kind::decimal) {
    *static_cast<Decimal*>(value) = Decimal{number, 0};
    return {};
  }
  if (layout.kind == Kind::boolean || !is_integral(layout)) {
    return mismatch(layout, path, "a whole number");
  }
  if (layout.kind == Kind::enumeration) {
    return from_text(layout, value, std::to_string(number));
  }
  if (!integer_fits(layout, static_cast<std::uint64_t>(number), number < 0)) {
    return does_not_fit(layout, path, std::to_string(number));
  }
  store_integer(layout, value, static_cast<std::uint64_t>(number));
  return {};
}

// Stores by `store(layout, pointer)` where `path` leads, into an optional through a new content.
template <class Store>
Result<void> store_at(Value& target, std::string_view path, Store store) {
  DTS_ASSIGN(const Place place, target.make(path));
  const Layout& layout = *place.layout;
  if (layout.kind != Kind::optional) return store(layout, place.pointer);
  const LayoutFunctions& functions = layout.functions;
  void* content = const_cast<void*>(functions.get(layout, place.pointer));
  const bool was_empty = content == nullptr;
  if (was_empty) content = functions.set(layout, place.pointer);
  Result<void> result = store(*layout.element, content);
  if (!result && was_empty) functions.reset(layout, place.pointer);
  return result;
}

}  // namespace

Result<double> Value::number(std::string_view path) const {
  DTS_ASSIGN(ConstPlace place, at(path));
  DTS_ASSIGN(place, content_of(place, path));
  const Layout& layout = *place.layout;
  if (layout.kind == Kind::f64) return *static_cast<const double*>(place.pointer);
  if (layout.kind == Kind::f32) return double{*static_cast<const float*>(place.pointer)};
  if (layout.kind == Kind::boolean || layout.kind > Kind::u64) {
    return mismatch(layout, path, "a number");
  }
  const std::uint64_t bits = load_integer(layout, place.pointer);
  const std::int64_t value = static_cast<std::int64_t>(bits);
  const bool negative = !is_unsigned(layout) && value < 0;
  if ((negative ? 0 - bits : bits) > exact_double_max) {
    return Error(ErrorCode::wrong_value, to_text(layout, place.pointer) + " is no exact double",
                 base::printable(path), {}, "ask for the integer");
  }
  return negative ? static_cast<double>(value) : static_cast<double>(bits);
}

Result<std::int64_t> Value::integer(std::string_view path) const {
  DTS_ASSIGN(ConstPlace place, at(path));
  DTS_ASSIGN(place, content_of(place, path));
  const Layout& layout = *place.layout;
  if (layout.kind == Kind::f64 || layout.kind == Kind::f32) {
    DTS_ASSIGN(const double value, number(path));
    if (value >= -0x1p63 && value < 0x1p63 && std::trunc(value) == value) {
      return static_cast<std::int64_t>(value);
    }
    return Error(ErrorCode::wrong_value, number_text(value) + " is not a whole number",
                 base::printable(path));
  }
  if (!is_integral(layout)) return mismatch(layout, path, "a whole number");
  const std::uint64_t bits = load_integer(layout, place.pointer);
  if (is_unsigned(layout) && bits > INT64_MAX) {
    return Error(ErrorCode::wrong_value, std::to_string(bits) + " does not fit i64",
                 base::printable(path));
  }
  return static_cast<std::int64_t>(bits);
}

Result<std::string> Value::text(std::string_view path) const {
  DTS_ASSIGN(ConstPlace place, at(path));
  if (place.layout->kind == Kind::optional) {
    const void* content = place.layout->functions.get(*place.layout, place.pointer);
    if (content == nullptr) return std::string("none");
    place = {place.layout->element, content};
  }
  const Kind kind = place.layout->kind;
  if (kind == Kind::list || kind == Kind::array || kind == Kind::map || kind == Kind::structure ||
      kind == Kind::union_) {
    return mismatch(*place.layout, path, "a single text");
  }
  return to_text(*place.layout, place.pointer);
}

Result<void> Value::set(std::string_view path, double value) {
  return store_at(*this, path, [&](const Layout& layout, void* place) {
    return store_number_at(layout, place, value, path);
  });
}

Result<void> Value::set(std::string_view path, std::int64_t value) {
  return store_at(*this, path, [&](const Layout& layout, void* place) {
    return store_integer_at(layout, place, value, path);
  });
}

Result<void> Value::set(std::string_view path, bool value) {
  return store_at(*this, path, [&](const Layout& layout, void* place) -> Result<void> {
    if (layout.kind != Kind::boolean) return mismatch(layout, path, "true or false");
    *static_cast<bool*>(place) = value;
    return {};
  });
}

Result<void> Value::set(std::string_view path, std::string_view value) {
  DTS_ASSIGN(const Place place, make(path));
  Result<void> result = from_text(*place.layout, place.pointer, value);
  if (!result) return result.error().at(base::printable(path));
  return {};
}

Result<void> Value::clear(std::string_view path) {
  if (!valid()) return no_value();
  if (path.empty()) {
    *this = Value(layout_);
    return {};
  }
  Walker walker(*layout_, memory_, path, Missing::refuse);
  DTS_ASSIGN(const Place place, walker.walk());
  place.layout->destroy(place.pointer);
  place.layout->construct(place.pointer);
  if (walker.declared_default() != nullptr) {
    decode_default(*place.layout, *walker.declared_default(), place.pointer);
  } else {
    apply_defaults(*place.layout, place.pointer);
  }
  return {};
}

}  // namespace dts
