#include "bench.hpp"

using namespace conformance;
using kelp::Json;
using kelp::Message;
using kelp::Queue;

TEST_CASE("consuming: a callback gets the decoded body and the message") {
  Bench b;
  const Queue queue = b.queue();
  auto producer = b.connection.producer();
  producer.publish({{"name", "lolcat"}, {"size", 13}}, {.routing_key = queue.name});
  Json seen;
  std::string tag;
  auto consumer = b.connection.consumer({queue}, [&](const Json& body, Message& message) {
    seen = body;
    CHECK(message.delivery_info().routing_key == queue.name);
    CHECK(message.delivery_info().exchange == "");
    tag = message.delivery_info().consumer_tag;
    message.ack();
  });
  b.connection.drain_events(patience);
  CHECK(seen == Json{{"name", "lolcat"}, {"size", 13}});
  CHECK(tag == consumer.consumer_tag(queue.name));
}

TEST_CASE("consuming: one event a call, in order") {
  Bench b;
  const Queue queue = b.queue();
  for (const char* text : {"1", "2", "3"}) b.send(queue, text);
  Texts seen;
  auto consumer = b.connection.consumer({queue}, [&](Message& message) {
    seen.emplace_back(message.text());
    message.ack();
  });
  b.connection.drain_events(patience);
  CHECK(seen.size() == 1);
  b.connection.drain_events(patience);
  CHECK(b.connection.try_drain_events(patience) == 1);
  CHECK(seen == Texts{"1", "2", "3"});
  CHECK(b.connection.try_drain_events(0s) == 0);
}

TEST_CASE("consuming: every callback is called, in order, and on_message goes before them") {
  Bench b;
  const Queue queue = b.queue();
  Texts calls;
  kelp::Consumer consumer(b.channel, {queue});
  consumer.register_callback([&](const Json&, Message&) { calls.emplace_back("first"); });
  consumer.register_callback([&](const Json&, Message& message) {
    calls.emplace_back("second");
    message.ack();
  });
  consumer.consume();
  b.send(queue, "x");
  b.channel.drain_events(patience);
  CHECK(calls == Texts{"first", "second"});
  consumer.on_message([&](Message& message) {
    calls.emplace_back("message");
    message.ack();
  });
  b.send(queue, "y");
  b.channel.drain_events(patience);
  CHECK(calls == Texts{"first", "second", "message"});
}

TEST_CASE("consuming: several queues by one consumer") {
  Bench b;
  const Queue one = b.queue(), two = b.queue();
  Texts seen;
  kelp::Consumer consumer(b.channel, {one}, [&](Message& message) {
    seen.emplace_back(message.delivery_info().routing_key);
    message.ack();
  });
  consumer.add_queue(two);
  CHECK_FALSE(consumer.consuming_from(one.name));
  consumer.consume();
  CHECK(consumer.consuming_from(two.name));
  CHECK(consumer.consumer_tag(one.name) != consumer.consumer_tag(two.name));
  b.send(one, "1");
  b.channel.drain_events(patience);
  b.send(two, "2");
  b.channel.drain_events(patience);
  CHECK(seen == Texts{one.name, two.name});
  consumer.cancel_by_queue(one.name);
  b.send(one, "stays");
  b.send(two, "3");
  b.channel.drain_events(patience);
  CHECK(seen.back() == two.name);
  CHECK(b.contents(one) == Texts{"stays"});
}

TEST_CASE("consuming: prefetch limits what a consumer holds") {
  Bench b;
  const Queue queue = b.queue();
  for (const char* text : {"1", "2", "3", "4"}) b.send(queue, text);
  std::vector<Message> held;
  auto consumer = b.connection.consumer(
      {queue}, [&](Message& message) { held.push_back(std::move(message)); }, {.prefetch_count = 2});
  b.connection.drain_events(patience);
  b.connection.drain_events(patience);
  // The limit is proved by what the queue still has: nothing else can take it.
  CHECK(queue(b.channel).queue_declare(true).message_count == 2);
  CHECK(b.connection.try_drain_events(0s) == 0);
  held[0].ack();
  b.connection.drain_events(patience);
  REQUIRE(held.size() == 3);
  CHECK(held[2].text() == "3");
  CHECK(queue(b.channel).queue_declare(true).message_count == 1);
}

TEST_CASE("consuming: prefetch of the channel counts all its consumers") {
  Bench b;
  const Queue one = b.queue(), two = b.queue();
  auto channel = b.connection.channel();
  channel.qos(2);
  std::vector<Message> held;
  kelp::Consumer consumer(channel, {one, two}, [&](Message& message) { held.push_back(std::move(message)); });
  consumer.consume();
  for (const char* text : {"1", "2"}) {
    b.send(one, text);
    b.send(two, text);
  }
  channel.drain_events(patience);
  channel.drain_events(patience);
  CHECK(channel.try_drain_events(0s) == 0);
  const auto ready = [&] {
    return one(b.channel).queue_declare(true).message_count +
           two(b.channel).queue_declare(true).message_count;
  };
  CHECK(ready() == 2);
  held[0].ack();
  held[1].ack();
  channel.drain_events(patience);
  channel.drain_events(patience);
  CHECK(held.size() == 4);
}

