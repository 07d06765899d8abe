#include "transport/stream/tls.hpp"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstdlib>

#include "base/text.hpp"
#include "transport/stream/tls_channel.hpp"

namespace dts::transport {

struct Tls::Settings {
  std::unique_ptr<SSL_CTX, decltype(&::SSL_CTX_free)> context{nullptr, &::SSL_CTX_free};
  bool client = false;
  std::string name;  // of the server, as its certificate has to have it
  Files files;
};

namespace {

std::string option(const Url& url, std::string_view name, const char* variable) {
  for (const auto& [key, value] : url.parameters)
    if (key == name) return value;
  const char* const text = variable ? std::getenv(variable) : nullptr;
  return text ? text : "";
}

// The library's last word; its queue is empty afterwards.
std::string reason() {
  const auto code = ::ERR_peek_error();
  const char* const text = code ? ::ERR_reason_error_string(code) : nullptr;
  ::ERR_clear_error();
  return text ? text : "the system's TLS library gives no reason";
}

Error bad_file(std::string what, const std::string& file, std::string hint) {
  return Error(ErrorCode::file, std::move(what), base::printable(file), reason(), std::move(hint));
}

bool is_number(const std::string& host) {
  unsigned char bytes[16];
  return ::inet_pton(AF_INET, host.c_str(), bytes) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

Result<void> load_own(SSL_CTX* context, const std::string& certificate, const std::string& key) {
  if (::SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1)
    return bad_file("this is no certificate", certificate,
                    "a PEM file, its CA's certificates last");
  if (::SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1)
    return bad_file("this is not the key of the certificate", key,
                    "the PEM file that was made with " + base::printable(certificate));
  return {};
}

// Whom the other side has to be.
void expect(X509_VERIFY_PARAM* rules, const std::string& name) {
  if (is_number(name))
    ::X509_VERIFY_PARAM_set1_ip_asc(rules, name.c_str());
  else
    ::X509_VERIFY_PARAM_set1_host(rules, name.c_str(), 0);
}

// A library sets the host it connects to, which may be a number, as the name to ask for; this comes
// after it and before the first message.
void ask_by_name(const SSL* ssl, int where, int) {
  if ((where & SSL_CB_HANDSHAKE_START) == 0) return;
  const char* const name =
      ::X509_VERIFY_PARAM_get0_host(::SSL_get0_param(const_cast<SSL*>(ssl)), 0);
  if (name) ::SSL_set_tlsext_host_name(const_cast<SSL*>(ssl), name);
}

}  // namespace

static Result<Tls::Files> configure(SSL_CTX* context, const Url& url, bool client) {
  ::SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  ::SSL_CTX_set_num_tickets(context, 0);
  ::SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  // Who is killed says no goodbye; frames have their own ends.
  ::SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
  // Nobody is asked for a passphrase.
  ::SSL_CTX_set_default_passwd_cb(context, [](char*, int, int, void*) { return 0; });
  Tls::Files files{option(url, "ca", "DTS_TLS_CA"), option(url, "cert", "DTS_TLS_CERT"),
                   option(url, "key", "DTS_TLS_KEY")};
  const auto& [ca, certificate, key] = files;
  if (certificate.empty() != key.empty() || (!client && certificate.empty()))
    return Error(ErrorCode::invalid_url, "a certificate and its key are needed",
                 base::printable(url.text),
                 certificate.empty() && key.empty() ? "who listens has to prove who it is"
                 : key.empty()                      ? "there is no key"
                                                    : "there is no certificate",
                 url.scheme + "://" + url.host + "?cert=FILE&key=FILE, or DTS_TLS_CERT and " +
                     "DTS_TLS_KEY");
  if (!certificate.empty()) DTS_TRY(load_own(context, certificate, key));
  if (!ca.empty()) {
    if (::SSL_CTX_load_verify_file(context, ca.c_str()) != 1)
      return bad_file("there is no CA's certificate in this", ca, "a PEM file");
  } else if (client) {
    ::SSL_CTX_set_default_verify_paths(context);
  }
  if (client)
    ::SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  else if (!ca.empty())
    ::SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return files;
}

Result<Tls> Tls::client(const Url& url, const std::string& host) {
  ::ERR_clear_error();
  auto settings = std::make_shared<Settings>();
  settings->client = true;
  settings->name = option(url, "name", nullptr);
  if (settings->name.empty()) settings->name = host;
  settings->context.reset(::SSL_CTX_new(::TLS_client_method()));
  if (!settings->context) return bad_file("no TLS here", "this process", "look at OPENSSL_CONF");
  DTS_ASSIGN(settings->files, configure(settings->context.get(), url, true));
  expect(::SSL_CTX_get0_param(settings->context.get()), settings->name);
  return Tls(std::move(settings));
}

Result<Tls> Tls::server(const Url& url) {
  ::ERR_clear_error();
  auto settings = std::make_shared<Settings>();
  settings->context.reset(::SSL_CTX_new(::TLS_server_method()));
  if (!settings->context) return bad_file("no TLS here", "this process", "look at OPENSSL_CONF");
  DTS_TRY(configure(settings->context.get(), url, false));
  return Tls(std::move(settings));
}

const Tls::Files& Tls::files() const { return settings_->files; }

const std::string& Tls::name() const { return settings_->name; }

SSL_CTX* Tls::context() const {
  ::SSL_CTX_set_info_callback(settings_->context.get(), &ask_by_name);
  return settings_->context.get();
}

std::unique_ptr<Channel> Tls::channel(Descriptor socket) const {
  SSL* const ssl = ::SSL_new(settings_->context.get());
  if (ssl && settings_->client) {
    ::SSL_set_connect_state(ssl);
    if (!is_number(settings_->name)) ::SSL_set_tlsext_host_name(ssl, settings_->name.c_str());
  } else if (ssl) {
    ::SSL_set_accept_state(ssl);
  }
  return tls_channel(std::move(socket), ssl, settings_->client ? settings_->name : "");
}

}  // namespace dts::transport
