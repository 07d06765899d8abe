// NatsAccess: where a NATS server is and who one is there; and what its refusals mean. Any thread.
#pragma once

#include <nats/nats.h>

#include <string>
#include <string_view>
#include <vector>

#include <dts/result.hpp>

#include "transport/url.hpp"

namespace dts::transport {

// What natss:// needs, empty where it is there. Older ones read and write one TLS connection from
// two threads at once, which OpenSSL forbids (https://github.com/nats-io/nats.c/pull/913).
inline constexpr std::string_view kNatsTlsNeeds =
    NATS_VERSION_NUMBER >= 0x030B00 ? "" : "libnats-dev 3.11 or later";

struct NatsAccess {
  std::vector<std::string> servers;  // "nats://host:4222", the first is preferred
  std::string place;                 // the first, as people write it: "host:4222"
  std::string prefix;                // what subjects begin with: "dts"
  Credentials account;               // without a password the user is a token
  std::string credentials_file;
  bool tls = false;
  std::string ca, certificate, key, host;  // files; whom the certificate has to be for
};

// From nats://[user:password@]host[:port][/prefix][?...] and the environment, as the manual of the
// transport says. Fails with invalid_url or file.
Result<NatsAccess> nats_access(Url url);
// Account and TLS. Fails where a file cannot be used.
Result<void> set_access(natsOptions& settings, const NatsAccess& access);
// Why there is no connection, in our words and the library's; the place is left to be added.
Error nats_refusal(const NatsAccess& access, natsStatus status);
std::string nats_last_word();  // what the library said last on this thread, printable

}  // namespace dts::transport
