// Certificates for tests, made by the openssl command in a folder of their own when first asked
// for.
#pragma once

#include <string>

namespace dts::test {

class Certificates {
 public:
  Certificates();
  Certificates(const Certificates&) = delete;
  ~Certificates();
  // "here" is of this machine's lo, "elsewhere" of elsewhere.example, "expired" was; each has .pem
  // and .key, and is signed by "ca". "stranger" is of lo and signed by "other_ca".
  std::string file(const std::string& name) const { return folder_ + "/" + name; }
  // "cert=...&key=..."
  std::string parameters(const std::string& name) const {
    return "cert=" + file(name + ".pem") + "&key=" + file(name + ".key");
  }
  // Who is opened from now on is "here", and wants the other side's to be signed by "ca".
  void set_environment() const;
  static void clear_environment();

 private:
  std::string folder_;
};

const Certificates& certificates();

}  // namespace dts::test
