// Types as Avro schemas. What Avro cannot say stands in the properties "dts.field" and "dts.type".
#include <set>

#include <schema/importers.hpp>
#include <schema/json_text.hpp>

namespace dts::schema {

namespace {

class AvroWriter {
 public:
  explicit AvroWriter(const Type& type) : type_(type), nodes_(type.nodes()) {}

  Json node(std::uint32_t index) {
    const TypeNode& node = nodes_[index];
    if (!written_.insert(index).second) return Json::of(node.name);
    Json json = Json::object();
    json.set("type", Json::of(node.kind == Kind::enumeration ? "enum" : "record"));
    json.set("name", Json::of(last_word(node.name)));
    json.set("namespace", Json::of(words_before(node.name)));
    if (!node.doc.empty()) json.set("doc", Json::of(node.doc));
    if (node.kind == Kind::enumeration) {
      Json symbols = Json::array();
      for (const Symbol& symbol : node.symbols) symbols.push(Json::of(symbol.name));
      json.set("symbols", std::move(symbols));
      if (!is_plain_enumeration(node)) json.set("dts.type", Json::of(declare_enumeration(node)));
      return json;
    }
    if (node.kind == Kind::union_) json.set("dts.type", Json::of(declare(node)));
    Json fields = Json::array();
    for (const Field& each : node.fields) fields.push(field(each, node.kind == Kind::union_));
    json.set("fields", std::move(fields));
    return json;
  }

 private:
  Json field(const Field& field, bool is_case) {
    Json json = Json::object();
    json.set("name", Json::of(field.name));
    if (!field.doc.empty()) json.set("doc", Json::of(field.doc));
    Json type = spell(field.type);
    if (is_case && field.type.kind != Kind::optional)
      type = Json::array().push(Json::of("null")).push(std::move(type));
    const bool nullable = type.is(Json::Sort::array);
    json.set("type", std::move(type));
    if (nullable) json.set("default", Json::null());
    const std::string natural = is_natural(field.type) ? type_.print(field.type) : "";
    if (is_case || needs_declaration(field, type_, natural))
      json.set("dts.field", Json::of(declare(field, type_)));
    return json;
  }

  // Would an importer read the same without an annotation?
  bool is_natural(const TypeRef& type) const {
    switch (type.kind) {
      case Kind::boolean:
      case Kind::i32:
      case Kind::i64:
      case Kind::f32:
      case Kind::f64:
      case Kind::text:
      case Kind::bytes:
      case Kind::time:
      case Kind::u64:
      case Kind::reference:
        return true;
      case Kind::list:
      case Kind::optional:
        return is_natural(type.arguments[0]);
      case Kind::map:
        return type.arguments[0].kind == Kind::text && is_natural(type.arguments[1]);
      default:
        return false;
    }
  }

  static Json logical(std::string_view base, std::string_view name) {
    return Json::object().set("type", Json::of(base)).set("logicalType", Json::of(name));
  }

  Json spell(const TypeRef& type) {
    switch (type.kind) {
      case Kind::boolean:
        return Json::of("boolean");
      case Kind::i8:
      case Kind::i16:
      case Kind::i32:
      case Kind::u8:
      case Kind::u16:
        return Json::of("int");
      case Kind::i64:
      case Kind::u32:
      case Kind::duration:
        return Json::of("long");
      case Kind::u64:
        return logical("bytes", "decimal")
            .set("precision", Json::of(std::uint64_t{20}))
            .set("scale", Json::of(std::uint64_t{0}));
      case Kind::f32:
        return Json::of("float");
      case Kind::f64:
        return Json::of("double");
      case Kind::text:
      case Kind::decimal:
        return Json::of("string");
      case Kind::bytes:
      case Kind::any:
        return Json::of("bytes");
      case Kind::time:
        return logical("long", "timestamp-nanos");
      case Kind::list:
      case Kind::array:
        return Json::object().set("type", Json::of("array")).set("items", spell(type.arguments[0]));
      case Kind::map:
        return Json::object().set("type", Json::of("map")).set("values", spell(type.arguments[1]));
      case Kind::optional:
        return Json::array().push(Json::of("null")).push(spell(type.arguments[0]));
      default:
        return node(type.node);
    }
  }

  const Type& type_;
  std::span<const TypeNode> nodes_;
  std::set<std::uint32_t> written_;
};

}  // namespace

Result<std::string> export_avro(const Type& type) { return print_json(AvroWriter(type).node(0)); }

}  // namespace dts::schema
