#include <type/document.hpp>

#include <limits>
#include <string>

#include <type/canonical.hpp>

namespace dts {

namespace {

constexpr std::string_view kMagic = "dts-type";
constexpr std::uint64_t kVersion = 1;
constexpr std::uint64_t kClosed = 1, kKey = 1, kMustUnderstand = 2;

void write_type(CanonicalWriter& out, const TypeRef& type) {
  const auto kind = static_cast<std::uint64_t>(type.kind);
  switch (type.kind) {
    case Kind::list:
    case Kind::optional:
      out.array(2);
      out.unsigned_integer(kind);
      return write_type(out, type.arguments[0]);
    case Kind::array:
      out.array(3);
      out.unsigned_integer(kind);
      write_type(out, type.arguments[0]);
      return out.unsigned_integer(type.length);
    case Kind::map:
      out.array(3);
      out.unsigned_integer(kind);
      write_type(out, type.arguments[0]);
      return write_type(out, type.arguments[1]);
    case Kind::reference:
      out.array(2);
      out.unsigned_integer(kind);
      return out.unsigned_integer(type.node);
    default:
      return out.unsigned_integer(kind);
  }
}

void write_text_or_null(CanonicalWriter& out, const std::string& text) {
  text.empty() ? out.null() : out.text(text);
}

void write_field(CanonicalWriter& out, const Field& field) {
  out.array(7);
  field.id ? out.unsigned_integer(*field.id) : out.null();
  out.text(field.name);
  write_type(out, field.type);
  write_text_or_null(out, field.unit);
  write_text_or_null(out, field.quantity);
  field.default_value ? out.bytes(*field.default_value) : out.null();
  out.unsigned_integer((field.key ? kKey : 0) | (field.must_understand ? kMustUnderstand : 0));
}

// Reading. Every function returns false at the first thing that is not as it must be.
class DocumentReader {
 public:
  explicit DocumentReader(ByteView bytes) : in_(bytes) {}

  bool read(std::vector<TypeNode>& nodes) {
    std::uint64_t count, version;
    std::string_view magic;
    if (!in_.array(count) || count != 3 || !in_.text(magic) || magic != kMagic ||
        !in_.unsigned_integer(version)) {
      return fail("it is not a type document");
    }
    if (version != kVersion) return fail("its version is not 1");
    if (!in_.array(count) || count == 0) return fail("it has no types");
    if (count > TypeLimits::nodes_max) return fail("it has too many types");
    nodes.resize(static_cast<std::size_t>(count));
    for (TypeNode& node : nodes) {
      if (!read_node(node)) return false;
    }
    return in_.at_end() || fail("bytes follow it");
  }

  const char* why() const { return why_; }

 private:
  bool fail(const char* why) {
    why_ = why;
    return false;
  }

  bool read_name(std::string& name) {
    std::string_view text;
    if (!in_.text(text) || text.size() > TypeLimits::name_bytes_max) return fail("a bad name");
    name = text;
    return true;
  }

  bool read_node(TypeNode& node) {
    std::uint64_t count, kind, flags, members;
    if (!in_.array(count) || count != 4) return fail("a type is not an array of four");
    if (!read_name(node.name)) return false;
    if (!in_.unsigned_integer(kind) || !in_.unsigned_integer(flags) || flags > kClosed ||
        !in_.array(members)) {
      return fail("a type's kind, flags or members are not what they must be");
    }
    if (kind < 48 || kind > 50) return fail("a named type is not a struct, enum or union");
    node.kind = static_cast<Kind>(kind);
    node.closed = flags == kClosed;
    members_ += members;
    if (members_ > TypeLimits::members_max) return fail("it has too many members");
    for (std::uint64_t i = 0; i < members; ++i) {
      const bool ok = node.kind == Kind::enumeration ? read_symbol(node.symbols.emplace_back())
                                                     : read_field(node.fields.emplace_back());
      if (!ok) return false;
    }
    return true;
  }

  bool read_symbol(Symbol& symbol) {
    std::uint64_t count;
    std::int64_t value;
    if (!in_.array(count) || count != 2 || !in_.integer(value) ||
        value < std::numeric_limits<std::int32_t>::min() ||
        value > std::numeric_limits<std::int32_t>::max()) {
      return fail("a symbol is not [32-bit value, name]");
    }
    symbol.value = static_cast<std::int32_t>(value);
    return read_name(symbol.name);
  }

