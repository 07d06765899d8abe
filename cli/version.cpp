// dts version
#include <cli/invocation.hpp>
#include <cli/json_object.hpp>
#include <cli/output.hpp>
#include <cli/verbs.hpp>

namespace dts::cli {

namespace {

int run_version(Invocation& invocation) {
  Output& out = invocation.out();
#ifdef __clang__
  const std::string compiler = "clang " __clang_version__;
#else
  const std::string compiler = "gcc " __VERSION__;
#endif
  if (out.json()) {
    out.line(JsonObject().text("version", DTS_VERSION).text("compiler", compiler).str());
  } else {
    out.line("dts " DTS_VERSION);
    out.detail("built with " + compiler);
  }
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
