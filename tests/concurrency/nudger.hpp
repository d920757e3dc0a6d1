// Interrupts threads at random moments, so that they lose the processor in the middle of operations: with
// few processors that would happen some hundred times a second, and mostly at the same places.
#pragma once

#include <algorithm>
#include <atomic>
#include <csignal>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include <pthread.h>
#include <sched.h>

namespace kelp::testing {

class Nudger {
 public:
  explicit Nudger(std::uint64_t seed) {
    struct sigaction action {};
    action.sa_handler = [](int) { sched_yield(); };
    action.sa_flags = SA_RESTART;
    sigaction(SIGUSR2, &action, nullptr);
    thread_ = std::jthread([this, seed](std::stop_token stop) {
      std::mt19937_64 random(seed);
      while (!stop.stop_requested()) {
        std::this_thread::sleep_for(std::chrono::microseconds(random() % 100));
        const std::lock_guard lock(mutex_);
        if (!threads_.empty()) pthread_kill(threads_[random() % threads_.size()], SIGUSR2);
      }
    });
  }

  /// The calling thread is nudged while this lives.
  class Here {
   public:
    explicit Here(Nudger& nudger) : nudger_(nudger) {
      const std::lock_guard lock(nudger_.mutex_);
      nudger_.threads_.push_back(pthread_self());
    }
    ~Here() {
      const std::lock_guard lock(nudger_.mutex_);
      auto& all = nudger_.threads_;
      all.erase(
          std::find_if(all.begin(), all.end(), [](pthread_t t) { return pthread_equal(t, pthread_self()); }));
    }
    Here(const Here&) = delete;
    Here& operator=(const Here&) = delete;

   private:
    Nudger& nudger_;
  };

 private:
  std::mutex mutex_;
  std::vector<pthread_t> threads_;
  std::jthread thread_;
};

}  // namespace kelp::testing
