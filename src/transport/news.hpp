// News: what people are to be told of a transport, bounded, until it is taken; a connection that
// fails again and again for the same reason is told of once, and that it works again is told too.
// One thread at a time.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <dts/transport.hpp>

namespace dts::transport {

class News {
 public:
  void tell(ErrorCode code, std::string text) {
    if (notices_.size() < notices_max) notices_.push_back({code, std::move(text)});
  }
  // `and_now` stands behind it: what will be done.
  void failing(const Error& error, std::string_view and_now = {}) {
    std::string text = error.text();
    if (text != failing_) tell(error.code(), text + std::string(and_now));
    failing_ = std::move(text);
  }
  // Told when something was failing before.
  void works(std::string text) {
    if (!failing_.empty()) tell(ErrorCode::ok, std::move(text));
    failing_.clear();
  }
  bool empty() const noexcept { return notices_.empty(); }
  std::vector<TransportNotice> take() { return std::exchange(notices_, {}); }

 private:
  static constexpr std::size_t notices_max = 32;
  std::vector<TransportNotice> notices_;
  std::string failing_;  // empty when all is well
};

}  // namespace dts::transport
