// .proto files through libprotobuf's own parser: messages, enumerations, oneofs, maps, imports.
// What a field's number and coding are is the binding. Options of ours (dts/options.proto) say the
// unit and what else Protocol Buffers cannot.
#include <map>
#include <set>

#include <google/protobuf/compiler/importer.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <format/protobuf_shape.hpp>
#include <schema/draft.hpp>
#include <schema/importers.hpp>
#include <schema/proto_files.hpp>
#include <schema/proto_notes.hpp>

namespace dts::schema {

namespace {

bool is_google(const pb::Descriptor* message, std::string_view name) {
  return message->full_name() == name;
}

class ProtoImporter {
 public:
  ProtoImporter(const std::string& file, std::string_view text, const OpenFile& open)
      : file_(file),
        tree_(file, text, open),
        importer_(&tree_, &errors_),
        draft_(file, "protobuf") {}

  Result<Imported> run(std::string_view root) {
    const pb::LogSilencer silence;
    const pb::FileDescriptor* main = importer_.Import(file_);
    if (main == nullptr) return first_error();
    main_ = main;
    notes_.find(*importer_.pool());
    for (int i = 0; i < main->service_count(); ++i)
      draft_.note("the service " + main->service(i)->full_name() + " is left out: it is no data");
    for (int i = 0; i < main->extension_count(); ++i) DTS_TRY(extension(main->extension(i)));
    for (int i = 0; i < main->message_type_count(); ++i) DTS_TRY(own(main->message_type(i)));
    for (int i = 0; i < main->enum_type_count(); ++i) DTS_TRY(enumeration(main->enum_type(i)));
    auto imported = draft_.finish(root);
    if (!imported) return imported.error();
    for (ImportedType& each : imported->types) drop_if_derived(each);
    return imported;
  }

 private:
  // A type that is written as the format writes it by itself needs no binding.
  static void drop_if_derived(ImportedType& imported) {
    const auto nodes = imported.type.nodes();
    for (const TypeNode& node : nodes) {
      const BindingNode* bound = imported.binding.find(node.name);
      if (node.kind == Kind::enumeration) continue;
      if (bound == nullptr) return;
      for (std::size_t i = 0; i < node.fields.size(); ++i) {
        const BindingMember& member = bound->members[i];
        const std::uint32_t number = node.fields[i].id.value_or(static_cast<std::uint32_t>(i + 1));
        if (member.flat || member.implicit || !member.packed || member.number != number ||
            !is_derived(node.fields[i].type, member))
          return;
      }
    }
    imported.binding = Binding();
  }
  static bool is_derived(const TypeRef& type, const BindingMember& member) {
    namespace ours = format::protobuf;
    const auto same = [](Kind kind, Coding coding) {
      return ours::coding_of(kind, coding) == ours::coding_of(kind, Coding::zigzag);
    };
    if (type.kind == Kind::map)
      return same(type.arguments[0].kind, member.key) && is_derived(type.arguments[1], member);
    return type.arguments.empty() ? same(type.kind, member.coding)
                                  : is_derived(type.arguments[0], member);
  }

  Error first_error() const {
    if (errors_.errors.empty())
      return Error(ErrorCode::notation, "not a schema that protoc compiles", file_);
    // The first of those in the file that was asked for, which says more than "cannot import".
    const Error& first = errors_.errors[0];
    const std::size_t more = errors_.errors.size() - 1;
    return Error(
        first.code(), first.what(), first.where(),
        more == 0 ? "" : "and " + std::to_string(more) + " more error" + (more > 1 ? "s" : ""),
        first.hint().empty() ? "protoc -o /dev/null " + file_ + " checks it too" : first.hint());
  }

  Result<void> extension(const pb::FieldDescriptor* extended) {
    // An option is no data.
    if (extended->containing_type()->file()->name() == "google/protobuf/descriptor.proto")
      return {};
    return refused("an extension is not supported", place(extended),
                   extended->full_name() + " extends " + extended->containing_type()->full_name(),
                   "put the field into the message");
  }

  Result<void> own(const pb::Descriptor* message) {
    if (message->options().map_entry()) return {};
    if (!notes_.is_helper(message)) DTS_TRY(this->message(message));
    for (int i = 0; i < message->extension_count(); ++i) DTS_TRY(extension(message->extension(i)));
    for (int i = 0; i < message->nested_type_count(); ++i) DTS_TRY(own(message->nested_type(i)));
    for (int i = 0; i < message->enum_type_count(); ++i)
      DTS_TRY(enumeration(message->enum_type(i)));
    return {};
  }

