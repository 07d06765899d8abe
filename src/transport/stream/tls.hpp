// Tls: TLS 1.3 for the channels of one transport, with what its URL or the environment says:
//
//   cert=FILE  DTS_TLS_CERT   our certificate, and those between it and its CA; PEM
//   key=FILE   DTS_TLS_KEY    its key
//   ca=FILE    DTS_TLS_CA     who may sign the other side's: for one who connects instead of the
//                             system's CAs; one who listens then wants certificates of all
//   name=HOST                 whom to expect, where that is not the host connected to
//
// No older version, no resumption, nothing that leaves out the check. Its channels may outlive it.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>

#include "transport/stream/channel.hpp"
#include "transport/url.hpp"

namespace dts::transport {

class Tls {
 public:
  // For one who connects to `host`, and for one who listens. Files are read here.
  static Result<Tls> client(const Url& url, const std::string& host);
  static Result<Tls> server(const Url& url);
  std::unique_ptr<Channel> channel(Descriptor socket) const;
  // Of a client, for a library that makes its connections by itself: whatever the library sets,
  // the server is asked for by the name that its certificate then has to have.
  SSL_CTX* context() const;
  // Of a client, for a library that has to be told in its own words; "": none.
  struct Files {
    std::string ca, certificate, key;
  };
  const Files& files() const;
  const std::string& name() const;  // whom to expect

 private:
  struct Settings;
  explicit Tls(std::shared_ptr<const Settings> settings) : settings_(std::move(settings)) {}
  std::shared_ptr<const Settings> settings_;
};

}  // namespace dts::transport
