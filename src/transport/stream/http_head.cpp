#include "transport/stream/http_head.hpp"

#include "base/text.hpp"

namespace dts::transport {

std::string_view first_line(std::string_view head) { return head.substr(0, head.find("\r\n")); }

std::string_view header(std::string_view head, std::string_view name) {
  while (true) {
    const auto end = head.find("\r\n");
    if (end == std::string_view::npos) return {};
    head.remove_prefix(end + 2);
    const std::string_view line = first_line(head);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || base::lower(line.substr(0, colon)) != name) continue;
    std::string_view value = line.substr(colon + 1);
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t'))
      value.remove_prefix(1);
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
    return value;
  }
}

}  // namespace dts::transport
