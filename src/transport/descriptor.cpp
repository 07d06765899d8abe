#include "transport/descriptor.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace dts::transport {

void Descriptor::reset() noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Error system_error(const std::string& what, const std::string& where, int error) {
  ErrorCode code = ErrorCode::system;
  std::string hint;
  if (error == EMFILE || error == ENFILE)
    hint = "raise the number of open files: ulimit -n 4096";
  else if (error == EPERM || error == EACCES)
    code = ErrorCode::permission;
  else if (error == EAFNOSUPPORT)
    code = ErrorCode::unsupported;
  return Error(code, "cannot " + what, where, std::strerror(error), std::move(hint));
}

}  // namespace dts::transport
