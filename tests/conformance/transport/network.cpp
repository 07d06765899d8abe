// Hosts: namespaces by unshare and setns, interfaces by ip.
#include "network.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace dts::test {
namespace {

int skipped = 0;

int open_own_namespace() { return ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC); }

bool write_file(const char* path, const std::string& text) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(fd);
  return written;
}

// Root in a user namespace of our own, which is all an ordinary user needs here.
bool become_root_of_own_namespace() {
  const std::string user = "0 " + std::to_string(::getuid()) + " 1";
  const std::string group = "0 " + std::to_string(::getgid()) + " 1";
  return ::unshare(CLONE_NEWUSER) == 0 && write_file("/proc/self/setgroups", "deny") &&
         write_file("/proc/self/uid_map", user) && write_file("/proc/self/gid_map", group);
}

// A network namespace of its own for this thread.
bool unshare_network() {
  if (::unshare(CLONE_NEWNET) == 0) return true;
  static const bool root = become_root_of_own_namespace();
  return root && ::unshare(CLONE_NEWNET) == 0;
}

bool shell(const std::string& command) { return std::system(command.c_str()) == 0; }

class TellSkipped : public ::testing::Environment {
 public:
  void TearDown() override {
    if (skipped > 0) std::printf("lab: %d skipped\n", skipped);
  }
};
const auto* const tell_skipped = ::testing::AddGlobalTestEnvironment(new TellSkipped);

}  // namespace

bool namespaces_permitted() {
  // Tried in a child: a failed attempt may leave a process where it cannot come back from.
  static const bool permitted = [] {
    const pid_t child = ::fork();
    if (child == 0) std::_Exit(unshare_network() && shell("ip link set lo up") ? 0 : 1);
    int status = 1;
    if (child < 0 || ::waitpid(child, &status, 0) != child || status != 0) return false;
    return unshare_network();  // an ordinary user can only come back to a namespace of his own
  }();
  return permitted;
}

void enter_private_network() {
  // Once: threads that a library keeps stay where they were made.
  static bool entered = false;
  if (std::exchange(entered, true)) return;
  if (namespaces_permitted() && unshare_network() && shell("ip link set lo up")) return;
  std::printf("lab: no namespace of our own: this test runs on the machine's lo\n");
  ::setenv("DTS_TEST_LO_ONLY", "1", 1);
}

void count_skipped() {
  ++skipped;
  const auto* const test = ::testing::UnitTest::GetInstance()->current_test_info();
  std::printf("lab: SKIPPED %s.%s: network namespaces are not permitted here (run it as root)\n",
              test->test_suite_name(), test->name());
  ::testing::Test::RecordProperty("skipped", 1);
}

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