TEST_CASE("consuming: a prefetch that is raised takes effect") {
  Bench b;
  const Queue queue = b.queue();
  b.send(queue, "1");
  b.send(queue, "2");
  std::vector<Message> held;
  auto consumer = b.connection.consumer(
      {queue}, [&](Message& message) { held.push_back(std::move(message)); }, {.prefetch_count = 1});
  b.connection.drain_events(patience);
  CHECK(b.connection.try_drain_events(0s) == 0);
  consumer.qos(2);
  b.connection.drain_events(patience);
  CHECK(held.size() == 2);
}

TEST_CASE("consuming: competing consumers share") {
  Bench b;
  const Queue queue = b.queue();
  int first = 0, second = 0;
  auto one = b.connection.consumer({queue}, [&](Message& m) { ++first, m.ack(); }, {.prefetch_count = 1});
  auto two = b.connection.consumer({queue}, [&](Message& m) { ++second, m.ack(); }, {.prefetch_count = 1});
  for (int i = 0; i < 100; ++i) b.send(queue, "x");
  for (int i = 0; i < 100; ++i) b.connection.drain_events(patience);
  CHECK(first + second == 100);
  CHECK(first >= 25);
  CHECK(second >= 25);
}

TEST_CASE("consuming: a cancelled consumer gets nothing more, and what it holds is its own") {
  Bench b;
  const Queue queue = b.queue();
  for (const char* text : {"1", "2", "3"}) b.send(queue, text);
  std::vector<Message> held;
  kelp::Consumer consumer(b.channel, {queue}, [&](Message& message) { held.push_back(std::move(message)); });
  consumer.consume();
  b.channel.drain_events(patience);
  consumer.cancel();
  consumer.cancel();
  CHECK_FALSE(consumer.consuming_from(queue.name));
  CHECK(queue(b.channel).queue_declare(true).consumer_count == 0);
  CHECK(b.contents(queue) == Texts{"2", "3"});
  CHECK_NOTHROW(held.at(0).ack());
  CHECK(b.contents(queue).empty());
}

TEST_CASE("consuming: an exclusive consumer shuts others out: 403") {
  Bench b;
  const Queue queue = b.queue();
  auto first = b.connection.consumer({queue}, [](Message&) {}, {.exclusive = true});
  CHECK(refusal([&] { auto second = b.connection.consumer({queue}, [](Message&) {}); }) == 403);
}

TEST_CASE("consuming: from a queue that does not exist is refused with 404") {
  Bench b;
  const Queue queue{.name = b.unique("missing")};
  CHECK(refusal([&] {
          auto consumer = b.connection.consumer({queue}, [](Message&) {}, {.auto_declare = false});
        }) == 404);
}

TEST_CASE("consuming: a consumer tag carries its prefix") {
  Bench b;
  const Queue queue = b.queue();
  kelp::Consumer consumer(b.channel, {queue}, [](Message&) {}, {.tag_prefix = "worker-"});
  CHECK(consumer.consumer_tag(queue.name).empty());
  consumer.consume();
  CHECK(std::string(consumer.consumer_tag(queue.name)).rfind("worker-", 0) == 0);
}

TEST_CASE("consuming: a deleted queue ends its consumers, and the others go on") {
  Bench b;
  const Queue doomed = b.queue(), other = b.queue();
  Texts seen;
  kelp::Consumer consumer(b.channel, {doomed, other}, [&](Message& message) {
    seen.emplace_back(message.text());
    message.ack();
  });
  consumer.consume();
  doomed(b.channel).delete_();
  b.send(other, "alive");
  b.channel.drain_events(patience);
  CHECK(seen == Texts{"alive"});
}

TEST_CASE("consuming: purge by a consumer empties all its queues") {
  Bench b;
  const Queue one = b.queue(), two = b.queue();
  b.send(one, "1");
  b.send(two, "2");
  b.send(two, "3");
  kelp::Consumer consumer(b.channel, {one, two});
  CHECK(consumer.purge() == 3);
}

TEST_CASE("consuming: pulled in batches, settled in batches") {
  Bench b;
  const Queue queue = b.queue();
  for (int i = 0; i < 10; ++i) b.send(queue, std::to_string(i));
  auto channel = b.connection.channel();
  auto pull = channel.subscribe(queue.name);
  CHECK(pull.queue() == queue.name);
  Texts seen;
  while (seen.size() < 10) {
    kelp::Delivery batch[4];
    const std::size_t count = pull.receive(batch, patience);
    REQUIRE(count > 0);
    std::vector<kelp::Settlement> settlements;
    for (std::size_t i = 0; i < count; ++i) {
      const auto body = batch[i].message.body();
      seen.emplace_back(reinterpret_cast<const char*>(body.data()), body.size());
      settlements.push_back({.tag = batch[i].tag});
    }
    pull.settle(settlements);
  }
  CHECK(seen == Texts{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"});
  kelp::Delivery none[1];
  CHECK(pull.receive(none, 0s) == 0);
  channel.close();
  CHECK(b.contents(queue).empty());
}
