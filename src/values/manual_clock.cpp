// The clock of tests. Time is one word, moved only forward by compare-and-swap; listeners are called
// under a recursive mutex, so that remove_listener() returns only when nobody calls the listener,
// and a listener may add and remove while it is being told.
#include <algorithm>
#include <atomic>
#include <mutex>
#include <vector>

#include <kelp/clock.hpp>
#include <kelp/error.hpp>

#include "values/random.hpp"

namespace kelp {
namespace {

// Not zero, so that a time of this clock never looks like "not set".
constexpr Clock::duration start = std::chrono::hours(1);
// 2020-01-01T00:00:00Z: the wall time at `start`.
constexpr std::chrono::system_clock::time_point wall_start{std::chrono::seconds(1577836800)};

}  // namespace

struct ManualClock::State {
  State(std::uint64_t seed, bool advances) : source(seed), auto_advance(advances) {}

  std::atomic<Clock::duration::rep> ticks{start.count()};
  values::SplitMix64 source;
  const bool auto_advance;
  std::recursive_mutex mutex;
  std::vector<Listener*> listeners;  // null: removed while told
  unsigned telling = 0;

  [[nodiscard]] time_point now() const noexcept {
    // Acquire: who sees the new time sees what its mover did before.
    return time_point(duration(ticks.load(std::memory_order_acquire)));
  }

  void move_to(time_point until) noexcept {
    const auto wanted = until.time_since_epoch().count();
    // Relaxed: the value is only compared; the exchange below orders.
    auto seen = ticks.load(std::memory_order_relaxed);
    while (seen < wanted &&
           !ticks.compare_exchange_weak(seen, wanted, std::memory_order_acq_rel, std::memory_order_relaxed)) {
    }
  }

  // By index: a listener may add others while it is told.
  template <class F>
  void for_each_listener(F&& f) {
    ++telling;
    for (std::size_t i = 0; i < listeners.size(); ++i) {
      if (listeners[i] != nullptr) f(*listeners[i]);
    }
    if (--telling == 0) std::erase(listeners, nullptr);
  }

  // A listener that stays due (it may wait for another thread) does not hold time up.
  [[nodiscard]] time_point next_due_after(time_point last) {
    time_point next = never;
    for_each_listener([&](Listener& listener) {
      const time_point due = listener.next_due();
      if (due > last) next = std::min(next, due);
    });
    return next;
  }
  void tell() {
    for_each_listener([](Listener& listener) { listener.time_moved(); });
  }
};

ManualClock::ManualClock(std::uint64_t seed, bool auto_advance)
    : state_(std::make_unique<State>(seed, auto_advance)) {}
ManualClock::~ManualClock() = default;

Clock::time_point ManualClock::now() noexcept { return state_->now(); }

std::chrono::system_clock::time_point ManualClock::wall() noexcept {
  const duration passed = state_->now().time_since_epoch() - start;
  return wall_start + std::chrono::duration_cast<std::chrono::system_clock::duration>(passed);
}

std::uint64_t ManualClock::random() noexcept { return state_->source.next(); }

bool ManualClock::jump_to(time_point until) noexcept {
  if (!state_->auto_advance || until == never) return false;
  state_->move_to(until);
  return true;
}

void ManualClock::add_listener(Listener& listener) {
  const std::lock_guard lock(state_->mutex);
  state_->listeners.push_back(&listener);
}

void ManualClock::remove_listener(Listener& listener) noexcept {
  const std::lock_guard lock(state_->mutex);
  const auto found = std::find(state_->listeners.begin(), state_->listeners.end(), &listener);
  if (found == state_->listeners.end()) return;
  if (state_->telling > 0) {
    *found = nullptr;
  } else {
    state_->listeners.erase(found);
  }
}

void ManualClock::advance(duration by) {
  if (by < duration::zero()) {
    throw InvalidArgument("ManualClock::advance: " + std::to_string(by.count()) +
                          " ns is negative, and time does not go back");
  }
  const std::lock_guard lock(state_->mutex);
  const time_point target = deadline_after(by);
  time_point last = now();
  for (time_point due; (due = state_->next_due_after(last)) < target; last = due) {
    state_->move_to(due);
    state_->tell();
  }
  state_->move_to(target);
  state_->tell();
}

}  // namespace kelp
