// The machine's id as a hash.
#include <bridge/python_dts/host_id.hpp>

#include <openssl/evp.h>

#include <fstream>
#include <string>

#include <base/random.hpp>

namespace dts::bridge::python_dts {

namespace {
constexpr std::size_t kHashBytes = 20;
}

Bytes host_id_of(std::string_view machine_id) {
  const std::size_t end = machine_id.find_last_not_of(" \t\r\n\v\f");
  const std::string_view text = machine_id.substr(0, end + 1);
  Bytes hash(kHashBytes);
  unsigned size = 0;
  // Without SHA-1 in this OpenSSL the id is still one, though not the one that Python computes.
  if (EVP_Digest(text.data(), text.size(), hash.data(), &size, EVP_sha1(), nullptr) != 1)
    base::fill_random(hash);
  return hash;
}

Bytes own_host_id() {
  // The first is where the package looks; the second is its origin.
  for (const char* path : {"/var/lib/dbus/machine-id", "/etc/machine-id"}) {
    std::ifstream file(path);
    std::string text;
    if (std::getline(file, text) && !text.empty()) return host_id_of(text);
  }
  Bytes random(kHashBytes);
  base::fill_random(random);
  return random;
}

}  // namespace dts::bridge::python_dts
