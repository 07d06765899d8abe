// A key file has the key alone on a line, or is as czmq and pyzmq write certificates:
//     public-key = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
// Other lines say nothing.
#include "transport/zmq/keys.hpp"

#include <fstream>
#include <vector>

#include "base/text.hpp"

namespace dts::transport::zmq {
namespace {

constexpr std::size_t kKeyCharacters = 40, kKeyBytes = 32, kLinesMax = 100'000;

bool is_key(const std::string& text) {
  std::uint8_t bytes[kKeyBytes];
  return text.size() == kKeyCharacters && ::zmq_z85_decode(bytes, text.c_str()) != nullptr;
}

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r\""), last = text.find_last_not_of(" \t\r\"");
  return first == text.npos ? "" : text.substr(first, last - first + 1);
}

// The keys of a file, in the order they stand there; `name` is what a certificate calls it.
Result<std::vector<std::string>> read_keys(const std::string& file, std::string_view name) {
  std::ifstream in(file);
  std::vector<std::string> keys;
  std::string line;
  for (std::size_t count = 0; count < kLinesMax && std::getline(in, line); ++count) {
    const auto equals = line.find('=');
    std::string text = trimmed(line);
    if (!is_key(text) && equals != line.npos && trimmed(line.substr(0, equals)) == name)
      text = trimmed(line.substr(equals + 1));
    if (is_key(text)) keys.push_back(std::move(text));
  }
  if (!keys.empty()) return keys;
  const bool read = in.is_open();
  return Error(ErrorCode::file, read ? "there is no key in this file" : "cannot read the key file",
               base::printable(file),
               read ? "no line of it is a " + std::string(name) + " of 40 characters"
                    : std::string("it is not there, or may not be read"),
               "docs/reference/transports/zmq.md says how keys are made");
}

std::string parameter(const Url& url, std::string_view name) {
  for (const auto& [key, value] : url.parameters)
    if (key == name) return value;
  return {};
}

Result<Pair> read_pair(const std::string& file) {
  DTS_ASSIGN(const auto keys, read_keys(file, "secret-key"));
  Pair pair{keys.back(), std::string(kKeyCharacters + 1, '\0')};
  if (::zmq_curve_public(pair.open.data(), pair.secret.c_str()) != 0)
    return library_error("use the key (CURVE)", base::printable(file));
  pair.open.resize(kKeyCharacters);
  return pair;
}

Result<Pair> new_pair() {
  char open[kKeyCharacters + 1], secret[kKeyCharacters + 1];
  if (::zmq_curve_keypair(open, secret) != 0) return library_error("make a key (CURVE)", {});
  return Pair{secret, open};
}

Error missing(const Url& url, std::string what, const char* cure) {
  return Error(ErrorCode::invalid_url, std::move(what), base::printable(url.text), {}, cure);
}

}  // namespace

Result<std::optional<ClientKeys>> client_keys(const Url& url) {
  const std::string server = parameter(url, "server-key"), own = parameter(url, "key");
  if (server.empty() && own.empty()) return std::optional<ClientKeys>();
  if (server.empty())
    return missing(url, "whom to speak to is not said", "add server-key=FILE, with its public key");
  ClientKeys keys;
  keys.server_file = base::printable(server);
  DTS_ASSIGN(const auto open, read_keys(server, "public-key"));
  keys.server = open.front();
  keys.own_given = !own.empty();
  DTS_ASSIGN(keys.own, own.empty() ? new_pair() : read_pair(own));
  return std::optional(std::move(keys));
}

Result<std::optional<ServerKeys>> server_keys(const Url& url) {
  const std::string own = parameter(url, "key"), clients = parameter(url, "clients");
  if (own.empty() && clients.empty()) return std::optional<ServerKeys>();
  if (own.empty())
    return missing(url, "who listens has no key", "add key=FILE, with a secret key of its own");
  ServerKeys keys;
  DTS_ASSIGN(keys.own, read_pair(own));
  if (!clients.empty()) {
    DTS_ASSIGN(const auto known, read_keys(clients, "public-key"));
    keys.clients.emplace(known.begin(), known.end());
  }
  return std::optional(std::move(keys));
}

}  // namespace dts::transport::zmq
