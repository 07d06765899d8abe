// Where a type comes from when a person names one: the bus (T, or T@ID), a file with the notation
// or a schema, or the notation itself. The domain is only opened when the bus must be asked.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <cli/session.hpp>
#include <dts/type.hpp>

namespace dts::cli {

class TypeSource {
 public:
  explicit TypeSource(Invocation& invocation) : invocation_(invocation) {}
  // All types that `text` stands for: those in a file, or those of the family on the bus.
  Result<std::vector<Type>> all(const std::string& text);
  // Exactly one; the error lists them when there are several.
  Result<Type> one(const std::string& text);

 private:
  Result<std::vector<Type>> from_bus(const TypeWish& wish);
  Invocation& invocation_;
  std::unique_ptr<Session> session_;
};

// The text of a file (at most 1 MiB), "-" for stdin.
Result<std::string> read_text(const std::string& path);

}  // namespace dts::cli
