// The in-memory broker through the transport interface: what the layers above rely on.
#include <doctest/doctest.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <kelp/broker.hpp>
#include <kelp/error.hpp>
#include <kelp/transport.hpp>

using namespace std::chrono_literals;

namespace {

constexpr auto now_or_never = kelp::Clock::time_point::min();

std::span<const std::byte> bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::string text(const kelp::Delivery& delivery) {
  const auto body = delivery.message.body();
  return {reinterpret_cast<const char*>(body.data()), body.size()};
}

struct Fixture {
  kelp::Broker broker;
  std::unique_ptr<kelp::TransportConnection> connection = broker.connect();
  std::unique_ptr<kelp::TransportChannel> channel = connection->open_channel();

  kelp::PublishOutcome publish(std::string_view exchange, std::string_view key, std::string_view body) {
    return channel->publish({exchange, key}, {}, bytes(body), {});
  }
  std::vector<std::string> drain(kelp::Subscription& from, std::size_t at_most = 100) {
    std::vector<std::string> got;
    std::array<kelp::Subscription*, 1> one{&from};
    std::array<kelp::Delivery, 8> out;
    while (got.size() < at_most) {
      const std::size_t want = std::min(out.size(), at_most - got.size());
      const std::size_t n = connection->receive(one, std::span(out).first(want), now_or_never);
      if (n == 0) break;
      for (std::size_t i = 0; i < n; ++i) {
        got.push_back(text(out[i]) + (out[i].redelivered ? "*" : ""));
        tags.push_back(out[i].tag);
      }
    }
    return got;
  }
  void settle(std::uint64_t tag, kelp::Settle outcome, bool multiple = false) {
    const kelp::Settlement one{.tag = tag, .outcome = outcome, .multiple = multiple};
    channel->settle(std::span(&one, 1));
  }
  std::vector<std::uint64_t> tags;
};

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a message goes to the queue that the default exchange names") {
  channel->declare_queue({.name = "q"});
  CHECK(publish("", "q", "one") == kelp::PublishOutcome::accepted);
  CHECK(publish("", "nobody", "two") == kelp::PublishOutcome::unroutable);
  CHECK(channel->declare_queue({.name = "q", .passive = true}).message_count == 1);
  kelp::Delivery got;
  REQUIRE(channel->get("q", false, got));
  CHECK(text(got) == "one");
  CHECK(got.message.address().routing_key == "q");
  settle(got.tag, kelp::Settle::ack);
  CHECK_FALSE(channel->get("q", false, got));
}

TEST_CASE_FIXTURE(Fixture, "a binding is seen by the publish that follows it, and so is its end") {
  channel->declare_exchange({.name = "t", .type = "topic"});
  channel->declare_queue({.name = "a"});
  channel->declare_queue({.name = "b"});
  CHECK(publish("t", "x.y", "0") == kelp::PublishOutcome::unroutable);
  channel->bind({.source = "t", .destination = "a", .routing_key = "x.*"});
  CHECK(publish("t", "x.y", "1") == kelp::PublishOutcome::accepted);
  channel->bind({.source = "t", .destination = "b", .routing_key = "#"});
  CHECK(publish("t", "x.y", "2") == kelp::PublishOutcome::accepted);
  channel->unbind({.source = "t", .destination = "a", .routing_key = "x.*"});
  CHECK(publish("t", "x.y", "3") == kelp::PublishOutcome::accepted);
  const auto a = channel->subscribe("a", {.no_ack = true});
  const auto b = channel->subscribe("b", {.no_ack = true});
  CHECK(drain(*a) == Texts{"1", "2"});
  CHECK(drain(*b) == Texts{"2", "3"});
}

TEST_CASE_FIXTURE(Fixture, "a cached route survives changes that do not concern its key") {
  channel->declare_exchange({.name = "t", .type = "topic"});
  channel->declare_queue({.name = "a"});
  channel->bind({.source = "t", .destination = "a", .routing_key = "k"});
  for (int round = 0; round < 1000; ++round) {
    CHECK(publish("t", "k", "m") == kelp::PublishOutcome::accepted);
    const std::string other = "other" + std::to_string(round);
    for (int i = 0; i < round % 400; ++i) {
      channel->bind({.source = "t", .destination = "a", .routing_key = other});
      channel->unbind({.source = "t", .destination = "a", .routing_key = other});
    }
  }
  CHECK(channel->declare_queue({.name = "a", .passive = true}).message_count == 1000);
}

