// Cyclone DDS as one node of many (node.hpp): as it comes, reliable writers and readers.
#include <dds/dds.h>

#include <algorithm>
#include <vector>

#include "block.h"
#include "node.hpp"

namespace {

class Cyclone final : public bus::NodeSystem {
 public:
  void open() override {
    participant_ = check(dds_create_participant(0, nullptr, nullptr));
    qos_ = dds_create_qos();
    dds_qset_reliability(qos_, DDS_RELIABILITY_RELIABLE, DDS_SECS(1));
  }
  void publish(const std::string& name) override {
    writers_.push_back(check(dds_create_writer(participant_, topic(name), qos_, nullptr)));
  }
  void want(const std::string& name) override {
    check(dds_create_reader(participant_, topic(name), qos_, nullptr));
  }
  bool complete() override {
    return std::all_of(writers_.begin(), writers_.end(), [](dds_entity_t writer) {
      dds_publication_matched_status_t status;
      check(dds_get_publication_matched_status(writer, &status));
      return status.current_count > 0;
    });
  }

 private:
  static dds_entity_t check(dds_return_t result) {
    if (result >= 0) return result;
    std::fprintf(stderr, "cyclone: %s\n", dds_strretcode(-result));
    std::exit(1);
  }
  dds_entity_t topic(const std::string& name) const {
    return check(
        dds_create_topic(participant_, &bench_Block_desc, ("n" + name).c_str(), nullptr, nullptr));
  }

  dds_entity_t participant_ = 0;
  dds_qos_t* qos_ = nullptr;
  std::vector<dds_entity_t> writers_;
};

}  // namespace

int main(int argc, char** argv) {
  Cyclone system;
  return bus::run_node(argc, argv, system);
}
