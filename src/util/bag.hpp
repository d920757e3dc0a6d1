// A shared bag of pointers: any thread puts, any thread takes, in no order at all. Where order does
// not matter (spare segments, spare slabs, work handed to a pool of threads) moodycamel's queue is
// the best there is. This is the only file that names it.
#pragma once

#include <cstddef>

#if __has_include(<concurrentqueue/concurrentqueue.h>)
#include <concurrentqueue/concurrentqueue.h>
#elif __has_include(<concurrentqueue/moodycamel/concurrentqueue.h>)
#include <concurrentqueue/moodycamel/concurrentqueue.h>
#else
#include <concurrentqueue.h>
#endif

namespace kelp::util {

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

}  // namespace kelp::util
