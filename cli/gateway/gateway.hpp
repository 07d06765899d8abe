// Gateway: a domain for whatever speaks HTTP. One table of routes is what is answered and what
// /openapi.json describes (docs/reference/http.md). It knows no sockets.
// Threads: answer() from several at once; the domain runs its own loop (Domain::start).
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <cli/gateway/http_server.hpp>
#include <dts/domain.hpp>

namespace dts::cli {

class Gateway {
 public:
  static constexpr int streams_max = 32;           // at once; each keeps a thread
  static constexpr std::size_t sources_max = 256;  // types and labels that are published

  explicit Gateway(Domain& domain) : domain_(domain) {}
  HttpResponse answer(const HttpRequest& request);

  struct Parameter {
    std::string_view name, about;
    bool repeated = false;
  };
  using Handler = HttpResponse (Gateway::*)(const HttpRequest& request, const std::string& name);
  struct Route {
    std::string_view method, path;  // "/types/{name}"
    std::string_view summary;
    std::string_view answers;  // media types, blank-separated
    std::vector<Parameter> parameters;
    Handler handler = nullptr;
  };
  static const std::vector<Route>& routes();

 private:
  struct Outlet;  // a publisher and how bodies become its values
  HttpResponse index(const HttpRequest&, const std::string&);
  HttpResponse types(const HttpRequest&, const std::string&);
  HttpResponse type(const HttpRequest&, const std::string& name);
  HttpResponse latest(const HttpRequest&, const std::string& name);
  HttpResponse stream(const HttpRequest&, const std::string& name);
  HttpResponse publish(const HttpRequest&, const std::string& name);
  HttpResponse metrics(const HttpRequest&, const std::string&);
  HttpResponse openapi(const HttpRequest&, const std::string&);

  Catalogue catalogue();  // as of at most two seconds ago
  HttpResponse nothing_of(const std::string& name);
  Result<std::vector<Type>> types_to_publish(const HttpRequest& request, const std::string& name,
                                             bool& unknown);
  Result<std::shared_ptr<Outlet>> outlet(const Type& type, const Labels& labels);

  Domain& domain_;
  std::shared_ptr<std::atomic<int>> streams_ = std::make_shared<std::atomic<int>>(0);
  std::mutex asking_;
  Instant asked_{};   // under asking_
  std::mutex mutex_;  // all that follows
  std::map<std::string, std::shared_ptr<Outlet>> outlets_;
  std::map<std::pair<std::string, int>, std::uint64_t> answered_;  // by route and status
};

// The names of all types that are published or asked for, here too.
std::set<std::string> families(const Catalogue& catalogue);
// The Prometheus text format, version 0.0.4.
std::string metrics_text(Domain& domain, const Catalogue& catalogue,
                         const std::map<std::pair<std::string, int>, std::uint64_t>& answered,
                         int streams);
// OpenAPI 3.1 of the routes, with the types that are known now as schemas.
std::string openapi_json(Domain& domain, const Catalogue& catalogue,
                         const std::vector<Gateway::Route>& routes);

}  // namespace dts::cli
