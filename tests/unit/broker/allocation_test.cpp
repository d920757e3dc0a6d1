// In the steady state a message costs no heap allocation, whatever its way through the broker.
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <kelp/broker.hpp>
#include <kelp/transport.hpp>

#include "support/allocations.hpp"

namespace {

using kelp::testing::allocations_of_all_threads;
using kelp::testing::allocations_of_this_thread;

struct Bus {
  kelp::Broker broker;
  std::unique_ptr<kelp::TransportConnection> connection = broker.connect();
  std::unique_ptr<kelp::TransportChannel> channel = connection->open_channel();
  std::vector<std::unique_ptr<kelp::Subscription>> consumers;
  std::vector<kelp::Subscription*> from;

  void queue(const std::string& name, const std::string& exchange, const std::string& key) {
    channel->declare_queue({.name = name});
    channel->bind({.source = exchange, .destination = name, .routing_key = key});
    consumers.push_back(channel->subscribe(name, {}));
    from.push_back(consumers.back().get());
  }
  void publish(const std::string& exchange, const std::string& key, std::span<const std::byte> body) {
    REQUIRE(channel->publish({exchange, key}, {}, body, {}) == kelp::PublishOutcome::accepted);
  }
  std::size_t receive(kelp::Settle outcome = kelp::Settle::ack) {
    std::array<kelp::Delivery, 16> got;
    std::array<kelp::Settlement, 16> settled;
    const std::size_t n = connection->receive(from, got, kelp::Clock::time_point::min());
    for (std::size_t i = 0; i < n; ++i) settled[i] = {.tag = got[i].tag, .outcome = outcome};
    channel->settle(std::span<const kelp::Settlement>(settled).first(n));
    return n;
  }
};

/// Allocations of `rounds` calls, after as many to warm up: enough that segments have gone round a few
/// times, which happens once in 16 x 1,024 messages.
std::size_t counted(int rounds, const std::function<void()>& once) {
  for (int i = 0; i < rounds; ++i) once();
  const std::size_t before = allocations_of_this_thread();
  for (int i = 0; i < rounds; ++i) once();
  return allocations_of_this_thread() - before;
}

}  // namespace

TEST_CASE("publish, deliver and acknowledge 64 bytes and 1 KiB") {
  for (const std::size_t size : {64, 1024}) {
    Bus bus;
    bus.channel->declare_exchange({.name = "t", .type = "topic"});
    bus.queue("q", "t", "a.*");
    const std::vector<std::byte> body(size);
    CHECK(counted(50'000, [&] {
            bus.publish("t", "a.b", body);
            REQUIRE(bus.receive() == 1);
          }) == 0);
  }
}

TEST_CASE("fan-out to ten queues") {
  Bus bus;
  bus.channel->declare_exchange({.name = "f", .type = "fanout"});
  for (int i = 0; i < 10; ++i) bus.queue("q" + std::to_string(i), "f", "");
  const std::array<std::byte, 64> body{};
  CHECK(counted(20'000, [&] {
          bus.publish("f", "", body);
          for (std::size_t got = 0; got < 10;) got += bus.receive();
        }) == 0);
}

TEST_CASE("routing by topic with more keys than the cache holds") {
  Bus bus;
  bus.channel->declare_exchange({.name = "t", .type = "topic"});
  bus.queue("q", "t", "#.end");
  bus.queue("r", "t", "key.*.end");
  std::vector<std::string> keys;
  for (int i = 0; i < 40'000; ++i) keys.push_back("key." + std::to_string(i) + ".end");
  const std::array<std::byte, 64> body{};
  std::size_t next = 0;
  CHECK(counted(100'000, [&] {
          bus.publish("t", keys[next++ % keys.size()], body);
          for (std::size_t got = 0; got < 2;) got += bus.receive();
        }) == 0);
}

TEST_CASE("a message that is requeued") {
  Bus bus;
  bus.channel->declare_exchange({.name = "t", .type = "topic"});
  bus.queue("q", "t", "#");
  const std::array<std::byte, 64> body{};
  CHECK(counted(60'000, [&] {
          bus.publish("t", "a", body);
          REQUIRE(bus.receive(kelp::Settle::requeue) == 1);
          REQUIRE(bus.receive() == 1);
        }) == 0);
}

TEST_CASE("one thread publishes and another acknowledges") {
  Bus bus;
  bus.channel->declare_exchange({.name = "t", .type = "topic"});
  bus.queue("q", "t", "#");
  const auto publisher = bus.connection->open_channel();
  const std::array<std::byte, 64> body{};
  constexpr int rounds = 100'000, window = 256;
  std::atomic<int> done{0};
  std::size_t before = 0;
  std::thread consumer([&] {
    for (int got = 0; got < 2 * rounds;) {
      got += static_cast<int>(bus.receive());
      done.store(got);
    }
  });
  for (int i = 0; i < 2 * rounds; ++i) {
    // The window bounds how many blocks and segments are ever in use, so that the first half has
    // needed all that the second half needs.
    while (i - done.load() >= window) std::this_thread::yield();
    if (i == rounds) before = allocations_of_all_threads();
    (void)publisher->publish({"t", "a"}, {}, body, {});
  }
  consumer.join();
  CHECK(allocations_of_all_threads() - before <= 4);  // the queue of spare segments grows by a block, once
}
