// Hosts: namespaces by unshare and setns, interfaces by ip.
#include "network.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace dts::test {
namespace {

int skipped = 0;

int open_own_namespace() { return ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC); }

// A namespace of our own for this thread; as an ordinary user, inside a user namespace.
bool unshare_network() {
  if (::unshare(CLONE_NEWNET) == 0) return true;
  static const bool user_namespace = ::unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
  return user_namespace && ::unshare(CLONE_NEWNET) == 0;
}

bool shell(const std::string& command) { return std::system(command.c_str()) == 0; }

class TellSkipped : public ::testing::Environment {
 public:
  void TearDown() override {
    if (skipped > 0) std::printf("lab: %d skipped (network namespaces not permitted)\n", skipped);
  }
};
const auto* const tell_skipped = ::testing::AddGlobalTestEnvironment(new TellSkipped);

}  // namespace

bool namespaces_permitted() {
  static const bool permitted = [] {
    const int before = open_own_namespace();
    const bool made = unshare_network() && shell("ip link set lo up");
    if (made && ::setns(before, CLONE_NEWNET) != 0) {
      std::perror("setns");
      std::abort();
    }
    ::close(before);
    return made;
  }();
  return permitted;
}

void enter_private_network() {
  if (namespaces_permitted() && unshare_network() && shell("ip link set lo up")) return;
  std::printf("lab: no namespace of our own: this test runs on the machine's lo\n");
  ::setenv("DTS_TEST_LO_ONLY", "1", 1);
}

void count_skipped() { ++skipped; }

Host::Host() {
  const int before = open_own_namespace();
  EXPECT_TRUE(unshare_network());
  EXPECT_TRUE(shell("ip link set lo up"));
  handle_ = open_own_namespace();
  EXPECT_EQ(::setns(before, CLONE_NEWNET), 0) << std::strerror(errno);
  ::close(before);
}

Host::~Host() { ::close(handle_); }

bool Host::run(const std::string& command) const {
  const On on(*this);
  return shell(command);
}

std::string Host::path() const {
  return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(handle_);
}

On::On(const Host& host) : before_(open_own_namespace()) {
  EXPECT_EQ(::setns(host.handle(), CLONE_NEWNET), 0) << std::strerror(errno);
}

On::~On() {
  EXPECT_EQ(::setns(before_, CLONE_NEWNET), 0) << std::strerror(errno);
  ::close(before_);
}

bool connect(const Host& a, const std::string& name_a, const Host& b, const std::string& name_b,
             int net) {
  const std::string subnet = "10." + std::to_string(net) + ".0.";
  // Addresses last: an interface counts from the moment it has one, and then it shall be whole.
  return a.run("ip link add " + name_a + " type veth peer name " + name_b + " netns " + b.path()) &&
         b.run("ip link set " + name_b + " up") && a.run("ip link set " + name_a + " up") &&
         b.run("ip addr add " + subnet + "2/24 dev " + name_b) &&
         a.run("ip addr add " + subnet + "1/24 dev " + name_a);
}

}  // namespace dts::test
