// moodycamel's queue as a peer: bare, with tokens, the bodies travel by value.
#pragma once

#include <array>
#include <cstring>
#include <thread>

#if __has_include(<concurrentqueue/concurrentqueue.h>)
#include <concurrentqueue/concurrentqueue.h>
#elif __has_include(<concurrentqueue/moodycamel/concurrentqueue.h>)
#include <concurrentqueue/moodycamel/concurrentqueue.h>
#else
#include <concurrentqueue.h>
#endif

#include "bench/harness.hpp"

namespace bench {

template <std::size_t Size>
struct Moodycamel {
  using Body = std::array<char, Size>;
  using Queue = moodycamel::ConcurrentQueue<Body>;

  explicit Moodycamel(std::size_t capacity = 65536) : queue(capacity) {}
  Queue queue;
  moodycamel::ProducerToken producer{queue};
  moodycamel::ConsumerToken consumer{queue};

  double one_thread(std::size_t count) {
    Body body{};
    const double start = now();
    for (std::size_t i = 0; i < count; ++i) {
      std::memcpy(body.data(), &i, sizeof i);
      queue.enqueue(producer, body);
      Body got;
      while (!queue.try_dequeue(consumer, got)) {
      }
      keep(got);
    }
    return (now() - start) / static_cast<double>(count);
  }

  double one_thread_bulk(std::size_t count) {
    std::array<Body, 32> in{}, out;
    const double start = now();
    for (std::size_t i = 0; i < count; i += in.size()) {
      queue.enqueue_bulk(producer, in.begin(), in.size());
      for (std::size_t got = 0; got < out.size();) {
        got += queue.try_dequeue_bulk(consumer, out.begin(), out.size() - got);
      }
      keep(out);
    }
    return (now() - start) / static_cast<double>(count);
  }

  double two_threads(std::size_t count, std::size_t batch) {
    const double start = now();
    std::thread receiver([&] {
      std::array<Body, 32> out;
      for (std::size_t got = 0; got < count;) {
        const std::size_t n = queue.try_dequeue_bulk(consumer, out.begin(), batch);
        keep(out);
        if (n == 0) std::this_thread::yield();
        got += n;
      }
    });
    std::array<Body, 32> in{};
    for (std::size_t i = 0; i < count; i += batch) queue.enqueue_bulk(producer, in.begin(), batch);
    receiver.join();
    return (now() - start) / static_cast<double>(count);
  }
};

}  // namespace bench
