// What the steady state costs in memory: nothing.
#include <kelp/broker.hpp>
#include <kelp/connection.hpp>

#include <doctest/doctest.h>

#include <string>

#include "../../support/allocations.hpp"

using kelp::Message;
using kelp::Queue;

namespace {

constexpr int warm_up = 120'000;

/// Allocations of a thousand calls. The calls before warm up, long enough for the broker's segments
/// to have come round.
template <class Call>
std::size_t steady_allocations(Call&& call) {
  for (int i = 0; i < warm_up; ++i) call();
  const std::size_t before = kelp::testing::allocations_of_this_thread();
  for (int i = 0; i < 1000; ++i) call();
  return kelp::testing::allocations_of_this_thread() - before;
}

struct Fixture {
  kelp::Broker broker;
  kelp::Connection connection{broker};
  const Queue queue{.name = "q"};
};

}  // namespace

TEST_CASE("allocations: publishing, consuming and acknowledging bytes and text") {
  Fixture f;
  auto producer = f.connection.producer();
  int seen = 0;
  auto consumer = f.connection.consumer({f.queue}, [&](Message& message) {
    ++seen;
    message.ack();
  });
  for (const std::size_t size : {64, 1024}) {
    const std::string body(size, 'b');
    CHECK(steady_allocations([&] {
            producer.publish(body, {.routing_key = "q", .correlation_id = "c"});
            f.connection.drain_events();
          }) == 0);
  }
  CHECK(seen == 2 * (warm_up + 1000));
}

TEST_CASE("allocations: the raw path and pulled deliveries") {
  Fixture f;
  auto channel = f.connection.channel();
  f.queue(channel).declare();
  auto pull = channel.subscribe("q");
  kelp::Delivery delivery[1];
  CHECK(steady_allocations([&] {
          channel.publish({"", "q"}, "body");
          if (pull.receive(delivery) == 1) pull.ack(delivery[0]);
        }) == 0);
}

TEST_CASE("allocations: get and settle") {
  Fixture f;
  auto channel = f.connection.channel();
  f.queue(channel).declare();
  CHECK(steady_allocations([&] {
          channel.publish({"", "q"}, "body");
          channel.get("q")->ack();
        }) == 0);
}

TEST_CASE("allocations: json is encoded into a buffer that is kept") {
  Fixture f;
  auto producer = f.connection.producer({.serializer = "json"});
  const kelp::Json body{{"name", "lolcat"}, {"size", 1301013}};
  auto consumer = f.connection.consumer({f.queue}, [](Message& message) { message.ack(); });
  CHECK(steady_allocations([&] {
          producer.publish(body, {.routing_key = "q"});
          f.connection.drain_events();
        }) == 0);
}
