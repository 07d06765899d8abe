// HttpRequest: what a request of HTTP/1.1 says, as far as the bus over HTTP needs it, and nothing
// else: a body has a length, a target is a path, a header is one line. Whatever could be read in
// two ways is refused. Thread-safe: no state.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dts::transport {

inline constexpr std::size_t kHttpBodyBytesMax = 1u << 20;

struct HttpRequest {
  std::string method, path, query{};  // path and query as they stand, not decoded
  std::size_t body_bytes = 0;
  bool persistent = true;  // may another one follow?
  bool of_page = false;    // a browser sent it for a page
  // Not 0: why it is refused, and in words.
  int status = 0;
  std::string_view why{};

  // The number that the query gives this name; nothing when it is not there or no number.
  std::optional<std::uint64_t> number(std::string_view name) const;
};

// `head`: with the empty line at its end.
HttpRequest parse_http_request(std::string_view head);

// A whole answer. `type` "": no body, whatever the status.
std::string http_answer(int status, std::string_view type, std::string_view body, bool persistent);

}  // namespace dts::transport
