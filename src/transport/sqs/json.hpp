// Json: what SQS answers, as a tree; and texts as SQS wants them. Bounded in depth; a tree is never
// larger than a small multiple of its text. Thread-safe: no state.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <dts/result.hpp>

namespace dts::transport::sqs {

struct Json {
  enum class Kind { null, boolean, number, text, array, object };
  Kind kind = Kind::null;
  std::string text;                // of a text; of the others as they are written
  std::vector<Json> items;         // of an array, and of an object
  std::vector<std::string> names;  // of an object's items

  // A member; one of kind null when there is none.
  const Json& at(std::string_view name) const;
};

// Fails with `decode`.
Result<Json> read_json(std::string_view text);
// With the quotes.
void append_json(std::string& to, std::string_view text);

}  // namespace dts::transport::sqs
