#include "bench.hpp"

using namespace conformance;
using kelp::Exchange;
using kelp::Queue;

TEST_CASE("topology: declaring again with the same attributes changes nothing") {
  Bench b;
  const Exchange exchange = b.exchange("topic");
  const Queue queue = b.bound(exchange, "k");
  b.send(queue, "1");
  CHECK_NOTHROW(exchange(b.channel).declare());
  CHECK(queue(b.channel).declare().message_count == 1);
}

TEST_CASE("topology: declaring an exchange with another type is refused with 406") {
  Bench b;
  const Exchange exchange = b.exchange("topic");
  const Exchange other{.name = exchange.name, .type = "fanout"};
  CHECK(refusal([&] { other(b.channel).declare(); }) == 406);
  CHECK(b.channel.is_open());
}

TEST_CASE("topology: declaring a queue with other attributes is refused with 406") {
  Bench b;
  Queue queue = b.queue();
  queue.auto_delete = true;
  CHECK(refusal([&] { queue(b.channel).declare(); }) == 406);
}

TEST_CASE("topology: a passive declaration finds what is there and 404 what is not") {
  Bench b;
  const Queue queue = b.queue();
  b.send(queue, "1");
  b.send(queue, "2");
  const auto declared = queue(b.channel).queue_declare(true);
  CHECK(declared.name == queue.name);
  CHECK(declared.message_count == 2);
  CHECK(declared.consumer_count == 0);
  const Queue missing{.name = b.unique("missing")};
  CHECK(refusal([&] { missing(b.channel).queue_declare(true); }) == 404);
  const Exchange gone{.name = b.unique("missing"), .passive = true};
  CHECK(refusal([&] { gone(b.channel).declare(); }) == 404);
}

TEST_CASE("topology: an unnamed queue takes over the broker's name") {
  Bench b;
  const Exchange exchange = b.exchange("direct");
  auto bound = Queue{.exchange = exchange, .routing_key = "k", .auto_delete = true}(b.channel);
  std::string told;
  bound.declare([&](const kelp::QueueDeclared& declared) { told = declared.name; });
  CHECK_FALSE(bound.name().empty());
  CHECK(told == bound.name());
  b.send(exchange, "k", "1");
  CHECK(b.contents(bound.entity()) == Texts{"1"});
}

TEST_CASE("topology: no_declare leaves the broker alone") {
  Bench b;
  const Queue queue{.name = b.unique("absent"), .no_declare = true};
  CHECK(queue(b.channel).declare().name == queue.name);
  CHECK(refusal([&] { queue(b.channel).queue_declare(true); }) == 404);
}

TEST_CASE("topology: binding to what does not exist is refused with 404") {
  Bench b;
  const Queue queue = b.queue();
  CHECK(refusal([&] { queue(b.channel).bind_to({.name = b.unique("missing")}, "k"); }) == 404);
  const Exchange exchange = b.exchange("direct");
  CHECK(refusal([&] { b.channel.queue_bind(b.unique("missing"), exchange.name, "k"); }) == 404);
}

TEST_CASE("topology: purge drops the ready messages and says how many") {
  Bench b;
  const Queue queue = b.queue();
  for (const char* text : {"1", "2", "3"}) b.send(queue, text);
  kelp::Message unsettled = b.take(queue);
  CHECK(queue(b.channel).purge() == 2);
  CHECK(queue(b.channel).purge() == 0);
  unsettled.requeue();
  CHECK(b.contents(queue) == Texts{"1"});
}

TEST_CASE("topology: delete says how many messages went, and is idempotent") {
  Bench b;
  const Queue queue = b.queue();
  b.send(queue, "1");
  CHECK(queue(b.channel).delete_() == 1);
  CHECK(refusal([&] { queue(b.channel).queue_declare(true); }) == 404);
  CHECK(queue(b.channel).delete_() == 0);
}

TEST_CASE("topology: delete if_empty and if_unused are refused with 406") {
  Bench b;
  const Queue queue = b.queue();
  b.send(queue, "1");
  CHECK(refusal([&] { queue(b.channel).delete_({.if_empty = true}); }) == 406);
  CHECK(b.contents(queue) == Texts{"1"});
  {
    auto consumer = b.connection.consumer({queue}, [](kelp::Message&) {});
    CHECK(refusal([&] { queue(b.channel).delete_({.if_unused = true}); }) == 406);
  }
  CHECK(queue(b.channel).delete_({.if_unused = true, .if_empty = true}) == 0);
}

