// One thread's bed: where it sleeps until somebody wakes it.
//
// `word` is 0 (awake), 1 (announced: about to sleep or asleep) or 2 (woken). The sleeper announces,
// looks once more for work, and parks; a waker moves 1 to 2 and wakes. Exactly one waker wins, so a
// wake-up can be counted on: who lost wakes somebody else.
#pragma once

#include <atomic>
#include <cstdint>

#include <kelp/clock.hpp>

#ifdef KELP_PORTABLE
#include <condition_variable>
#include <mutex>
#endif

namespace kelp::util {

class Parker {
 public:
  /// Owner: from now on unpark() succeeds.
  void announce() noexcept { word_.store(1, std::memory_order_seq_cst); }

  /// Owner: sleeps until unpark() or `deadline` of the steady clock (Clock::never: no end).
  /// May return early for no reason.
  void park(Clock::time_point deadline) noexcept;

  /// Owner: back to awake; true when somebody had woken us.
  bool retract() noexcept { return word_.exchange(0, std::memory_order_acq_rel) == 2; }

  /// Any thread: true when this call is the one that wakes the owner.
  bool unpark() noexcept;

  /// Any thread: is somebody here to be woken?
  [[nodiscard]] bool announced() const noexcept { return word_.load(std::memory_order_seq_cst) == 1; }

 private:
  std::atomic<std::uint32_t> word_{0};
#ifdef KELP_PORTABLE
  std::mutex mutex_;
  std::condition_variable condition_;
#endif
};

}  // namespace kelp::util
