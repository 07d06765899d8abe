// Proto files: the files of one import as libprotobuf wants them, and the errors it reports about
// them. One thread at a time.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/compiler/importer.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/empty.pb.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/wrappers.pb.h>

#include <base/text.hpp>
#include <schema/annotation_files.hpp>
#include <schema/schema.hpp>
#include <schema/source.hpp>

namespace dts::schema::proto_files {

namespace pb = google::protobuf;

// The files of one import: the main one from memory, ours and Google's built in, others by `open`.
class Tree final : public pb::compiler::SourceTree {
 public:
  Tree(std::string name, std::string_view text, const OpenFile& open)
      : name_(std::move(name)), text_(text), open_(open) {}

  pb::io::ZeroCopyInputStream* Open(const std::string& path) override {
    const std::string* text = find(path);
    if (text == nullptr) return nullptr;
    return new pb::io::ArrayInputStream(text->data(), static_cast<int>(text->size()));
  }
  std::string GetLastErrorMessage() override { return last_; }

 private:
  const std::string* find(const std::string& path) {
    if (const auto found = texts_.find(path); found != texts_.end()) return &found->second;
    if (texts_.size() >= SourceLimits::files_max) {
      last_ = "more than " + std::to_string(SourceLimits::files_max) + " files";
      return nullptr;
    }
    if (path == name_) return &texts_.emplace(path, std::string(text_)).first->second;
    if (path == "dts/options.proto")
      return &texts_.emplace(path, std::string(options_proto)).first->second;
    auto text = open_(path);
    if (text) {
      if (const auto checked = check_source(Language::proto, path, *text); !checked) {
        last_ = checked.error().what();
        return nullptr;
      }
      return &texts_.emplace(path, std::move(*text)).first->second;
    }
    // Google's own, as they are linked in.
    const auto* built_in = path.rfind("google/protobuf/", 0) == 0
                               ? pb::DescriptorPool::generated_pool()->FindFileByName(path)
                               : nullptr;
    if (built_in != nullptr) return &texts_.emplace(path, built_in->DebugString()).first->second;
    last_ = text.error().what() + "\n" + text.error().hint();
    return nullptr;
  }

  std::string name_;
  std::string_view text_;
  const OpenFile& open_;
  std::map<std::string, std::string> texts_;
  std::string last_;
};

class Errors final : public pb::compiler::MultiFileErrorCollector {
 public:
  void AddError(const std::string& file, int line, int column,
                const std::string& message) override {
    if (errors.size() >= 32) return;
    std::string where = file;
    if (line >= 0) where += ":" + std::to_string(line + 1) + ":" + std::to_string(column + 1);
    if (names_importer(where, message)) return;
    // The tree's messages have a second line: what to try.
    const std::size_t end = std::min(message.find('\n'), message.size());
    const std::string hint = message.substr(std::min(end + 1, message.size()));
    std::string_view what = std::string_view(message).substr(0, end);
    if (what.ends_with('.')) what.remove_suffix(1);
    errors.push_back(Error(ErrorCode::notation, base::printable(what), where, {}, hint));
  }
  void AddWarning(const std::string&, int, int, const std::string&) override {}
  std::vector<Error> errors;

 private:
  // What is wrong with a file as a whole is followed by where it was imported: one error of both.
  bool names_importer(const std::string& where, const std::string& message) {
    if (errors.empty()) return false;
    const Error& last = errors.back();
    const std::string imported = "\"" + last.where() + "\"";
    if (message.rfind("Import " + imported, 0) != 0) return false;
    errors.back() =
        Error(last.code(), last.what() + " " + base::printable(imported), where, {}, last.hint());
    return true;
  }
};

}  // namespace dts::schema::proto_files
