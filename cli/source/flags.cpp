#include <cli/source/flags.hpp>

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
  return flags;
}

}  // namespace dts::cli
