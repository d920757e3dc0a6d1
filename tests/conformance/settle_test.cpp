#include "bench.hpp"

#include <thread>

using namespace conformance;
using kelp::Message;
using kelp::MessageState;
using kelp::Queue;

TEST_CASE("settling: messages come in order, and once") {
  Bench b;
  const Queue queue = b.queue();
  Texts sent;
  for (int i = 0; i < 100; ++i) {
    sent.push_back(std::to_string(i));
    b.send(queue, sent.back());
  }
  CHECK(b.contents(queue) == sent);
  CHECK_FALSE(queue(b.channel).get().has_value());
}

TEST_CASE("settling: an acknowledged message is gone, an unsettled one returns when its channel closes") {
  Bench b;
  const Queue queue = b.queue();
  for (const char* text : {"1", "2", "3"}) b.send(queue, text);
  auto channel = b.connection.channel();
  auto first = queue(channel).get(), second = queue(channel).get(), third = queue(channel).get();
  REQUIRE((first && second && third));
  CHECK_FALSE(first->delivery_info().redelivered);
  second->ack();
  CHECK(second->state() == MessageState::acked);
  channel.close();
  Message again = b.take(queue);
  CHECK(again.text() == "1");
  CHECK(again.delivery_info().redelivered);
  again.requeue();
  CHECK(b.contents(queue) == Texts{"1", "3"});
}

TEST_CASE("settling: closing the connection requeues in the original order") {
  Bench b;
  const Queue queue = b.queue();
  for (const char* text : {"1", "2", "3", "4"}) b.send(queue, text);
  kelp::Connection other(url());
  auto one = other.channel(), two = other.channel();
  auto a = queue(one).get(), c = queue(two).get(), d = queue(one).get();
  REQUIRE((a && c && d));
  other.close();
  CHECK(b.contents(queue) == Texts{"1", "2", "3", "4"});
}

TEST_CASE("settling: ack multiple takes all earlier messages of the channel") {
  Bench b;
  const Queue queue = b.queue();
  for (const char* text : {"1", "2", "3", "4"}) b.send(queue, text);
  auto channel = b.connection.channel();
  std::vector<Message> messages;
  for (int i = 0; i < 4; ++i) messages.push_back(*queue(channel).get());
  messages[2].ack(true);
  CHECK(messages[0].state() == MessageState::acked);
  CHECK(messages[3].state() == MessageState::received);
  CHECK_THROWS_AS(messages[1].ack(), kelp::MessageStateError);
  channel.close();
  CHECK(b.contents(queue) == Texts{"4"});
}

TEST_CASE("settling: a rejected message is dropped") {
  Bench b;
  const Queue queue = b.queue();
  b.send(queue, "bad");
  Message message = b.take(queue);
  message.reject();
  CHECK(message.state() == MessageState::rejected);
  CHECK(message.text() == "bad");
  CHECK(b.contents(queue).empty());
}

TEST_CASE("settling: a requeued message returns to its place, marked as redelivered") {
  Bench b;
  const Queue queue = b.queue();
  for (const char* text : {"1", "2", "3"}) b.send(queue, text);
  Message first = b.take(queue), second = b.take(queue);
  second.requeue();
  first.reject(true);
  CHECK(first.state() == MessageState::requeued);
  Message again = b.take(queue);
  CHECK(again.delivery_info().redelivered);
  if (b.can().requeue_in_place) CHECK(again.text() == "1");
  again.requeue();
  const Texts texts = b.contents(queue);
  if (b.can().requeue_in_place) CHECK(texts == Texts{"1", "2", "3"});
  CHECK(texts.size() == 3);
}

TEST_CASE("settling: a message is settled once") {
  Bench b;
  const Queue queue = b.queue();
  b.send(queue, "1");
  Message message = b.take(queue);
  message.ack();
  CHECK_THROWS_AS(message.ack(), kelp::MessageStateError);
  CHECK_THROWS_AS(message.reject(), kelp::MessageStateError);
  CHECK_THROWS_AS(message.requeue(), kelp::MessageStateError);
  CHECK(b.contents(queue).empty());
}

