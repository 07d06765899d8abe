// sqs://eu-central-1/prefix: queues of Amazon SQS as a broker. The URL is read here.
#include <algorithm>

#include "base/text.hpp"
#include "transport/sqs/account.hpp"
#include "transport/sqs/client.hpp"
#include "transport/sqs/queues.hpp"
#include "transport/url.hpp"

namespace dts::transport {
namespace {

constexpr std::string_view kPrefix = "dts";
constexpr std::uint64_t kLimitKib = 256, kLimitKibMax = 1024;

Error bad_prefix(const Url& url, std::string why) {
  return Error(ErrorCode::invalid_url, "queues cannot be called so", base::printable(url.text),
               std::move(why), "sqs://eu-central-1/dts");
}

// What all names begin with.
Result<std::string> base_of(const Url& url, std::string_view prefix, std::string_view domain) {
  const bool well = std::all_of(prefix.begin(), prefix.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
  if (!well) return bad_prefix(url, "their names are letters, digits, - and _");
  std::string base = sqs::queue_base(prefix, domain);
  if (base.size() + sqs::kQueueNameRestMax > sqs::kQueueNameBytesMax)
    return bad_prefix(url, "their names have at most 80 characters: a shorter prefix, or domain");
  return base;
}

Result<std::string> endpoint_of(const Url& url, const std::string& region) {
  std::string given;
  for (const auto& [name, value] : url.parameters)
    if (name == "endpoint") given = value;
  return sqs::find_endpoint(given, region, sqs::environment_variable);
}

Result<std::unique_ptr<Transport>> open_sqs(const TransportOptions& options) {
  DTS_ASSIGN(const Url url, parse_url(options.url));
  DTS_TRY(check_parameters(url, {"endpoint", "limit_kib", "members_s", "dead_s"}));
  const auto slash = std::min(url.host.find('/'), url.host.size());
  std::string prefix = slash < url.host.size() ? url.host.substr(slash + 1) : std::string();
  if (prefix.empty()) prefix = kPrefix;
  sqs::ClientOptions client;
  DTS_ASSIGN(client.base, base_of(url, prefix, options.domain));
  DTS_ASSIGN(client.region, sqs::find_region(url.host.substr(0, slash), sqs::environment_variable));
  DTS_ASSIGN(client.endpoint, endpoint_of(url, client.region));
  DTS_ASSIGN(const auto limit, number_parameter(url, "limit_kib", 8, kLimitKibMax));
  DTS_ASSIGN(const auto members, number_parameter(url, "members_s", 0, 3600));
  DTS_ASSIGN(const auto dead, number_parameter(url, "dead_s", 6, 86'400));
  client.body_bytes_max = limit.value_or(kLimitKib) << 10;
  if (members) client.members_age = std::chrono::seconds(*members);
  if (dead) client.dead_after = std::chrono::seconds(*dead);
  client.self = random_member();
  BrokerDescription description{
      .scheme = "sqs", .place = client.endpoint + ", " + client.base, .self = client.self};
  return open_broker(options, std::move(description), [&](BrokerEvents& events) {
    return sqs::make_client(std::move(client), events);
  });
}

}  // namespace

extern const TransportPlugin sqs_transport;
const TransportPlugin sqs_transport{"sqs", &open_sqs};

}  // namespace dts::transport
