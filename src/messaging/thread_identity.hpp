// A number for every thread that is never used again, so that a lock can be biased to it. After fork
// the thread that lives on in the child gets a new one: whatever was biased to the parent's thread
// is then not its own, and costs the common path nothing to find out.
#pragma once

#include <cstdint>

namespace kelp::messaging {

/// Threads have multiples of 8; the values below are free for other meanings.
using ThreadId = std::uint64_t;

namespace detail {
#if defined(__ELF__)
// initial-exec: one load instead of a call, in the shared library too.
extern __attribute__((tls_model("initial-exec"))) thread_local constinit ThreadId this_thread_id;
#else
extern thread_local constinit ThreadId this_thread_id;
#endif
ThreadId new_thread_id() noexcept;
}  // namespace detail

[[nodiscard]] inline ThreadId this_thread() noexcept {
  const ThreadId id = detail::this_thread_id;
  return id != 0 ? id : detail::new_thread_id();
}

/// Grows in a child of fork(). Registers the handler at its first use.
[[nodiscard]] std::uint32_t fork_generation() noexcept;

/// How many callbacks of kelp this thread is in.
[[nodiscard]] unsigned callback_depth() noexcept;
class InCallback {
 public:
  InCallback() noexcept;
  ~InCallback();
  InCallback(const InCallback&) = delete;
  InCallback& operator=(const InCallback&) = delete;
};

}  // namespace kelp::messaging
