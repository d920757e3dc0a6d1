#include "cli/stop_signal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include <kelp/error.hpp>

namespace kelp::cli {
namespace {

// A pipe that is never emptied: once a signal came, every poll sees it at once, so that a signal
// between the check of the flag and the wait is not lost.
std::atomic<bool> stop_requested{false};
int wake_read = -1;
int wake_write = -1;

void on_signal(int) {
  const int saved = errno;
  StopSignal::request();
  errno = saved;
}

}  // namespace

void StopSignal::install() {
  if (wake_read < 0) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
      throw OperationalError(std::string("cannot make a pipe: ") + std::strerror(errno), false);
    wake_read = ends[0];
    wake_write = ends[1];
  }
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action, nullptr);
}

bool StopSignal::requested() noexcept {
  // Relaxed: a flag that carries no data; that a line more is read does not matter.
  return stop_requested.load(std::memory_order_relaxed);
}

void StopSignal::request() noexcept {
  // Relaxed: see requested().
  if (stop_requested.exchange(true, std::memory_order_relaxed)) return;
  const char byte = 0;
  if (wake_write >= 0 && write(wake_write, &byte, 1) < 0) return;  // full: the reader is awake anyway
}

bool StopSignal::wait_readable(int fd) noexcept {
  pollfd fds[2] = {{fd, POLLIN, 0}, {wake_read, POLLIN, 0}};  // poll ignores a negative descriptor
  while (!requested()) {
    const int ready = poll(fds, 2, -1);
    if (ready < 0 && errno == EINTR) continue;
    if (requested()) return false;
    if (ready < 0 || fds[0].revents != 0) return true;  // read() tells what is wrong with it
  }
  return false;
}

}  // namespace kelp::cli
