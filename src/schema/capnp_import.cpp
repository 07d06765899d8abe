// .capnp files through the reference compiler: what it laid out is the binding. Structs, groups,
// unions with and without a name, enumerations, defaults, annotations; what has no counterpart
// (interfaces, generics, AnyPointer) is refused with the reason.
#include <algorithm>
#include <bit>
#include <deque>
#include <map>
#include <memory>
#include <set>

#include <schema/capnp_files.hpp>

#include <capnp/schema.h>
#include <kj/exception.h>

#include <base/text.hpp>
#include <format/capnproto_shape.hpp>
#include <schema/capnp_annotations.hpp>
#include <schema/draft.hpp>
#include <schema/importers.hpp>
#include <schema/source.hpp>

namespace dts::schema {

namespace {

namespace shape = format::capnproto;
using capnp::schema::Field;
using capnp_files::File;
using capnp_files::Files;
using capnp_files::Notes;
using capnp_files::notes_of;

constexpr std::uint16_t kNoCase = Field::NO_DISCRIMINANT;

std::int8_t size_of(capnp::Type type) {
  using Which = capnp::schema::Type::Which;
  switch (type.which()) {
    case Which::BOOL:
      return 0;
    case Which::INT8:
    case Which::UINT8:
      return 3;
    case Which::INT16:
    case Which::UINT16:
    case Which::ENUM:
      return 4;
    case Which::INT32:
    case Which::UINT32:
    case Which::FLOAT32:
      return 5;
    case Which::INT64:
    case Which::UINT64:
    case Which::FLOAT64:
      return 6;
    default:
      return shape::pointer_size;
  }
}

std::string_view scalar_name(capnp::Type type) {
  using Which = capnp::schema::Type::Which;
  switch (type.which()) {
    case Which::BOOL:
      return "bool";
    case Which::INT8:
      return "i8";
    case Which::INT16:
      return "i16";
    case Which::INT32:
      return "i32";
    case Which::INT64:
      return "i64";
    case Which::UINT8:
      return "u8";
    case Which::UINT16:
      return "u16";
    case Which::UINT32:
      return "u32";
    case Which::UINT64:
      return "u64";
    case Which::FLOAT32:
      return "f32";
    case Which::FLOAT64:
      return "f64";
    case Which::TEXT:
      return "text";
    case Which::DATA:
      return "bytes";
    default:
      return {};
  }
}

class CapnpImporter {
 public:
  CapnpImporter(const std::string& name, Files& files)
      : file_(name), files_(files), draft_(name, "capnproto") {}

  Result<Imported> run(std::string_view text, std::string_view root) {
    const auto parse = [&](const std::string& path, std::string content) {
      return parser_.parseFile(kj::heap<File>(files_, path, std::move(content)));
    };
    parsed_.push_back(parse(file_, std::string(text)));
    if (!files_.errors.empty()) return first_error();
    // What is imported is parsed as it is used; its names are needed now.
    for (std::size_t i = 0; i < files_.opened.size(); ++i) {
      auto content = files_.open(files_.opened[i]);
      if (content) parsed_.push_back(parse(files_.opened[i], std::move(*content)));
      if (!files_.errors.empty()) return first_error();
    }
    for (const capnp::ParsedSchema& file : parsed_) {
      const Notes notes = notes_of(file.getProto().getAnnotations());
      prefix_ = notes.name;
      for (const std::string& enumeration : notes.enumerations)
        DTS_TRY(draft_.add_enumeration(enumeration, file_));
      for (auto nested : file.getAllNested()) name(nested, prefix_, 0);
    }
    for (auto nested : parsed_[0].getAllNested()) DTS_TRY(define(nested, 0));
    while (!wanted_.empty()) {
      const capnp::Schema schema = wanted_.front();
      wanted_.pop_front();
      DTS_TRY(visit(schema, false));
    }
    auto imported = draft_.finish(root);
    if (!imported) return imported.error();
    for (ImportedType& each : imported->types) drop_if_derived(each);
    return imported;
  }

 private:
  Error first_error() const {
    const Error& first = files_.errors[0];
    const std::size_t more = files_.errors.size() - 1;
    return Error(first.code(), first.what(), first.where(),
                 more == 0 ? "" : "and " + std::to_string(more) + " more errors",
                 "capnp compile -o- " + file_);
  }

  std::string where(const std::string& member) const { return file_ + ": " + member; }

