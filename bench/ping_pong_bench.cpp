// A round trip between two threads over two queues, beside two bare cache lines and ZeroMQ.
#include <array>
#include <atomic>
#include <thread>

#include <kelp/broker.hpp>
#include <kelp/connection.hpp>

#include "bench/harness.hpp"
#include "bench/peers/zeromq.hpp"

namespace {

double kelp_ping_pong(std::size_t count) {
  kelp::Broker broker;
  kelp::Connection connection{broker};
  kelp::Channel left = connection.channel();
  left.queue_declare({.name = "there"});
  left.queue_declare({.name = "back"});
  std::atomic<bool> ready{false};
  std::thread echo([&] {
    kelp::Channel right = connection.channel();
    kelp::PullConsumer there = right.subscribe("there", {.no_ack = true});
    ready = true;
    kelp::Delivery got;
    for (std::size_t i = 0; i < count; ++i) {
      if (there.receive({&got, 1}) == 1) right.publish({"", "back"}, got.message.body());
    }
  });
  while (!ready) std::this_thread::yield();
  kelp::PullConsumer back = left.subscribe("back", {.no_ack = true});
  std::array<std::byte, 64> body{};
  kelp::Delivery got;
  const double start = bench::now();
  for (std::size_t i = 0; i < count; ++i) {
    left.publish({"", "there"}, body);
    bench::keep(back.receive({&got, 1}));
  }
  const double spent = bench::now() - start;
  echo.join();
  return spent / static_cast<double>(count);
}

double cache_lines(std::size_t count) {
  struct alignas(128) Line {
    std::atomic<std::size_t> value{0};
  };
  Line there, back;
  std::thread echo([&] {
    for (std::size_t i = 1; i <= count; ++i) {
      while (there.value.load(std::memory_order_acquire) != i) {
      }
      back.value.store(i, std::memory_order_release);
    }
  });
  const double start = bench::now();
  for (std::size_t i = 1; i <= count; ++i) {
    there.value.store(i, std::memory_order_release);
    while (back.value.load(std::memory_order_acquire) != i) {
    }
  }
  const double spent = bench::now() - start;
  echo.join();
  return spent / static_cast<double>(count);
}

}  // namespace

int main() {
  const std::size_t count = bench::scaled(100'000);
  bench::ZeroMq pair;
  bench::compare(
      "ping-pong round trip / two raw cache lines", "ns", 2.5, [&] { return kelp_ping_pong(count); },
      [&] { return cache_lines(count); });
  bench::compare(
      "ping-pong round trip / ZeroMQ inproc pair", "ns", 0, [&] { return kelp_ping_pong(count); },
      [&] { return pair.ping_pong(count); });
}