TEST_CASE("settling: by delivery tag, and 406 for a tag that is not there") {
  Bench b;
  const Queue queue = b.queue();
  b.send(queue, "1");
  b.send(queue, "2");
  Message first = b.take(queue), second = b.take(queue);
  CHECK(second.delivery_tag() > first.delivery_tag());
  b.channel.ack(first.delivery_tag());
  CHECK_THROWS_AS(first.ack(), kelp::MessageStateError);
  CHECK(refusal([&] { b.channel.ack(second.delivery_tag() + 1000); }) == 406);
  b.channel.reject(second.delivery_tag(), true);
  CHECK(b.contents(queue) == Texts{"2"});
}

TEST_CASE("settling: no_ack deliveries are settled from the start") {
  Bench b;
  const Queue queue = b.queue();
  b.send(queue, "1");
  auto channel = b.connection.channel();
  auto message = queue(channel).get(true);
  REQUIRE(message);
  CHECK_NOTHROW(message->ack());
  channel.close();
  CHECK(message->text() == "1");
  CHECK(b.contents(queue).empty());
}

TEST_CASE("settling: recover returns everything unsettled, in order") {
  Bench b;
  const Queue queue = b.queue();
  for (const char* text : {"1", "2", "3"}) b.send(queue, text);
  Message first = b.take(queue), second = b.take(queue);
  b.channel.recover();
  CHECK_THROWS_AS(first.ack(), kelp::MessageStateError);
  CHECK(first.text() == "1");
  CHECK(b.contents(queue) == Texts{"1", "2", "3"});
}

TEST_CASE("settling: a message outlives its channel, its connection and its handle") {
  Message survivor;
  const std::string long_text(5000, 'x');
  {
    Bench b;
    const Queue queue = b.queue();
    kelp::Producer producer(b.channel);
    producer.publish(long_text, {.routing_key = queue.name, .headers = {{"h", "v"}}, .correlation_id = "c"});
    survivor = b.take(queue);
  }
  CHECK(survivor.text() == long_text);
  CHECK(survivor.headers().find("h")->get_if<std::string>()->compare("v") == 0);
  CHECK(survivor.properties().correlation_id == "c");
  CHECK(survivor.state() == MessageState::closed);
  CHECK_THROWS_AS(survivor.ack(), kelp::MessageStateError);
}

TEST_CASE("settling: an acknowledgement from another thread is applied") {
  Bench b;
  const Queue queue = b.queue();
  for (const char* text : {"1", "2", "3"}) b.send(queue, text);
  auto channel = b.connection.channel();
  std::vector<Message> messages;
  for (int i = 0; i < 3; ++i) messages.push_back(*queue(channel).get());
  std::thread([&] {
    messages[0].ack();
    messages[2].reject();
  }).join();
  CHECK(messages[0].state() == MessageState::acked);
  CHECK_THROWS_AS(messages[0].requeue(), kelp::MessageStateError);
  channel.close();
  CHECK(b.contents(queue) == Texts{"2"});
}

TEST_CASE("settling: two threads settle one message, one of them wins") {
  Bench b;
  const Queue queue = b.queue();
  for (int round = 0; round < 50; ++round) {
    b.send(queue, "x");
    Message message = b.take(queue);
    std::atomic<int> won{0}, lost{0};
    const auto race = [&](bool ack) {
      try {
        if (ack) {
          message.ack();
        } else {
          message.reject();
        }
        ++won;
      } catch (const kelp::MessageStateError&) {
        ++lost;
      }
    };
    std::thread one(race, true), two(race, false);
    one.join();
    two.join();
    REQUIRE(won == 1);
    REQUIRE(lost == 1);
  }
  CHECK(b.contents(queue).empty());
}

TEST_CASE("settling: a multiple ack never touches what another channel holds") {
  Bench b;
  const Queue queue = b.queue();
  b.send(queue, "1");
  b.send(queue, "2");
  auto one = b.connection.channel(), two = b.connection.channel();
  auto first = queue(one).get(), second = queue(two).get();
  REQUIRE((first && second));
  second->ack(true);
  CHECK(first->state() == MessageState::received);
  one.close();
  CHECK(b.contents(queue) == Texts{"1"});
}
