// Cyclone DDS as a system under measurement: reliable, KEEP_ALL, 4 MB of receive buffer, 500 kB
// of unacknowledged data, listeners, writes in batches while small messages stream.
#include <dds/dds.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "block.h"
#include "method.hpp"

namespace {

constexpr const char* settings =
    "<Internal><SocketReceiveBufferSize max=\"4MB\"/>"
    "<Watermarks><WhcHigh>500kB</WhcHigh></Watermarks></Internal>";
// The same, and lost packets are asked for after 1 ms instead of 100 ms, announced every 5 ms.
constexpr const char* tuned_settings =
    "<Internal><SocketReceiveBufferSize max=\"4MB\"/>"
    "<Watermarks><WhcHigh>500kB</WhcHigh></Watermarks><NackDelay>1ms</NackDelay>"
    "<HeartbeatInterval min=\"1ms\" minsched=\"5ms\" max=\"1s\">5ms</HeartbeatInterval></Internal>";
constexpr std::size_t batched_size_max = 4096;

class Cyclone final : public bus::System {
 public:
  const char* name() const override { return "cyclone"; }

  void open(const bus::Options& options, const std::string& out, const std::string& in,
            bus::Receive receive) override {
    check(dds_create_domain(0, options.tuned ? tuned_settings : settings), "domain");
    if (options.role == "pub" && options.size <= batched_size_max) dds_write_set_batch(true);
    participant_ = check(dds_create_participant(0, nullptr, nullptr), "participant");
    receive_ = std::move(receive);
    dds_qos_t* const qos = dds_create_qos();
    dds_qset_reliability(qos, DDS_RELIABILITY_RELIABLE, DDS_SECS(60));
    dds_qset_history(qos, DDS_HISTORY_KEEP_ALL, 0);
    // The writer first: the listener of a reader may answer at once.
    if (!out.empty())
      writer_ = check(dds_create_writer(participant_, topic(out, qos), qos, nullptr), "writer");
    if (!in.empty()) {
      dds_listener_t* const listener = dds_create_listener(this);
      dds_lset_data_available(listener, &Cyclone::take);
      check(dds_create_reader(participant_, topic(in, qos), qos, listener), "reader");
      dds_delete_listener(listener);
    }
    dds_delete_qos(qos);
  }
  std::uint64_t* claim(std::size_t size) override {
    words_.resize(size / 8);
    return words_.data();
  }
  void publish() override {
    bench_Block block{};
    block.data._length = block.data._maximum = static_cast<std::uint32_t>(words_.size() * 8);
    block.data._buffer = reinterpret_cast<std::uint8_t*>(words_.data());
    check(dds_write(writer_, &block), "write");
  }
  void flush() override { dds_write_flush(writer_); }
  void close() override { dds_delete(participant_); }

 private:
  static dds_entity_t check(dds_return_t result, const char* what) {
    if (result >= 0) return result;
    std::fprintf(stderr, "cyclone: %s: %s\n", what, dds_strretcode(-result));
    std::exit(1);
  }
  dds_entity_t topic(const std::string& name, const dds_qos_t* qos) const {
    return check(dds_create_topic(participant_, &bench_Block_desc, name.c_str(), qos, nullptr),
                 "topic");
  }
  static void take(dds_entity_t reader, void* user) {
    std::array<void*, 64> samples{};
    std::array<dds_sample_info_t, 64> infos;
    for (;;) {
      const int count = check(
          dds_take(reader, samples.data(), infos.data(), samples.size(), samples.size()), "take");
      if (count == 0) return;
      for (int i = 0; i < count; ++i) {
        const auto at = static_cast<std::size_t>(i);
        const auto* block = static_cast<const bench_Block*>(samples[at]);
        if (infos[at].valid_data)
          static_cast<Cyclone*>(user)->receive_(block->data._buffer, block->data._length);
      }
      check(dds_return_loan(reader, samples.data(), count), "loan");
    }
  }

  dds_entity_t participant_ = 0, writer_ = 0;
  bus::Receive receive_;
  std::vector<std::uint64_t> words_;
};

}  // namespace

int main(int argc, char** argv) {
  Cyclone system;
  return bus::run(argc, argv, system);
}
