// Back-pressure between the reader and the queues.
//
// What the reader publishes is cut into windows of a few MiB. At the end of a window every queue gets
// a marker; queues are first in first out, so once each queue has passed the marker nothing of the
// window is held any more. The bytes of unfinished windows are bounded: exactly, whatever the length
// of the lines and however they spread, without a counter per message.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>

namespace kelp::cli {

/// Threads: any.
class RouteWindows {
 public:
  explicit RouteWindows(std::size_t queues) : queues_(queues), healthy_queues_(queues) {}

  /// Waits until `bytes` more may be in flight beside the windows that were sealed. False: abort().
  bool wait_for_room(std::size_t bytes, std::size_t limit);
  /// The reader is about to send the markers of a window with so many bytes.
  void seal(std::size_t bytes);
  /// One queue has settled everything before its `number`-th marker (from 0).
  void passed(std::uint64_t number);

  /// One queue cannot keep its messages any more.
  void queue_failed() noexcept;
  /// True when none of them can, or after abort(): reading on is pointless.
  [[nodiscard]] bool pointless() const noexcept;

  /// Something broke that ends the run; the first text is kept. Wakes the reader.
  void abort(const std::string& why);
  [[nodiscard]] bool aborted() const;
  [[nodiscard]] std::string why() const;

 private:
  struct Window {
    std::size_t bytes;
    std::size_t queues_left;
  };

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  const std::size_t queues_;
  std::deque<Window> open_;
  std::uint64_t first_ = 0;  // the number of open_.front()
  std::size_t bytes_ = 0;    // of all in open_ that are not done
  std::atomic<std::size_t> healthy_queues_;
  bool aborted_ = false;
  std::string why_;
};

}  // namespace kelp::cli
