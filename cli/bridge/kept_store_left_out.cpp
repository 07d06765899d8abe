// In place of the store where DTS was built without libnats (decision 0021).
#include <cli/bridge/kept_store.hpp>
#include <transport/left_out.hpp>

namespace dts::cli {

Result<std::shared_ptr<KeptStore>> KeptStore::open(const Options&) {
  return transport::left_out("nats", "libnats-dev");
}

}  // namespace dts::cli
