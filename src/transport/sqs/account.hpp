// Account: with which keys, in which region and at which address Amazon SQS is spoken to, as the
// usual environment and files of AWS say it. It reads files and knows no network. Thread-safe: no
// state.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <dts/result.hpp>

namespace dts::transport::sqs {

// A variable of the environment; empty: not set.
using Variable = std::function<std::string(const char* name)>;
std::string environment_variable(const char* name);

struct Keys {
  std::string id, secret;
  std::string token;  // of a session; empty: none
};
// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN; else the profile AWS_PROFILE
// ("default") of AWS_SHARED_CREDENTIALS_FILE (~/.aws/credentials), then of AWS_CONFIG_FILE
// (~/.aws/config). Fails with `permission` when there are none.
Result<Keys> find_keys(const Variable& variable);

// `given`, else AWS_REGION, AWS_DEFAULT_REGION, or the profile's. Fails with invalid_url.
Result<std::string> find_region(const std::string& given, const Variable& variable);
// `given`, else AWS_ENDPOINT_URL_SQS, AWS_ENDPOINT_URL, or Amazon's own of the region:
// "https://sqs.eu-central-1.amazonaws.com", without anything behind the port. Fails with
// invalid_url when it is none.
Result<std::string> find_endpoint(const std::string& given, const std::string& region,
                                  const Variable& variable);

}  // namespace dts::transport::sqs
