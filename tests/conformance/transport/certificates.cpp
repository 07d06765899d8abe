#include "certificates.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace dts::test {
namespace {

void openssl(const std::string& arguments) {
  ASSERT_EQ(std::system(("openssl " + arguments + " 2>/dev/null").c_str()), 0) << arguments;
}

constexpr const char* kKey = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";

}  // namespace

Certificates::Certificates() {
  std::string pattern = ::testing::TempDir() + "dts-certificates-XXXXXX";
  folder_ = ::mkdtemp(pattern.data());
  const auto authority = [&](const std::string& name) {
    openssl(std::string("req -x509 -days 2 -subj /CN=") + name + " " + kKey + " -keyout " +
            file(name + ".key") + " -out " + file(name + ".pem"));
  };
  const auto sign = [&](const std::string& name, const std::string& names, const std::string& by,
                        int days) {
    openssl(std::string("req -subj /CN=") + name + " -addext subjectAltName=" + names + " " + kKey +
            " -keyout " + file(name + ".key") + " -out " + file(name + ".csr"));
    openssl("x509 -req -copy_extensions copy -in " + file(name + ".csr") + " -CA " +
            file(by + ".pem") + " -CAkey " + file(by + ".key") + " -CAcreateserial -days " +
            std::to_string(days) + " -out " + file(name + ".pem"));
  };
  const std::string lo = "DNS:localhost,IP:127.0.0.1,IP:::1";
  authority("ca");
  authority("other_ca");
  sign("here", lo, "ca", 2);
  sign("elsewhere", "DNS:elsewhere.example", "ca", 2);
  sign("expired", lo, "ca", -1);
  sign("stranger", lo, "other_ca", 2);
}

Certificates::~Certificates() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void Certificates::set_environment() const {
  ::setenv("DTS_TLS_CERT", file("here.pem").c_str(), 1);
  ::setenv("DTS_TLS_KEY", file("here.key").c_str(), 1);
  ::setenv("DTS_TLS_CA", file("ca.pem").c_str(), 1);
}

void Certificates::clear_environment() {
  for (const char* name : {"DTS_TLS_CERT", "DTS_TLS_KEY", "DTS_TLS_CA"}) ::unsetenv(name);
}

const Certificates& certificates() {
  static const Certificates all;
  return all;
}

}  // namespace dts::test
