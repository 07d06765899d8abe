// Url: what a transport is opened with, taken apart: scheme://host?name=value&name=value.
// It knows no transport; each checks its own parameters. Thread-safe: no state.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <dts/result.hpp>

namespace dts::transport {

struct Url {
  std::string text;    // as given but for a password, for messages
  std::string scheme;  // "udp"
  std::string host;    // what follows ://, up to ? (may be empty)
  std::vector<std::pair<std::string, std::string>> parameters;
};

// The URL without the password that may be in it, to show it: mqtt://tank:...@host.
std::string shown_url(std::string_view text);

struct Credentials {
  std::string user, password;
};
// Takes "user:password@" off the host; %40 in them is an @. Both are empty where nothing is given.
// Fails with invalid_url at a % without two hex digits.
Result<Credentials> take_credentials(Url& url);

// At most 1,024 bytes. Fails with invalid_url.
Result<Url> parse_url(std::string_view text);
// Fails with invalid_url, naming the nearest known one, when a parameter is none of `known`.
Result<void> check_parameters(const Url& url, std::initializer_list<std::string_view> known);
// The value of parameter `name` as a number in [least, most]; nothing when it is not there.
Result<std::optional<std::uint64_t>> number_parameter(const Url& url, std::string_view name,
                                                      std::uint64_t least, std::uint64_t most);

}  // namespace dts::transport
