// SpareBytes: memory of large messages, to be used again. To touch fresh pages costs several times
// what filling them does, so what take() gives comes back when its last owner lets go of it, and a
// little of it is kept: at most `spares_max` pieces of at most `spare_bytes_max`, and none that
// trim() has seen before. A handle: copies share what is kept. Any thread.
#pragma once

#include <array>
#include <atomic>
#include <memory>

#include <dts/bytes.hpp>

namespace dts::base {

class SpareBytes {
 public:
  static constexpr std::size_t spares_max = 4;
  static constexpr std::size_t spare_bytes_min = 16u << 10, spare_bytes_max = 16u << 20;

  // Empty. With room for so many bytes if there is such a piece, and else without any.
  std::shared_ptr<Bytes> take(std::size_t bytes = 0) {
    std::unique_ptr<Bytes> memory = kept_->take(bytes);
    if (memory == nullptr) memory = std::make_unique<Bytes>();
    return {memory.release(),
            [kept = kept_](Bytes* own) { kept->give_back(std::unique_ptr<Bytes>(own)); }};
  }
  // Frees what has been of no use since the last call.
  void trim() { kept_->trim(); }

 private:
  struct Kept {
    std::array<std::atomic<Bytes*>, spares_max> slots{};
    std::array<std::atomic<bool>, spares_max> seen{};  // by trim()
    std::atomic<unsigned> next{0};

    ~Kept() {
      for (auto& slot : slots) delete slot.load();
    }
    std::unique_ptr<Bytes> take(std::size_t bytes) {
      for (auto& slot : slots) {
        std::unique_ptr<Bytes> memory(slot.exchange(nullptr, std::memory_order_acq_rel));
        if (memory != nullptr && memory->capacity() >= bytes) return memory;
        if (memory != nullptr) give_back(std::move(memory));
      }
      return nullptr;
    }
    // Into a free place, or into that of another.
    void give_back(std::unique_ptr<Bytes> memory) {
      if (memory->capacity() < spare_bytes_min || memory->capacity() > spare_bytes_max) return;
      memory->clear();
      for (std::size_t i = 0; i < spares_max; ++i) {
        Bytes* none = nullptr;
        if (!slots[i].compare_exchange_strong(none, memory.get(), std::memory_order_acq_rel))
          continue;
        seen[i].store(false, std::memory_order_relaxed);
        (void)memory.release();
        return;
      }
      const unsigned any = next.fetch_add(1, std::memory_order_relaxed) % spares_max;
      delete slots[any].exchange(memory.release(), std::memory_order_acq_rel);
    }
    void trim() {
      for (std::size_t i = 0; i < spares_max; ++i)
        if (seen[i].exchange(true, std::memory_order_relaxed))
          delete slots[i].exchange(nullptr, std::memory_order_acq_rel);
    }
  };

  std::shared_ptr<Kept> kept_ = std::make_shared<Kept>();
};

}  // namespace dts::base
