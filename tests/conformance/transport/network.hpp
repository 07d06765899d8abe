// Hosts made of network namespaces, for tests that need a real kernel and no real network. A Host
// is a namespace; code runs "on" it while an On is alive. Without the permission to make them the
// tests that need several hosts say so loudly and are counted ("lab: N skipped").
#pragma once

#include <string>

namespace dts::test {

// Is a namespace of our own possible here? When it is not, `why` says what the kernel said.
bool namespaces_permitted();

// For tests that need one network only: in a namespace of its own with lo up where that is
// permitted, else on the machine's lo.
void enter_private_network();

class Host {
 public:
  Host();  // a new namespace, lo up
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  ~Host();
  // Runs a command there ("ip link ..."). False when it fails.
  bool run(const std::string& command) const;
  int handle() const { return handle_; }
  // A path other commands can name it by ("ip link set vb netns <path>").
  std::string path() const;

 private:
  int handle_ = -1;
};

// While it lives, this thread is on `host`: sockets opened belong there.
class On {
 public:
  explicit On(const Host& host);
  On(const On&) = delete;
  On& operator=(const On&) = delete;
  ~On();

 private:
  int before_ = -1;
};

// A cable: `name_a` on a (10.<net>.0.1/24) to `name_b` on b (10.<net>.0.2/24), both up.
bool connect(const Host& a, const std::string& name_a, const Host& b, const std::string& name_b,
             int net);

// Ends the test where several hosts cannot be made, and says and counts so.
#define DTS_NEEDS_HOSTS()                     \
  if (!::dts::test::namespaces_permitted()) { \
    ::dts::test::count_skipped();             \
    return;                                   \
  }
void count_skipped();

}  // namespace dts::test
