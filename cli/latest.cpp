#include <cli/latest.hpp>

namespace dts::cli {

LatestValues::LatestValues(Domain& domain, const std::string& pattern, SubscribeOptions options) {
  subscription_ = domain.subscribe(
      pattern,
      [this](const Value& value, const Sample& sample) {
        const Source& origin = sample.origin();
        LatestValue& latest = values_[{{origin.type_name, origin.name}, origin.stream}];
        if (latest.value.valid() && latest.origin.node_id == origin.node_id &&
            latest.sequence > sample.sequence()) {
          return;
        }
        latest = {value, origin, sample.sequence(), sample.published(), sample.received()};
      },
      std::move(options));
}

}  // namespace dts::cli
