#include <base/sha256.hpp>

#include <memory>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <base/assert.hpp>

namespace dts::base {

namespace {

// Fetched once: OpenSSL 3 looks an algorithm up by name, which costs more than hashing a document.
// Without the system's openssl.cnf: a hash must not depend on it, and reading it costs start-up.
const EVP_MD* algorithm() {
  static EVP_MD* const md = [] {
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
    return EVP_MD_fetch(nullptr, "SHA256", nullptr);
  }();
  return md;
}

}  // namespace

Sha256 sha256(std::initializer_list<ByteView> parts) {
  thread_local const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(
      EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  Sha256 digest{};
  unsigned length = 0;
  bool ok = context && EVP_DigestInit_ex2(context.get(), algorithm(), nullptr) == 1;
  for (ByteView part : parts) {
    ok = ok && EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
  }
  ok = ok && EVP_DigestFinal_ex(context.get(), digest.data(), &length) == 1;
  DTS_ASSERT(ok && length == digest.size());
  return digest;
}

Sha256 sha256(ByteView bytes) { return sha256({bytes}); }

}  // namespace dts::base
