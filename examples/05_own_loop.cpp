// A program with a loop of its own: fd() says when poll() has work; no thread is started.
//   ./05_own_loop          shows readings until a line is typed (or the input ends)
#include <poll.h>

#include <cstdio>
#include <dts/dts.hpp>

struct Temperature {
  double celsius;
  std::int32_t tank;
  static constexpr auto dts =
      dts::type("brewery.Temperature", dts::field(&Temperature::celsius).unit("Cel"));
};

int main() {
  dts::Domain domain;
  auto readings = domain.subscribe<Temperature>(
      [](const Temperature& t) { std::printf("tank %d  %.2f C\n", t.tank, t.celsius); });
  pollfd handles[2] = {{0, POLLIN, 0}, {domain.fd(), POLLIN, 0}};
  for (;;) {
    ::poll(handles, 2, -1);
    if (handles[1].revents != 0) domain.poll();
    if (handles[0].revents != 0) break;
  }
}
