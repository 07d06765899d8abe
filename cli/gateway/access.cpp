#include <cli/gateway/access.hpp>

#include <openssl/crypto.h>

#include <algorithm>

#include <base/text.hpp>
#include <cli/output.hpp>

namespace dts::cli {

namespace {

// "Tank3.local:8080" -> "tank3.local", "[::1]:8080" -> "::1"
std::string name_of(const std::string& host) {
  std::string name = base::lower(host);
  if (name.starts_with('[')) {
    const auto end = name.find(']');
    return end == std::string::npos ? std::string() : name.substr(1, end - 1);
  }
  if (const auto colon = name.find(':'); colon != std::string::npos) name.resize(colon);
  return name;
}

bool writes(const HttpRequest& request) {
  return request.method != "GET" && request.method != "HEAD" && request.method != "OPTIONS";
}

bool equal_in_constant_time(const std::string& a, const std::string& b) {
  return a.size() == b.size() && ::CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

bool is_loopback(const std::string& address) {
  return address == "::1" || address == "localhost" || address.starts_with("127.");
}

HttpResponse refused(int status, const Error& error) {
  HttpResponse response;
  response.status = status;
  response.body = error_json(error) + "\n";
  return response;
}

Access::Access(Options options) : options_(std::move(options)) {
  loopback_ = is_loopback(options_.address);
  const bool everywhere = options_.address == "0.0.0.0" || options_.address == "::";
  if (loopback_ || everywhere) names_ = {"localhost", "127.0.0.1", "::1"};
  if (!everywhere) names_.insert(base::lower(options_.address));
  for (const std::string& name : options_.names) names_.insert(base::lower(name));
}

// An address, unlike a name, cannot be made to lead here by somebody else.
bool Access::is_our_name(const std::string& host) const {
  const std::string name = name_of(host);
  if (names_.contains(name)) return true;
  const bool is_address =
      name.find(':') != std::string::npos ||
      (!name.empty() && name.find_first_not_of("0123456789.") == std::string::npos);
  return is_address && !loopback_;
}

bool Access::is_allowed_origin(const std::string& origin) const {
  return std::find(options_.origins.begin(), options_.origins.end(), origin) !=
         options_.origins.end();
}

std::optional<HttpResponse> Access::refusal(const HttpRequest& request) const {
  const std::string host = request.header("host");
  if (!is_our_name(host)) {
    return refused(421,
                   Error(ErrorCode::invalid_argument, "this is not asked for by a name of ours",
                         "Host: " + base::printable(host.substr(0, 80)), {},
                         "dts http --name " + base::printable(name_of(host).substr(0, 80))));
  }
  const std::string origin = request.header("origin");
  const bool own = origin == "http://" + host || origin == "https://" + host;
  if (!origin.empty() && !own && !is_allowed_origin(origin)) {
    return refused(403, Error(ErrorCode::invalid_argument, "pages of this origin may not ask",
                              "Origin: " + base::printable(origin.substr(0, 80)), {},
                              "dts http --origin " + base::printable(origin.substr(0, 80))));
  }
  if (request.method == "OPTIONS") {  // a browser asks before it asks (CORS)
    HttpResponse response;
    response.status = 204;
    response.headers = {{"Allow", "GET, POST, OPTIONS"},
                        {"Access-Control-Allow-Methods", "GET, POST"},
                        {"Access-Control-Allow-Headers", "Authorization, Content-Type"},
                        {"Access-Control-Max-Age", "600"}};
    allow_origin(request, response);
    return response;
  }
  if (!writes(request) && (loopback_ || options_.open_reading)) return std::nullopt;
  if (equal_in_constant_time(request.header("authorization"), "Bearer " + options_.token))
    return std::nullopt;
  HttpResponse response = refused(
      401, Error(ErrorCode::invalid_argument,
                 writes(request) ? "publishing needs the token" : "this needs the token", {},
                 request.header("authorization").empty() ? "none came" : "it is another",
                 "-H 'Authorization: Bearer TOKEN', with the one dts http has printed"));
  response.headers["WWW-Authenticate"] = "Bearer";
  return response;
}

void Access::allow_origin(const HttpRequest& request, HttpResponse& response) const {
  const std::string origin = request.header("origin");
  if (origin.empty() || !is_allowed_origin(origin)) return;
  response.headers["Access-Control-Allow-Origin"] = origin;
  response.headers["Vary"] = "Origin";
}

}  // namespace dts::cli
