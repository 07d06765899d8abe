#include <domain/health.hpp>

#include <cmath>

namespace dts::domain {

std::string losses_of(const proto::Health& health) {
  constexpr float usual = 0.02f;
  if (!health.overflows && health.loss < usual) return {};
  std::string text = "loses ";
  text += health.loss < usual ? "some" : std::to_string(std::lround(health.loss * 100)) + " %";
  text += " of what it wants";
  if (!health.overflows) return text + ": the network between loses it";
  text += " in its own socket: its receive buffer ";
  if (health.receive_buffer_bytes != 0)
    text += "of " + std::to_string(health.receive_buffer_bytes / 1024) + " KiB ";
  return text +
         "overflows (there: sudo sysctl -w net.core.rmem_max=8388608, or less work in its "
         "handlers)";
}

}  // namespace dts::domain
