// dts http: the domain for whatever speaks HTTP. The work is cli/gateway's; here are the flags, the
// token and what people see.
#include <charconv>
#include <cstdlib>
#include <fstream>

#include <base/hex.hpp>
#include <base/random.hpp>
#include <base/text.hpp>
#include <cli/gateway/access.hpp>
#include <cli/gateway/gateway.hpp>
#include <cli/interrupt.hpp>
#include <cli/json_object.hpp>
#include <cli/output.hpp>
#include <cli/run.hpp>
#include <cli/session.hpp>
#include <cli/verbs.hpp>

#include <poll.h>

namespace dts::cli {

namespace {

constexpr Flag kFlags[] = {
    {0, "name", "NAME", "a name by which this is asked for: tank3.local; may be repeated"},
    {0, "origin", "URL", "pages of this origin may ask too: https://page.example; may be repeated"},
    {0, "token-file", "PATH", "the token is in this file (else $DTS_HTTP_TOKEN, else a new one)"},
    {0, "open-reading", "", "reading needs no token, also from other machines"},
};
constexpr Example kExamples[] = {
    {"dts http", "for programs of this machine, on 127.0.0.1:25580"},
    {"dts http 0.0.0.0:8080 --name tank3.local --open-reading", "everybody may read"},
};

constexpr std::uint16_t kPort = 25580;

struct Place {
  std::string host = "127.0.0.1";
  std::uint16_t port = kPort;
};

// "8080", ":8080", "10.0.0.1", "10.0.0.1:8080", "[::1]:8080"
Result<Place> place_of(const std::string& text) {
  Place place;
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t end = std::min(text.find(']'), text.size() - 1);
    place.host = text.substr(1, end - 1);
    port = std::string_view(text).substr(end + 1);
  } else if (const auto colon = text.find(':'); colon != std::string::npos) {
    if (colon > 0) place.host = text.substr(0, colon);
    port = std::string_view(text).substr(colon);
  } else if (text.find('.') == std::string::npos && text != "localhost") {
    port = text;
  } else {
    place.host = text;
  }
  if (port.starts_with(':')) port.remove_prefix(1);
  if (port.empty()) return place;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), place.port);
  if (error != std::errc() || end != port.data() + port.size())
    return Error(ErrorCode::invalid_argument, "this is no place to listen", base::printable(text),
                 {}, "dts http 127.0.0.1:8080");
  return place;
}

Result<std::string> token_of(const Invocation& invocation, bool& made) {
  std::string token;
  if (const auto path = invocation.value("token-file")) {
    std::ifstream file(*path);
    if (!file || !std::getline(file, token))
      return Error(ErrorCode::file, "cannot read the token", base::printable(*path));
  } else if (const char* const given = std::getenv("DTS_HTTP_TOKEN"); given != nullptr) {
    token = given;
  } else {
    std::uint8_t bytes[16];
    base::fill_random(bytes);
    made = true;
    return base::to_hex(bytes);
  }
  if (token.size() < 8 || token.find_first_of(" \t\r") != std::string::npos)
    return Error(ErrorCode::invalid_argument, "this is no token", {},
                 "it has 8 characters or more, and no blanks", "openssl rand -hex 16");
  return token;
}

int run_http(Invocation& invocation) {
  const auto& arguments = invocation.arguments();
  const auto place = place_of(arguments.empty() ? std::string() : arguments[0]);
  if (!place) return fail(invocation, place.error());
  bool made = false;
  const auto token = token_of(invocation, made);
  if (!token) return fail(invocation, token.error());
  auto session = Session::open(invocation);
  if (!session) return fail(invocation, session.error());
  Domain& domain = (*session)->domain();
  domain.start();

  const Access access({.address = place->host,
                       .names = invocation.values("name"),
                       .origins = invocation.values("origin"),
                       .token = *token,
                       .open_reading = invocation.has("open-reading")});
  Gateway gateway(domain);
  HttpServer::Options options;
  options.host = place->host;
  options.port = place->port;
  const auto server = HttpServer::open(
      options, [&](const HttpRequest& request) { return access.refusal(request); },
      [&](const HttpRequest& request) {
        HttpResponse response = gateway.answer(request);
        access.allow_origin(request, response);
        return response;
      });
  if (!server) return fail(invocation, server.error());

  Output& out = invocation.out();
  const bool six = place->host.find(':') != std::string::npos;
  const std::string url = "http://" + (six ? "[" + place->host + "]" : place->host) + ":" +
                          std::to_string((*server)->port());
  if (out.json()) {
    JsonObject line;
    line.text("url", url).text("domain", domain.name());
    if (made) line.text("token", *token);
    out.line(line.str());
  } else {
    out.line("the domain '" + base::printable(domain.name()) + "' at " + url);
    if (made) out.note("  to publish: -H 'Authorization: Bearer " + *token + "'");
  }
  out.flush();
  while (!interrupted()) {
    pollfd fds[] = {{interrupt_fd(), POLLIN, 0}};
    ::poll(fds, 1, 1000);
  }
  return exit_ok;
}

}  // namespace

constinit const Command http_command{
    .name = "http",
    .aliases = "",
    .group = Group::connect,
    .arguments = "[ADDRESS][:PORT]",
    .summary = "the domain for whatever speaks HTTP",
    .about =
        "Types, last values, streams, publishing, metrics and an OpenAPI description:\n"
        "docs/reference/http.md. It listens on 127.0.0.1:25580 unless told; publishing needs the\n"
        "token that is printed, and so does reading from other machines.",
    .flags = kFlags,
    .examples = kExamples,
    .run = run_http,
    .arguments_max = 1,
};

}  // namespace dts::cli
