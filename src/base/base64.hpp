// Base64 (RFC 4648). Any thread.
#pragma once

#include <string>
#include <string_view>

#include <dts/bytes.hpp>

namespace dts::base {

// Writes the standard alphabet, padded: 4 bytes for each 3 begun; gives the end.
char* write_base64(char* to, ByteView bytes);
std::string to_base64(ByteView bytes);
// Standard or URL-safe, padded or not; nothing else in it. False: it is none.
bool read_base64(std::string_view text, Bytes& bytes);

}  // namespace dts::base
