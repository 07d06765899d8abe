#include "domain/environment.hpp"

#include <errno.h>
#include <unistd.h>

#include <cstdlib>

namespace dts::domain {

namespace {

std::string variable(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? std::string() : std::string(text);
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    std::string_view part = text.substr(0, comma);
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    if (!part.empty()) parts.emplace_back(part);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return parts;
}

std::string host_name() {
  char text[256] = {};
  if (::gethostname(text, sizeof text - 1) != 0 || text[0] == '\0') return "localhost";
  std::string host(text);
  return host.substr(0, host.find('.'));  // for people: the short name
}

}  // namespace

std::string version() { return DTS_VERSION; }

Result<void> check_labels(const Labels& labels) {
  for (const auto& [key, value] : labels) {
    if (!is_member_name(key))
      return Error(ErrorCode::invalid_name, "not a label's name: '" + key + "'", {},
                   "a label's name has letters, digits and _ and starts with no digit");
    if (value.size() > 255)
      return Error(ErrorCode::too_large, "the label '" + key + "' is too long", {},
                   "a label's value has at most 255 bytes");
  }
  return {};
}

Result<Labels> labels_from_text(std::string_view text) {
  Labels labels;
  for (const std::string& part : split(text)) {
    const std::size_t equals = part.find('=');
    if (equals == std::string::npos)
      return Error(ErrorCode::invalid_argument, "not a label: '" + part + "'", {},
                   "a label is written name=value", "tank=3");
    labels[part.substr(0, equals)] = part.substr(equals + 1);
  }
  DTS_TRY(check_labels(labels));
  return labels;
}

Environment environment_of(const DomainOptions& options) {
  Environment e;
  e.domain = !options.name.empty() ? options.name : variable("DTS_DOMAIN");
  if (e.domain.empty()) e.domain = "default";
  if (e.domain.size() > 255) {
    e.complaints.push_back("the domain's name was cut to 255 bytes");
    e.domain.resize(255);
  }
  e.host = host_name();
  e.node = options.node.empty() ? std::string(program_invocation_short_name) : options.node;
  e.transports = options.transports;
  if (e.transports.empty()) e.transports = split(variable("DTS_TRANSPORTS"));
  if (e.transports.empty()) e.transports = {"udp://", "shm://"};
  e.interfaces = options.interfaces.empty() ? split(variable("DTS_IFACE")) : options.interfaces;
  e.peers = split(variable("DTS_PEERS"));
  e.peers.insert(e.peers.end(), options.peers.begin(), options.peers.end());
  if (Result<Labels> labels = labels_from_text(variable("DTS_LABELS")))
    e.labels = std::move(*labels);
  else
    e.complaints.push_back("DTS_LABELS is not used: " + labels.error().text());
  if (const Result<void> checked = check_labels(options.labels); !checked)
    e.complaints.push_back("the domain's labels are not used: " + checked.error().text());
  else
    for (const auto& [key, value] : options.labels) e.labels[key] = value;
  return e;
}

}  // namespace dts::domain
