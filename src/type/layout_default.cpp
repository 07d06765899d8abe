#include <type/layout_default.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <base/text.hpp>
#include <dts/value.hpp>
#include <type/canonical.hpp>
#include <type/scalar.hpp>

namespace dts {

namespace {

const char* offset(const void* value, std::size_t bytes) {
  return static_cast<const char*>(value) + bytes;
}
char* offset(void* value, std::size_t bytes) { return static_cast<char*>(value) + bytes; }

Error bad(std::string what) { return Error(ErrorCode::invalid_type, std::move(what)); }

class Writer {
 public:
  Result<void> write(const Layout& layout, const void* value) {
    switch (layout.kind) {
      case Kind::boolean:
        out_.boolean(load_integer(layout, value) != 0);
        return {};
      case Kind::f32:
        out_.f32(*static_cast<const float*>(value));
        return {};
      case Kind::f64:
        out_.f64(*static_cast<const double*>(value));
        return {};
      case Kind::text:
        return write_text(as_text(layout.functions.view(layout, value)));
      case Kind::bytes:
        out_.bytes(layout.functions.view(layout, value));
        return {};
      case Kind::decimal: {
        const Decimal& decimal = *static_cast<const Decimal*>(value);
        out_.array(2);
        out_.integer(decimal.coefficient);
        out_.integer(decimal.exponent);
        return {};
      }
      case Kind::any:
        return bad("a field of kind any has no default_value");
      case Kind::list:
        return write_elements(layout, layout.functions.elements(layout, value),
                              layout.functions.count(layout, value));
      case Kind::array:
        return write_elements(layout, value, layout.length);
      case Kind::map:
        return write_map(layout, value);
      case Kind::optional:
        return write_optional(layout, value);
      case Kind::structure:
        return write_structure(layout, value);
      case Kind::union_:
        return write_union(layout, value);
      default:
        write_integer(layout, value);
        return {};
    }
  }
  Bytes take() { return out_.take(); }

 private:
  void write_integer(const Layout& layout, const void* value) {
    const std::uint64_t bits = load_integer(layout, value);
    if (is_unsigned(layout)) {
      out_.unsigned_integer(bits);
    } else {
      out_.integer(static_cast<std::int64_t>(bits));
    }
  }
  Result<void> write_text(std::string_view text) {
    if (!base::is_utf8(text)) return bad("a default_value of kind text is not UTF-8");
    out_.text(text);
    return {};
  }
  Result<void> write_elements(const Layout& layout, const void* elements, std::size_t count) {
    out_.array(count);
    for (std::size_t i = 0; i < count; ++i) {
      DTS_TRY(write(*layout.element, offset(elements, i * layout.element->size)));
    }
    return {};
  }
  // [[key, value], ...] sorted by the bytes of the encoded keys.
  Result<void> write_map(const Layout& layout, const void* map) {
    std::vector<std::pair<Bytes, Bytes>> entries;
    void* cursor = nullptr;
    const void* key;
    const void* value;
    while (layout.functions.map_next(layout, map, &cursor, &key, &value)) {
      DTS_ASSIGN(Bytes key_bytes, encode_default(*layout.key, key));
      DTS_ASSIGN(Bytes value_bytes, encode_default(*layout.element, value));
      entries.emplace_back(std::move(key_bytes), std::move(value_bytes));
    }
    std::sort(entries.begin(), entries.end());
    out_.array(entries.size());
    for (const auto& [key_bytes, value_bytes] : entries) {
      out_.array(2);
      out_.raw(key_bytes);
      out_.raw(value_bytes);
    }
    return {};
  }
  Result<void> write_optional(const Layout& layout, const void* value) {
    const void* content = layout.functions.get(layout, value);
    if (content == nullptr) {
      out_.null();
      return {};
    }
    out_.array(1);
    return write(*layout.element, content);
  }
  Result<void> write_structure(const Layout& layout, const void* value) {
    out_.array(layout.fields.size());
    for (const LayoutField& field : layout.fields) {
      DTS_TRY(write(*field.layout, offset(value, field.offset)));
    }
    return {};
  }
  Result<void> write_union(const Layout& layout, const void* value) {
    const std::uint32_t which = layout.functions.which(layout, value);
    if (which == Layout::no_case) return bad("a default_value of a union holds no case");
    out_.array(2);
    out_.unsigned_integer(which);
    return write(*layout.fields[which].layout, layout.functions.held(layout, value));
  }

  CanonicalWriter out_;
};

// Every step returns false for bytes that do not match, which ends the reading.
class Reader {
 public:
  explicit Reader(ByteView bytes) : in_(bytes) {}

