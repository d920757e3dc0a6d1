// An outside program: it sees the installed headers and the exported symbols, nothing else.
#include <kelp/clock.hpp>
#include <kelp/error.hpp>
#include <kelp/version.hpp>

#include <cstdio>

int main() {
  // Thrown inside the library and caught here: type information crosses the boundary.
  try {
    kelp::ManualClock clock;
    clock.advance(std::chrono::nanoseconds(-1));
  } catch (const kelp::InvalidArgument&) {
    std::printf("kelp %s\n", KELP_VERSION);
    return kelp::version() == KELP_VERSION ? 0 : 1;
  }
  return 1;
}