  void name(const capnp::ParsedSchema& schema, const std::string& scope, int depth) {
    const auto proto = schema.getProto();
    const std::string shown = proto.getDisplayName().cStr();
    const std::string own = shown.substr(proto.getDisplayNamePrefixLength());
    std::string full = scope.empty() ? own : scope + "." + own;
    const Notes notes = notes_of(proto.getAnnotations());
    if (!notes.name.empty()) full = notes.name;
    if (!notes.type.empty()) full = headed_name(notes.type);
    names_[proto.getId()] = full;
    if (depth > 64) return;
    for (auto nested : schema.getAllNested()) name(nested, full, depth + 1);
  }

  Result<void> define(const capnp::ParsedSchema& schema, int depth) {
    const auto proto = schema.getProto();
    const std::string& full = names_[proto.getId()];
    if (proto.isStruct() && proto.getStruct().getIsGroup()) return {};  // a part of its struct
    if (proto.isInterface()) {
      draft_.note("the interface " + full + " is left out: it is no data");
    } else if (proto.getIsGeneric()) {
      draft_.note(full + " is left out: a generic struct has no layout of its own");
    } else if (proto.isStruct()) {
      if (!is_helper(schema.asStruct())) DTS_TRY(visit(schema, true));
    } else if (proto.isEnum()) {
      DTS_TRY(visit(schema, true));
    }
    if (depth > 64) return {};
    for (auto nested : schema.getAllNested()) DTS_TRY(define(nested, depth + 1));
    return {};
  }

  // A struct that only stands for a part of a type of ours (an entry, an optional).
  static bool is_helper(capnp::StructSchema schema) {
    return notes_of(schema.getProto().getAnnotations()).type == "-";
  }

  Result<void> visit(const capnp::Schema& schema, bool own) {
    const auto proto = schema.getProto();
    if (!visited_.insert(proto.getId()).second) return {};
    if (proto.isEnum()) return enumeration(schema.asEnum(), own);
    return structure(schema.asStruct(), names_[proto.getId()], own);
  }

  Result<void> enumeration(capnp::EnumSchema schema, bool own) {
    const std::string& full = names_[schema.getProto().getId()];
    DraftNode& node = draft_.add(full, Kind::enumeration, where(full));
    node.own = own;
    const Notes head = notes_of(schema.getProto().getAnnotations());
    if (!head.type.empty()) DTS_TRY(draft_.head(node, head.type, node.place));
    for (const auto enumerant : schema.getEnumerants()) {
      const Notes notes = notes_of(enumerant.getProto().getAnnotations());
      const std::string symbol = enumerant.getProto().getName().cStr();
      node.add(notes.name.empty() ? symbol : notes.name, std::to_string(enumerant.getOrdinal()),
               where(full + "." + symbol));
    }
    return {};
  }

  // A struct, or a group: then its numbers are those of the struct it lies in.
  Result<void> structure(capnp::StructSchema schema, const std::string& full, bool own) {
    const auto proto = schema.getProto().getStruct();
    const Notes head = notes_of(schema.getProto().getAnnotations());
    const auto fields = schema.getFields();
    std::size_t cases = 0;
    for (const auto field : fields) cases += field.getProto().getDiscriminantValue() != kNoCase;
    const bool is_union = cases > 0 && cases == fields.size();
    DraftNode& node = draft_.add(full, is_union ? Kind::union_ : Kind::structure, where(full));
    node.own = own;
    if (!head.type.empty()) DTS_TRY(draft_.head(node, head.type, node.place));
    const auto measure = [&](DraftNode& of) {
      of.binding.data_words = proto.getDataWordCount();
      of.binding.pointers = proto.getPointerCount();
      of.binding.discriminant = proto.getDiscriminantOffset();
    };
    measure(node);
    DraftNode* which = is_union ? &node : nullptr;
    for (const auto field : fields) {
      const bool is_case = field.getProto().getDiscriminantValue() != kNoCase;
      if (is_case && which == nullptr) {
        const std::string union_name = draft_.free_name(full + ".which");
        std::string member_name = "which";
        while (schema.findFieldByName(member_name.c_str()) != nullptr) member_name += "_";
        node.add(member_name, union_name, node.place).binding.flat = true;
        which = &draft_.add(union_name, Kind::union_, node.place);
        which->own = false;
        measure(*which);
      }
      // Without a case is what our own unions are first.
      if (is_case && !head.type.empty() && field.getType().isVoid() &&
          field.getProto().getDiscriminantValue() == 0)
        continue;
      DTS_TRY(member(is_case ? *which : node, full, field));
    }
    return {};
  }

