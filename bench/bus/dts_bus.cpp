// DTS as a system under measurement: a type with one field of bytes, one type per direction.
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <dts/dts.hpp>
#include <memory>

#include "bus.hpp"

namespace {

class Dts final : public bus::System {
 public:
  const char* name() const override { return "dts"; }

  void open(const bus::Options& options, const std::string& out, const std::string& in,
            bus::Receive receive) override {
    dts::DomainOptions domain;
    domain.name = "bench";
    if (!options.url.empty()) domain.transports = {options.url};
    domain_ = std::make_unique<dts::Domain>(std::move(domain));
    if (!out.empty()) {
      dts::PublishOptions publish;
      publish.profile = dts::Profile::stream;
      layout_ = dts::Layout::of(type(out)).value();
      auto publisher = domain_->publisher(*layout_, publish);
      if (!publisher) fail(publisher.error());
      publisher_ = *publisher;
      value_ = dts::Value(layout_);
    }
    if (!in.empty()) {
      dts::SubscribeOptions subscribe;
      subscribe.on_gap = [this](const dts::Gap& gap) { gaps_ += gap.count(); };
      subscription_ = domain_->subscribe(
          type(in),
          [receive = std::move(receive)](const dts::Value& value, const dts::Sample&) {
            const auto& data = *static_cast<const dts::Bytes*>(value.data());
            receive(data.data(), data.size());
          },
          subscribe);
    }
    domain_->start();
  }

  void publish(const void* data, std::size_t bytes) override {
    auto& field = *static_cast<dts::Bytes*>(value_.data());
    const auto* begin = static_cast<const std::uint8_t*>(data);
    field.assign(begin, begin + bytes);
    for (;;) {
      const dts::Result<void> published = publisher_.publish_at(value_.data());
      if (published) return;
      if (published.error().code() != dts::ErrorCode::would_block) fail(published.error());
      (void)publisher_.wait_writable(std::chrono::seconds(1));
    }
  }

  void spin() override {
    const timespec pause{0, 200'000};
    ::nanosleep(&pause, nullptr);
  }

 private:
  static dts::Type type(const std::string& direction) {
    return dts::Type::parse("bench." + direction + " { data : bytes }").value();
  }
  [[noreturn]] static void fail(const dts::Error& error) {
    std::fprintf(stderr, "%s\n", error.text().c_str());
    std::exit(1);
  }

  dts::LayoutPtr layout_;
  std::unique_ptr<dts::Domain> domain_;
  dts::ValuePublisher publisher_;
  dts::Value value_;
  std::uint64_t gaps_ = 0;
  dts::Subscription subscription_;
};

}  // namespace

int main(int argc, char** argv) {
  Dts system;
  return bus::run(argc, argv, system);
}
