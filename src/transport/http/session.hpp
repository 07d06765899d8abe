// Session: the stream of one who takes part by HTTP, at the node that listens: one end of a pair of
// sockets, whose other end is the channel of its connection. What is written there is kept until
// a request has fetched it and the next one says so; what requests bring goes there in order.
// Bounded: it reads no more than a body holds, and takes a body only when the last one is through.
// One thread at a time.
#pragma once

#include <chrono>

#include "transport/descriptor.hpp"
#include "transport/http/sequence.hpp"

namespace dts::transport {

class Session {
 public:
  using Clock = std::chrono::steady_clock;
  using Tag = std::uint64_t;

  Session(Descriptor stream, Tag number) : tag(number), stream_(std::move(stream)) {}

  int handle() const noexcept { return stream_.get(); }

  // Down. Reads what there is room for.
  void fill();
  bool has_room() const;
  bool over() const { return over_; }  // nothing more will come
  // The other side has all before `from`. False: it may not say so.
  bool had(std::uint64_t from) { return down_.had(from); }
  ByteView down() const { return down_.bytes(); }  // which it has not

  // Up. False: these bytes may not come now.
  bool take(std::uint64_t from, ByteView bytes);
  // Passes on what was taken; true when all of it is through.
  bool drain();
  bool drained() const { return up_.empty(); }

  const Tag tag;                          // of its events
  Tag getter = 0;                         // the visitor that waits for bytes; 0: none does
  Tag poster = 0;                         // the one whose bytes are not through yet
  bool followed = true;                   // are events of handle() waited for?
  Clock::time_point last = Clock::now();  // that a request came, or was answered

 private:
  Descriptor stream_;
  SentBytes down_;
  TakenBytes taken_;
  Bytes up_;
  bool over_ = false;
};

}  // namespace dts::transport
