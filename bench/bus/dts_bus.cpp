// DTS as a system under measurement, through its public API: 64 bytes are a struct of fields, more
// is a struct with a field of bytes, received into a dts::Blob, which does not copy it; one type
// per direction; profile `event`, as everybody gets it, or with when_full = wait (dts_wait_bus).
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dts/dts.hpp>
#include <memory>

#include "method.hpp"

namespace {

struct Data {
  static constexpr char small[] = "bench.Data64";
  static constexpr char large[] = "bench.Data";
};
struct There {
  static constexpr char small[] = "bench.There64";
  static constexpr char large[] = "bench.There";
};
struct Back {
  static constexpr char small[] = "bench.Back64";
  static constexpr char large[] = "bench.Back";
};

template <class Way>
struct Small {
  std::array<std::uint64_t, 8> words;
  static constexpr auto dts = dts::type(Way::small);
};
template <class Way>
struct Large {
  dts::Bytes data;
  static constexpr auto dts = dts::type(Way::large);
};
// The same type as it is received: the bytes stay where they arrived.
template <class Way>
struct Received {
  dts::Blob data;
  static constexpr auto dts = dts::type(Way::large);
};

#ifdef DTS_BUS_WAITS
constexpr bool waits = true;
#else
constexpr bool waits = false;
#endif

[[noreturn]] void fail(const dts::Error& error) {
  std::fprintf(stderr, "dts: %s\n", error.text().c_str());
  std::exit(1);
}

// One way out, whatever its type.
class Out {
 public:
  virtual ~Out() = default;
  virtual std::uint64_t* claim(std::size_t size) = 0;
  virtual void publish() = 0;
};

template <class Way>
class OutBy final : public Out {
 public:
  explicit OutBy(dts::Domain& domain) {
    dts::PublishOptions options;
    if (waits) options.when_full = dts::wait(std::chrono::seconds(10));
    auto small = domain.publisher<Small<Way>>(options);
    auto large = domain.publisher<Large<Way>>(options);
    if (!small) fail(small.error());
    if (!large) fail(large.error());
    small_ = *small;
    large_ = *large;
  }
  std::uint64_t* claim(std::size_t size) override {
    small_next_ = size == sizeof fields_.words;
    if (small_next_) return fields_.words.data();
    bytes_.data.resize(size);
    return reinterpret_cast<std::uint64_t*>(bytes_.data.data());  // new's memory is aligned
  }
  void publish() override {
    for (int i = 0; i < 20; ++i) {
      const dts::Result<void> published =
          small_next_ ? small_.publish(fields_) : large_.publish(bytes_);
      if (published) return;
      if (published.error().code() != dts::ErrorCode::would_block) fail(published.error());
      (void)large_.wait_writable(std::chrono::seconds(1));
    }
    fail(dts::Error(dts::ErrorCode::timeout, "the backlog stays full"));
  }

 private:
  dts::Publisher<Small<Way>> small_;
  dts::Publisher<Large<Way>> large_;
  Small<Way> fields_{};
  Large<Way> bytes_;
  bool small_next_ = true;
};

class Dts final : public bus::System {
 public:
  const char* name() const override { return waits ? "dts_wait" : "dts"; }

  void open(const bus::Options& options, const std::string& out, const std::string& in,
            bus::Receive receive) override {
    dts::DomainOptions domain;
    domain.name = "bench";
    domain_ = std::make_unique<dts::Domain>(std::move(domain));
    if (out == "data") out_ = std::make_unique<OutBy<Data>>(*domain_);
    if (out == "there") out_ = std::make_unique<OutBy<There>>(*domain_);
    if (out == "back") out_ = std::make_unique<OutBy<Back>>(*domain_);
    receive_ = std::move(receive);
    counts_ = options.size == sizeof(Small<Data>);
    // Live messages only, as the others: the last value kept for late joiners would come sooner.
    subscribe_.history = options.role != "joiner";
    subscribe_.quiet = true;
    if (in == "data") subscribe<Data>();
    if (in == "there") subscribe<There>();
    if (in == "back") subscribe<Back>();
    domain_->start();
  }
  std::uint64_t* claim(std::size_t size) override { return out_->claim(size); }
  void publish() override { out_->publish(); }
  void close() override { domain_->close(); }
  // In messages of one packet, each of which has a sequence of its own: what was skipped without a
  // word, or is missing at the end.
  std::uint64_t unnamed(std::uint64_t lost, std::uint64_t tail) const override {
    if (!counts_) return gaps_ == 0 ? lost : 0;
    return skipped_ + (tail > named_since_ ? tail - named_since_ : 0);
  }
  std::string more() const override {
    std::string text;
    for (const dts::Counter& c : domain_->counters())
      if (c.value > 0 && (c.name == "lost" || c.name == "overrun" || c.name == "join_expired" ||
                          c.name == "udp.receive_overflow"))
        text += ",\"" + c.name + "\":" + std::to_string(c.value);
    return text;
  }

 private:
  template <class Way>
  void subscribe() {
    dts::SubscribeOptions counted = subscribe_;
    counted.on_gap = [this](const dts::Gap& gap) { heard(gap.from, gap.to, true); };
    small_ = domain_->subscribe<Small<Way>>(
        [this](const Small<Way>& v, const dts::Sample& sample) {
          heard(sample.sequence(), sample.sequence(), false);
          receive_(v.words.data(), sizeof v.words);
        },
        counted);
    subscribe_.on_gap = [this](const dts::Gap&) { ++gaps_; };
    large_ = domain_->subscribe<Received<Way>>(
        [this](const Received<Way>& v) { receive_(v.data.data(), v.data.size()); }, subscribe_);
  }

  void heard(std::uint64_t from, std::uint64_t to, bool named) {
    if (told_ != 0 && from > told_ + 1) skipped_ += from - told_ - 1;
    told_ = to;
    named_since_ = named ? named_since_ + (to - from + 1) : 0;
  }

  bus::Receive receive_;
  bool counts_ = true;  // messages of 64 bytes; larger ones may have several sequences each
  std::uint64_t told_ = 0, skipped_ = 0, named_since_ = 0, gaps_ = 0;
  dts::SubscribeOptions subscribe_;
  std::unique_ptr<dts::Domain> domain_;
  std::unique_ptr<Out> out_;
  dts::Subscription small_, large_;
};

}  // namespace

int main(int argc, char** argv) {
  Dts system;
  return bus::run(argc, argv, system);
}
