// Url: parsing and checking.
#include "transport/url.hpp"

#include <algorithm>
#include <charconv>

#include "base/text.hpp"

namespace dts::transport {
namespace {

constexpr std::size_t kUrlBytesMax = 1024;

Error bad_url(std::string_view text, std::string why, std::string hint) {
  return Error(ErrorCode::invalid_url, "this is not a transport's address",
               base::printable(text.substr(0, 80)), std::move(why), std::move(hint));
}

bool is_scheme(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
  });
}

}  // namespace

Result<Url> parse_url(std::string_view text) {
  if (text.size() > kUrlBytesMax) return bad_url(text, "it is longer than 1024 bytes", "udp://");
  const auto separator = text.find("://");
  if (separator == std::string_view::npos || !is_scheme(text.substr(0, separator)))
    return bad_url(text, "it does not begin with a transport's name and ://", "udp://");
  Url url;
  url.text = text;
  url.scheme = text.substr(0, separator);
  auto rest = text.substr(separator + 3);
  const auto question = rest.find('?');
  url.host = rest.substr(0, question);
  if (question == std::string_view::npos) return url;
  rest.remove_prefix(question + 1);
  while (!rest.empty()) {
    const auto end = rest.find('&');
    const auto parameter = rest.substr(0, end);
    const auto equals = parameter.find('=');
    if (equals == std::string_view::npos || equals == 0)
      return bad_url(text, "'" + base::printable(parameter) + "' is not name=value",
                     url.scheme + "://" + url.host + "?name=value");
    url.parameters.emplace_back(parameter.substr(0, equals), parameter.substr(equals + 1));
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  }
  return url;
}

Result<void> check_parameters(const Url& url, std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : url.parameters) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const auto near = base::nearest(name, {known.begin(), known.end()});
    return bad_url(url.text, "'" + base::printable(name) + "' is no parameter of " + url.scheme,
                   near.empty() ? "" : "did you mean " + near + "?");
  }
  return {};
}

Result<std::optional<std::uint64_t>> number_parameter(const Url& url, std::string_view name,
                                                      std::uint64_t least, std::uint64_t most) {
  std::optional<std::uint64_t> result;
  for (const auto& [key, value] : url.parameters) {
    if (key != name) continue;
    std::uint64_t number = 0;
    const char* end = value.data() + value.size();
    const auto [stop, status] = std::from_chars(value.data(), end, number);
    if (status != std::errc{} || stop != end || number < least || number > most)
      return bad_url(url.text,
                     "'" + std::string(name) + "' is a number from " + std::to_string(least) +
                         " to " + std::to_string(most),
                     url.scheme + "://?" + std::string(name) + "=" + std::to_string(least));
    result = number;
  }
  return result;
}

}  // namespace dts::transport
