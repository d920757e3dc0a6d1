// Who sleeps, and who wakes whom.
//
// A Bell is the bed of one waiting channel; bells are type-stable (State keeps them until the broker
// dies), so a waker may look at one that has meanwhile gone elsewhere. A WaiterSet is the bells that
// wait for one thing: a queue's messages, or a connection's interrupt.
//
// A publisher stores its message and reads count_; when it is 0 nobody sleeps and nothing was paid.
// A sleeper announces its bell, registers it, passes heavy_fence(), and looks once more: either the
// publisher saw the registration, or the sleeper sees the message. wake_one() picks the bell that
// has slept longest; each message wakes at most one sleeper. A sleeper that was woken and leaves
// without having taken anything from a queue passes the wake on (Connection::receive).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "util/parker.hpp"

namespace kelp::broker {

struct Bell {
  util::Parker parker;
  std::atomic<std::uint64_t> ticket{0};  // smaller: asleep for longer
  Bell* next = nullptr;                  // owned by State's list
  std::atomic<bool> in_use{true};
};

class WaiterSet {
 public:
  WaiterSet() = default;
  ~WaiterSet();
  WaiterSet(const WaiterSet&) = delete;
  WaiterSet& operator=(const WaiterSet&) = delete;

  /// True when somebody may be asleep. After the message is stored.
  [[nodiscard]] bool any() const noexcept { return count_.load(std::memory_order_seq_cst) != 0; }

  /// Owner of the bell, which has been announced. May allocate when more wait than ever before.
  void add(Bell& bell);
  /// Owner of the bell.
  void remove(Bell& bell) noexcept;

  /// Wakes who has slept longest; false when nobody is asleep. Any thread, lock-free.
  bool wake_one() noexcept;
  void wake_all() noexcept;

 private:
  struct Chunk {
    std::array<std::atomic<Bell*>, 6> slots{};
    std::atomic<Chunk*> next{nullptr};
  };
  template <class F>
  void for_each_slot(F&& f) noexcept;

  std::atomic<std::uint32_t> count_{0};
  Chunk first_;
};

}  // namespace kelp::broker
