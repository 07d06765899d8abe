// Proto notes: what a .proto file says beside its structure: where it says a thing, its comments,
// and options of ours (dts/options.proto). One thread at a time.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <string_view>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/unknown_field_set.h>

#include <schema/draft.hpp>

namespace dts::schema {

namespace pb = google::protobuf;

inline const pb::FileDescriptor* file_of(const pb::EnumValueDescriptor* value) {
  return value->type()->file();
}
inline const pb::FileDescriptor* file_of(const pb::OneofDescriptor* oneof) {
  return oneof->containing_type()->file();
}

template <class Descriptor>
const pb::FileDescriptor* file_of(const Descriptor* descriptor) {
  return descriptor->file();
}

// "file:line:column"
template <class Descriptor>
std::string place(const Descriptor* descriptor) {
  pb::SourceLocation location;
  const std::string& file = file_of(descriptor)->name();
  if (!descriptor->GetSourceLocation(&location)) return file + ": " + descriptor->full_name();
  return file + ":" + std::to_string(location.start_line + 1) + ":" +
         std::to_string(location.start_column + 1);
}

// The comment, without those that are options of ours.
template <class Descriptor>
std::string doc(const Descriptor* descriptor) {
  pb::SourceLocation location;
  if (!descriptor->GetSourceLocation(&location)) return {};
  std::string text =
      location.leading_comments.empty() ? location.trailing_comments : location.leading_comments;
  std::string lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::size_t first = text.find_first_not_of(" *", at);
    if (first < end && text.compare(first, 4, "dts.") != 0)
      lines += (lines.empty() ? "" : "\n") + text.substr(first, end - first);
    at = end + 1;
  }
  return lines;
}

class ProtoNotes {
 public:
  // Once the file and all that it imports is read.
  void find(const pb::DescriptorPool& pool) {
    for (const char* name : {"unit", "quantity", "name", "field", "type", "enum", "symbol"}) {
      const auto* option = pool.FindExtensionByName(std::string("dts.") + name);
      if (option != nullptr && option->type() == pb::FieldDescriptor::TYPE_STRING)
        options_[name] = option;
    }
  }

  // The text of an option of ours; the linked-in descriptors do not know it, so it is unknown
  // there.
  std::string option(const pb::Message& options, const char* name) const {
    const auto found = options_.find(name);
    if (found == options_.end() ||
        found->second->containing_type()->full_name() != options.GetDescriptor()->full_name())
      return {};
    const auto& unknown = options.GetReflection()->GetUnknownFields(options);
    std::string text;
    for (int i = 0; i < unknown.field_count(); ++i) {
      if (unknown.field(i).number() == found->second->number() &&
          unknown.field(i).type() == pb::UnknownField::TYPE_LENGTH_DELIMITED)
        text = unknown.field(i).length_delimited();
    }
    return text;
  }

  // The same from a comment, which is how DTS writes it: "// dts.field: tank : i8 = 0".
  template <class Descriptor>
  std::string option(const Descriptor* descriptor, const char* name) const {
    std::string text = option(descriptor->options(), name);
    pb::SourceLocation location;
    if (!text.empty() || !descriptor->GetSourceLocation(&location)) return text;
    const bool is_enum = std::string_view(name) == "enum";
    const std::string mark = std::string(" dts.") + (is_enum ? "type" : name) + ": ";
    const std::string& comment = location.trailing_comments;
    if (comment.compare(0, mark.size(), mark) != 0) return {};
    text = comment.substr(mark.size());
    return text.substr(0, text.find('\n'));
  }

  std::string name_of(const pb::Descriptor* message) const {
    const std::string type = option(message, "type");
    return type.empty() || type == "-" ? message->full_name() : headed_name(type);
  }
  std::string name_of(const pb::EnumDescriptor* enumeration) const {
    const std::string type = option(enumeration, "enum");
    return type.empty() ? enumeration->full_name() : headed_name(type);
  }

  // A message that only stands for a part of a type of ours (an optional in a list).
  bool is_helper(const pb::Descriptor* message) const { return option(message, "type") == "-"; }

 private:
  std::map<std::string, const pb::FieldDescriptor*, std::less<>> options_;
};

}  // namespace dts::schema