  bool read(const Layout& layout, void* value) {
    switch (layout.kind) {
      case Kind::boolean:
        return in_.boolean(*static_cast<bool*>(value));
      case Kind::f32:
        return in_.f32(*static_cast<float*>(value));
      case Kind::f64:
        return in_.f64(*static_cast<double*>(value));
      case Kind::text: {
        std::string_view text;
        if (!in_.text(text)) return false;
        layout.functions.assign(layout, value, as_bytes(text));
        return true;
      }
      case Kind::bytes: {
        ByteView bytes;
        if (!in_.bytes(bytes)) return false;
        layout.functions.assign(layout, value, bytes);
        return true;
      }
      case Kind::decimal:
        return read_decimal(*static_cast<Decimal*>(value));
      case Kind::any:
        return false;
      case Kind::list:
      case Kind::array:
        return read_elements(layout, value);
      case Kind::map:
        return read_map(layout, value);
      case Kind::optional:
        return read_optional(layout, value);
      case Kind::structure:
        return read_structure(layout, value);
      case Kind::union_:
        return read_union(layout, value);
      default:
        return read_integer(layout, value);
    }
  }

 private:
  bool read_integer(const Layout& layout, void* value) {
    std::uint64_t bits = 0;
    std::int64_t number = 0;
    bool negative = false;
    if (!in_.unsigned_integer(bits)) {
      if (!in_.integer(number)) return false;
      negative = number < 0;
      bits = static_cast<std::uint64_t>(number);
    }
    if (!integer_fits(layout, bits, negative)) return false;
    store_integer(layout, value, bits);
    return true;
  }
  bool read_decimal(Decimal& decimal) {
    std::uint64_t count;
    std::int64_t exponent;
    if (!in_.array(count) || count != 2 || !in_.integer(decimal.coefficient) ||
        !in_.integer(exponent) || exponent < INT8_MIN || exponent > INT8_MAX) {
      return false;
    }
    decimal.exponent = static_cast<std::int8_t>(exponent);
    return true;
  }
  bool read_elements(const Layout& layout, void* value) {
    std::uint64_t count;
    if (!in_.array(count)) return false;
    if (layout.kind == Kind::array && count != layout.length) return false;
    void* elements = layout.functions.resize(layout, value, static_cast<std::size_t>(count));
    for (std::uint64_t i = 0; i < count; ++i) {
      if (!read(*layout.element, offset(elements, i * layout.element->size))) return false;
    }
    return true;
  }
  bool read_map(const Layout& layout, void* value) {
    std::uint64_t count, two;
    if (!in_.array(count)) return false;
    layout.functions.map_clear(layout, value);
    Value key(LayoutPtr(LayoutPtr(), layout.key));
    for (std::uint64_t i = 0; i < count; ++i) {
      if (!in_.array(two) || two != 2 || !read(*layout.key, key.data())) return false;
      void* place = layout.functions.map_insert(layout, value, key.data());
      if (place == nullptr || !read(*layout.element, place)) return false;
    }
    return true;
  }
  bool read_optional(const Layout& layout, void* value) {
    std::uint64_t count;
    if (in_.null()) {
      layout.functions.reset(layout, value);
      return true;
    }
    if (!in_.array(count) || count != 1) return false;
    return read(*layout.element, layout.functions.set(layout, value));
  }
  bool read_structure(const Layout& layout, void* value) {
    std::uint64_t count;
    if (!in_.array(count) || count != layout.fields.size()) return false;
    for (const LayoutField& field : layout.fields) {
      if (!read(*field.layout, offset(value, field.offset))) return false;
    }
    return true;
  }
  bool read_union(const Layout& layout, void* value) {
    std::uint64_t count, which;
    if (!in_.array(count) || count != 2 || !in_.unsigned_integer(which) ||
        which >= layout.fields.size()) {
      return false;
    }
    void* place = layout.functions.choose(layout, value, static_cast<std::uint32_t>(which));
    return place != nullptr && read(*layout.fields[which].layout, place);
  }

  CanonicalReader in_;
};

}  // namespace

Result<Bytes> encode_default(const Layout& layout, const void* value) {
  Writer writer;
  DTS_TRY(writer.write(layout, value));
  return writer.take();
}

void decode_default(const Layout& layout, ByteView encoded, void* value) {
  Reader(encoded).read(layout, value);
}

void apply_defaults(const Layout& layout, void* value) {
  if (layout.kind == Kind::array) {
    for (std::uint32_t i = 0; i < layout.length; ++i) {
      apply_defaults(*layout.element, offset(value, std::size_t{i} * layout.element->size));
    }
  }
  if (layout.kind != Kind::structure) return;
  const std::vector<Field>& fields = layout.type.root().fields;
  for (std::size_t i = 0; i < layout.fields.size(); ++i) {
    const LayoutField& field = layout.fields[i];
    if (fields[i].default_value) {
      decode_default(*field.layout, *fields[i].default_value, offset(value, field.offset));
    } else {
      apply_defaults(*field.layout, offset(value, field.offset));
    }
  }
}

}  // namespace dts
