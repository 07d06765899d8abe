#include <cli/type_source.hpp>

#include <sys/stat.h>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include <base/text.hpp>
#include <cli/words.hpp>
#include <schema/schema.hpp>

namespace dts::cli {

namespace {

constexpr std::size_t kFileBytesMax = 1u << 20;
constexpr auto kLookup = std::chrono::milliseconds(1000);
constexpr auto kGather = std::chrono::milliseconds(200);

bool is_file(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && !S_ISDIR(info.st_mode);
}

}  // namespace

Result<std::string> read_text(const std::string& path) {
  const bool is_stdin = path == "-";
  std::FILE* file = is_stdin ? stdin : std::fopen(path.c_str(), "r");
  if (file == nullptr) {
    return Error(ErrorCode::file, "cannot read", path, std::strerror(errno));
  }
  std::string text;
  char bytes[16384];
  std::size_t count = 0;
  while (text.size() <= kFileBytesMax && (count = std::fread(bytes, 1, sizeof bytes, file)) > 0) {
    text.append(bytes, count);
  }
  const bool failed = std::ferror(file) != 0;
  const int reason = errno;
  if (!is_stdin) std::fclose(file);  // only read: closing cannot lose anything
  if (failed) return Error(ErrorCode::file, "cannot read", path, std::strerror(reason));
  if (text.size() > kFileBytesMax) {
    return Error(ErrorCode::too_large, "the file is longer than 1 MiB", path);
  }
  return text;
}

Result<std::vector<Type>> TypeSource::all(const std::string& text) {
  if (text.find('{') != std::string::npos) return Type::parse_all(text, "the command line");
  if (schema::is_schema_path(text)) {
    DTS_ASSIGN(const schema::Imported imported, schema::import_schema(text));
    std::vector<Type> types;
    for (const schema::ImportedType& each : imported.types) types.push_back(each.type);
    return types;
  }
  if (text == "-" || text.find('/') != std::string::npos || text.ends_with(".dts") ||
      is_file(text)) {
    DTS_ASSIGN(const std::string notation, read_text(text));
    return Type::parse_all(notation, text == "-" ? "stdin" : text);
  }
  DTS_ASSIGN(const TypeWish wish, parse_type_wish(text));
  return from_bus(wish);
}

Result<std::vector<Type>> TypeSource::from_bus(const TypeWish& wish) {
  if (!session_) {
    DTS_ASSIGN(session_, Session::open(invocation_));
  }
  Domain& domain = session_->domain();
  std::vector<Type> types = domain.types(wish.name, session_->within_timeout(kLookup));
  if (!types.empty()) {  // others of the family may still be on their way
    session_->run_for(kGather);
    types = domain.types(wish.name, Duration::zero());
  }
  const std::size_t before = types.size();
  std::erase_if(types, [&](const Type& type) {
    return type.id().hex().compare(0, wish.id_prefix.size(), wish.id_prefix) != 0;
  });
  if (!types.empty()) return types;
  const Catalogue catalogue = domain.catalogue();
  if (before > 0) {
    const auto resolved = resolve_id(catalogue, wish);
    if (!resolved) return resolved.error();
  }
  return nobody_knows(catalogue, "type show", wish.name);
}

Result<Type> TypeSource::one(const std::string& text) {
  DTS_ASSIGN(const std::vector<Type> types, all(text));
  if (types.empty()) return Error(ErrorCode::notation, "there is no type", text);
  const bool from_file = types[0].name() != text.substr(0, text.find('@'));
  // A file's first type is its root; the others are usually what it refers to.
  if (types.size() == 1 || from_file) return types[0];
  std::vector<std::string> ids;
  for (const Type& type : types) ids.push_back(type.name() + "@" + type.id().short_hex());
  return Error(ErrorCode::invalid_argument,
               base::printable(text) + " stands for " + std::to_string(ids.size()) + " types", {},
               {}, "one of " + joined(ids, ", "));
}

}  // namespace dts::cli
