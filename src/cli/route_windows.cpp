#include "cli/route_windows.hpp"

namespace kelp::cli {

bool RouteWindows::wait_for_room(std::size_t bytes, std::size_t limit) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return aborted_ || bytes_ == 0 || bytes_ + bytes <= limit; });
  return !aborted_;
}

void RouteWindows::seal(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  open_.push_back({bytes, queues_});
  bytes_ += bytes;
}

void RouteWindows::passed(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  Window& window = open_[static_cast<std::size_t>(number - first_)];
  if (--window.queues_left > 0) return;
  bytes_ -= window.bytes;
  while (!open_.empty() && open_.front().queues_left == 0) {
    open_.pop_front();
    ++first_;
  }
  changed_.notify_one();
}

void RouteWindows::queue_failed() noexcept {
  // Relaxed, here and below: it carries no data, a line more or less does not matter.
  healthy_queues_.fetch_sub(1, std::memory_order_relaxed);
}

bool RouteWindows::pointless() const noexcept { return healthy_queues_.load(std::memory_order_relaxed) == 0; }

void RouteWindows::abort(const std::string& why) {
  const std::lock_guard lock(mutex_);
  if (!aborted_) why_ = why;
  aborted_ = true;
  healthy_queues_.store(0, std::memory_order_relaxed);
  changed_.notify_all();
}

bool RouteWindows::aborted() const {
  const std::lock_guard lock(mutex_);
  return aborted_;
}

std::string RouteWindows::why() const {
  const std::lock_guard lock(mutex_);
  return why_;
}

}  // namespace kelp::cli
