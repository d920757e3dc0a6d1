// A shared bag of pointers: any thread puts, any thread takes, in no order at all. Where order does
// not matter (spare segments, spare slabs, work handed to a pool of threads) moodycamel's queue is
// the best there is. This is the only file that names it.
#pragma once

#include <cstddef>

#include "util/asymmetric_fence.hpp"

#ifdef KELP_THREAD_SANITIZER
#include <deque>
#include <mutex>
#include <new>
#elif __has_include(<concurrentqueue/concurrentqueue.h>)
#include <concurrentqueue/concurrentqueue.h>
#elif __has_include(<concurrentqueue/moodycamel/concurrentqueue.h>)
#include <concurrentqueue/moodycamel/concurrentqueue.h>
#else
#include <concurrentqueue.h>
#endif

namespace kelp::util {

#ifndef KELP_THREAD_SANITIZER
template <class T>
class Bag {
 public:
  explicit Bag(std::size_t capacity_hint = 256) : queue_(capacity_hint) {}

  /// False when there was no memory; `item` is then still the caller's. Allocates only when the bag
  /// has never been so full.
  [[nodiscard]] bool put(T item) { return queue_.enqueue(static_cast<T&&>(item)); }
  /// Never allocates; false when there is no room.
  [[nodiscard]] bool try_put(T item) { return queue_.try_enqueue(static_cast<T&&>(item)); }
  /// False when nothing was found.
  [[nodiscard]] bool take(T& item) { return queue_.try_dequeue(item); }
  /// A guess while others work.
  [[nodiscard]] std::size_t size_hint() const { return queue_.size_approx(); }

 private:
  moodycamel::ConcurrentQueue<T> queue_;
};
#else
/// ThreadSanitizer does not follow the fences inside the other one.
template <class T>
class Bag {
 public:
  explicit Bag(std::size_t = 0) {}
  [[nodiscard]] bool put(T item) try {
    const std::lock_guard lock(mutex_);
    items_.push_back(static_cast<T&&>(item));
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
  [[nodiscard]] bool try_put(T item) { return put(static_cast<T&&>(item)); }
  [[nodiscard]] bool take(T& item) {
    const std::lock_guard lock(mutex_);
    if (items_.empty()) return false;
    item = static_cast<T&&>(items_.front());
    items_.pop_front();
    return true;
  }
  [[nodiscard]] std::size_t size_hint() const {
    const std::lock_guard lock(mutex_);
    return items_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::deque<T> items_;
};
#endif

}  // namespace kelp::util
