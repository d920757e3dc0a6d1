// Exchanges, queues and bindings that take each other along when they go, and refusals.
#include <doctest/doctest.h>

#include <memory>
#include <string>

#include <kelp/broker.hpp>
#include <kelp/error.hpp>
#include <kelp/transport.hpp>

namespace {

struct Fixture {
  kelp::Broker broker;
  std::unique_ptr<kelp::TransportConnection> connection = broker.connect();
  std::unique_ptr<kelp::TransportChannel> channel = connection->open_channel();

  void auto_delete_exchange(const char* name) {
    channel->declare_exchange({.name = name, .type = "fanout", .auto_delete = true});
  }
  void lead(const char* from, const char* to) {
    channel->bind({.source = from, .destination = to, .to_exchange = true});
  }
  bool exists(const char* name) {
    try {
      channel->declare_exchange({.name = name, .passive = true});
      return true;
    } catch (const kelp::NotFound&) {
      return false;
    }
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "an auto-delete exchange that leads to itself goes once") {
  auto_delete_exchange("x");
  lead("x", "x");
  channel->delete_exchange("x", false);
  CHECK_FALSE(exists("x"));
  auto_delete_exchange("x");
  lead("x", "x");
  channel->unbind({.source = "x", .destination = "x", .to_exchange = true});
  CHECK_FALSE(exists("x"));
}

TEST_CASE_FIXTURE(Fixture, "a ring of auto-delete exchanges goes with one of them") {
  for (const char* name : {"a", "b", "c"}) auto_delete_exchange(name);
  lead("a", "b");
  lead("b", "c");
  lead("c", "a");
  channel->delete_exchange("b", false);
  for (const char* name : {"a", "b", "c"}) CHECK_FALSE(exists(name));
}

TEST_CASE_FIXTURE(Fixture, "two auto-delete exchanges lose a queue, and one of them the other") {
  // Many of each, so that either order of removal is met.
  for (int round = 0; round < 50; ++round) {
    const std::string one = "one" + std::to_string(round), two = "two" + std::to_string(round);
    channel->declare_queue({.name = "q"});
    auto_delete_exchange(one.c_str());
    auto_delete_exchange(two.c_str());
    channel->bind({.source = one, .destination = "q"});
    channel->bind({.source = two, .destination = "q"});
    lead(two.c_str(), one.c_str());
    CHECK(channel->delete_queue("q", false, false) == 0);
    CHECK_FALSE(exists(one.c_str()));
    CHECK_FALSE(exists(two.c_str()));
  }
}

TEST_CASE_FIXTURE(Fixture, "a long chain of auto-delete exchanges goes with its queue") {
  channel->declare_queue({.name = "q"});
  auto_delete_exchange("x0");
  channel->bind({.source = "x0", .destination = "q"});
  for (int i = 1; i < 300; ++i) {
    const std::string name = "x" + std::to_string(i), before = "x" + std::to_string(i - 1);
    auto_delete_exchange(name.c_str());
    lead(name.c_str(), before.c_str());
  }
  CHECK(exists("x299"));
  channel->delete_queue("q", false, false);
  CHECK_FALSE(exists("x0"));
  CHECK_FALSE(exists("x299"));
}

TEST_CASE_FIXTURE(Fixture, "an exclusive queue that is declared again without exclusive is locked") {
  channel->declare_queue({.name = "mine", .exclusive = true});
  CHECK_THROWS_AS(channel->declare_queue({.name = "mine"}), kelp::ResourceLocked);
  CHECK(channel->declare_queue({.name = "mine", .exclusive = true}).name == "mine");
  channel->declare_queue({.name = "ours"});
  CHECK_THROWS_AS(channel->declare_queue({.name = "ours", .exclusive = true}), kelp::ResourceLocked);
}

TEST_CASE_FIXTURE(Fixture, "a queue with more bindings than are remembered one by one loses them all") {
  channel->declare_exchange({.name = "t", .type = "topic"});
  channel->declare_exchange({.name = "h", .type = "headers"});
  for (int round = 0; round < 3; ++round) {
    channel->declare_queue({.name = "q"});
    channel->declare_queue({.name = "other"});
    const kelp::FieldTable arguments{{"n", round}};
    for (int i = 0; i < 100; ++i) {
      const std::string key = "k" + std::to_string(i);
      channel->bind({.source = "t", .destination = "q", .routing_key = key});
      channel->bind({.source = "t", .destination = "other", .routing_key = key});
      channel->bind({.source = "h", .destination = "q", .routing_key = key, .arguments = &arguments});
    }
    channel->delete_queue("q", false, false);
    const kelp::Properties properties{.headers = &arguments};
    CHECK(channel->publish({"h", ""}, properties, {}, {}) == kelp::PublishOutcome::unroutable);
    CHECK(channel->publish({"t", "k7"}, {}, {}, {}) == kelp::PublishOutcome::accepted);
    CHECK(channel->declare_queue({.name = "q"}).message_count == 0);
    CHECK(channel->publish({"t", "k7"}, {}, {}, {}) == kelp::PublishOutcome::accepted);
    CHECK(channel->delete_queue("q", false, true) == 0);
    CHECK(channel->delete_queue("other", false, false) == 2);
  }
}
