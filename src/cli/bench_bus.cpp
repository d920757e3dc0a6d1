#include "cli/bench_bus.hpp"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <kelp/broker.hpp>
#include <kelp/channel.hpp>
#include <kelp/connection.hpp>

#include "cli/exit_code.hpp"
#include "cli/text.hpp"

namespace kelp::cli {
namespace {

constexpr std::uint64_t in_flight = 1024;  // what the publishing thread may be ahead
constexpr std::size_t batch = 64;
constexpr std::size_t fan = 10;

/// Joins without sleeping: whether a sleeping join needs a system call depends on who is first, and
/// the number of system calls is to be the same in every run.
class BusyJoinedThread {
 public:
  explicit BusyJoinedThread(const std::function<void()>& body) {
    const auto run = [](void* function) -> void* {
      (*static_cast<const std::function<void()>*>(function))();
      return nullptr;
    };
    const int error = pthread_create(&thread_, nullptr, run, const_cast<std::function<void()>*>(&body));
    if (error != 0) throw std::system_error(error, std::generic_category(), "cannot start a thread");
  }
  ~BusyJoinedThread() {
#if defined(__linux__)
    while (pthread_tryjoin_np(thread_, nullptr) == EBUSY) sched_yield();
#else
    pthread_join(thread_, nullptr);
#endif
  }
  BusyJoinedThread(const BusyJoinedThread&) = delete;
  BusyJoinedThread& operator=(const BusyJoinedThread&) = delete;

 private:
  pthread_t thread_{};
};

/// Everything that allocates happens in the constructor and in warm_up(): after them a message costs
/// no allocation and no system call, and nobody ever sleeps.
class Bench {
 public:
  explicit Bench(const BenchBusOptions& options)
      : options_(options),
        connection_(broker_),
        publishing_(connection_.channel()),
        consuming_(connection_.channel()),
        body_(options.size, 'k') {
    const bool fanout = options.mode == BenchBusOptions::Mode::fanout;
    publishing_.exchange_declare({.name = "bench", .type = fanout ? "fanout" : "direct"});
    for (std::size_t i = 0; i < (fanout ? fan : 1); ++i) {
      const std::string queue = "bench." + std::to_string(i);
      publishing_.queue_declare({.name = queue});
      publishing_.queue_bind(queue, "bench", "key");
      consumers_.push_back(consuming_.subscribe(queue));
    }
  }

  /// Seconds.
  double run() {
    warm_up();
    const auto start = std::chrono::steady_clock::now();
    if (options_.mode == BenchBusOptions::Mode::threads)
      two_threads(options_.messages, false);
    else
      one_thread(options_.messages);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }

 private:
  /// As deep as it ever gets, from the threads that will do it.
  void warm_up() {
    if (options_.mode == BenchBusOptions::Mode::threads) {
      for (int round = 0; round < 4; ++round) {
        two_threads(in_flight, true);
        two_threads(in_flight, false);
      }
    }
    for (std::uint64_t i = 0; i < in_flight; ++i) publish();
    for (std::uint64_t i = 0; i < in_flight; ++i) take_one_each();
    one_thread(64 * in_flight);  // until segments come round again
  }

  void publish() { publishing_.publish({"bench", "key"}, body_); }

  void take_one_each() {
    for (PullConsumer& consumer : consumers_) {
      Delivery delivery;
      while (consumer.receive({&delivery, 1}, Timeout::zero()) == 0) sched_yield();
      consumer.ack(delivery);
    }
  }

  /// Does not sleep when the queue is empty: a sleeper would make the publisher wake it.
  void take(std::uint64_t count) {
    std::array<Delivery, batch> deliveries;
    std::array<Settlement, batch> settlements;
    while (count > 0 && !failed_.load(std::memory_order_relaxed)) {
      const std::size_t got = consumers_.front().receive(deliveries, Timeout::zero());
      if (got == 0) {
        sched_yield();
        continue;
      }
      for (std::size_t i = 0; i < got; ++i)
        settlements[i] = {.tag = deliveries[i].tag, .outcome = Settle::ack};
      consumers_.front().settle({settlements.data(), got});
      count -= got;
      taken_.fetch_add(got, std::memory_order_relaxed);
    }
  }

  void one_thread(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      publish();
      take_one_each();
    }
  }

  /// `apart`: the second thread starts when the first has ended.
  void two_threads(std::uint64_t count, bool apart) {
    // Relaxed, all of both: they carry no data, the queue orders the messages.
    taken_.store(0, std::memory_order_relaxed);
    std::exception_ptr failure;
    const std::function<void()> publish_all = [&] {
      try {
        for (std::uint64_t i = 0; i < count; ++i) {
          while (i - taken_.load(std::memory_order_relaxed) >= in_flight) sched_yield();
          publish();
        }
      } catch (...) {
        failure = std::current_exception();
        failed_.store(true, std::memory_order_relaxed);
      }
    };
    {
      const BusyJoinedThread publisher(publish_all);
      if (!apart) take(count);
    }
    if (apart) take(count);
    if (failure) std::rethrow_exception(failure);
  }

  const BenchBusOptions& options_;
  Broker broker_;
  Connection connection_;
  Channel publishing_;
  Channel consuming_;
  std::vector<PullConsumer> consumers_;
  std::string body_;
  std::atomic<std::uint64_t> taken_{0};
  std::atomic<bool> failed_{false};
};

const char* name_of(BenchBusOptions::Mode mode) {
  switch (mode) {
    case BenchBusOptions::Mode::same:
      return "same";
    case BenchBusOptions::Mode::threads:
      return "threads";
    case BenchBusOptions::Mode::fanout:
      return "fanout";
  }
  return "same";
}

}  // namespace

int run_bench_bus(const BenchBusOptions& options) {
  const double seconds = Bench(options).run();
  const auto messages = static_cast<double>(options.messages);
  const std::size_t queues = options.mode == BenchBusOptions::Mode::fanout ? fan : 1;
  // One buffer of one size: the program allocates equally often however many digits the numbers have.
  std::array<char, 512> text{};
  const char* const form =
      options.json
          ? "{\"mode\":\"%s\",\"messages\":%.0f,\"size\":%zu,\"queues\":%zu,\"seconds\":%.6f,"
            "\"messages_per_second\":%.0f,\"nanoseconds_per_message\":%.1f}\n"
          : "%s: %.0f messages of %zu bytes to %zu queue(s) in %.3f s: %.0f messages/s, %.1f ns each\n";
  const int length =
      std::snprintf(text.data(), text.size(), form, name_of(options.mode), messages, options.size, queues,
                    seconds, messages / std::max(seconds, 1e-9), seconds * 1e9 / messages);
  return print({text.data(), static_cast<std::size_t>(length)}) ? exit_ok : exit_trouble;
}

}  // namespace kelp::cli
