// Capnp files: the files of one import as libcapnpc wants them, and the errors it reports about
// them. One thread at a time.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include <kj/string.h>
#ifdef __clang__
// Cap'n Proto 0.9 turns its own comparison around, which clang does not find in C++20.
namespace kj {
inline bool operator==(const char* a, const StringPtr& b) { return b == StringPtr(a); }
}  // namespace kj
#endif
#include <capnp/schema-parser.h>

#include <base/text.hpp>
#include <schema/capnp_annotations.hpp>
#include <schema/schema.hpp>
#include <schema/source.hpp>

namespace dts::schema::capnp_files {

// What all files of one import share.
struct Files {
  const OpenFile& open;
  std::vector<std::string> opened;  // paths, the main file first
  std::vector<Error> errors;
};

inline std::string place_of(const std::string& path, unsigned line, unsigned column) {
  return path + ":" + std::to_string(line + 1) + ":" + std::to_string(column + 1);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"  // theirs; a kj::Own knows what it owns
// A file as the compiler wants it.
class File final : public capnp::SchemaFile {
 public:
  File(Files& files, std::string path, std::string text)
      : files_(files), path_(std::move(path)), text_(std::move(text)) {}

  kj::StringPtr getDisplayName() const override { return path_.c_str(); }
  kj::Array<const char> readContent() const override {
    return kj::heapArray<const char>(text_.data(), text_.size());
  }
  kj::Maybe<kj::Own<SchemaFile>> import(kj::StringPtr wanted) const override;
  bool operator==(const SchemaFile& other) const override {
    return path_ == static_cast<const File&>(other).path_;
  }
  bool operator!=(const SchemaFile& other) const override { return !(*this == other); }
  std::size_t hashCode() const override { return std::hash<std::string>()(path_); }
  void reportError(SourcePos start, SourcePos, kj::StringPtr message) const override {
    if (files_.errors.size() < 32) {
      files_.errors.push_back(Error(ErrorCode::notation, base::printable(message.cStr()),
                                    place_of(path_, start.line, start.column)));
    }
  }
  const std::string& text() const { return text_; }

 private:
  Files& files_;
  std::string path_, text_;
};
#pragma GCC diagnostic pop

inline kj::Maybe<kj::Own<capnp::SchemaFile>> File::import(kj::StringPtr wanted) const {
  std::string path = wanted.cStr();
  if (const std::string_view ours = capnp_file(path); !ours.empty())
    return kj::Own<SchemaFile>(kj::heap<File>(files_, path, std::string(ours)));
  if (!path.empty() && path[0] == '/') {
    path = path.substr(1);
  } else if (const std::size_t slash = path_.rfind('/'); slash != std::string::npos) {
    path = path_.substr(0, slash + 1) + path;
  }
  if (files_.opened.size() >= SourceLimits::files_max) return nullptr;
  auto text = files_.open(path);
  if (!text || !check_source(Language::capnp, path, *text)) return nullptr;
  if (std::find(files_.opened.begin(), files_.opened.end(), path) == files_.opened.end())
    files_.opened.push_back(path);
  return kj::Own<SchemaFile>(kj::heap<File>(files_, path, std::move(*text)));
}

// The annotations of ours on something.
struct Notes {
  std::string name, unit, quantity, field, type;
  std::vector<std::string> enumerations;
};

inline Notes notes_of(capnp::List<capnp::schema::Annotation>::Reader annotations) {
  Notes notes;
  for (const auto annotation : annotations) {
    if (!annotation.getValue().isText()) continue;
    const auto reader = annotation.getValue().getText();
    const std::string text(reader.begin(), reader.size());
    switch (annotation.getId()) {
      case capnp_name_annotation:
        notes.name = text;
        break;
      case capnp_unit_annotation:
        notes.unit = text;
        break;
      case capnp_quantity_annotation:
        notes.quantity = text;
        break;
      case capnp_field_annotation:
        notes.field = text;
        break;
      case capnp_type_annotation:
        notes.type = text;
        break;
      case capnp_enumeration_annotation:
        notes.enumerations.push_back(text);
        break;
      default:
        break;
    }
  }
  return notes;
}

}  // namespace dts::schema::capnp_files
