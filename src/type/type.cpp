// Type: the handle, its making and its names. The work is done by closure, rules, document and
// notation.
#include <dts/type.hpp>

#include <algorithm>
#include <utility>

#include <base/assert.hpp>
#include <base/sha256.hpp>
#include <type/closure.hpp>
#include <type/document.hpp>
#include <type/notation.hpp>
#include <type/rules.hpp>

namespace dts {

struct Type::Data {
  std::vector<TypeNode> nodes;
  Bytes document;
  TypeId id;
  FamilyId family;
};

namespace {

template <class SomeId>
SomeId cut(const base::Sha256& digest) {
  SomeId id;
  std::copy_n(digest.begin(), id.bytes.size(), id.bytes.begin());
  return id;
}

}  // namespace

Type Type::of_canonical(std::vector<TypeNode> nodes, Bytes document) {
  auto data = std::make_shared<Data>();
  data->id = cut<TypeId>(base::sha256(document));
  data->family = family_of(nodes[0].name);
  data->nodes = std::move(nodes);
  data->document = std::move(document);
  return Type(std::move(data));
}

Result<Type> Type::from_nodes(std::span<const TypeNode> nodes, std::uint32_t root) {
  DTS_ASSIGN(std::vector<TypeNode> closure, closure_of(nodes, root));
  DTS_TRY(check_nodes(closure));
  Bytes document = write_document(closure);
  if (document.size() > TypeLimits::document_bytes_max) {
    return Error(ErrorCode::document_too_large, "the type is too large", closure[0].name,
                 std::to_string(document.size()) + " bytes of document, of at most " +
                     std::to_string(TypeLimits::document_bytes_max),
                 "split the type into several");
  }
  return of_canonical(std::move(closure), std::move(document));
}

Result<Type> Type::from_document(ByteView document) {
  DTS_ASSIGN(const std::vector<TypeNode> nodes, read_document(document));
  auto type = make(nodes);
  if (!type) {
    const Error& e = type.error();
    return Error(ErrorCode::document_invalid, "the type document is not valid", e.where(), e.what(),
                 e.hint());
  }
  // Whatever was out of order or superfluous shows here.
  if (!std::equal(document.begin(), document.end(), type->document().begin(),
                  type->document().end())) {
    return Error(ErrorCode::document_invalid, "the type document is not valid", {},
                 "its order is not the canonical one");
  }
  return type;
}

const std::string& Type::name() const noexcept { return data_->nodes[0].name; }
TypeId Type::id() const noexcept { return data_->id; }
FamilyId Type::family() const noexcept { return data_->family; }
ByteView Type::document() const noexcept { return data_->document; }
std::span<const TypeNode> Type::nodes() const noexcept { return data_->nodes; }

Type Type::at(std::uint32_t index) const {
  if (index == 0) return *this;
  DTS_ASSERT(index < data_->nodes.size());
  // A part of what was checked needs no check again, and its document is shorter.
  auto closure = closure_of(data_->nodes, index);
  DTS_ASSERT(closure.ok());
  Bytes document = write_document(*closure);
  return of_canonical(std::move(*closure), std::move(document));
}

Result<Type> Type::parse(std::string_view notation, std::string_view where) {
  DTS_ASSIGN(const ParsedNotation parsed, parse_notation(notation, where));
  auto type = make(parsed.nodes);
  if (!type) return parsed.locate(type.error());
  return type;
}

Result<std::vector<Type>> Type::parse_all(std::string_view notation, std::string_view where) {
  DTS_ASSIGN(const ParsedNotation parsed, parse_notation(notation, where));
  std::vector<Type> types;
  types.reserve(parsed.nodes.size());
  for (std::uint32_t i = 0; i < parsed.nodes.size(); ++i) {
    auto type = from_nodes(parsed.nodes, i);
    if (!type) return parsed.locate(type.error());
    types.push_back(std::move(*type));
  }
  return types;
}

std::string Type::print(Style style) const { return print_notation(nodes(), style); }
std::string Type::print(const TypeRef& type) const { return print_type(type, nodes()); }

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::boolean:
      return "bool";
    case Kind::i8:
      return "i8";
    case Kind::i16:
      return "i16";
    case Kind::i32:
      return "i32";
    case Kind::i64:
      return "i64";
    case Kind::u8:
      return "u8";
    case Kind::u16:
      return "u16";
    case Kind::u32:
      return "u32";
    case Kind::u64:
      return "u64";
    case Kind::f32:
      return "f32";
    case Kind::f64:
      return "f64";
    case Kind::text:
      return "text";
    case Kind::bytes:
      return "bytes";
    case Kind::time:
      return "time";
    case Kind::duration:
      return "duration";
    case Kind::decimal:
      return "decimal";
    case Kind::any:
      return "any";
    case Kind::list:
      return "list";
    case Kind::array:
      return "array";
    case Kind::map:
      return "map";
    case Kind::optional:
      return "optional";
    case Kind::reference:
      return "reference";
    case Kind::structure:
      return "struct";
    case Kind::enumeration:
      return "enum";
    case Kind::union_:
      return "union";
  }
  return "unknown";
}

FamilyId family_of(std::string_view name) {
  using namespace std::string_view_literals;
  return cut<FamilyId>(base::sha256({as_bytes("dts-family\0"sv), as_bytes(name)}));
}

}  // namespace dts
