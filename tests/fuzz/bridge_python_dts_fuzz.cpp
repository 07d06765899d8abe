// Datagrams of the Python package of 2019, packed and as they are: nothing grows past its bound,
// and what was read is written so that it reads as the same.
#include <cstdint>
#include <cstdlib>

#include <bridge/python_dts/datagram.hpp>

using namespace dts;
using namespace dts::bridge::python_dts;

namespace {

void read(ByteView message) {
  const auto datagram = read_message(message);
  if (!datagram) return;
  if (datagram->content.size() > message.size()) std::abort();
  const auto membership = read_membership(datagram->content);
  const auto flat = in_one_segment(datagram->content);
  if (flat && flat->size() > 2 * datagram->content.size() + 64) std::abort();
  const auto written = write_datagram(*datagram);
  if (!written) return;
  const auto again = read_message(unpack(*written).value());
  if (!again || again->struct_name != datagram->struct_name ||
      again->host_id != datagram->host_id || again->content != datagram->content ||
      again->query != datagram->query || again->timestamp_ns != datagram->timestamp_ns ||
      again->instance_id != datagram->instance_id)
    std::abort();
  if (!membership) return;
  const auto back = read_membership(write_membership(*membership));
  if (!back || back->struct_name != membership->struct_name || back->group != membership->group)
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView all(data, size);
  read(all);
  const auto message = unpack(all);
  if (message && message->size() > kUnpackedBytesMax) std::abort();
  if (message) read(*message);
  return 0;
}
