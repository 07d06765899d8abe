// Url: parsing and checking.
#include "transport/url.hpp"

#include <algorithm>
#include <charconv>

#include "base/hex.hpp"
#include "base/text.hpp"

namespace dts::transport {
namespace {

constexpr std::size_t kUrlBytesMax = 1024;

Error bad_url(std::string_view text, std::string why, std::string hint) {
  return Error(ErrorCode::invalid_url, "this is not a transport's address",
               base::printable(std::string_view(shown_url(text)).substr(0, 80)), std::move(why),
               std::move(hint));
}

// Where "user:password@" lies in a URL or a host: its end is the @, which is none without one.
struct UserPart {
  std::size_t begin = 0, end = std::string_view::npos;
};
UserPart user_part(std::string_view text) {
  const auto separator = text.find("://");
  const std::size_t begin = separator == std::string_view::npos ? 0 : separator + 3;
  const std::size_t end = text.substr(0, text.find_first_of("/?", begin)).rfind('@');
  return end == std::string_view::npos || end < begin ? UserPart{} : UserPart{begin, end};
}

bool is_scheme(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
  });
}

}  // namespace

std::string shown_url(std::string_view text) {
  const auto [begin, end] = user_part(text);
  if (end == std::string_view::npos) return std::string(text);
  const auto colon = text.substr(0, end).find(':', begin);
  if (colon == std::string_view::npos) return std::string(text);
  return std::string(text.substr(0, colon + 1)) + "..." + std::string(text.substr(end));
}

Result<Credentials> take_credentials(Url& url) {
  Credentials taken;
  const auto [begin, end] = user_part(url.host);
  if (end == std::string_view::npos) return taken;
  const auto colon = std::min(url.host.find(':'), end);
  const auto decode = [&](std::string_view from, std::string& to) {
    for (std::size_t i = 0; i < from.size(); ++i) {
      if (from[i] != '%') {
        to += from[i];
        continue;
      }
      const auto byte = from.size() - i < 3 ? std::nullopt : base::from_hex(from.substr(i + 1, 2));
      if (!byte) return false;
      to += static_cast<char>(byte->front());
      i += 2;
    }
    return true;
  };
  const std::string_view host = url.host;
  const bool well =
      decode(host.substr(0, colon), taken.user) &&
      (colon == end || decode(host.substr(colon + 1, end - colon - 1), taken.password));
  if (!well)
    return bad_url(url.text, "a % in the user or the password is not followed by two hex digits",
                   "%25 for a %, %40 for an @");
  url.host.erase(0, end + 1);
  return taken;
}

Result<Url> parse_url(std::string_view text) {
  if (text.size() > kUrlBytesMax) return bad_url(text, "it is longer than 1024 bytes", "udp://");
  const auto separator = text.find("://");
  if (separator == std::string_view::npos || !is_scheme(text.substr(0, separator)))
    return bad_url(text, "it does not begin with a transport's name and ://", "udp://");
  Url url;
  url.text = shown_url(text);
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
                     shown_url(url.scheme + "://" + url.host) + "?name=value");
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
