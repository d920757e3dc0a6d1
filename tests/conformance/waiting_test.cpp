#include "bench.hpp"

#include <atomic>
#include <thread>

using namespace conformance;
using kelp::Message;
using kelp::Queue;

namespace {

/// A connection whose time is moved by its waits; only where the transport takes a clock.
std::optional<kelp::Connection> timed(const std::shared_ptr<kelp::ManualClock>& clock) {
  if (!kelp::Connection(url()).capabilities().manual_time) return std::nullopt;
  if (url().rfind("memory://", 0) == 0) return kelp::Connection(kelp::Broker({.clock = clock}));
  return kelp::Connection(url(), {.clock = clock});
}

}  // namespace

TEST_CASE("waiting: a timeout comes by the clock, with and without consumers") {
  const auto clock = std::make_shared<kelp::ManualClock>();
  auto connection = timed(clock);
  if (!connection) {
    Bench b;
    CHECK(b.connection.try_drain_events(1ms) == 0);
    return;
  }
  const auto start = clock->now();
  CHECK_THROWS_AS(connection->drain_events(5s), kelp::TimeoutError);
  CHECK(clock->now() - start == 5s);
  auto consumer = connection->consumer({{.name = "q"}}, [](Message&) {});
  CHECK(connection->try_drain_events(3s) == 0);
  CHECK(clock->now() - start == 8s);
  auto channel = connection->channel();
  CHECK_THROWS_AS(channel.drain_events(1h), kelp::TimeoutError);
  CHECK(clock->now() - start == 1h + 8s);
  auto pull = channel.subscribe("q");
  kelp::Delivery out[1];
  CHECK(pull.receive(out, 2s) == 0);
  CHECK(clock->now() - start == 1h + 10s);
}

TEST_CASE("waiting: an interrupt ends the next wait, once") {
  Bench b;
  const Queue queue = b.queue();
  auto consumer = b.connection.consumer({queue}, [](Message& message) { message.ack(); });
  b.connection.interrupt();
  CHECK_THROWS_AS(b.connection.drain_events(patience), kelp::InterruptedError);
  b.send(queue, "1");
  CHECK_NOTHROW(b.connection.drain_events(patience));
  auto pull = b.channel.subscribe(queue.name);
  b.channel.interrupt();
  kelp::Delivery out[1];
  CHECK_THROWS_AS(static_cast<void>(pull.receive(out, patience)), kelp::InterruptedError);
}

TEST_CASE("waiting: an interrupt from another thread ends a wait for ever") {
  Bench b;
  const bool consuming = true;
  for (const bool with_consumer : {!consuming, consuming}) {
    std::optional<kelp::Consumer> consumer;
    if (with_consumer) consumer.emplace(b.connection.consumer({b.queue()}, [](Message&) {}));
    std::thread other([&] { b.connection.interrupt(); });
    CHECK_THROWS_AS(b.connection.drain_events(), kelp::InterruptedError);
    other.join();
  }
}

TEST_CASE("waiting: a message from another thread ends a wait for ever") {
  Bench b;
  const Queue queue = b.queue();
  Texts seen;
  auto consumer = b.connection.consumer({queue}, [&](Message& message) {
    seen.emplace_back(message.text());
    message.ack();
  });
  auto producer = b.connection.producer();
  std::thread other([&] { producer.publish("hello", {.routing_key = queue.name}); });
  b.connection.drain_events();
  other.join();
  CHECK(seen == Texts{"hello"});
}

TEST_CASE("waiting: an acknowledgement from another thread lets a waiting consumer go on") {
  Bench b;
  const Queue queue = b.queue();
  b.send(queue, "1");
  b.send(queue, "2");
  std::atomic<Message*> held{nullptr};
  Message first;
  Texts seen;
  auto consumer = b.connection.consumer({queue},
                                        [&](Message& message) {
                                          seen.emplace_back(message.text());
                                          if (seen.size() > 1) return message.ack();
                                          first = std::move(message);
                                          held = &first;
                                        },
                                        {.prefetch_count = 1});
  std::thread other([&] {
    while (held == nullptr) std::this_thread::yield();
    held.load()->ack();
  });
  b.connection.drain_events();
  b.connection.drain_events();
  other.join();
  CHECK(seen == Texts{"1", "2"});
}

TEST_CASE("waiting: a consumer that another thread starts joins a drain under way") {
  Bench b;
  const Queue queue = b.queue();
  b.send(queue, "1");
  std::optional<kelp::Consumer> consumer;
  Texts seen;
  std::thread other([&] {
    consumer.emplace(b.connection.consumer({queue}, [&](Message& message) {
      seen.emplace_back(message.text());
      message.ack();
    }));
  });
  b.connection.drain_events();
  other.join();
  CHECK(seen == Texts{"1"});
}

TEST_CASE("waiting: closing from another thread ends a wait, on the connection and on the channel") {
  for (const bool whole : {false, true}) {
    Bench b;
    const Queue queue = b.queue();
    auto channel = b.connection.channel();
    kelp::Consumer consumer(channel, {queue}, [](Message&) {});
    consumer.consume();
    std::thread other([&] {
      if (whole) {
        b.connection.close();
      } else {
        channel.close();
      }
    });
    CHECK_THROWS_AS(channel.drain_events(), kelp::ConnectionError);
    other.join();
    CHECK_FALSE(channel.is_open());
    CHECK(b.connection.is_open() == !whole);
  }
}

TEST_CASE("waiting: channels of one connection are drained in parallel") {
  Bench b;
  constexpr int each = 200;
  std::atomic<int> seen{0};
  const auto work = [&](const Queue& queue) {
    auto channel = b.connection.channel();
    kelp::Consumer consumer(channel, {queue}, [&](Message& message) {
      ++seen;
      message.ack();
    });
    consumer.consume();
    for (int i = 0; i < each; ++i) channel.drain_events(patience);
  };
  const Queue one = b.queue(), two = b.queue();
  std::thread first(work, one), second(work, two);
  for (int i = 0; i < each; ++i) {
    b.send(one, "x");
    b.send(two, "x");
  }
  first.join();
  second.join();
  CHECK(seen == 2 * each);
}
