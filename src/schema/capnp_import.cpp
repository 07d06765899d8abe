// .capnp files through the reference compiler: what it laid out is the binding. Structs, groups,
// unions with and without a name, enumerations, defaults, annotations; what has no counterpart
// (interfaces, generics, AnyPointer) is refused with the reason.
#include <set>

#include <schema/capnp_files.hpp>

#include <capnp/schema.h>
#include <kj/exception.h>

#include <base/text.hpp>
#include <schema/capnp_default.hpp>
#include <schema/capnp_layout.hpp>
#include <schema/draft.hpp>
#include <schema/importers.hpp>
#include <schema/source.hpp>

namespace dts::schema {

namespace {

using capnp::schema::Field;
using capnp_files::File;
using capnp_files::Files;
using capnp_files::Notes;
using capnp_files::notes_of;

constexpr std::uint16_t kNoCase = Field::NO_DISCRIMINANT;

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
    while (!names_.wanted.empty()) {
      const capnp::Schema schema = names_.wanted.front();
      names_.wanted.pop_front();
      DTS_TRY(visit(schema, false));
    }
    auto imported = draft_.finish(root);
    if (!imported) return imported.error();
    for (ImportedType& each : imported->types) drop_derived_binding(each);
    return imported;
  }

 private:
  Error first_error() const {
    const Error& first = files_.errors[0];
    const std::size_t more = files_.errors.size() - 1;
    return Error(
        first.code(), first.what(), first.where(),
        more == 0 ? "" : "and " + std::to_string(more) + " more error" + (more > 1 ? "s" : ""),
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
    names_[schema] = full;
    if (depth > 64) return;
    for (auto nested : schema.getAllNested()) name(nested, full, depth + 1);
  }

  Result<void> define(const capnp::ParsedSchema& schema, int depth) {
    const auto proto = schema.getProto();
    const std::string& full = names_[schema];
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
    return structure(schema.asStruct(), names_[schema], own);
  }

  Result<void> enumeration(capnp::EnumSchema schema, bool own) {
    const std::string& full = names_[schema];
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
    const std::string shown = schema.getProto().getDisplayName().cStr();
    node.own_name = shown.substr(shown.rfind(':') + 1);
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
      if (!layout_.lies_as(read_term(declared.type), field, made.binding, !is_case)) {
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
      DTS_TRY(read_default(field, made));
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
    if (type.isEnum()) return names_.refer(type.asEnum());
    if (type.isStruct()) {
      const auto proto = type.asStruct().getProto();
      if (proto.getIsGeneric()) {
        return refused("a generic struct is not supported", place,
                       proto.getDisplayName().cStr() + std::string(" has type parameters"),
                       "write a struct without parameters");
      }
      const std::string name = names_.refer(type.asStruct());
      return optional ? "optional<" + name + ">" : name;
    }
    if (type.isInterface()) {
      return refused("an interface is no data", place, "a capability cannot be published",
                     "remove the field");
    }
    return refused("AnyPointer has no type", place, "what lies there is not said",
                   "use a struct, a union, or Data");
  }

  std::string file_;
  Files& files_;
  Draft draft_;
  capnp::SchemaParser parser_;
  std::vector<capnp::ParsedSchema> parsed_;
  CapnpNames names_;
  CapnpLayout layout_{names_, draft_};
  std::set<std::uint64_t> visited_;
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
