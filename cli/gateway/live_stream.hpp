// LiveStream: the values of a subscription as lines for one HTTP client, as server-sent events or
// as JSON lines. What a slow client does not take is bounded, and it is told what it missed.
// Threads: values come on the domain's threads, next() is called on the one that serves the client.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include <cli/value_text.hpp>
#include <dts/domain.hpp>

namespace dts::cli {

class LiveStream {
 public:
  enum class Form { events, lines };
  static constexpr std::size_t waiting_bytes_max = 4u << 20;

  LiveStream(Domain& domain, const std::string& name, SubscribeOptions options, Form form);
  Result<void> status() const { return subscription_.status(); }
  // Appends what has come, after waiting at most a second for it.
  void next(std::string& out);

 private:
  void put(std::string line);
  void say(std::string& out, const std::string& line) const;

  const Form form_;
  std::mutex mutex_;
  std::condition_variable some_;
  std::deque<std::string> lines_;
  std::size_t bytes_ = 0;
  std::uint64_t missed_ = 0;  // since the last line that was taken
  unsigned quiet_ = 0;        // seconds without a line
  std::map<TypeId, JsonEncoder> encoders_;
  Subscription subscription_;  // last: it ends before what its handler writes to
};

}  // namespace dts::cli
