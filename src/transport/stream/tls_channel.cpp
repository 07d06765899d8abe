#include "transport/stream/tls_channel.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>

#include "base/text.hpp"

namespace dts::transport {
namespace {

constexpr std::size_t kRecordBytes = 16384;         // the most one record holds
constexpr std::size_t kPortionBytes = 256u * 1024;  // encrypted and not sent

std::string names_of(X509* certificate) {
  std::string names;
  auto* const all = static_cast<GENERAL_NAMES*>(
      ::X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(all) && names.size() < 100; ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(all, i);
    if (name->type != GEN_DNS) continue;
    names += names.empty() ? "" : ", ";
    names += base::printable(
        {reinterpret_cast<const char*>(::ASN1_STRING_get0_data(name->d.dNSName)),
         static_cast<std::size_t>(std::min(::ASN1_STRING_length(name->d.dNSName), 80))});
  }
  ::GENERAL_NAMES_free(all);
  return names;
}

// Why the other side's certificate is not accepted.
Error unaccepted(SSL* ssl, const std::string& server) {
  const long why = ::SSL_get_verify_result(ssl);
  const std::string whose = server.empty() ? "the certificate of who connects" : "its certificate";
  const auto error = [&](std::string what, std::string reason, std::string hint) {
    return Error(ErrorCode::permission, std::move(what), {}, std::move(reason), std::move(hint));
  };
  switch (why) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: {
      const auto& names = *static_cast<const std::string*>(SSL_get_app_data(ssl));
      return error(whose + " is another's",
                   "it is for " + (names.empty() ? "other names" : names) + ", not " +
                       base::printable(server),
                   "connect by the name it has, or say which to expect: ?name=HOST");
    }
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return error(whose + " has expired", {}, "a new one there, or look at the clock: date");
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return error(whose + " is not valid yet", {}, "look at the clock: date");
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return error(whose + " is signed by nobody we know", ::X509_verify_cert_error_string(why),
                   "name the CA that signed it: ?ca=FILE, or DTS_TLS_CA");
    default:
      return error(whose + " is not accepted", ::X509_verify_cert_error_string(why), {});
  }
}

// Whose it would have been: afterwards it is gone.
int note_names(int accepted, X509_STORE_CTX* store) {
  const auto* const ssl = static_cast<SSL*>(
      ::X509_STORE_CTX_get_ex_data(store, ::SSL_get_ex_data_X509_STORE_CTX_idx()));
  X509* const certificate = ::X509_STORE_CTX_get0_cert(store);
  if (!accepted && ssl && certificate)
    *static_cast<std::string*>(SSL_get_app_data(ssl)) = names_of(certificate);
  return accepted;
}

// What the other side says of ours, and all else that ends a conversation.
Error refused(SSL* ssl, const std::string& server) {
  const auto code = ::ERR_peek_error();
  const int reason = ERR_GET_REASON(code);
  const char* const text = ::ERR_reason_error_string(code);
  switch (reason) {
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      return unaccepted(ssl, server);
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return Error(ErrorCode::permission, "it does not let us in", {},
                   "it wants a certificate of who connects",
                   "?cert=FILE&key=FILE, or DTS_TLS_CERT and DTS_TLS_KEY");
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
      return Error(ErrorCode::permission, "it does not accept our certificate", {},
                   "it does not know who signed it", "one signed by the CA it was started with");
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
      return Error(ErrorCode::permission, "it does not accept our certificate", {},
                   "it has expired, by the clock there");
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_UNSUPPORTED_PROTOCOL:
      return Error(ErrorCode::unsupported, "the other side does not speak TLS 1.3");
    default:
      return Error(ErrorCode::permission, "no encryption could be agreed on", {}, text ? text : "");
  }
}

class TlsChannel final : public Channel {
 public:
  TlsChannel(Descriptor socket, SSL* ssl, std::string server)
      : socket_(std::move(socket)), ssl_(ssl, &::SSL_free), server_(std::move(server)) {
    BIO* const in = ::BIO_new_socket(socket_.get(), BIO_NOCLOSE);
    out_ = ::BIO_new(::BIO_s_mem());
    if (ssl_ && in && out_) {
      ::SSL_set_bio(ssl, in, out_);
      SSL_set_app_data(ssl, &names_);
      ::SSL_set_verify(ssl, ::SSL_get_verify_mode(ssl), &note_names);
    } else {
      ::BIO_free(in);
      ::BIO_free(out_);
      out_ = nullptr;
      failure_ = Error(ErrorCode::system, "no memory for encryption");
    }
  }

  int handle() const noexcept override { return socket_.get(); }
  bool ready() const override {
    const std::lock_guard lock(mutex_);
    return failure_ || ::SSL_is_init_finished(ssl_.get());
  }
  bool pending() const override {
    const std::lock_guard lock(mutex_);
    return unsent() > 0;
  }
  std::optional<std::size_t> write(std::span<const iovec> parts) override;
  Result<std::size_t> read(std::span<std::uint8_t> to) override;

 private:
  std::size_t unsent() const { return out_ ? ::BIO_ctrl_pending(out_) - sent_ : 0; }
  bool send_on();
  bool is_tls();
  void judge(int result);