TEST_CASE_FIXTURE(Fixture, "exchange-to-exchange bindings, in a ring too, deliver once") {
  for (const char* name : {"one", "two", "three"})
    channel->declare_exchange({.name = name, .type = "fanout"});
  channel->bind({.source = "one", .destination = "two", .to_exchange = true});
  channel->bind({.source = "two", .destination = "three", .to_exchange = true});
  channel->declare_queue({.name = "q"});
  CHECK(publish("one", "", "early") == kelp::PublishOutcome::unroutable);
  channel->bind({.source = "three", .destination = "q"});
  channel->bind({.source = "three", .destination = "one", .to_exchange = true});
  channel->bind({.source = "one", .destination = "q"});
  CHECK(publish("one", "", "m") == kelp::PublishOutcome::accepted);
  channel->delete_exchange("two", false);
  CHECK(publish("one", "", "n") == kelp::PublishOutcome::accepted);
  CHECK_THROWS_AS(publish("two", "", "o"), kelp::NotFound);
  const auto consumer = channel->subscribe("q", {.no_ack = true});
  CHECK(drain(*consumer) == Texts{"m", "n"});
}

TEST_CASE_FIXTURE(Fixture, "a requeued message returns to its place with redelivered set") {
  channel->declare_queue({.name = "q"});
  for (const char* body : {"1", "2", "3", "4"}) publish("", "q", body);
  const auto consumer = channel->subscribe("q", {});
  CHECK(drain(*consumer, 3) == Texts{"1", "2", "3"});
  settle(tags[1], kelp::Settle::requeue);
  settle(tags[0], kelp::Settle::requeue);
  CHECK(drain(*consumer) == Texts{"1*", "2*", "4"});
  settle(tags[2], kelp::Settle::ack);
  CHECK_THROWS_AS(settle(tags[2], kelp::Settle::ack), kelp::PreconditionFailed);
  settle(tags[5], kelp::Settle::requeue, true);
  CHECK(drain(*consumer) == Texts{"1*", "2*", "4*"});
}

TEST_CASE_FIXTURE(Fixture, "prefetch of a consumer and of a channel") {
  channel->declare_queue({.name = "q"});
  for (int i = 0; i < 10; ++i) publish("", "q", std::to_string(i));
  const auto first = channel->subscribe("q", {.prefetch_count = 2});
  const auto second = channel->subscribe("q", {.prefetch_count = 4});
  channel->set_prefetch(5);
  CHECK(drain(*first) == Texts{"0", "1"});
  CHECK(drain(*second) == Texts{"2", "3", "4"});
  settle(tags[0], kelp::Settle::ack);
  CHECK(drain(*second) == Texts{"5"});
  settle(tags[1], kelp::Settle::ack);
  CHECK(drain(*first) == Texts{"6"});
}

TEST_CASE_FIXTURE(Fixture, "closing a channel requeues what it had, in order") {
  channel->declare_queue({.name = "q"});
  for (int i = 0; i < 100; ++i) publish("", "q", std::to_string(i));
  auto other = connection->open_channel();
  auto consumer = other->subscribe("q", {});
  CHECK(drain(*consumer, 60).size() == 60);
  other->close();
  consumer.reset();
  other.reset();
  const auto again = channel->subscribe("q", {});
  const Texts all = drain(*again);
  REQUIRE(all.size() == 100);
  for (int i = 0; i < 100; ++i)
    CHECK(all[static_cast<std::size_t>(i)] == std::to_string(i) + (i < 60 ? "*" : ""));
}

