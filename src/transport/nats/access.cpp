#include "transport/nats/access.hpp"

#include <algorithm>
#include <cstdlib>

#include "base/text.hpp"
#include "transport/broker/account.hpp"
#include "transport/endpoint.hpp"
#include "transport/left_out.hpp"

namespace dts::transport {
namespace {

constexpr std::uint16_t kPort = 4222;

// The option of the URL, else the variable.
std::string option(const Url& url, std::string_view name, const char* variable) {
  for (const auto& [key, value] : url.parameters)
    if (key == name) return value;
  const char* const text = variable ? std::getenv(variable) : nullptr;
  return text ? text : "";
}

// What follows the host is where the subjects begin.
Result<std::string> take_prefix(Url& url) {
  std::string prefix = "dts";
  const auto slash = url.host.find('/');
  if (slash == std::string::npos) return prefix;
  prefix = url.host.substr(slash + 1);
  url.host.erase(slash);
  if (prefix.ends_with('/')) prefix.pop_back();
  if (prefix.empty()) return std::string("dts");
  const bool plain = std::all_of(prefix.begin(), prefix.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
  if (!plain || prefix.size() > 200 || prefix.front() == '.' || prefix.back() == '.' ||
      prefix.find("..") != std::string::npos)
    return Error(ErrorCode::invalid_url, "this is no prefix for subjects",
                 base::printable(url.text),
                 "it is made of letters, digits, -, _ and dots between them, 200 at most",
                 "nats://host/brewery.cellar");
  return prefix;
}

Result<std::string> server_of(const std::string& text, const Url& url) {
  DTS_ASSIGN(const Endpoint endpoint, parse_endpoint(text, kPort, url.text));
  if (endpoint.host.empty() || endpoint.port == 0)
    return Error(ErrorCode::invalid_url, "this is no place to connect", base::printable(url.text),
                 "it names no host, or no port", "nats://server.local");
  return "nats://" + endpoint_text(endpoint);
}

}  // namespace

Result<NatsAccess> nats_access(Url url) {
  NatsAccess access;
  access.tls = url.scheme == "natss";
  if (access.tls && !kNatsTlsNeeds.empty()) return left_out("natss", kNatsTlsNeeds);
  DTS_TRY(access.tls ? check_parameters(
                           url, {"also", "creds", "password_file", "ca", "cert", "key", "name"})
                     : check_parameters(url, {"also", "creds", "password_file"}));
  DTS_ASSIGN(access.account, account_of(url, "DTS_NATS"));
  DTS_ASSIGN(access.prefix, take_prefix(url));
  DTS_ASSIGN(std::string first, server_of(url.host, url));
  access.servers.push_back(std::move(first));
  for (const auto& [key, value] : url.parameters) {
    if (key != "also") continue;
    DTS_ASSIGN(std::string server, server_of(value, url));
    if (access.servers.size() < 8) access.servers.push_back(std::move(server));
  }
  DTS_ASSIGN(const Endpoint endpoint, parse_endpoint(url.host, kPort, url.text));
  access.place = endpoint_text(endpoint);
  access.credentials_file = option(url, "creds", "DTS_NATS_CREDS");
  if (access.tls) {
    access.ca = option(url, "ca", "DTS_TLS_CA");
    access.certificate = option(url, "cert", "DTS_TLS_CERT");
    access.key = option(url, "key", "DTS_TLS_KEY");
    access.host = option(url, "name", nullptr);
    if (access.host.empty()) access.host = endpoint.host;
  }
  return access;
}

Result<void> set_access(natsOptions& settings, const NatsAccess& access) {
  const Credentials& account = access.account;
  if (!account.password.empty())
    ::natsOptions_SetUserInfo(&settings, account.user.c_str(), account.password.c_str());
  else if (!account.user.empty())
    ::natsOptions_SetToken(&settings, account.user.c_str());
  if (!access.credentials_file.empty() &&
      ::natsOptions_SetUserCredentialsFromFiles(&settings, access.credentials_file.c_str(),
                                                nullptr) != NATS_OK)
    return Error(ErrorCode::file, "these are no credentials",
                 base::printable(access.credentials_file), nats_last_word());
  // The library would follow a server that wants TLS, and not look at its name: no server has this.
  const char* const host = access.tls ? access.host.c_str() : "nats-is-without-tls.invalid";
  const auto check = [](natsStatus status, const std::string& file) -> Result<void> {
    if (status == NATS_OK) return {};
    return Error(ErrorCode::file, "this cannot be used for TLS", base::printable(file),
                 nats_last_word(), "a PEM file");
  };
  DTS_TRY(check(::natsOptions_SetExpectedHostname(&settings, host), host));
  if (!access.tls) return {};
  if (!access.ca.empty())
    DTS_TRY(
        check(::natsOptions_LoadCATrustedCertificates(&settings, access.ca.c_str()), access.ca));
  if (!access.certificate.empty())
    DTS_TRY(check(::natsOptions_LoadCertificatesChain(&settings, access.certificate.c_str(),
                                                      access.key.c_str()),
                  access.certificate));
  return check(::natsOptions_SetSecure(&settings, true), "libnats");
}

Error nats_refusal(const NatsAccess& access, natsStatus status) {
  const std::string why = nats_last_word();
  if (status == NATS_SSL_ERROR && !access.tls) status = NATS_SECURE_CONNECTION_REQUIRED;
  switch (status) {
    case NATS_NO_SERVER:
    case NATS_IO_ERROR:
    case NATS_SYS_ERROR:
      return Error(ErrorCode::system, "nobody listens there", {}, why,
                   "start the server, or look at the port");
    case NATS_CONNECTION_AUTH_FAILED:
    case NATS_NOT_PERMITTED:
      return Error(ErrorCode::permission, "the server does not let us in", {},
                   access.account.user.empty() ? "it wants to know who we are"
                                               : "the user, the password or the token is wrong",
                   "nats://user:password@host, or DTS_NATS_USER and DTS_NATS_PASSWORD");
    case NATS_TIMEOUT:
      return Error(ErrorCode::timeout, "what is there says nothing", {}, why,
                   "look at the host, the port and the firewall");
    case NATS_PROTOCOL_ERROR:
    case NATS_LINE_TOO_LONG:
      return Error(ErrorCode::decode, "what is there is no NATS server", {}, why,
                   "look at the port: 4222");
    case NATS_SECURE_CONNECTION_REQUIRED:
      return Error(ErrorCode::permission, "the server wants TLS", {}, "nats:// has none",
                   "natss://, or a port of the server without TLS");
    case NATS_SECURE_CONNECTION_WANTED:
      return Error(ErrorCode::permission, "the server has no TLS", {}, why, "nats://");
    case NATS_SSL_ERROR:
      return Error(ErrorCode::permission, "no agreement on TLS with the server", {}, why,
                   "its CA in ca=FILE or DTS_TLS_CA, its name in name=HOST");
    default:
      return Error(ErrorCode::system, "cannot connect", {},
                   std::string(::natsStatus_GetText(status)) + ": " + why);
  }
}

std::string nats_last_word() {
  natsStatus status = NATS_OK;
  const char* const text = ::nats_GetLastError(&status);
  return base::printable(text ? text : "").substr(0, 200);
}

}  // namespace dts::transport
