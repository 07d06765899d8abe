// DTS as one node of many (node.hpp).
#include <algorithm>
#include <dts/dts.hpp>
#include <vector>

#include "node.hpp"

namespace {

class Dts final : public bus::NodeSystem {
 public:
  void open() override {
    dts::DomainOptions options;
    options.name = "bench-nodes";
    domain_ = std::make_unique<dts::Domain>(std::move(options));
  }
  void publish(const std::string& topic) override {
    publishers_.push_back(domain_->publisher(type_of(topic)).value());
  }
  void want(const std::string& topic) override {
    subscriptions_.push_back(
        domain_->subscribe(type_of(topic), [](const dts::Value&, const dts::Sample&) {}));
  }
  void start() override { domain_->start(); }
  bool complete() override {
    return std::all_of(publishers_.begin(), publishers_.end(),
                       [](const auto& publisher) { return publisher.subscribers() > 0; });
  }

 private:
  static dts::Type type_of(const std::string& topic) {
    return dts::Type::parse("bench.N" + topic + " { seq : u64, x : f64 }").value();
  }

  std::unique_ptr<dts::Domain> domain_;
  std::vector<dts::ValuePublisher> publishers_;
  std::vector<dts::Subscription> subscriptions_;
};

}  // namespace

int main(int argc, char** argv) {
  Dts system;
  return bus::run_node(argc, argv, system);
}
