// Interrupt: Ctrl-C and SIGTERM. The first asks for a clean stop (exit code 0 for what runs until
// stopped), the second ends the process at once with 130.
#pragma once

namespace dts::cli {

// Installs the handlers; also ignores SIGPIPE, so that a reader that goes away is seen as EPIPE.
void catch_interrupts();
bool interrupted();
// Readable once interrupted; -1 before catch_interrupts().
int interrupt_fd();

}  // namespace dts::cli
