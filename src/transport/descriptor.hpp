// Descriptor: a file descriptor that is closed with its owner, and the error of a system call.
#pragma once

#include <string>
#include <utility>

#include <dts/result.hpp>

namespace dts::transport {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { reset(); }
  void reset() noexcept;
  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// "cannot <what>", with the text of `error` (an errno) and what usually cures it.
Error system_error(const std::string& what, const std::string& where, int error);

}  // namespace dts::transport
