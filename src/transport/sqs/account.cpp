// Account: environment, then files.
#include "transport/sqs/account.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>

#include "base/text.hpp"

namespace dts::transport::sqs {
namespace {

constexpr std::size_t kFileLinesMax = 10'000;

using Profile = std::map<std::string, std::string, std::less<>>;

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t\r") - first + 1));
}

// The entries under [name] or [profile name].
Profile read_profile(const std::string& path, const std::string& name) {
  Profile profile;
  std::ifstream file(path);
  std::string line;
  bool ours = false;
  for (std::size_t i = 0; i < kFileLinesMax && std::getline(file, line); ++i) {
    const std::string text = trimmed(line);
    if (text.empty() || text[0] == '#' || text[0] == ';') continue;
    if (text[0] == '[') {
      const std::string section = trimmed(text.substr(1, text.find(']') - 1));
      ours = section == name ||
             (section.starts_with("profile ") && trimmed(section.substr(8)) == name);
      continue;
    }
    const auto equals = text.find('=');
    if (ours && equals != std::string::npos)
      profile.insert_or_assign(trimmed(text.substr(0, equals)), trimmed(text.substr(equals + 1)));
  }
  return profile;
}

std::string profile_name(const Variable& variable) {
  for (const char* name : {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"})
    if (const std::string value = variable(name); !value.empty()) return value;
  return "default";
}

std::string path_of(const Variable& variable, const char* name, const char* usual) {
  const std::string given = variable(name);
  return given.empty() ? variable("HOME") + "/.aws/" + usual : given;
}

std::string entry(const Profile& profile, std::string_view name) {
  const auto found = profile.find(name);
  return found == profile.end() ? std::string() : found->second;
}

Error bad_url(std::string what, std::string where, std::string why, std::string hint) {
  return Error(ErrorCode::invalid_url, std::move(what), base::printable(where), std::move(why),
               std::move(hint));
}

bool is_name(std::string_view text, std::string_view also) {
  return !text.empty() && text.size() <= 255 && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           also.find(c) != std::string_view::npos;
  });
}

}  // namespace

std::string environment_variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

Result<Keys> find_keys(const Variable& variable) {
  Keys keys{variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"),
            variable("AWS_SESSION_TOKEN")};
  if (!keys.id.empty() && !keys.secret.empty()) return keys;
  const std::string name = profile_name(variable);
  const std::string credentials = path_of(variable, "AWS_SHARED_CREDENTIALS_FILE", "credentials");
  for (const std::string& path : {credentials, path_of(variable, "AWS_CONFIG_FILE", "config")}) {
    const Profile profile = read_profile(path, name);
    keys = {entry(profile, "aws_access_key_id"), entry(profile, "aws_secret_access_key"),
            entry(profile, "aws_session_token")};
    if (!keys.id.empty() && !keys.secret.empty()) return keys;
  }
  return Error(ErrorCode::permission, "there are no AWS credentials", {},
               "neither AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY nor a profile \"" +
                   base::printable(name) + "\" in " + base::printable(credentials),
               "aws configure, or set AWS_PROFILE");
}

Result<std::string> find_region(const std::string& given, const Variable& variable) {
  std::string region = given;
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"})
    if (region.empty()) region = variable(name);
  if (region.empty())
    region =
        entry(read_profile(path_of(variable, "AWS_CONFIG_FILE", "config"), profile_name(variable)),
              "region");
  if (region.empty())
    return bad_url("no region is given", "sqs://", "every region has queues of its own",
                   "sqs://eu-central-1, or AWS_REGION");
  if (!is_name(region, "-"))
    return bad_url("this is no region", region, "a region is letters, digits and -",
                   "sqs://eu-central-1");
  return region;
}

Result<std::string> find_endpoint(const std::string& given, const std::string& region,
                                  const Variable& variable) {
  std::string endpoint = given;
  for (const char* name : {"AWS_ENDPOINT_URL_SQS", "AWS_ENDPOINT_URL"})
    if (endpoint.empty()) endpoint = variable(name);
  if (endpoint.empty())
    return "https://sqs." + region +
           (region.starts_with("cn-") ? ".amazonaws.com.cn" : ".amazonaws.com");
  while (endpoint.ends_with('/')) endpoint.pop_back();
  const std::string_view text = endpoint;
  const std::string_view rest = text.starts_with("https://")  ? text.substr(8)
                                : text.starts_with("http://") ? text.substr(7)
                                                              : std::string_view();
  if (!is_name(rest, ".-:[]"))
    return bad_url("this is no address of SQS", endpoint, "it is http:// or https:// and a host",
                   "endpoint=http://127.0.0.1:9324");
  return endpoint;
}

}  // namespace dts::transport::sqs
