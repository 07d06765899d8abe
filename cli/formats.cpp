// dts formats, dts transports: what this build can speak.
#include <cli/invocation.hpp>
#include <cli/json_object.hpp>
#include <cli/output.hpp>
#include <cli/table.hpp>
#include <cli/verbs.hpp>
#include <dts/format.hpp>
#include <dts/transport.hpp>

namespace dts::cli {

namespace {

int run_formats(Invocation& invocation) {
  Output& out = invocation.out();
  Table table({{"FORMAT"}, {"CODE", Align::right}, {"MEDIA TYPE"}, {"READS AS"}});
  for (const Format* format : built_in_formats()) {
    if (out.json()) {
      out.line(JsonObject()
                   .text("format", format->name())
                   .count("code", format->code())
                   .text("media_type", format->media_type())
                   .boolean("text", format->is_text())
                   .str());
    }
    table.add({{std::string(format->name()), Color::type},
               {std::to_string(format->code())},
               {std::string(format->media_type())},
               {format->is_text() ? "text" : "bytes"}});
  }
  if (!out.json()) table.print(out);
  return exit_ok;
}

int run_transports(Invocation& invocation) {
  Output& out = invocation.out();
  Table table({{"TRANSPORT"}, {"URL"}});
  for (const TransportPlugin& plugin : built_in_transports()) {
    const std::string url = std::string(plugin.scheme) + "://";
    if (out.json()) {
      JsonObject line;
      line.text("transport", plugin.scheme).text("url", url);
      if (!plugin.needs.empty()) line.text("needs", plugin.needs);
      out.line(line.str());
    }
    table.add({{std::string(plugin.scheme), Color::type},
               {plugin.needs.empty() ? url : "not built: needs " + std::string(plugin.needs)}});
  }
  if (!out.json()) table.print(out);
  return exit_ok;
}

}  // namespace

constinit const Command formats_command{
    .name = "formats",
    .aliases = "",
    .group = Group::self,
    .arguments = "",
    .summary = "list the data formats of this build",
    .about = "",
    .run = run_formats,
    .arguments_max = 0,
};

constinit const Command transports_command{
    .name = "transports",
    .aliases = "",
    .group = Group::self,
    .arguments = "",
    .summary = "list the transports of this build",
    .about = "",
    .run = run_transports,
    .arguments_max = 0,
};

}  // namespace dts::cli
