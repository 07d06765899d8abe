#include <cli/source/flags.hpp>

#include <cli/definition.hpp>
#include <cli/invocation.hpp>

namespace dts::cli {

Result<SensorFlags> sensor_flags(const Invocation& invocation, std::string_view name) {
  SensorFlags flags;
  DTS_ASSIGN(const auto every, invocation.duration("every"));
  DTS_ASSIGN(const auto labels, invocation.pairs("label"));
  DTS_ASSIGN(const auto scale, invocation.number("scale"));
  DTS_ASSIGN(const auto offset, invocation.number("offset"));
  flags.every = every.value_or(std::chrono::seconds(1));
  if (flags.every < std::chrono::milliseconds(1)) {
    return Error(ErrorCode::invalid_argument, "--every is at least 1ms", to_text(flags.every));
  }
  flags.labels.insert(labels.begin(), labels.end());
  flags.name = invocation.value("name").value_or(std::string(name));
  flags.dry_run = invocation.has("dry-run");
  flags.scale = scale.value_or(1);
  flags.offset = offset.value_or(0);
  if (const auto format = invocation.value("format")) {
    DTS_ASSIGN(const Format* const found, named_format(*format));
    // Every source says with dts.SourceStatus, in words, how its sensors are.
    if (found->name() == "raw") {
      return Error(ErrorCode::unknown_format, "raw cannot carry the readings of a source", {},
                   "it has no place for texts, and dts.SourceStatus has some",
                   "--format capnproto, or another of dts formats");
    }
    flags.format = found->name();
  }
  return flags;
}

}  // namespace dts::cli
