#include "messaging/thread_identity.hpp"

#include <atomic>

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#define KELP_HAS_FORK 1
#endif

namespace kelp::messaging {
namespace {

constinit std::atomic<std::uint64_t> last_thread{0};
constinit std::atomic<std::uint32_t> forks{0};
constinit thread_local unsigned depth = 0;

void in_child() noexcept {
  // Relaxed: a child starts with one thread.
  forks.fetch_add(1, std::memory_order_relaxed);
  detail::this_thread_id = 0;
}

void watch_forks() noexcept {
#ifdef KELP_HAS_FORK
  static const int registered = pthread_atfork(nullptr, nullptr, in_child);
  static_cast<void>(registered);
#endif
}

}  // namespace

namespace detail {

#if defined(__ELF__)
__attribute__((tls_model("initial-exec")))
#endif
thread_local constinit ThreadId this_thread_id = 0;

ThreadId new_thread_id() noexcept {
  watch_forks();
  // Relaxed: only uniqueness counts.
  this_thread_id = 8 * (last_thread.fetch_add(1, std::memory_order_relaxed) + 1);
  return this_thread_id;
}

}  // namespace detail

std::uint32_t fork_generation() noexcept {
  watch_forks();
  // Relaxed: it changes only where there is one thread.
  return forks.load(std::memory_order_relaxed);
}

unsigned callback_depth() noexcept { return depth; }
InCallback::InCallback() noexcept { ++depth; }
InCallback::~InCallback() { --depth; }

}  // namespace kelp::messaging
