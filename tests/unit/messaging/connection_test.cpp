#include <kelp/broker.hpp>
#include <kelp/connection.hpp>
#include <kelp/error.hpp>
#include <kelp/uuid.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

using kelp::Connection;
using kelp::Message;
using kelp::Queue;
using namespace std::chrono_literals;

TEST_CASE("connection: URLs of the memory transport") {
  const std::string name = "memory://unit-" + kelp::uuid4(*kelp::system_clock());
  Connection one(name), two(name), other(name + "x");
  CHECK(one.as_uri() == name + "/");
  CHECK_FALSE(one.connected());
  const Queue queue{.name = "q"};
  auto a = one.channel(), b = two.channel(), c = other.channel();
  CHECK(one.connected());
  queue(a).declare();
  CHECK_NOTHROW(queue(b).queue_declare(true));
  CHECK_THROWS_AS(queue(c).queue_declare(true), kelp::NotFound);
  CHECK_THROWS_AS(Connection("nonsense://"), kelp::InvalidArgument);
}

TEST_CASE("connection: a broker's clock is the connection's") {
  const auto clock = std::make_shared<kelp::ManualClock>();
  const kelp::Broker broker({.clock = clock});
  Connection connection(broker);
  CHECK(&connection.clock() == clock.get());
  CHECK_THROWS_AS(Connection(broker, {.clock = kelp::system_clock()}), kelp::InvalidArgument);
}

TEST_CASE("connection: after close and after a move everything throws") {
  const kelp::Broker broker;
  Connection connection(broker);
  auto channel = connection.channel();
  auto producer = connection.producer();
  Connection moved(std::move(connection));
  CHECK_NOTHROW(channel.queue_declare({.name = "q"}));
  CHECK_THROWS_AS(static_cast<void>(connection.channel()), kelp::ConnectionError);
  moved.close();
  moved.close();
  CHECK_THROWS_AS(channel.queue_declare({.name = "q"}), kelp::ConnectionError);
  CHECK_THROWS_AS(producer.publish("x", {.routing_key = "q"}), kelp::ConnectionError);
  CHECK_THROWS_AS(moved.drain_events(1s), kelp::ConnectionError);
  CHECK_THROWS_AS(static_cast<void>(moved.channel()), kelp::ConnectionError);
}

TEST_CASE("connection: handles may go in any order") {
  std::optional<kelp::Broker> broker(std::in_place);
  std::optional<Connection> connection(std::in_place, *broker);
  std::optional<kelp::Channel> channel(connection->channel());
  std::optional<kelp::Consumer> consumer(std::in_place, *channel, std::vector<Queue>{{.name = "q"}},
                                         [](Message&) {});
  consumer->consume();
  std::optional<kelp::Producer> producer(std::in_place, *channel);
  producer->publish("x", {.routing_key = "q"});
  auto message = channel->get("q", true);
  broker.reset();
  connection.reset();
  channel.reset();
  consumer.reset();
  CHECK_THROWS_AS(producer->publish("x"), kelp::ConnectionError);
  producer.reset();
  REQUIRE(message.has_value());
  CHECK(message->text() == "x");
}

TEST_CASE("connection: the default channel is one channel") {
  const kelp::Broker broker;
  Connection connection(broker);
  kelp::Channel& channel = connection.default_channel();
  CHECK(&channel == &connection.default_channel());
  Connection moved(std::move(connection));
  CHECK(&channel == &moved.default_channel());
  CHECK(channel.is_open());
}

TEST_CASE("connection: a forked child cannot use what its parent made") {
  const kelp::Broker broker;
  Connection connection(broker);
  auto channel = connection.channel();
  channel.queue_declare({.name = "q"});
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    int refused = 0;
    try {
      channel.publish({"", "q"}, "x");
    } catch (const kelp::ConnectionError&) {
      ++refused;
    }
    try {
      connection.drain_events(0s);
    } catch (const kelp::ConnectionError&) {
      ++refused;
    }
    try {
      static_cast<void>(connection.channel());
    } catch (const kelp::ConnectionError&) {
      ++refused;
    }
    channel.close();
    connection.close();
    _exit(refused == 3 ? 0 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK_NOTHROW(channel.publish({"", "q"}, "x"));
}

TEST_CASE("connection: two threads that drain it are told") {
  const kelp::Broker broker;
  Connection connection(broker);
  std::atomic<int> misuse{0}, interrupted{0};
  const auto drain = [&] {
    try {
      connection.drain_events();
    } catch (const kelp::MisuseError&) {
      ++misuse;
      connection.interrupt();  // the other one waits for ever
    } catch (const kelp::InterruptedError&) {
      ++interrupted;
    }
  };
  std::thread one(drain), two(drain);
  one.join();
  two.join();
  CHECK(misuse == 1);
  CHECK(interrupted == 1);
}

TEST_CASE("connection: acknowledgements from another thread race with the end of the channel") {
  const kelp::Broker broker;
  Connection keeper(broker);
  auto check = keeper.channel();
  check.queue_declare({.name = "q"});
  for (int round = 0; round < 300; ++round) {
    constexpr int count = 8;
    for (int i = 0; i < count; ++i) check.publish({"", "q"}, "x");
    Connection connection(broker);
    auto channel = connection.channel();
    std::vector<Message> messages;
    for (int i = 0; i < count; ++i) messages.push_back(*channel.get("q"));
    std::atomic<int> acked{0};
    std::thread other([&] {
      for (Message& message : messages) {
        try {
          message.ack();
          ++acked;
        } catch (const kelp::MessageStateError&) {
          // The channel was faster.
        }
      }
    });
    channel.close();
    other.join();
    // What was acknowledged is gone, all else is back.
    REQUIRE(check.queue_purge("q") == static_cast<std::uint64_t>(count - acked));
  }
  CHECK(check.queue_purge("q") == 0);
}
