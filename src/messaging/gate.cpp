#include "messaging/gate.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace kelp::messaging {
namespace {

bool checked() noexcept {
  static const bool value = [] {
    const char* text = std::getenv("KELP_CHECK");
    return text != nullptr && std::strcmp(text, "1") == 0;
  }();
  return value;
}

}  // namespace

Gate::Gate() : word_(shared), forks_(fork_generation()), patience_(checked() ? 0 : 2000) {
  util::heavy_fence();  // decides which fences are used, before the first light one
  const ThreadId me = this_thread();
  biased_to_[0].store(me, std::memory_order_relaxed);  // not yet shared with anybody
  word_.store(me, std::memory_order_relaxed);
  biases_used_ = 1;
}

std::atomic<std::uint32_t>* Gate::my_busy_word(ThreadId me) noexcept {
  for (std::size_t i = 0; i < biases; ++i) {
    // Relaxed: only this thread can have written its own id and its own busy word.
    if (biased_to_[i].load(std::memory_order_relaxed) == me &&
        busy_[i].load(std::memory_order_relaxed) != 0) {
      return &busy_[i];
    }
  }
  return nullptr;
}

bool Gate::vacated() const noexcept {
  for (const auto& busy : busy_) {
    // Acquire: pairs with the release in leave().
    if (busy.load(std::memory_order_acquire) != 0) return false;
  }
  return true;
}

bool Gate::wait_until_vacated() const noexcept {
  for (int look = 0; !vacated(); ++look) {
    const bool settles = std::any_of(busy_.begin(), busy_.end(), [](const auto& busy) {
      return (busy.load(std::memory_order_acquire) & settling) != 0;
    });
    if (look >= patience_ && !settles && !vacated()) return false;
    std::this_thread::yield();
  }
  return true;
}

Gate::Entry Gate::enter_slowly() noexcept {
  const ThreadId me = this_thread();
  for (;;) {
    if (fork_generation() != forks_) return Entry::forked;
    std::uint64_t word = word_.load(std::memory_order_acquire);
    if (word == closed) return Entry::closed;
    if (auto* busy = my_busy_word(me)) {  // inside since before the bias was taken away
      busy->store(busy->load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
      return Entry::inside;
    }
    if (word != shared) {
      // Whoever it is biased to either sees `changing` after its light fence, or has made itself
      // visible in its busy word, at which enter_shared() looks. Everybody who sees `changing` passes
      // the fence, so that nobody looks too early.
      if (word != changing && !word_.compare_exchange_strong(word, changing, std::memory_order_seq_cst))
        continue;
      util::heavy_fence();
      word = changing;
      word_.compare_exchange_strong(word, shared, std::memory_order_seq_cst);
      continue;
    }
    const Entry entry = enter_shared(me);
    if (entry != Entry::inside || word_.load(std::memory_order_seq_cst) != closed) return entry;
    leave_slowly();
    return Entry::closed;
  }
}

Gate::Entry Gate::enter_shared(ThreadId me) noexcept {
  if (owner_.load(std::memory_order_relaxed) == me) {  // relaxed: only this thread writes its own id
    ++shared_depth_;
    return Entry::inside;
  }
  ThreadId nobody = 0;
  for (int look = 0; !owner_.compare_exchange_strong(nobody, me, std::memory_order_seq_cst); ++look) {
    if (look >= patience_) return Entry::busy;
    nobody = 0;
    std::this_thread::yield();
  }
  if (!wait_until_vacated()) {
    owner_.store(0, std::memory_order_release);
    return Entry::busy;
  }
  shared_depth_ = 1;
  if (biases_used_ < biases) bias_to(me);
  return Entry::inside;
}

void Gate::bias_to(ThreadId me) noexcept {
  const std::size_t bias = biases_used_++;
  biased_to_[bias].store(me, std::memory_order_relaxed);
  busy_[bias].store(1, std::memory_order_seq_cst);
  std::uint64_t word = shared;
  if (!word_.compare_exchange_strong(word, me + bias, std::memory_order_seq_cst)) {
    busy_[bias].store(0, std::memory_order_release);
    return;
  }
  shared_depth_ = 0;
  owner_.store(0, std::memory_order_release);
}

bool Gate::leave_slowly() noexcept {
  const ThreadId me = this_thread();
  bool last = false;
  if (auto* busy = my_busy_word(me)) {
    const std::uint32_t depth = (busy->load(std::memory_order_relaxed) & ~settling) - 1;
    busy->store(depth, std::memory_order_seq_cst);
    last = depth == 0;
  } else if (--shared_depth_ == 0) {
    owner_.store(0, std::memory_order_seq_cst);
    last = true;
  }
  return last && word_.load(std::memory_order_seq_cst) == closed;
}

bool Gate::enter_to_settle() noexcept {
  const ThreadId me = this_thread();
  const std::uint64_t word = word_.load(std::memory_order_relaxed);  // a guess, confirmed below
  if (word == closed) return false;
  if ((word & ~bias_mask) == me) [[likely]] {
    auto& busy = busy_[word & bias_mask];
    const std::uint32_t before = busy.load(std::memory_order_relaxed);  // only this thread writes it
    busy.store(before == 0 ? settling + 1 : before + 1, std::memory_order_relaxed);
    util::light_fence();
    if (word_.load(std::memory_order_acquire) == word) [[likely]]
      return true;  // as in enter()
    busy.store(before, std::memory_order_release);
  }
  return mine() && enter() == Entry::inside;
}

bool Gate::close() noexcept {
  const bool first = word_.exchange(closed, std::memory_order_seq_cst) != closed;
  util::heavy_fence();
  return first;
}

bool Gate::occupied() const noexcept { return !vacated() || owner_.load(std::memory_order_seq_cst) != 0; }

bool Gate::mine() const noexcept {
  const ThreadId me = this_thread();
  return const_cast<Gate*>(this)->my_busy_word(me) != nullptr ||
         owner_.load(std::memory_order_relaxed) == me;  // relaxed: as in enter_shared()
}

}  // namespace kelp::messaging
