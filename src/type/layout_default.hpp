// Defaults between memory and their canonical encoding (docs/reference/types.md, "Defaults"),
// through a Layout. default_value.hpp checks such bytes and knows their text. Any thread.
#pragma once

#include <dts/bytes.hpp>
#include <dts/layout.hpp>
#include <dts/result.hpp>

namespace dts {

// Fails for what has no default: any, a union without case, text that is not UTF-8.
Result<Bytes> encode_default(const Layout& layout, const void* value);

// Into a constructed value. `encoded` has been checked against the type (check_default); bytes
// that do not match leave the rest of the value as it is.
void decode_default(const Layout& layout, ByteView encoded, void* value);

}  // namespace dts