  bool read_text_or_null(std::string& text) {
    std::string_view view;
    if (in_.null()) return true;
    if (!in_.text(view) || view.empty() || view.size() > TypeLimits::name_bytes_max) {
      return fail("a unit or quantity tag is not a text");
    }
    text = view;
    return true;
  }

  bool read_field(Field& field) {
    std::uint64_t count, id, flags;
    ByteView encoded;
    if (!in_.array(count) || count != 7) return fail("a member is not an array of seven");
    if (!in_.null()) {
      if (!in_.unsigned_integer(id) || id > std::numeric_limits<std::uint32_t>::max()) {
        return fail("an id is not a 32-bit number");
      }
      field.id = static_cast<std::uint32_t>(id);
    }
    if (!read_name(field.name) || !read_type(field.type, 1)) return false;
    if (!read_text_or_null(field.unit) || !read_text_or_null(field.quantity)) return false;
    if (!in_.null()) {
      if (!in_.bytes(encoded)) return fail("a default is not a byte string");
      field.default_value.emplace(encoded.begin(), encoded.end());
    }
    if (!in_.unsigned_integer(flags) || flags > (kKey | kMustUnderstand)) {
      return fail("a member's flags are unknown");
    }
    field.key = (flags & kKey) != 0;
    field.must_understand = (flags & kMustUnderstand) != 0;
    return true;
  }

  bool read_type(TypeRef& type, std::size_t depth) {
    std::uint64_t count = 0, kind = 0, number = 0;
    if (depth > TypeLimits::depth_max) return fail("it nests too deep");
    const bool composite = in_.array(count);
    if (!in_.unsigned_integer(kind)) return fail("a type is neither a kind nor an array");
    if (!composite) {
      if (kind < 1 || kind > 17) return fail("a scalar kind is unknown");
      type.kind = static_cast<Kind>(kind);
      return true;
    }
    type.kind = static_cast<Kind>(kind & 0xff);
    const bool three = kind == 33 || kind == 34;
    if ((kind < 32 || kind > 35) && kind != 40) return fail("a composite kind is unknown");
    if (count != (three ? 3u : 2u)) return fail("a type has too many or too few arguments");
    if (kind != 40 && !read_type(type.arguments.emplace_back(), depth + 1)) return false;
    if (kind == 34) return read_type(type.arguments.emplace_back(), depth + 1);
    if (kind != 33 && kind != 40) return true;
    if (!in_.unsigned_integer(number) || number > std::numeric_limits<std::uint32_t>::max()) {
      return fail("a length or reference is not a 32-bit number");
    }
    (kind == 33 ? type.length : type.node) = static_cast<std::uint32_t>(number);
    return true;
  }

  CanonicalReader in_;
  std::uint64_t members_ = 0;
  const char* why_ = "";
};

}  // namespace

Bytes write_document(std::span<const TypeNode> nodes) {
  CanonicalWriter out;
  out.array(3);
  out.text(kMagic);
  out.unsigned_integer(kVersion);
  out.array(nodes.size());
  for (const TypeNode& node : nodes) {
    out.array(4);
    out.text(node.name);
    out.unsigned_integer(static_cast<std::uint64_t>(node.kind));
    out.unsigned_integer(node.closed ? kClosed : 0);
    out.array(node.kind == Kind::enumeration ? node.symbols.size() : node.fields.size());
    for (const Field& field : node.fields) write_field(out, field);
    for (const Symbol& symbol : node.symbols) {
      out.array(2);
      out.integer(symbol.value);
      out.text(symbol.name);
    }
  }
  return out.take();
}

Result<std::vector<TypeNode>> read_document(ByteView document) {
  if (document.size() > TypeLimits::document_bytes_max) {
    return Error(ErrorCode::document_too_large, "the type document is too large", {},
                 std::to_string(document.size()) + " bytes, of at most " +
                     std::to_string(TypeLimits::document_bytes_max));
  }
  std::vector<TypeNode> nodes;
  DocumentReader reader(document);
  if (reader.read(nodes)) return nodes;
  return Error(ErrorCode::document_invalid, "the type document is not valid", {}, reader.why());
}

}  // namespace dts
