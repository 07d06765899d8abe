#include "transport/broker/account.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "base/text.hpp"

namespace dts::transport {

Result<Credentials> account_of(Url& url, const std::string& prefix) {
  const auto variable = [&](const char* name) {
    const char* const text = std::getenv((prefix + name).c_str());
    return std::string(text ? text : "");
  };
  DTS_ASSIGN(Credentials account, take_credentials(url));
  if (account.user.empty()) account.user = variable("_USER");
  if (account.password.empty()) account.password = variable("_PASSWORD");
  const auto file = std::find_if(url.parameters.begin(), url.parameters.end(),
                                 [](const auto& each) { return each.first == "password_file"; });
  if (file == url.parameters.end()) return account;
  std::ifstream in(file->second);
  if (!std::getline(in, account.password))
    return Error(ErrorCode::file, "there is no password in this file",
                 base::printable(file->second), "it cannot be read, or is empty",
                 "its first line is the password");
  return account;
}

}  // namespace dts::transport
