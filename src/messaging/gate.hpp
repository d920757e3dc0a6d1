// Who may be inside a channel: one thread at a time, and nobody once it is closed.
//
// The gate is biased. While one thread uses it, entering is a plain store to that thread's own busy
// word, a light fence and a comparison; a thread that comes second (and whoever closes) pays for both
// with a heavy fence, as in util/asymmetric_fence.hpp: it makes the gate shared, where entering is a
// compare-and-swap on `owner_` and a look at the busy words, and biases it to itself. After three
// biases the gate stays shared. Who finds somebody inside looks again for a while before it counts as
// misuse; under KELP_CHECK=1 it does not. Settling from outside a callback is allowed at any time, so
// that is waited for.
//
// `word_` is the id of the thread it is biased to plus the number of the bias (ids are multiples of
// 8), or `shared`, or `closed`. Each bias has a busy word of its own, so a thread that lost its bias
// while it was entering cannot disturb the next one: it sees the new word and backs out.
// Entering again while inside is allowed.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "messaging/thread_identity.hpp"
#include "util/asymmetric_fence.hpp"

namespace kelp::messaging {

class Gate {
 public:
  enum class Entry : std::uint8_t {
    inside,
    closed,
    forked,  ///< the process was forked since the gate was made
    busy,    ///< another thread is inside
  };

  Gate();
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  /// Enters and counts; leave() for every `inside`.
  [[nodiscard]] Entry enter() noexcept {
    // Relaxed: a first guess, which is confirmed after the fence.
    const std::uint64_t word = word_.load(std::memory_order_relaxed);
    if ((word & ~bias_mask) == this_thread()) [[likely]] {
      auto& busy = busy_[word & bias_mask];
      const std::uint32_t depth = busy.load(std::memory_order_relaxed);  // only this thread writes it
      busy.store(depth + 1, std::memory_order_relaxed);
      util::light_fence();
      // Acquire: after a change of bias or a close, what was done before it is visible.
      if (word_.load(std::memory_order_acquire) == word) [[likely]]
        return Entry::inside;
      busy.store(depth, std::memory_order_release);
    }
    return enter_slowly();
  }

  /// True when this was the last level and the gate has been closed meanwhile.
  bool leave() noexcept {
    const std::uint64_t word = word_.load(std::memory_order_relaxed);
    if ((word & ~bias_mask) == this_thread()) [[likely]] {
      auto& busy = busy_[word & bias_mask];
      const std::uint32_t depth = (busy.load(std::memory_order_relaxed) & ~settling) - 1;
      // Release: what was done inside comes before the next thread's or the closer's look.
      busy.store(depth, std::memory_order_release);
      util::light_fence();
      return depth == 0 && word_.load(std::memory_order_relaxed) == closed;
    }
    return leave_slowly();
  }

  /// For one settlement: as enter(), but only when this thread is inside already or is the one the
  /// gate is biased to. Never waits and never takes the gate from another thread.
  [[nodiscard]] bool enter_to_settle() noexcept;

  /// Nobody can enter from now on. True for the one call that closed it.
  bool close() noexcept;
  [[nodiscard]] bool is_closed() const noexcept { return word_.load(std::memory_order_acquire) == closed; }
  /// After close(): is a thread inside still? Once false nobody will be, though a thread that was
  /// about to enter may make it true for a moment.
  [[nodiscard]] bool occupied() const noexcept;
  /// Is this thread inside?
  [[nodiscard]] bool mine() const noexcept;

 private:
  static constexpr std::uint64_t bias_mask = 7;
  static constexpr std::uint64_t shared = 1;
  static constexpr std::uint64_t closed = 2;
  static constexpr std::uint64_t changing = 3;  // from a bias to shared
  static constexpr std::size_t biases = 3;
  static constexpr std::uint32_t settling = 1u << 31;  // in a busy word: for one settlement only

  Entry enter_slowly() noexcept;
  Entry enter_shared(ThreadId me) noexcept;
  bool leave_slowly() noexcept;
  void bias_to(ThreadId me) noexcept;
  [[nodiscard]] bool vacated() const noexcept;
  [[nodiscard]] bool wait_until_vacated() const noexcept;
  [[nodiscard]] std::atomic<std::uint32_t>* my_busy_word(ThreadId me) noexcept;

  std::atomic<std::uint64_t> word_;
  std::array<std::atomic<std::uint32_t>, biases> busy_{};
  std::atomic<ThreadId> owner_{0};  // who is inside a shared gate
  std::array<std::atomic<ThreadId>, biases> biased_to_{};
  std::uint32_t shared_depth_ = 0;  // the owner's
  std::size_t biases_used_ = 0;     // the owner's
  std::uint32_t forks_;
  int patience_;  // how often to look again before a thread inside counts as misuse
};

}  // namespace kelp::messaging