TEST_CASE_FIXTURE(Fixture, "refusals carry AMQP's codes") {
  channel->declare_queue({.name = "q", .durable = true});
  CHECK_THROWS_AS(channel->declare_queue({.name = "q"}), kelp::PreconditionFailed);
  CHECK_THROWS_AS(channel->declare_queue({.name = "none", .passive = true}), kelp::NotFound);
  CHECK_THROWS_AS(channel->declare_queue({.name = "amq.mine"}), kelp::AccessRefused);
  CHECK_THROWS_AS(channel->bind({.source = "none", .destination = "q"}), kelp::NotFound);
  CHECK_THROWS_AS(channel->bind({.source = "", .destination = "q"}), kelp::AccessRefused);
  publish("", "q", "m");
  CHECK_THROWS_AS(channel->delete_queue("q", false, true), kelp::PreconditionFailed);
  {
    const auto consumer = channel->subscribe("q", {});
    CHECK_THROWS_AS(channel->delete_queue("q", true, false), kelp::PreconditionFailed);
  }
  CHECK(channel->purge_queue("q") == 1);
  CHECK(channel->delete_queue("q", true, true) == 0);
  channel->declare_queue({.name = "mine", .exclusive = true});
  const auto other = broker.connect();
  const auto foreign = other->open_channel();
  CHECK_THROWS_AS(foreign->declare_queue({.name = "mine", .exclusive = true}), kelp::ResourceLocked);
  CHECK_THROWS_AS(foreign->purge_queue("mine"), kelp::ResourceLocked);
  kelp::Delivery out;
  CHECK_THROWS_AS(foreign->get("mine", true, out), kelp::ResourceLocked);
  CHECK_THROWS_AS(channel->declare_exchange({.name = "x", .type = "nonsense"}), kelp::ChannelError);
}

TEST_CASE_FIXTURE(Fixture,
                  "auto-delete queues go with their last consumer, exclusive ones with their connection") {
  channel->declare_queue({.name = "auto", .auto_delete = true});
  {
    const auto one = channel->subscribe("auto", {});
    const auto two = channel->subscribe("auto", {});
  }
  CHECK_THROWS_AS(channel->declare_queue({.name = "auto", .passive = true}), kelp::NotFound);
  auto other = broker.connect();
  auto foreign = other->open_channel();
  foreign->declare_queue({.name = "theirs", .exclusive = true});
  foreign.reset();
  other.reset();
  CHECK_THROWS_AS(channel->declare_queue({.name = "theirs", .passive = true}), kelp::NotFound);
}

TEST_CASE_FIXTURE(Fixture, "deleting a queue cancels its consumers; what they hold can still be settled") {
  channel->declare_queue({.name = "q"});
  for (const char* body : {"1", "2", "3"}) publish("", "q", body);
  const auto consumer = channel->subscribe("q", {});
  CHECK(drain(*consumer, 2) == Texts{"1", "2"});
  CHECK(channel->delete_queue("q", false, false) == 1);
  CHECK_FALSE(consumer->active());
  CHECK(drain(*consumer).empty());
  settle(tags[0], kelp::Settle::ack);
  settle(tags[1], kelp::Settle::requeue);
  CHECK(publish("", "q", "4") == kelp::PublishOutcome::unroutable);
}

TEST_CASE_FIXTURE(Fixture, "an acknowledged body can be kept") {
  channel->declare_queue({.name = "q"});
  publish("", "q", "text");
  kelp::Delivery got;
  REQUIRE(channel->get("q", false, got));
  const kelp::Settlement ack{.tag = got.tag, .keep = &got.message};
  channel->settle(std::span(&ack, 1));
  CHECK(got.message.owns());
  CHECK(text(got) == "text");
}

TEST_CASE_FIXTURE(Fixture, "a few old deliveries do not make the channel grow, and are found again") {
  channel->declare_queue({.name = "q"});
  const auto consumer = channel->subscribe("q", {});
  std::vector<std::uint64_t> kept;
  for (int i = 0; i < 20000; ++i) {
    publish("", "q", std::to_string(i));
    tags.clear();
    drain(*consumer);
    if (i % 1000 == 7)
      kept.push_back(tags[0]);
    else
      settle(tags[0], kelp::Settle::ack);
  }
  for (const std::uint64_t tag : kept) settle(tag, kelp::Settle::requeue);
  const Texts again = drain(*consumer);
  REQUIRE(again.size() == kept.size());
  CHECK(again.front() == "7*");
  CHECK(again.back() == "19007*");
}

