// The floor of shared memory, by the method of all others: a bare ring with a futex, and no bus.
// One writes in place, up to nine read in place, each by a place of its own; the writer waits for
// the slowest. No discovery, no repair, no types, no check of what was written, no second writer.
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "method.hpp"

namespace {

constexpr std::uint64_t ring_bytes = 16u << 20;
constexpr std::size_t readers_max = 9;

// All zero at first.
struct Ring {
  alignas(64) std::atomic<std::uint64_t> written;
  alignas(64) std::atomic<std::uint32_t> turn, asleep;
  struct alignas(64) Reader {
    std::atomic<std::uint64_t> at;  // 1 more than its place; 0: nobody
  } readers[readers_max];
  alignas(4096) unsigned char bytes[ring_bytes];
};

Ring& map(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  void* memory = MAP_FAILED;
  if (fd >= 0 && ::ftruncate(fd, sizeof(Ring)) == 0)
    memory = ::mmap(nullptr, sizeof(Ring), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) {
    std::perror(path.c_str());
    std::exit(1);
  }
  ::close(fd);
  return *static_cast<Ring*>(memory);
}

void futex(std::atomic<std::uint32_t>& word, int operation, std::uint32_t value, int timeout_ms) {
  const timespec wait{timeout_ms / 1000, timeout_ms % 1000 * 1'000'000l};
  ::syscall(SYS_futex, &word, operation, value, operation == FUTEX_WAIT ? &wait : nullptr, nullptr,
            0);
}

class BareRing final : public bus::System {
 public:
  const char* name() const override { return "ring"; }

  void open(const bus::Options& options, const std::string& out, const std::string& in,
            bus::Receive receive) override {
    receive_ = std::move(receive);
    if (!out.empty()) out_ = &map(options.sync + "." + out);
    if (in.empty()) return;
    in_ = &map(options.sync + "." + in);
    for (auto& reader : in_->readers) {
      std::uint64_t free = 0;
      at_ = in_->written.load();
      if (!reader.at.compare_exchange_strong(free, at_ + 1)) continue;
      place_ = &reader.at;
      return;
    }
    std::exit(1);
  }
  std::uint64_t* claim(std::size_t size) override {
    need_ = 8 + (size + 7) / 8 * 8;
    std::uint64_t at = next_ % ring_bytes;
    if (at + need_ + 8 > ring_bytes) {
      wait_for_room(next_ + (ring_bytes - at) + need_);
      word(*out_, at) = 0;
      next_ += ring_bytes - at;
      at = 0;
    } else {
      wait_for_room(next_ + need_);
    }
    word(*out_, at) = size;
    return &word(*out_, at + 8);
  }
  void publish() override {
    next_ += need_;
    out_->written.store(next_, std::memory_order_seq_cst);
    if (out_->asleep.load(std::memory_order_seq_cst) == 0) return;
    out_->turn.fetch_add(1);
    futex(out_->turn, FUTEX_WAKE, ~0u >> 1, 0);
  }
  bool threaded() const override { return false; }
  void spin(int timeout_ms) override {
    if (in_ == nullptr) return;
    if (take()) return;
    const std::uint32_t turn = in_->turn.load();
    in_->asleep.fetch_add(1);
    if (in_->written.load() == at_) futex(in_->turn, FUTEX_WAIT, turn, timeout_ms);
    in_->asleep.fetch_sub(1);
    take();
  }
  void close() override {
    if (place_ != nullptr) place_->store(0);
  }

 private:
  static std::uint64_t& word(Ring& ring, std::uint64_t at) {
    return *reinterpret_cast<std::uint64_t*>(ring.bytes + at);
  }
  void wait_for_room(std::uint64_t end) {
    if (end <= room_) return;
    while (true) {
      std::uint64_t least = next_;
      for (const auto& reader : out_->readers)
        if (const std::uint64_t at = reader.at.load(std::memory_order_acquire); at != 0)
          least = std::min(least, at - 1);
      room_ = least + ring_bytes;
      if (end <= room_) return;
      const timespec little{0, 20'000};
      ::nanosleep(&little, nullptr);
    }
  }
  bool take() {
    const std::uint64_t written = in_->written.load(std::memory_order_acquire);
    if (written == at_) return false;
    while (at_ != written) {
      const std::uint64_t at = at_ % ring_bytes, size = word(*in_, at);
      if (size == 0) {
        at_ += ring_bytes - at;
        continue;
      }
      receive_(in_->bytes + at + 8, size);
      at_ += 8 + (size + 7) / 8 * 8;
      if (at_ - told_ > ring_bytes / 16) tell();
    }
    tell();
    return true;
  }
  void tell() {
    told_ = at_;
    place_->store(at_ + 1, std::memory_order_release);
  }

  bus::Receive receive_;
  Ring *out_ = nullptr, *in_ = nullptr;
  std::atomic<std::uint64_t>* place_ = nullptr;
  std::uint64_t at_ = 0, told_ = 0, next_ = 0, need_ = 0, room_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  BareRing system;
  return bus::run(argc, argv, system);
}
