// One thread's bed: where it sleeps until somebody wakes it.
//
// `word_` holds a generation and a state: awake, announced (about to sleep or asleep), or woken. The
// sleeper announces, looks once more for work, and parks. A waker moves announced to woken, for the
// generation that it observed: exactly one waker wins, and never against a later sleep, so a
// successful unpark() can be counted on and who lost wakes somebody else.
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
  using Word = std::uint32_t;

  /// Owner: from now on unpark() succeeds, once.
  void announce() noexcept {
    // Relaxed load: only the owner starts a generation. The store is seq_cst so that a waker that
    // finds us registered also finds us announced.
    const Word old = word_.load(std::memory_order_relaxed);
    word_.store((old & ~state_mask) + next_generation + announced, std::memory_order_seq_cst);
  }

  /// Owner: sleeps until unpark() or `deadline` of the steady clock (Clock::never: no end).
  /// May return early for no reason.
  void park(Clock::time_point deadline) noexcept;

  /// Owner: back to awake; true when somebody had woken us.
  bool retract() noexcept {
    return (word_.fetch_and(~state_mask, std::memory_order_acq_rel) & state_mask) == woken;
  }

  /// Any thread: what unpark() must be given.
  [[nodiscard]] Word observe() const noexcept { return word_.load(std::memory_order_seq_cst); }
  [[nodiscard]] static bool sleeps(Word word) noexcept { return (word & state_mask) == announced; }
  /// Any thread: true when this call is the one that wakes the owner from the observed sleep.
  bool unpark(Word observed) noexcept;

 private:
  static constexpr Word state_mask = 3;
  static constexpr Word announced = 1;
  static constexpr Word woken = 2;
  static constexpr Word next_generation = 4;

  std::atomic<Word> word_{0};
#ifdef KELP_PORTABLE
  std::mutex mutex_;
  std::condition_variable condition_;
#endif
};

}  // namespace kelp::util
