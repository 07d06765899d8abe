#include <cli/interrupt.hpp>

#include <fcntl.h>
#include <unistd.h>
#include <csignal>

#include <cli/command.hpp>

namespace dts::cli {

namespace {

// Signal handlers can reach nothing but globals.
volatile std::sig_atomic_t g_count = 0;
int g_pipe[2] = {-1, -1};

extern "C" void on_interrupt(int) {
  g_count = g_count + 1;
  if (g_count > 1) ::_exit(exit_interrupted);
  const char byte = 1;
  [[maybe_unused]] const ssize_t written = ::write(g_pipe[1], &byte, 1);
}

}  // namespace

void catch_interrupts() {
  if (g_pipe[0] >= 0) return;
  if (::pipe2(g_pipe, O_CLOEXEC | O_NONBLOCK) != 0) return;
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  action.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &action, nullptr);
}

bool interrupted() { return g_count > 0; }
int interrupt_fd() { return g_pipe[0]; }

}  // namespace dts::cli
