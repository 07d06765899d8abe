// Types as JSON Type Definition (RFC 8927). What it cannot say stands in the metadata.
#include <schema/importers.hpp>
#include <schema/json_text.hpp>

namespace dts::schema {

namespace {

class JtdWriter {
 public:
  explicit JtdWriter(const Type& type) : type_(type), nodes_(type.nodes()) {}

  Json write() {
    Json definitions = Json::object();
    for (const TypeNode& node : nodes_) definitions.set(node.name, named(node));
    return Json::object()
        .set("metadata", Json::object().set("dts.name", Json::of(type_.name())))
        .set("ref", Json::of(type_.name()))
        .set("definitions", std::move(definitions));
  }

 private:
  Json named(const TypeNode& node) {
    Json json = Json::object();
    Json metadata = Json::object();
    if (!node.doc.empty()) metadata.set("description", Json::of(node.doc));
    if (node.kind == Kind::enumeration) {
      Json symbols = Json::array();
      for (const Symbol& symbol : node.symbols) symbols.push(Json::of(symbol.name));
      json.set("enum", std::move(symbols));
      const bool plain = is_plain_enumeration(node);
      metadata.set("dts.type", Json::of(plain ? declare(node) : declare_enumeration(node)));
      return json.set("metadata", std::move(metadata));
    }
    Json required = Json::object(), optional = Json::object();
    for (const Field& field : node.fields) {
      const bool missing = node.kind == Kind::union_ || field.type.kind == Kind::optional ||
                           field.default_value.has_value();
      (missing ? optional : required).set(field.name, member(field, node.kind == Kind::union_));
    }
    // The order of the fields is part of the type: it must not depend on which are optional.
    metadata.set("dts.type", Json::of(declare(node)));
    if (node.kind == Kind::structure && needs_order(node)) {
      Json order = Json::array();
      for (const Field& field : node.fields) order.push(Json::of(field.name));
      metadata.set("dts.order", std::move(order));
    }
    if (!required.members.empty() || optional.members.empty())
      json.set("properties", std::move(required));
    if (!optional.members.empty()) json.set("optionalProperties", std::move(optional));
    return json.set("metadata", std::move(metadata));
  }

  // Would reading the required ones first change the order?
  static bool needs_order(const TypeNode& node) {
    bool seen = false;
    for (const Field& field : node.fields) {
      const bool missing = field.type.kind == Kind::optional || field.default_value.has_value();
      if (seen && !missing) return true;
      seen = seen || missing;
    }
    return false;
  }

  Json member(const Field& field, bool is_case) {
    Json json = spell(field.type, true);
    Json metadata = Json::object();
    if (!field.doc.empty()) metadata.set("description", Json::of(field.doc));
    const std::string natural = !is_case && is_natural(field.type) ? type_.print(field.type) : "";
    if (needs_declaration(field, type_, natural))
      metadata.set("dts.field", Json::of(declare(field, type_)));
    if (!metadata.members.empty()) json.set("metadata", std::move(metadata));
    return json;
  }

  bool is_natural(const TypeRef& type) const {
    switch (type.kind) {
      case Kind::i64:
      case Kind::u64:
      case Kind::bytes:
      case Kind::duration:
      case Kind::decimal:
      case Kind::array:
        return false;
      case Kind::list:
        return is_natural(type.arguments[0]);
      case Kind::map:
        return type.arguments[0].kind == Kind::text && is_natural(type.arguments[1]);
      case Kind::optional:
        return is_natural(type.arguments[0]);
      default:
        return true;
    }
  }

  static Json scalar(std::string_view name) { return Json::object().set("type", Json::of(name)); }

  Json spell(const TypeRef& type, bool missing) {
    switch (type.kind) {
      case Kind::boolean:
        return scalar("boolean");
      case Kind::i8:
        return scalar("int8");
      case Kind::i16:
        return scalar("int16");
      case Kind::i32:
        return scalar("int32");
      case Kind::u8:
        return scalar("uint8");
      case Kind::u16:
        return scalar("uint16");
      case Kind::u32:
        return scalar("uint32");
      case Kind::f32:
        return scalar("float32");
      case Kind::f64:
        return scalar("float64");
      case Kind::time:
        return scalar("timestamp");
      case Kind::text:
      case Kind::bytes:
      case Kind::duration:
      case Kind::decimal:
        return scalar("string");
      case Kind::i64:
      case Kind::u64:
      case Kind::any:
        return Json::object();  // 64-bit integers are numbers or texts in JSON
      case Kind::list:
      case Kind::array:
        return Json::object().set("elements", spell(type.arguments[0], false));
      case Kind::map:
        return Json::object().set("values", spell(type.arguments[1], false));
      case Kind::optional: {
        Json held = spell(type.arguments[0], false);
        return missing ? held : held.set("nullable", Json::of(true));
      }
      default:
        return Json::object().set("ref", Json::of(nodes_[type.node].name));
    }
  }

  const Type& type_;
  std::span<const TypeNode> nodes_;
};

}  // namespace

Result<std::string> export_jtd(const Type& type) { return print_json(JtdWriter(type).write()); }

}  // namespace dts::schema
