// The table of built-in transports, generated from src/plugins.cmake.
#include <dts/transport.hpp>

#include "transport/left_out.hpp"

namespace dts::transport {

Error left_out(std::string_view scheme, std::string_view package) {
  return Error(ErrorCode::unsupported, "this build has no " + std::string(scheme) + "://", {},
               "it was built without " + std::string(package),
               "apt-get install " + std::string(package) + ", and build DTS again");
}

namespace {

[[maybe_unused]] Result<std::unique_ptr<Transport>> open_left_out(const TransportOptions& options) {
  for (const TransportPlugin& row : built_in_transports())
    if (options.url.starts_with(std::string(row.scheme) + "://"))
      return left_out(row.scheme, row.needs);
  return left_out(options.url.substr(0, options.url.find("://")), "its library");
}

}  // namespace
}  // namespace dts::transport

#include <generated/transports.inc>