  const Descriptor socket_;
  mutable std::mutex mutex_;  // all that follows: one thread reads while another writes
  const std::unique_ptr<SSL, decltype(&::SSL_free)> ssl_;
  const std::string server_;
  std::string names_;       // of a certificate that was not accepted
  BIO* out_ = nullptr;      // ssl_'s
  std::size_t sent_ = 0;    // of what is in out_
  bool looked_at_ = false;  // its first byte is one of TLS
  bool closed_ = false;
  std::optional<Error> failure_;
};

// False: the socket is broken.
bool TlsChannel::send_on() {
  while (unsent() > 0) {
    char* bytes = nullptr;
    ::BIO_get_mem_data(out_, &bytes);
    const auto done = ::send(socket_.get(), bytes + sent_, unsent(), MSG_NOSIGNAL);
    if (done > 0)
      sent_ += static_cast<std::size_t>(done);
    else if (errno == EAGAIN || errno == EWOULDBLOCK)
      return true;
    else if (errno != EINTR)
      return false;
  }
  if (sent_ > 0) (void)BIO_reset(out_);
  sent_ = 0;
  return true;
}

std::optional<std::size_t> TlsChannel::write(std::span<const iovec> parts) {
  const std::lock_guard lock(mutex_);
  if (failure_ || !send_on()) return std::nullopt;
  if (unsent() > 0) return 0;
  ::ERR_clear_error();
  if (!::SSL_is_init_finished(ssl_.get())) {
    // Reading goes on with it; here it is begun.
    if (server_.empty() || looked_at_) return 0;
    judge(::SSL_do_handshake(ssl_.get()));
    if (failure_ || !send_on()) return std::nullopt;
    return 0;
  }
  std::uint8_t record[kRecordBytes];
  std::size_t taken = 0, part = 0, at = 0;
  while (taken < kPortionBytes && part < parts.size()) {
    std::size_t size = 0;
    while (size < sizeof record && part < parts.size()) {
      const std::size_t some = std::min(sizeof record - size, parts[part].iov_len - at);
      if (some > 0)
        std::memcpy(record + size, static_cast<std::uint8_t*>(parts[part].iov_base) + at, some);
      size += some;
      at += some;
      if (at < parts[part].iov_len) continue;
      ++part;
      at = 0;
    }
    if (size == 0) break;
    const int done = ::SSL_write(ssl_.get(), record, static_cast<int>(size));
    if (done <= 0) judge(done);
    if (failure_) return std::nullopt;
    taken += size;
  }
  if (!send_on()) return std::nullopt;
  return taken;
}

// Before TLS makes a riddle of it.
bool TlsChannel::is_tls() {
  char begin[24];
  const auto got = ::recv(socket_.get(), begin, sizeof begin, MSG_PEEK);
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return false;
  looked_at_ = true;
  if (got <= 0 || begin[0] == 0x16 || begin[0] == 0x15) return true;
  const std::string text = base::printable({begin, static_cast<std::size_t>(got)});
  failure_ = std::string_view(begin, static_cast<std::size_t>(got)).starts_with("DTS/")
                 ? Error(ErrorCode::decode, "what is there does not encrypt", {},
                         "it is a node without TLS", "tcp:// if that is what you mean")
                 : Error(ErrorCode::decode, "what is there speaks no TLS", {},
                         "it began with '" + text + "'", "look at the port");
  // So that the other side, which does not know TLS either, is told by its first byte: an alert.
  static constexpr std::uint8_t alert[] = {0x15, 3, 3, 0, 2, 2, 70};
  if (server_.empty()) (void)::send(socket_.get(), alert, sizeof alert, MSG_NOSIGNAL);
  return false;
}

Result<std::size_t> TlsChannel::read(std::span<std::uint8_t> to) {
  std::size_t got = 0;
  // Whole records: nothing is left in the library that the socket would not tell of.
  while (to.size() - got >= kRecordBytes) {
    const std::lock_guard lock(mutex_);
    if (got > 0 && (failure_ || closed_)) return got;
    if (failure_) return *failure_;
    if (closed_) return Error(ErrorCode::closed, "the other side closed the connection");
    if (!looked_at_ && !is_tls()) {
      if (failure_) return *failure_;
      return std::size_t{0};
    }
    ::ERR_clear_error();
    errno = 0;
    const int done = ::SSL_read(ssl_.get(), to.data() + got, static_cast<int>(kRecordBytes));
    if (done <= 0) judge(done);
    (void)send_on();  // the handshake's answer, or an alert; of a broken socket reading tells
    if (done > 0)
      got += static_cast<std::size_t>(done);
    else if (!failure_ && !closed_)
      return got;
  }
  return got;
}

void TlsChannel::judge(int result) {
  const int system = errno;
  switch (::SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_NONE:
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return;
    case SSL_ERROR_ZERO_RETURN:
      closed_ = true;
      return;
    case SSL_ERROR_SYSCALL:
      if (system == 0)
        closed_ = true;
      else
        failure_ = connection_lost(system);
      return;
    default:
      failure_ = refused(ssl_.get(), server_);
  }
}

}  // namespace

std::unique_ptr<Channel> tls_channel(Descriptor socket, SSL* ssl, std::string server) {
  return std::make_unique<TlsChannel>(std::move(socket), ssl, std::move(server));
}

}  // namespace dts::transport
