#include "util/asymmetric_fence.hpp"

#if defined(__linux__) && !defined(KELP_PORTABLE) && !defined(KELP_THREAD_SANITIZER)
#define KELP_USE_MEMBARRIER 1
#endif

#ifdef KELP_USE_MEMBARRIER
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace kelp::util {

namespace detail {
constinit std::atomic<int> asymmetric_state{0};

void decide_asymmetric_fence() noexcept {
  if (asymmetric_state.load(std::memory_order_acquire) != 0) return;
#ifdef KELP_USE_MEMBARRIER
  const bool granted = syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
#else
  const bool granted = false;
#endif
  int unknown = 0;
  // A thread that still saw 0 used the full fence, which pairs with either heavy form.
  asymmetric_state.compare_exchange_strong(unknown, granted ? 1 : 2, std::memory_order_acq_rel);
}
}  // namespace detail

bool has_asymmetric_fence() noexcept {
  detail::decide_asymmetric_fence();
  return detail::asymmetric_state.load(std::memory_order_acquire) == 1;
}

void heavy_fence() noexcept {
  full_fence();
#ifdef KELP_USE_MEMBARRIER
  if (has_asymmetric_fence()) {
    syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
  }
#endif
}

}  // namespace kelp::util
