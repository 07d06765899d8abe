// dts version: what this build is and what it speaks, for a report of a fault.
#include <cli/invocation.hpp>
#include <cli/json_object.hpp>
#include <cli/output.hpp>
#include <cli/verbs.hpp>
#include <cli/words.hpp>
#include <dts/domain.hpp>
#include <dts/format.hpp>
#include <dts/transport.hpp>

namespace dts::cli {

namespace {

int run_version(Invocation& invocation) {
  Output& out = invocation.out();
#ifdef __clang__
  const std::string compiler = "clang " __clang_version__;
#else
  const std::string compiler = "gcc " __VERSION__;
#endif
  std::vector<std::string> formats, transports, left_out;
  for (const Format* format : built_in_formats()) formats.emplace_back(format->name());
  for (const TransportPlugin& each : built_in_transports()) {
    if (each.needs.empty())
      transports.emplace_back(each.scheme);
    else
      left_out.push_back(std::string(each.scheme) + " (" + std::string(each.needs) + ")");
  }
  if (out.json()) {
    out.line(JsonObject()
                 .text("version", DTS_VERSION)
                 .text("compiler", compiler)
                 .count("protocol", protocol_version())
                 .texts("formats", formats)
                 .texts("transports", transports)
                 .texts("left_out", left_out)
                 .str());
    return exit_ok;
  }
  out.line("dts " DTS_VERSION);
  out.line("protocol    " + std::to_string(protocol_version()));
  out.line("formats     " + joined(formats, " "));
  out.line("transports  " + joined(transports, " "));
  if (!left_out.empty()) out.line("left out    " + joined(left_out, ", "));
  out.line("compiler    " + compiler);
  return exit_ok;
}

}  // namespace

constinit const Command version_command{
    .name = "version",
    .aliases = "",
    .group = Group::self,
    .arguments = "",
    .summary = "print the version",
    .about = "",
    .run = run_version,
    .arguments_max = 0,
};

}  // namespace dts::cli