TEST_CASE("topology: an exchange with bindings is not deleted if_unused") {
  Bench b;
  const Exchange exchange = b.exchange("direct");
  const Queue queue = b.bound(exchange, "k");
  CHECK(refusal([&] { exchange(b.channel).delete_({.if_unused = true}); }) == 406);
  queue(b.channel).delete_();
  CHECK_NOTHROW(exchange(b.channel).delete_({.if_unused = true}));
  CHECK(refusal([&] { b.send(exchange, "k", "1"); }) == 404);
}

TEST_CASE("topology: a deleted exchange takes its bindings along") {
  Bench b;
  const Exchange exchange = b.exchange("direct");
  const Queue queue = b.bound(exchange, "k");
  exchange(b.channel).delete_();
  exchange(b.channel).declare();
  b.send(exchange, "k", "no binding any more");
  CHECK(b.contents(queue).empty());
}

TEST_CASE("topology: an exclusive queue belongs to its connection: 405 for others") {
  Bench b;
  Queue queue{.name = b.unique("mine"), .exclusive = true};
  if (!b.can().exclusive) {
    CHECK_THROWS_AS(queue(b.channel).declare(), kelp::NotSupported);
    return;
  }
  kelp::Connection other(url());
  auto channel = other.channel();
  queue(b.channel).declare();
  CHECK(refusal([&] { queue(channel).queue_declare(true); }) == 405);
  CHECK(refusal([&] { static_cast<void>(queue(channel).get()); }) == 405);
  b.connection.close();
  CHECK(refusal([&] { queue(channel).queue_declare(true); }) == 404);
}

TEST_CASE("topology: an auto-delete queue goes with its last consumer") {
  Bench b;
  const Queue queue = b.queue({.auto_delete = true});
  {
    auto first = b.connection.consumer({queue}, [](kelp::Message&) {});
    {
      auto second = b.connection.consumer({queue}, [](kelp::Message&) {});
      CHECK(queue(b.channel).queue_declare(true).consumer_count == 2);
    }
    CHECK(queue(b.channel).queue_declare(true).consumer_count == 1);
  }
  CHECK(refusal([&] { queue(b.channel).queue_declare(true); }) == 404);
}

TEST_CASE("topology: what a transport cannot keep is refused, or ignored when told so") {
  Bench b;
  const auto check = [&](const Queue& queue, bool can) {
    if (can) {
      CHECK_NOTHROW(queue(b.channel).declare());
      return;
    }
    CHECK_THROWS_AS(queue(b.channel).declare(), kelp::NotSupported);
    kelp::Connection lenient(url(), {.unsupported = kelp::Unsupported::ignore});
    auto channel = lenient.channel();
    CHECK_NOTHROW(queue(channel).declare());
    unsigned warnings = 0;
    kelp::Connection warned(
        url(), {.unsupported = kelp::Unsupported::warn, .on_warning = [&](std::string_view) { ++warnings; }});
    auto other = warned.channel();
    queue(other).declare();
    CHECK(warnings > 0);
  };
  check({.name = b.unique("ttl"), .message_ttl = 60s}, b.can().message_ttl);
  check({.name = b.unique("length"), .max_length = 10}, b.can().max_length);
  check({.name = b.unique("priority"), .max_priority = 9}, b.can().priority != kelp::PriorityOrder::none);
  const Exchange odd{.name = b.unique("odd"), .type = "no-such-type"};
  CHECK_THROWS_AS(odd(b.channel).declare(), kelp::NotSupported);
}

TEST_CASE("topology: a message limit in time is refused where there is none") {
  Bench b;
  const Queue queue = b.queue();
  kelp::Producer producer(b.channel);
  if (b.can().message_ttl) {
    producer.publish("short", {.routing_key = queue.name, .expiration = 60s});
    CHECK(b.take(queue, true).properties().expiration == "60000");
  } else {
    CHECK_THROWS_AS(producer.publish("short", {.routing_key = queue.name, .expiration = 60s}),
                    kelp::NotSupported);
  }
}
