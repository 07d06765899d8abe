// Account: who one is at a broker, from the URL or the environment. Any thread.
#pragma once

#include <dts/result.hpp>

#include "transport/url.hpp"

namespace dts::transport {

// "user:password@" of the URL, taken off its host; else the variables <prefix>_USER and
// <prefix>_PASSWORD. A password may also be the first line of the file that the parameter
// password_file names. Fails with invalid_url or file.
Result<Credentials> account_of(Url& url, const std::string& prefix);

}  // namespace dts::transport