  Result<void> member(DraftNode& node, const std::string& full, capnp::StructSchema::Field field) {
    const auto proto = field.getProto();
    const std::string name = proto.getName().cStr();
    const std::string place = where(full + "." + name);
    const Notes notes = notes_of(proto.getAnnotations());
    const bool is_case = proto.getDiscriminantValue() != kNoCase;
    if (field.getType().isVoid() && !is_case) {
      draft_.note(full + "." + name + " is left out: Void has one value");
      return {};
    }
    DraftMember made;
    made.name = notes.name.empty() ? name : notes.name;
    made.place = place;
    made.unit = notes.unit;
    made.quantity = notes.quantity;
    made.field = notes.field;
    if (is_case) made.binding.discriminant = proto.getDiscriminantValue();
    if (proto.isSlot()) made.binding.number = proto.getSlot().getOffset();
    if (!notes.field.empty()) {
      DTS_ASSIGN(const Declaration declared, read_declaration(notes.field, place));
      if (!lies_as(read_term(declared.type), field, made.binding, !is_case)) {
        return Error(ErrorCode::invalid_type, "the annotation does not fit the field", place,
                     declared.type + " does not lie so", "dts type export T --as capnp shows how");
      }
      if (proto.isSlot() && proto.getSlot().getHadExplicitDefault()) {
        return refused("a field declared by an annotation has no default", place,
                       "the annotation says the default");
      }
    } else if (proto.isGroup()) {
      made.type = draft_.free_name(full + "." + name);
      made.binding.flat = true;
      DTS_TRY(structure(field.getType().asStruct(), made.type, false));
    } else if (field.getType().isVoid()) {
      made.type = nothing();
      made.binding.flat = true;
    } else {
      DTS_ASSIGN(made.type, type_text(field.getType(), place, node.kind == Kind::structure));
      DTS_TRY(default_of(field, made));
    }
    node.members.push_back(std::move(made));
    return {};
  }

  // The type of a case that holds nothing.
  std::string nothing() {
    if (nothing_.empty()) {
      nothing_ = draft_.free_name("dts.Void");
      draft_.add(nothing_, Kind::structure, file_).own = false;
    }
    return nothing_;
  }

  // `optional`: a struct here is one that may be missing.
  Result<std::string> type_text(capnp::Type type, const std::string& place, bool optional) {
    if (const std::string_view scalar = scalar_name(type); !scalar.empty())
      return std::string(scalar);
    if (type.isList()) {
      const capnp::Type element = type.asList().getElementType();
      if (element.isVoid()) return refused("a list of Void", place, "it holds no data");
      DTS_ASSIGN(const std::string inside, type_text(element, place, false));
      return "list<" + inside + ">";
    }
    if (type.isEnum()) return named(type.asEnum());
    if (type.isStruct()) {
      const auto proto = type.asStruct().getProto();
      if (proto.getIsGeneric()) {
        return refused("a generic struct is not supported", place,
                       proto.getDisplayName().cStr() + std::string(" has type parameters"),
                       "write a struct without parameters");
      }
      const std::string name = named(type.asStruct());
      return optional ? "optional<" + name + ">" : name;
    }
    if (type.isInterface()) {
      return refused("an interface is no data", place, "a capability cannot be published",
                     "remove the field");
    }
    return refused("AnyPointer has no type", place, "what lies there is not said",
                   "use a struct, a union, or Data");
  }

  std::string named(const capnp::Schema& schema) {
    wanted_.push_back(schema);
    return names_[schema.getProto().getId()];
  }

  // A default is part of the type; in the message, values are exclusive-or'd with it.
  Result<void> default_of(capnp::StructSchema::Field field, DraftMember& made) {
    const auto slot = field.getProto().getSlot();
    if (!slot.getHadExplicitDefault() || field.getProto().getDiscriminantValue() != kNoCase) {
      return field.getProto().getDiscriminantValue() != kNoCase ? mask_of(field, made)
                                                                : Result<void>();
    }
    DTS_TRY(mask_of(field, made));
    const auto value = slot.getDefaultValue();
    using Which = capnp::schema::Value::Which;
    switch (value.which()) {
      case Which::BOOL:
        made.default_value = value.getBool() ? "true" : "false";
        break;
      case Which::FLOAT32:
        made.default_value = real_text(value.getFloat32());
        break;
      case Which::FLOAT64:
        made.default_value = real_text(value.getFloat64());
        break;
      case Which::TEXT: {
        const auto text = value.getText();
        made.default_value = quote(std::string_view(text.begin(), text.size()));
        break;
      }
      case Which::DATA: {
        const auto data = value.getData();
        made.default_value = hex_bytes(ByteView(data.begin(), data.size()));
        break;
      }
      case Which::ENUM:
        made.default_value = std::to_string(value.getEnum());
        break;
      case Which::INT8:
      case Which::INT16:
      case Which::INT32:
      case Which::INT64:
        made.default_value = std::to_string(signed_value(value));
        break;
      case Which::UINT8:
      case Which::UINT16:
      case Which::UINT32:
      case Which::UINT64:
        made.default_value = std::to_string(made.binding.mask);
        break;
      default:
        return refused("a default of a list or struct is not supported", made.place,
                       "a null pointer would stand for it", "remove the default");
    }
    return {};
  }