  Result<void> message(const pb::Descriptor* message) {
    if (!visited_.insert(message->full_name()).second) return {};
    if (message->options().message_set_wire_format())
      return refused("a message set is not supported", place(message),
                     "what it holds is said by extensions elsewhere", "a oneof");
    if (message->extension_range_count() > 0)
      draft_.note(message->full_name() + ": its extension ranges are left out");
    const std::string head = notes_.option(message, "type");
    const bool is_union = head.find("union ") != std::string::npos;
    DraftNode& node =
        draft_.add(message->full_name(), is_union ? Kind::union_ : Kind::structure, place(message));
    node.own = message->file() == main_;
    node.doc = doc(message);
    if (!head.empty()) DTS_TRY(draft_.head(node, head, node.place));
    std::set<const pb::OneofDescriptor*> seen;
    for (int i = 0; i < message->field_count(); ++i) {
      const pb::FieldDescriptor* each = message->field(i);
      const pb::OneofDescriptor* oneof = each->real_containing_oneof();
      if (oneof == nullptr || is_union) {
        DTS_TRY(field(node, each));
      } else if (seen.insert(oneof).second) {
        DTS_TRY(one_of(node, oneof));
      }
    }
    return {};
  }

  // A oneof is a field of its own, whose cases lie in the message.
  Result<void> one_of(DraftNode& node, const pb::OneofDescriptor* oneof) {
    const std::string name = draft_.free_name(node.name + "." + oneof->name());
    DraftNode& made = draft_.add(name, Kind::union_, place(oneof));
    made.own = false;
    for (int i = 0; i < oneof->field_count(); ++i) DTS_TRY(field(made, oneof->field(i)));
    DraftMember& member = node.add(oneof->name(), name, made.place);
    member.doc = doc(oneof);
    member.binding.flat = true;
    return {};
  }

  Result<void> field(DraftNode& node, const pb::FieldDescriptor* field) {
    const std::string where = place(field);
    DraftMember made;
    made.name = notes_.option(field, "name").empty() ? field->name() : notes_.option(field, "name");
    made.place = where;
    made.doc = doc(field);
    made.unit = notes_.option(field, "unit");
    made.quantity = notes_.option(field, "quantity");
    made.field = notes_.option(field, "field");
    made.binding.number = static_cast<std::uint32_t>(field->number());
    if (field->is_map()) {
      const auto* key = field->message_type()->map_key();
      made.binding.key = coding_of(key);
      made.binding.coding = coding_of(field->message_type()->map_value());
    } else {
      made.binding.coding = coding_of(field);
    }
    made.binding.packed = !field->is_repeated() || field->is_packed() || !field->is_packable();
    made.binding.implicit = !field->is_repeated() && !field->has_presence();
    if (!made.field.empty()) {
      DTS_ASSIGN(const Declaration declared, read_declaration(made.field, where));
      // What lies in helper messages is coded as DTS codes it.
      if (!field->is_map() && field->message_type() != nullptr &&
          notes_.is_helper(field->message_type()))
        made.binding.coding = made.binding.key = Coding::zigzag;
      if (field->is_map()) {
        const pb::FieldDescriptor* value = field->message_type()->map_value();
        if (value->message_type() != nullptr && notes_.is_helper(value->message_type()))
          made.binding.coding = made.binding.key = Coding::zigzag;
      }
      if (!lies_as(read_term(declared.type), field)) {
        return Error(ErrorCode::invalid_type, "the option does not fit the field", where,
                     declared.type + " is not written so",
                     "dts type export T --as proto shows how");
      }
    } else {
      DTS_ASSIGN(made.type, type_text(field));
      DTS_TRY(presence(field, node.kind == Kind::union_, made));
    }
    node.members.push_back(std::move(made));
    return {};
  }

  static Coding coding_of(const pb::FieldDescriptor* field) {
    using Field = pb::FieldDescriptor;
    switch (field->type()) {
      case Field::TYPE_SINT32:
      case Field::TYPE_SINT64:
        return Coding::zigzag;
      case Field::TYPE_FIXED32:
      case Field::TYPE_FIXED64:
      case Field::TYPE_SFIXED32:
      case Field::TYPE_SFIXED64:
        return Coding::fixed;
      default:
        return Coding::natural;
    }
  }

  Result<std::string> type_text(const pb::FieldDescriptor* field) {
    if (field->is_map()) {
      DTS_ASSIGN(const std::string key, element(field->message_type()->map_key()));
      DTS_ASSIGN(const std::string value, element(field->message_type()->map_value()));
      return "map<" + key + ", " + value + ">";
    }
    DTS_ASSIGN(const std::string type, element(field));
    return field->is_repeated() ? "list<" + type + ">" : type;
  }

