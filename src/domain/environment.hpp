// Environment: what a domain is opened with, once the options, the environment variables
// (DTS_DOMAIN, DTS_IFACE, DTS_PEERS, DTS_TRANSPORTS, DTS_LABELS)
// and this machine's names have been put together.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <dts/domain.hpp>
#include <dts/result.hpp>

namespace dts::domain {

struct Environment {
  std::string domain, host, node;
  Labels labels;
  std::vector<std::string> transports, interfaces, peers;
  std::vector<std::string> complaints;  // what could not be used, for people
};

// Of this library, announced for people.
std::string version();

Environment environment_of(const DomainOptions& options);

// "tank=3,room=cold": keys are member names, values up to 255 bytes.
Result<Labels> labels_from_text(std::string_view text);
// Are these labels acceptable on a source?
Result<void> check_labels(const Labels& labels);

}  // namespace dts::domain