  static std::int64_t signed_value(capnp::schema::Value::Reader value) {
    using Which = capnp::schema::Value::Which;
    switch (value.which()) {
      case Which::INT8:
        return value.getInt8();
      case Which::INT16:
        return value.getInt16();
      case Which::INT32:
        return value.getInt32();
      default:
        return value.getInt64();
    }
  }

  static Result<void> mask_of(capnp::StructSchema::Field field, DraftMember& made) {
    const auto value = field.getProto().getSlot().getDefaultValue();
    using Which = capnp::schema::Value::Which;
    std::uint64_t& mask = made.binding.mask;
    switch (value.which()) {
      case Which::BOOL:
        mask = value.getBool() ? 1 : 0;
        break;
      case Which::INT8:
        mask = static_cast<std::uint8_t>(value.getInt8());
        break;
      case Which::INT16:
        mask = static_cast<std::uint16_t>(value.getInt16());
        break;
      case Which::INT32:
        mask = static_cast<std::uint32_t>(value.getInt32());
        break;
      case Which::INT64:
        mask = static_cast<std::uint64_t>(value.getInt64());
        break;
      case Which::UINT8:
        mask = value.getUint8();
        break;
      case Which::UINT16:
        mask = value.getUint16();
        break;
      case Which::UINT32:
        mask = value.getUint32();
        break;
      case Which::UINT64:
        mask = value.getUint64();
        break;
      case Which::FLOAT32:
        mask = std::bit_cast<std::uint32_t>(value.getFloat32());
        break;
      case Which::FLOAT64:
        mask = std::bit_cast<std::uint64_t>(value.getFloat64());
        break;
      case Which::ENUM:
        mask = value.getEnum();
        break;
      default:
        break;
    }
    return {};
  }

  // ---- annotated fields: does the declared type lie as the schema has it? ----

  bool lies_as(const Term& term, capnp::StructSchema::Field field, BindingMember& binding,
               bool may_be_optional) {
    if (term.name == "optional" && may_be_optional) {
      const Term& held = term.arguments[0];
      if (!field.getProto().isGroup())
        return size_of(field.getType()) == shape::pointer_size && lies_as(held, field.getType());
      const auto group = field.getType().asStruct();
      const auto fields = group.getFields();
      if (fields.size() != 2 || !fields[0].getType().isVoid() ||
          fields[0].getProto().getDiscriminantValue() != 0 || !fields[1].getProto().isSlot() ||
          fields[1].getProto().getDiscriminantValue() != 1 ||
          fields[1].getProto().getSlot().getHadExplicitDefault() ||
          size_of(fields[1].getType()) == shape::pointer_size)
        return false;
      binding.number = fields[1].getProto().getSlot().getOffset();
      binding.discriminant = group.getProto().getStruct().getDiscriminantOffset();
      return lies_as(held, fields[1].getType());
    }
    return field.getProto().isSlot() && lies_as(term, field.getType());
  }

  bool lies_as(const Term& term, capnp::Type type) {
    if (term.name == "time" || term.name == "duration") return type.isInt64();
    if (const std::string_view scalar = scalar_name(type); !scalar.empty()) {
      if (scalar == term.name) return true;
      return scalar == "i32" && term.arguments.empty() && is_type_name(term.name) &&
             draft_.has(term.name) && !defined(term.name);
    }
    if (term.name == "list" || term.name == "array")
      return type.isList() && lies_as(term.arguments[0], type.asList().getElementType());
    if (term.name == "map") {
      if (!type.isList() || !type.asList().getElementType().isStruct()) return false;
      return entry_lies_as(term, type.asList().getElementType().asStruct());
    }
    if (type.isEnum()) return named(type.asEnum()) == term.name;
    if (!type.isStruct()) return false;
    const auto structure = type.asStruct();
    if (term.name == "optional")
      return parts_lie_as({&term}, structure, shape::optional_shape(held_size(term, structure, 0)));
    if (term.name == "decimal") {
      static const Term coefficient{"i64", {}, 0}, exponent{"i8", {}, 0};
      return parts_lie_as({&coefficient, &exponent}, structure,
                          shape::entry_shape({6, false}, {3, false}));
    }
    if (term.name == "any") {
      static const Term data{"bytes", {}, 0};
      return parts_lie_as({&data, &data}, structure, shape::entry_shape({}, {}));
    }
    return term.arguments.empty() && named(structure) == term.name;
  }

