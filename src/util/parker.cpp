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
  const auto woken = [this] { return word_.load(std::memory_order_acquire) != 1; };
  if (deadline == Clock::never) {
    condition_.wait(lock, woken);
  } else {
    condition_.wait_until(lock, deadline, woken);
  }
}

bool Parker::unpark() noexcept {
  std::uint32_t announced = 1;
  // Relaxed on failure: nothing is read through it.
  if (!word_.compare_exchange_strong(announced, 2, std::memory_order_seq_cst, std::memory_order_relaxed)) {
    return false;
  }
  const std::lock_guard lock(mutex_);  // not between the sleeper's check and its wait
  condition_.notify_one();
  return true;
}

#else

void Parker::park(Clock::time_point deadline) noexcept {
  timespec until{};
  if (deadline != Clock::never) {
    const auto since = deadline.time_since_epoch();
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since);
    until.tv_sec = static_cast<time_t>(seconds.count());
    until.tv_nsec = static_cast<long>((since - seconds).count());
    if (since < Clock::duration::zero()) return;
  }
  // FUTEX_WAIT_BITSET takes an absolute CLOCK_MONOTONIC time, which is libstdc++'s steady_clock.
  syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word_), FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 1,
          deadline == Clock::never ? nullptr : &until, nullptr, FUTEX_BITSET_MATCH_ANY);
}

bool Parker::unpark() noexcept {
  std::uint32_t announced = 1;
  // Relaxed on failure: nothing is read through it.
  if (!word_.compare_exchange_strong(announced, 2, std::memory_order_seq_cst, std::memory_order_relaxed)) {
    return false;
  }
  syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word_), FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, nullptr,
          nullptr, 0);
  return true;
}

#endif

}  // namespace kelp::util