  Result<std::string> element(const pb::FieldDescriptor* field) {
    using Field = pb::FieldDescriptor;
    switch (field->type()) {
      case Field::TYPE_GROUP:
        return refused("a group is not supported", place(field), "it is an older way to nest",
                       "a message, and a field of it");
      case Field::TYPE_ENUM:
        DTS_TRY(enumeration(field->enum_type()));
        return notes_.name_of(field->enum_type());
      case Field::TYPE_MESSAGE:
        break;
      default:
        return std::string(scalar_name(field));
    }
    const pb::Descriptor* message = field->message_type();
    if (is_google(message, "google.protobuf.Timestamp")) return std::string("time");
    if (is_google(message, "google.protobuf.Duration")) return std::string("duration");
    if (is_google(message, "google.protobuf.Any")) {
      return refused("google.protobuf.Any is not supported", place(field),
                     "its type is found by a URL, which DTS does not follow",
                     "a oneof of the types it may hold, or bytes");
    }
    DTS_TRY(this->message(message));
    return notes_.name_of(message);
  }

  static std::string_view scalar_name(const pb::FieldDescriptor* field) {
    using Field = pb::FieldDescriptor;
    switch (field->cpp_type()) {
      case Field::CPPTYPE_BOOL:
        return "bool";
      case Field::CPPTYPE_INT32:
        return "i32";
      case Field::CPPTYPE_INT64:
        return "i64";
      case Field::CPPTYPE_UINT32:
        return "u32";
      case Field::CPPTYPE_UINT64:
        return "u64";
      case Field::CPPTYPE_FLOAT:
        return "f32";
      case Field::CPPTYPE_DOUBLE:
        return "f64";
      case Field::CPPTYPE_STRING:
        return field->type() == Field::TYPE_BYTES ? "bytes" : "text";
      default:
        return {};
    }
  }

  // What stands for a field that is not in the message: nothing, its default, zero or no elements.
  Result<void> presence(const pb::FieldDescriptor* field, bool is_case, DraftMember& member) {
    if (field->is_required() || is_case) return {};
    if (field->is_repeated()) {
      member.default_value = field->is_map() ? "{}" : "[]";
      return {};
    }
    if (field->message_type() != nullptr) {
      member.type = "optional<" + member.type + ">";
      return {};
    }
    if (field->has_presence() && !field->has_default_value()) {
      member.type = "optional<" + member.type + ">";
      return {};
    }
    member.default_value = default_of(field);
    return {};
  }

  static std::string default_of(const pb::FieldDescriptor* field) {
    using Field = pb::FieldDescriptor;
    switch (field->cpp_type()) {
      case Field::CPPTYPE_BOOL:
        return field->default_value_bool() ? "true" : "false";
      case Field::CPPTYPE_INT32:
        return std::to_string(field->default_value_int32());
      case Field::CPPTYPE_INT64:
        return std::to_string(field->default_value_int64());
      case Field::CPPTYPE_UINT32:
        return std::to_string(field->default_value_uint32());
      case Field::CPPTYPE_UINT64:
        return std::to_string(field->default_value_uint64());
      case Field::CPPTYPE_FLOAT:
        return real_text(field->default_value_float());
      case Field::CPPTYPE_DOUBLE:
        return real_text(field->default_value_double());
      case Field::CPPTYPE_ENUM:
        return std::to_string(field->default_value_enum()->number());
      default:
        return field->type() == Field::TYPE_BYTES
                   ? hex_bytes(as_bytes(field->default_value_string()))
                   : quote(field->default_value_string());
    }
  }

  Result<void> enumeration(const pb::EnumDescriptor* enumeration) {
    if (!visited_.insert(enumeration->full_name()).second) return {};
    DraftNode& node = draft_.add(enumeration->full_name(), Kind::enumeration, place(enumeration));
    node.own = enumeration->file() == main_;
    node.doc = doc(enumeration);
    node.closed = enumeration->file()->syntax() == pb::FileDescriptor::SYNTAX_PROTO2;
    if (const std::string head = notes_.option(enumeration, "enum"); !head.empty())
      DTS_TRY(draft_.head(node, head, node.place));
    std::map<int, std::string> numbers;
    for (int i = 0; i < enumeration->value_count(); ++i) {
      const pb::EnumValueDescriptor* value = enumeration->value(i);
      const std::string symbol = notes_.option(value, "symbol");
      if (symbol == "-") continue;  // only there because proto3 wants a zero
      const auto [found, fresh] = numbers.emplace(value->number(), value->name());
      if (!fresh) {
        draft_.note(value->full_name() + " is left out: it is another name of " + found->second);
        continue;
      }
      DraftMember& member = node.add(symbol.empty() ? value->name() : symbol,
                                     std::to_string(value->number()), place(value));
      member.doc = doc(value);
    }
    return {};
  }

