// A value that many read and few change. Readers take no lock: they see the version that is current;
// a change copies it. Every version is kept until the process ends, because views into one (names,
// content types) may be held for ever; registries change a few times in a process's life.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

namespace kelp::codec {

template <class T>
class Snapshot {
 public:
  explicit Snapshot(T first) {
    versions_.push_back(std::make_unique<const T>(std::move(first)));
    // Release, as below.
    current_.store(versions_.back().get(), std::memory_order_release);
  }

  [[nodiscard]] const T& read() const noexcept {
    // Acquire: pairs with the release of change().
    return *current_.load(std::memory_order_acquire);
  }

  /// Changes a copy by `f(T&)`; when it throws nothing has changed.
  template <class F>
  void change(F&& f) {
    const std::lock_guard lock(mutex_);
    auto next = std::make_unique<T>(read());
    f(*next);
    versions_.push_back(std::move(next));
    // Release: who reads the pointer reads what it points to.
    current_.store(versions_.back().get(), std::memory_order_release);
  }

 private:
  std::atomic<const T*> current_{nullptr};
  std::mutex mutex_;
  std::vector<std::unique_ptr<const T>> versions_;
};

}  // namespace kelp::codec
