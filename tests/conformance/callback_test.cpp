#include "bench.hpp"

#include <stdexcept>

using namespace conformance;
using kelp::Message;
using kelp::Queue;

TEST_CASE("callbacks: an exception leaves drain_events unchanged, its message stays, the others too") {
  Bench b;
  const Queue queue = b.queue();
  for (const char* text : {"1", "2", "3"}) b.send(queue, text);
  Texts seen;
  {
    auto consumer = b.connection.consumer({queue}, [&](Message& message) {
      seen.emplace_back(message.text());
      if (seen.size() == 1) throw std::domain_error("mine");
      message.ack();
    });
    CHECK_THROWS_AS(b.connection.drain_events(patience), std::domain_error);
    b.connection.drain_events(patience);
    b.connection.drain_events(patience);
  }
  CHECK(seen == Texts{"1", "2", "3"});
  CHECK(b.contents(queue) == Texts{"1"});
}

TEST_CASE("callbacks: may publish on their own channel, to their own queue") {
  Bench b;
  const Queue queue = b.queue();
  b.send(queue, "3");
  Texts seen;
  kelp::Consumer consumer(b.channel, {queue}, [&](Message& message) {
    seen.emplace_back(message.text());
    const int left = std::stoi(seen.back());
    if (left > 0) b.send(queue, std::to_string(left - 1));
    message.ack();
  });
  consumer.consume();
  for (int i = 0; i < 4; ++i) b.channel.drain_events(patience);
  CHECK(seen == Texts{"3", "2", "1", "0"});
}

TEST_CASE("callbacks: may declare, get and settle others' messages") {
  Bench b;
  const Queue queue = b.queue(), other = b.queue();
  b.send(queue, "1");
  b.send(other, "2");
  Texts seen;
  kelp::Consumer consumer(b.channel, {queue}, [&](Message& message) {
    Message second = b.take(other);
    seen.emplace_back(second.text());
    second.ack(true);
    CHECK(message.state() == kelp::MessageState::acked);
    CHECK(message.text() == "1");
  });
  consumer.consume();
  b.channel.drain_events(patience);
  CHECK(seen == Texts{"2"});
  CHECK(b.contents(other).empty());
}

TEST_CASE("callbacks: may cancel their consumer; what was fetched ahead stays in the queue") {
  Bench b;
  const Queue queue = b.queue();
  for (const char* text : {"1", "2", "3"}) b.send(queue, text);
  std::optional<kelp::Consumer> consumer;
  consumer.emplace(b.channel, std::vector<Queue>{queue}, [&](Message& message) {
    message.ack();
    consumer->cancel();
  });
  consumer->consume();
  b.channel.drain_events(patience);
  CHECK(b.contents(queue) == Texts{"2", "3"});
}

TEST_CASE("callbacks: may destroy their consumer") {
  Bench b;
  const Queue queue = b.queue();
  for (const char* text : {"1", "2"}) b.send(queue, text);
  std::optional<kelp::Consumer> consumer;
  const auto captured = std::make_shared<std::string>("alive");
  bool whole = false;
  consumer.emplace(b.connection.consumer({queue}, [&, captured](Message& message) {
    message.ack();
    consumer.reset();
    whole = *captured == "alive" && message.text() == "1";
  }));
  b.connection.drain_events(patience);
  CHECK(whole);
  CHECK(captured.use_count() == 1);
  CHECK(b.contents(queue) == Texts{"2"});
}

TEST_CASE("callbacks: may close their channel; the message stays readable and is requeued at once") {
  Bench b;
  const Queue queue = b.queue();
  b.send(queue, "1");
  b.send(queue, "2");
  auto channel = b.connection.channel();
  std::string after;
  kelp::Consumer consumer(channel, {queue}, [&](Message& message) {
    channel.close();
    after = message.text();
    CHECK_THROWS_AS(message.ack(), kelp::MessageStateError);
    CHECK(b.contents(queue) == Texts{"1", "2"});
  });
  consumer.consume();
  channel.drain_events(patience);
  CHECK(after == "1");
  CHECK_THROWS_AS(channel.drain_events(0s), kelp::ConnectionError);
}

TEST_CASE("callbacks: may close or destroy their connection") {
  for (const bool destroy : {false, true}) {
    Bench b;
    const Queue queue = b.queue();
    b.send(queue, "1");
    std::optional<kelp::Connection> connection;
    connection.emplace(url());
    std::string after;
    auto consumer = connection->consumer({queue}, [&](Message& message) {
      if (destroy) {
        connection.reset();
      } else {
        connection->close();
      }
      after = message.text();
    });
    CHECK(connection->try_drain_events(patience) == 1);
    CHECK(after == "1");
    CHECK(b.contents(queue) == Texts{"1"});
  }
}

TEST_CASE("callbacks: a drain inside a drain is refused") {
  Bench b;
  const Queue queue = b.queue();
  b.send(queue, "1");
  auto consumer = b.connection.consumer({queue}, [&](Message& message) {
    CHECK_THROWS_AS(b.connection.drain_events(0s), kelp::MisuseError);
    message.ack();
  });
  b.connection.drain_events(patience);
  CHECK(b.contents(queue).empty());
}

TEST_CASE("callbacks: a message moved out is settled later") {
  Bench b;
  const Queue queue = b.queue();
  for (const char* text : {"1", "2"}) b.send(queue, text);
  std::vector<Message> kept;
  {
    auto consumer =
        b.connection.consumer({queue}, [&](Message& message) { kept.push_back(std::move(message)); });
    b.connection.drain_events(patience);
    b.connection.drain_events(patience);
    kept.at(0).ack();
  }
  CHECK(kept.at(0).delivery_info().consumer_tag != "");
  CHECK_THROWS_AS(kept.at(1).ack(), kelp::MessageStateError);
  CHECK(kept.at(1).text() == "2");
  CHECK(b.contents(queue) == Texts{"2"});
}
