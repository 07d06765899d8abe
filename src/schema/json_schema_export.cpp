// Types as JSON Schema 2020-12, of the values as the format json writes them. What JSON Schema
// cannot say stands in "x-dts-field" and "x-dts-type".
#include <schema/importers.hpp>
#include <schema/json_text.hpp>

namespace dts::schema {

namespace {

class JsonSchemaWriter {
 public:
  explicit JsonSchemaWriter(const Type& type) : type_(type), nodes_(type.nodes()) {}

  Json write() {
    Json defs = Json::object();
    for (const TypeNode& node : nodes_) defs.set(node.name, named(node));
    return Json::object()
        .set("$schema", Json::of("https://json-schema.org/draft/2020-12/schema"))
        .set("title", Json::of(type_.name()))
        .set("$ref", Json::of("#/$defs/" + type_.name()))
        .set("$defs", std::move(defs));
  }

 private:
  Json named(const TypeNode& node) {
    Json json = Json::object();
    if (!node.doc.empty()) json.set("description", Json::of(node.doc));
    if (node.name.find('.') == std::string::npos) json.set("x-dts-type", Json::of(header(node)));
    if (node.kind == Kind::enumeration) {
      Json symbols = Json::array();
      for (const Symbol& symbol : node.symbols) symbols.push(Json::of(symbol.name));
      json.set("enum", std::move(symbols));
      if (!is_plain_enumeration(node) && json.find("x-dts-type") == nullptr)
        json.set("x-dts-type", Json::of(header(node)));
      return json;
    }
    if (node.kind == Kind::union_) return one_of(node, std::move(json));
    Json properties = Json::object(), required = Json::array();
    for (const Field& field : node.fields) {
      properties.set(field.name, member(field, true));
      if (field.type.kind != Kind::optional && !field.default_value)
        required.push(Json::of(field.name));
    }
    json.set("type", Json::of("object")).set("properties", std::move(properties));
    if (!required.items.empty()) json.set("required", std::move(required));
    return json.set("additionalProperties", Json::of(false));
  }

  static std::string header(const TypeNode& node) {
    return node.kind == Kind::enumeration && !is_plain_enumeration(node) ? declare_enumeration(node)
                                                                         : declare(node);
  }

  Json one_of(const TypeNode& node, Json json) {
    Json branches = Json::array();
    for (const Field& field : node.fields) {
      branches.push(Json::object()
                        .set("type", Json::of("object"))
                        .set("properties", Json::object().set(field.name, member(field, false)))
                        .set("required", Json::array().push(Json::of(field.name)))
                        .set("additionalProperties", Json::of(false)));
    }
    if (!node.closed) {
      branches.push(Json::object()
                        .set("type", Json::of("object"))
                        .set("maxProperties", Json::of(std::uint64_t{0})));
    }
    return json.set("oneOf", std::move(branches));
  }

  Json member(const Field& field, bool may_be_missing) {
    Json json = spell(field.type, may_be_missing);
    if (!field.doc.empty()) json.set("description", Json::of(field.doc));
    const std::string natural =
        is_natural(field.type, may_be_missing) ? type_.print(field.type) : "";
    if (needs_declaration(field, type_, natural))
      json.set("x-dts-field", Json::of(declare(field, type_)));
    return json;
  }

  bool is_natural(const TypeRef& type, bool may_be_missing) const {
    switch (type.kind) {
      case Kind::list:
      case Kind::array:
        return is_natural(type.arguments[0], false);
      case Kind::map:
        return type.arguments[0].kind == Kind::text && is_natural(type.arguments[1], false);
      case Kind::optional:
        return may_be_missing && is_natural(type.arguments[0], false);
      case Kind::any:
        return false;
      default:
        return true;
    }
  }

  static Json scalar(std::string_view type, std::string_view kind = {}) {
    Json json = Json::object().set("type", Json::of(type));
    if (!kind.empty()) json.set("x-dts-kind", Json::of(kind));
    return json;
  }

  // `missing`: an optional is a property that is not required.
  Json spell(const TypeRef& type, bool missing) {
    const std::string_view kind = kind_name(type.kind);
    switch (type.kind) {
      case Kind::boolean:
        return scalar("boolean");
      case Kind::i64:
        return scalar("integer");
      case Kind::f64:
        return scalar("number");
      case Kind::f32:
        return scalar("number", kind);
      case Kind::text:
        return scalar("string");
      case Kind::bytes:
        return scalar("string").set("contentEncoding", Json::of("base64"));
      case Kind::time:
        return scalar("string").set("format", Json::of("date-time"));
      case Kind::duration:
      case Kind::decimal:
        return scalar("string", kind);
      case Kind::any:
        return Json::object();
      case Kind::list:
        return scalar("array").set("items", spell(type.arguments[0], false));
      case Kind::array: {
        const Json count = Json::of(std::uint64_t{type.length});
        return scalar("array")
            .set("items", spell(type.arguments[0], false))
            .set("minItems", count)
            .set("maxItems", count);
      }
      case Kind::map:
        return scalar("object").set("additionalProperties", spell(type.arguments[1], false));
      case Kind::optional: {
        Json held = spell(type.arguments[0], false);
        if (missing) return held;
        return Json::object().set("oneOf",
                                  Json::array().push(std::move(held)).push(scalar("null")));
      }
      case Kind::reference:
        return Json::object().set("$ref", Json::of("#/$defs/" + nodes_[type.node].name));
      default:
        return scalar("integer", kind);
    }
  }

  const Type& type_;
  std::span<const TypeNode> nodes_;
};

}  // namespace

Result<std::string> export_json_schema(const Type& type) {
  return print_json(JsonSchemaWriter(type).write());
}

}  // namespace dts::schema
