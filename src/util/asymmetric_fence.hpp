// A pair of fences of which the common side is free.
//
// Two threads that each write one word and then read the other's need a full fence on both sides
// (Dekker). When one side is rare, it can pay for both: membarrier(2) makes every running thread of
// the process execute a full fence. light_fence() is then only a compiler barrier. Where the kernel
// denies membarrier, or under -Dportable=true, both are seq_cst fences.
// Source: Linux membarrier(2); "Asymmetric fences", WG21 P1202.
#pragma once

#include <atomic>

#if defined(__SANITIZE_THREAD__)
#define KELP_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define KELP_THREAD_SANITIZER 1
#endif
#endif

namespace kelp::util {

/// True when light_fence() costs nothing. Decided once, at the first use.
[[nodiscard]] bool has_asymmetric_fence() noexcept;

namespace detail {
extern std::atomic<int> asymmetric_state;  // 0 unknown, 1 membarrier, 2 seq_cst on both sides
void decide_asymmetric_fence() noexcept;
}  // namespace detail

/// Both sides at once, for a path that is rare on both.
inline void full_fence() noexcept {
#ifdef KELP_THREAD_SANITIZER
  // ThreadSanitizer does not follow fences, and gcc refuses them there. A locked operation is one on
  // the machines that it runs on; on a word that nobody shares it hides no race.
  std::atomic<int> own{0};
  own.exchange(1, std::memory_order_seq_cst);
#else
  std::atomic_thread_fence(std::memory_order_seq_cst);
#endif
}

/// The frequent side.
inline void light_fence() noexcept {
  // Relaxed: the state only ever goes from 0 to its final value, and both fences treat 0 as "not
  // yet known" by taking the expensive form.
  if (detail::asymmetric_state.load(std::memory_order_relaxed) == 1) [[likely]] {
    std::atomic_signal_fence(std::memory_order_seq_cst);
    return;
  }
  full_fence();
}

/// The rare side: after it, every light_fence() of another thread is ordered as if it were full.
void heavy_fence() noexcept;

}  // namespace kelp::util
