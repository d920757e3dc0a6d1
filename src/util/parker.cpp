#include "util/parker.hpp"

#ifndef KELP_PORTABLE
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#endif

namespace kelp::util {

#ifdef KELP_PORTABLE

void Parker::park(Clock::time_point deadline) noexcept {
  std::unique_lock lock(mutex_);
  const auto called = [this] { return !sleeps(word_.load(std::memory_order_acquire)); };
  if (deadline == Clock::never) {
    condition_.wait(lock, called);
  } else {
    condition_.wait_until(lock, deadline, called);
  }
}

bool Parker::unpark(Word observed) noexcept {
  if (!sleeps(observed)) return false;
  // Relaxed on failure: nothing is read through it.
  if (!word_.compare_exchange_strong(observed, observed - announced + woken, std::memory_order_seq_cst,
                                     std::memory_order_relaxed)) {
    return false;
  }
  const std::lock_guard lock(mutex_);  // not between the sleeper's check and its wait
  condition_.notify_one();
  return true;
}

#else

void Parker::park(Clock::time_point deadline) noexcept {
  const Word word = word_.load(std::memory_order_acquire);
  if (!sleeps(word)) return;
  timespec until{};
  if (deadline != Clock::never) {
    const auto since = deadline.time_since_epoch();
    if (since < Clock::duration::zero()) return;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since);
    until.tv_sec = static_cast<time_t>(seconds.count());
    until.tv_nsec = static_cast<long>((since - seconds).count());
  }
  // FUTEX_WAIT_BITSET takes an absolute CLOCK_MONOTONIC time, which is libstdc++'s steady_clock.
  syscall(SYS_futex, reinterpret_cast<Word*>(&word_), FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, word,
          deadline == Clock::never ? nullptr : &until, nullptr, FUTEX_BITSET_MATCH_ANY);
}

bool Parker::unpark(Word observed) noexcept {
  if (!sleeps(observed)) return false;
  // Relaxed on failure: nothing is read through it.
  if (!word_.compare_exchange_strong(observed, observed - announced + woken, std::memory_order_seq_cst,
                                     std::memory_order_relaxed)) {
    return false;
  }
  syscall(SYS_futex, reinterpret_cast<Word*>(&word_), FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, nullptr, nullptr,
          0);
  return true;
}

#endif

}  // namespace kelp::util