TEST_CASE("a sleeping consumer is woken by a publish, an interrupt, a close") {
  Fixture f;
  f.channel->declare_queue({.name = "q"});
  const auto other = f.connection->open_channel();
  const auto consumer = other->subscribe("q", {.no_ack = true});
  std::array<kelp::Subscription*, 1> from{consumer.get()};
  std::array<kelp::Delivery, 4> out;
  const auto far = f.connection->clock().now() + 60s;
  {
    std::jthread publisher([&] { f.publish("", "q", "m"); });
    CHECK(f.connection->receive(from, out, far) == 1);
  }
  {
    std::jthread interrupter([&] { f.connection->interrupt(); });
    CHECK(f.connection->receive(from, out, far) == 0);
  }
  CHECK(f.connection->clock().now() < far);
  f.connection->interrupt();  // the next one, too
  CHECK(f.connection->receive(from, out, far) == 0);
  {
    std::jthread closer([&] { f.broker.close(); });
    CHECK_THROWS_AS((void)f.connection->receive(from, out, far), kelp::ConnectionError);
  }
  CHECK_THROWS_AS((void)f.broker.connect(), kelp::ConnectionError);
}

TEST_CASE("a manual clock moves instead of sleeping") {
  const auto clock = std::make_shared<kelp::ManualClock>(1);
  kelp::Broker broker({.clock = clock});
  const auto connection = broker.connect();
  const auto channel = connection->open_channel();
  channel->declare_queue({.name = "q"});
  const auto consumer = channel->subscribe("q", {});
  std::array<kelp::Subscription*, 1> from{consumer.get()};
  std::array<kelp::Delivery, 1> out;
  const auto start = clock->now();
  CHECK(connection->receive(from, out, start + 1h) == 0);
  CHECK(clock->now() == start + 1h);
}

TEST_CASE("a manual clock that does not advance by itself wakes sleepers when it is moved") {
  const auto clock = std::make_shared<kelp::ManualClock>(1, false);
  kelp::Broker broker({.clock = clock});
  const auto connection = broker.connect();
  const auto channel = connection->open_channel();
  channel->declare_queue({.name = "q"});
  const auto consumer = channel->subscribe("q", {});
  std::array<kelp::Subscription*, 1> from{consumer.get()};
  std::array<kelp::Delivery, 1> out;
  const auto deadline = clock->now() + 1h;
  std::jthread mover([&] { clock->advance(2h); });
  CHECK(connection->receive(from, out, deadline) == 0);
  CHECK(clock->now() >= deadline);
}

TEST_CASE_FIXTURE(Fixture, "a get does not use up the consumer's credit") {
  channel->declare_queue({.name = "q"});
  for (const char* body : {"1", "2", "3"}) publish("", "q", body);
  const auto consumer = channel->subscribe("q", {.prefetch_count = 1});
  kelp::Delivery got;
  REQUIRE(channel->get("q", false, got));
  CHECK(text(got) == "1");
  CHECK(drain(*consumer) == Texts{"2"});
}

TEST_CASE_FIXTURE(Fixture, "a subscription may outlive its channel and its connection") {
  channel->declare_queue({.name = "q"});
  const auto consumer = channel->subscribe("q", {});
  channel.reset();
  connection.reset();
  CHECK(consumer->queue() == "q");
}

TEST_CASE_FIXTURE(Fixture, "reading many queues by get keeps few of them") {
  for (int i = 0; i < 200; ++i) {
    const std::string name = "q" + std::to_string(i);
    channel->declare_queue({.name = name});
    publish("", name, name);
    kelp::Delivery got;
    REQUIRE(channel->get(name, i % 2 == 0, got));
    CHECK(text(got) == name);
    if (i % 2 != 0) settle(got.tag, i % 4 == 1 ? kelp::Settle::ack : kelp::Settle::requeue);
    CHECK(channel->delete_queue(name, false, false) == (i % 4 == 3 ? 1 : 0));
  }
}