  // A name of an enumeration that the schema only knows as Int32.
  bool defined(const std::string& name) const {
    for (const auto& [id, full] : names_) {
      if (full == name) return true;
    }
    return false;
  }

  // How large is the value in field `index`, in an optional or not?
  static std::int8_t held_size(const Term& term, capnp::StructSchema schema, unsigned index) {
    const auto fields = schema.getFields();
    if (index >= fields.size()) return shape::pointer_size;
    if (term.name != "optional" || !fields[index].getProto().isGroup())
      return size_of(fields[index].getType());
    const auto inside = fields[index].getType().asStruct().getFields();
    return inside.size() == 2 ? size_of(inside[1].getType()) : shape::pointer_size;
  }

  bool entry_lies_as(const Term& map, capnp::StructSchema schema) {
    const Term &key = map.arguments[0], &value = map.arguments[1];
    const shape::Measure first{held_size(key, schema, 0), false};
    const shape::Measure second{held_size(value, schema, 1), value.name == "optional"};
    return parts_lie_as({&key, &value}, schema, shape::entry_shape(first, second));
  }

  bool parts_lie_as(std::initializer_list<const Term*> terms, capnp::StructSchema schema,
                    const shape::Shape& expected) {
    const auto fields = schema.getFields();
    const auto proto = schema.getProto().getStruct();
    if (fields.size() != terms.size() || proto.getDataWordCount() != expected.data_words ||
        proto.getPointerCount() != expected.pointers)
      return false;
    unsigned index = 0;
    for (const Term* term : terms) {
      const auto field = fields[index];
      const shape::Slot& slot = expected.slots[index++];
      BindingMember binding;
      if (field.getProto().isSlot()) binding.number = field.getProto().getSlot().getOffset();
      if (!lies_as(*term, field, binding, true) || binding.number != slot.offset) return false;
      if (slot.discriminant != shape::Slot::none && binding.discriminant != slot.discriminant)
        return false;
      if (field.getProto().isSlot() && field.getProto().getSlot().getHadExplicitDefault())
        return false;
    }
    return true;
  }

  // A type that lies as the format lays it out by itself needs no binding.
  static void drop_if_derived(ImportedType& imported) {
    const auto nodes = imported.type.nodes();
    for (const TypeNode& node : nodes) {
      if (node.kind == Kind::enumeration) continue;
      const shape::Shape derived = shape::shape_of(node, nodes);
      const BindingNode* bound = imported.binding.find(node.name);
      if (bound == nullptr || bound->data_words != derived.data_words ||
          bound->pointers != derived.pointers)
        return;
      const bool is_union = node.kind == Kind::union_;
      if (is_union && bound->discriminant != derived.discriminant) return;
      for (std::size_t i = 0; i < node.fields.size(); ++i) {
        const BindingMember& member = bound->members[i];
        const shape::Slot& slot = derived.slots[i];
        if (member.flat || member.mask != 0 || member.number != slot.offset) return;
        if (is_union && member.discriminant != i + 1) return;
        if (!is_union && slot.discriminant != shape::Slot::none &&
            member.discriminant != slot.discriminant)
          return;
        const bool pointer_default =
            node.fields[i].default_value.has_value() && slot.size == shape::pointer_size;
        (void)pointer_default;
      }
    }
    imported.binding = Binding();
  }

  std::string file_;
  Files& files_;
  Draft draft_;
  capnp::SchemaParser parser_;
  std::vector<capnp::ParsedSchema> parsed_;
  std::map<std::uint64_t, std::string> names_;  // by node id
  std::set<std::uint64_t> visited_;
  std::deque<capnp::Schema> wanted_;
  std::string prefix_, nothing_;
};

}  // namespace

Result<Imported> import_capnp(const std::string& name, std::string_view text, const OpenFile& open,
                              std::string_view root) {
  Files files{open, {}, {}};
  try {
    return CapnpImporter(name, files).run(text, root);
  } catch (const kj::Exception& error) {
    if (!files.errors.empty()) return files.errors[0];
    return Error(ErrorCode::notation, "not a schema that Cap'n Proto compiles", name,
                 base::printable(error.getDescription().cStr()), "capnp compile -o- " + name);
  }
}

}  // namespace dts::schema
