// Fast DDS as a system under measurement: reliable, KEEP_ALL, UDP alone, 4 MB of receive buffer, a
// heartbeat every 10 ms instead of every 3 s (without it a lost tail takes seconds), listeners.
// The type is written by hand as fastddsgen would (it needs a Java machine): a sequence of octets.
#include <fastdds/rtps/transport/UDPv4TransportDescriptor.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fastdds/dds/domain/DomainParticipant.hpp>
#include <fastdds/dds/domain/DomainParticipantFactory.hpp>
#include <fastdds/dds/publisher/DataWriter.hpp>
#include <fastdds/dds/publisher/Publisher.hpp>
#include <fastdds/dds/subscriber/DataReader.hpp>
#include <fastdds/dds/subscriber/DataReaderListener.hpp>
#include <fastdds/dds/subscriber/SampleInfo.hpp>
#include <fastdds/dds/subscriber/Subscriber.hpp>
#include <fastdds/dds/topic/TopicDataType.hpp>
#include <vector>

#include "method.hpp"

namespace {

namespace dds = eprosima::fastdds::dds;
namespace rtps = eprosima::fastrtps::rtps;

constexpr std::uint32_t head_bytes = 8;  // of the encoding, and the length
constexpr std::uint32_t receive_buffer_bytes = 4u << 20;
constexpr int samples_max = 5000;

struct Block {
  std::vector<std::uint64_t> words;
  std::uint32_t bytes() const { return static_cast<std::uint32_t>(words.size() * 8); }
};

// CDR, little-endian: | 00 01 00 00 | length u32 | bytes |
class BlockType final : public dds::TopicDataType {
 public:
  explicit BlockType(std::size_t size) {
    setName("bench::Block");
    m_typeSize = head_bytes + static_cast<std::uint32_t>(size);
    m_isGetKeyDefined = false;
  }
  bool serialize(void* data, rtps::SerializedPayload_t* payload) override {
    const auto* block = static_cast<const Block*>(data);
    constexpr std::uint8_t encoding[4] = {0, 1, 0, 0};
    const std::uint32_t length = block->bytes();
    std::memcpy(payload->data, encoding, 4);
    std::memcpy(payload->data + 4, &length, 4);
    std::memcpy(payload->data + head_bytes, block->words.data(), length);
    payload->length = head_bytes + length;
    payload->encapsulation = CDR_LE;
    return true;
  }
  bool deserialize(rtps::SerializedPayload_t* payload, void* data) override {
    auto* block = static_cast<Block*>(data);
    std::uint32_t length = 0;
    if (payload->length < head_bytes) return false;
    std::memcpy(&length, payload->data + 4, 4);
    if (length > payload->length - head_bytes) return false;
    block->words.resize(length / 8);
    std::memcpy(block->words.data(), payload->data + head_bytes, length);
    return true;
  }
  std::function<std::uint32_t()> getSerializedSizeProvider(void* data) override {
    return [data] { return head_bytes + static_cast<const Block*>(data)->bytes(); };
  }
  void* createData() override { return new Block; }
  void deleteData(void* data) override { delete static_cast<Block*>(data); }
  bool getKey(void*, rtps::InstanceHandle_t*, bool) override { return false; }
};

template <class T>
T* check(T* made, const char* what) {
  if (made != nullptr) return made;
  std::fprintf(stderr, "fastdds: no %s\n", what);
  std::exit(1);
}

class FastDds final : public bus::System, private dds::DataReaderListener {
 public:
  const char* name() const override { return "fastdds"; }

  void open(const bus::Options& options, const std::string& out, const std::string& in,
            bus::Receive receive) override {
    receive_ = std::move(receive);
    dds::DomainParticipantQos qos;
    auto udp = std::make_shared<eprosima::fastdds::rtps::UDPv4TransportDescriptor>();
    udp->receiveBufferSize = receive_buffer_bytes;
    qos.transport().use_builtin_transports = false;
    qos.transport().user_transports.push_back(udp);
    auto* const factory = dds::DomainParticipantFactory::get_instance();
    participant_ = check(factory->create_participant(0, qos), "participant");
    type_ = dds::TypeSupport(new BlockType(options.size));
    type_.register_type(participant_);
    // The writer first: the listener of a reader may answer at once.
    if (!out.empty()) write_to(out);
    if (!in.empty()) read_from(in);
  }
  std::uint64_t* claim(std::size_t size) override {
    next_.words.resize(size / 8);
    return next_.words.data();
  }
  void publish() override {
    if (!writer_->write(&next_)) {
      std::fprintf(stderr, "fastdds: write failed\n");
      std::exit(1);
    }
  }
  void close() override {
    participant_->delete_contained_entities();
    dds::DomainParticipantFactory::get_instance()->delete_participant(participant_);
  }

 private:
  template <class Qos>
  static void make_reliable(Qos& qos) {
    qos.reliability().kind = dds::RELIABLE_RELIABILITY_QOS;
    qos.reliability().max_blocking_time = eprosima::fastrtps::Duration_t(30, 0);
    qos.durability().kind = dds::VOLATILE_DURABILITY_QOS;
    qos.history().kind = dds::KEEP_ALL_HISTORY_QOS;
    qos.resource_limits().max_samples = samples_max;
    qos.resource_limits().max_samples_per_instance = samples_max;
    qos.endpoint().history_memory_policy = rtps::PREALLOCATED_WITH_REALLOC_MEMORY_MODE;
  }
  dds::Topic* topic(const std::string& name) {
    return check(participant_->create_topic(name, type_.get_type_name(), dds::TOPIC_QOS_DEFAULT),
                 "topic");
  }
  void write_to(const std::string& name) {
    dds::DataWriterQos qos;
    make_reliable(qos);
    qos.reliable_writer_qos().times.heartbeatPeriod = eprosima::fastrtps::Duration_t(0, 10'000'000);
    auto* const publisher =
        check(participant_->create_publisher(dds::PUBLISHER_QOS_DEFAULT), "publisher");
    writer_ = check(publisher->create_datawriter(topic(name), qos), "writer");
  }
  void read_from(const std::string& name) {
    dds::DataReaderQos qos;
    make_reliable(qos);
    auto* const subscriber =
        check(participant_->create_subscriber(dds::SUBSCRIBER_QOS_DEFAULT), "subscriber");
    check(subscriber->create_datareader(topic(name), qos, this), "reader");
  }
  void on_data_available(dds::DataReader* reader) override {
    dds::SampleInfo info;
    while (reader->take_next_sample(&taken_, &info) == ReturnCode_t::RETCODE_OK)
      if (info.valid_data) receive_(taken_.words.data(), taken_.bytes());
  }

  dds::DomainParticipant* participant_ = nullptr;
  dds::TypeSupport type_;
  dds::DataWriter* writer_ = nullptr;
  bus::Receive receive_;
  Block next_, taken_;
};

}  // namespace

int main(int argc, char** argv) {
  FastDds system;
  return bus::run(argc, argv, system);
}
