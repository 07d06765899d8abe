// Inbox: what a broker's client tells, kept until the receiving thread takes it: messages one after
// the other in one piece of memory, bounded, and the few other things beside them. Its handle
// (eventfd) is readable while there is something.
//
// Threads: any puts in; one at a time takes out.
#pragma once

#include <mutex>
#include <optional>
#include <vector>

#include "transport/broker/broker.hpp"
#include "transport/descriptor.hpp"

namespace dts::transport {

class Inbox final : public BrokerEvents {
 public:
  explicit Inbox(std::uint32_t bytes_max) : bytes_max_(bytes_max) {}
  Result<void> open();
  int handle() const noexcept { return wake_.get(); }

  void connected() override { put({}, {}); }
  void lost(Error why) override { put(std::move(why), {}); }
  void settled(std::uint64_t number) override { put({}, number); }
  void message(ByteView envelope) override;
  void dropped(std::uint64_t messages) override;

  // What happened to the connection: neither: it is made; `lost`; or all up to `settled` is done.
  struct Change {
    std::optional<Error> lost;
    std::optional<std::uint64_t> settled;
  };
  // The next message, in the order they came; its bytes are valid until the next call.
  std::optional<ByteView> next_message();
  // What happened after those messages, all in turn. Quiets the handle once nothing is left.
  std::optional<Change> next_change();
  std::uint64_t overflow() const;

 private:
  void put(std::optional<Error> lost, std::optional<std::uint64_t> settled);
  void wake();  // under the lock

  const std::size_t bytes_max_;
  Descriptor wake_;
  Bytes reading_;            // of the one who takes out: size u32, message, ...
  std::size_t read_ = 0;     // so far
  mutable std::mutex lock_;  // all that follows; nothing is called under it
  Bytes messages_;
  std::vector<Change> changes_;
  std::size_t waiting_ = 0;  // bytes in messages_ and reading_
  std::uint64_t overflow_ = 0;
  bool awake_ = false;
};

}  // namespace dts::transport