  // ---- fields with the option `field`: is the declared type written as the field is? ----

  bool lies_as(const Term& term, const pb::FieldDescriptor* field) {
    if (field->is_map()) {
      const pb::FieldDescriptor* key = field->message_type()->map_key();
      const bool symbol = key->type() == pb::FieldDescriptor::TYPE_INT32 &&
                          is_type_name(term.name == "map" ? term.arguments[0].name : "");
      return term.name == "map" && (element_lies_as(term.arguments[0], key) || symbol) &&
             value_lies_as(term.arguments[1], field->message_type()->map_value()) &&
             (is_derived(key) || symbol || !has_helper(field->message_type()->map_value()));
    }
    if (field->is_repeated()) {
      return (term.name == "list" || term.name == "array") &&
             value_lies_as(term.arguments[0], field);
    }
    // A case that may be empty lies in a helper, as an element does.
    if (term.name == "optional" && field->real_containing_oneof() == nullptr)
      return field->has_presence() && value_lies_as(term.arguments[0], field);
    return value_lies_as(term, field);
  }

  // What is no element of its own lies in a helper message, in its field 1.
  bool value_lies_as(const Term& term, const pb::FieldDescriptor* field) {
    const pb::Descriptor* message = field->message_type();
    if (message != nullptr && notes_.is_helper(message) && term.name != "decimal" &&
        term.name != "any")
      return message->field_count() == 1 && message->field(0)->number() == 1 &&
             is_derived(message->field(0)) && lies_as(term, message->field(0));
    return element_lies_as(term, field);
  }

  bool has_helper(const pb::FieldDescriptor* field) const {
    return field->message_type() != nullptr && notes_.is_helper(field->message_type());
  }

  // Is it coded as DTS codes it by itself?
  static bool is_derived(const pb::FieldDescriptor* field) {
    using Field = pb::FieldDescriptor;
    if (field->is_map()) {
      return (is_derived(field->message_type()->map_key()) ||
              field->message_type()->map_key()->type() == Field::TYPE_INT32) &&
             is_derived(field->message_type()->map_value());
    }
    if (!field->is_repeated() && !field->has_presence()) {
      const pb::Descriptor* message = field->containing_type();
      if (!message->options().map_entry()) return false;
    }
    if (field->is_repeated() && field->is_packable() && !field->is_packed()) return false;
    return field->type() != Field::TYPE_INT32 && field->type() != Field::TYPE_INT64 &&
           coding_of(field) != Coding::fixed;
  }

  bool pair_lies_as(const pb::Descriptor* message, std::string_view first,
                    std::string_view second) const {
    return notes_.is_helper(message) && message->field_count() == 2 &&
           message->field(0)->number() == 1 && message->field(1)->number() == 2 &&
           scalar_name(message->field(0)) == first && scalar_name(message->field(1)) == second;
  }

  bool element_lies_as(const Term& term, const pb::FieldDescriptor* field) {
    const pb::Descriptor* message = field->message_type();
    if (field->enum_type() != nullptr) {
      if (!enumeration(field->enum_type())) return false;
      return notes_.name_of(field->enum_type()) == term.name;
    }
    if (message == nullptr) {
      const std::string_view scalar = scalar_name(field);
      const std::string& name = term.name;
      return scalar == name || (scalar == "i32" && (name == "i8" || name == "i16")) ||
             (scalar == "u32" && (name == "u8" || name == "u16"));
    }
    if (is_google(message, "google.protobuf.Timestamp")) return term.name == "time";
    if (is_google(message, "google.protobuf.Duration")) return term.name == "duration";
    if (term.name == "decimal") return pair_lies_as(message, "i64", "i32");
    if (term.name == "any") return pair_lies_as(message, "bytes", "bytes");
    if (notes_.is_helper(message)) return false;
    if (!this->message(message)) return false;
    return term.arguments.empty() && notes_.name_of(message) == term.name;
  }

  std::string file_;
  proto_files::Tree tree_;
  proto_files::Errors errors_;
  pb::compiler::Importer importer_;
  Draft draft_;
  const pb::FileDescriptor* main_ = nullptr;
  ProtoNotes notes_;
  std::set<std::string> visited_;
};

}  // namespace

Result<Imported> import_proto(const std::string& name, std::string_view text, const OpenFile& open,
                              std::string_view root) {
  return ProtoImporter(name, text, open).run(root);
}

}  // namespace dts::schema
