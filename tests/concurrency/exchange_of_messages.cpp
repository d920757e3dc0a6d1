// Many publishers and many consumers on one queue, and through exchanges: nothing is lost, nothing comes
// twice unless it is marked redelivered, and no message overtakes one that was published before it, in
// happens-before order. Meanwhile consumers requeue, cancel, and close their channels.
#include <doctest/doctest.h>

#include <thread>

#include "bus.hpp"
#include "nudger.hpp"

using namespace kelp::testing;

namespace {

constexpr std::uint32_t publishers = 3;
constexpr std::uint32_t token_chain = publishers;  // passed on from publisher to publisher

struct Publishing {
  kelp::Broker& broker;
  Nudger& nudger;
  std::string exchange;
  std::uint32_t each;
  std::uint32_t token_length;
  /// The key of a message.
  std::string (*key)(const Id&);
  std::atomic<std::uint32_t> token{0};

  void run(std::uint32_t me) {
    const Nudger::Here nudged(nudger);
    const auto connection = broker.connect();
    const auto channel = connection->open_channel();
    const auto publish = [&](const Id& id) { channel->publish({exchange, key(id)}, {}, body_of(id), {}); };
    std::uint32_t next = 0;
    while (next < each || token.load() < token_length) {
      const std::uint32_t turn = token.load(std::memory_order_acquire);
      if (turn < token_length && turn % publishers == me) {
        publish({token_chain, turn});
        token.store(turn + 1, std::memory_order_release);
      } else if (next < each) {
        publish({me, next++});
      } else {
        std::this_thread::yield();
      }
    }
  }
};

std::string queue_name(const Id&) { return "q"; }
std::string parity(const Id& id) {
  return std::to_string(id.chain) + (id.number % 2 == 0 ? ".even" : ".odd");
}
std::string by_chain(const Id& id) { return "chain." + std::to_string(id.chain); }

}  // namespace

TEST_CASE("several publishers, one queue, several consumers") {
  kelp::Broker broker;
  Nudger nudger(seed());
  const auto connection = broker.connect();
  const auto consume = [&](const char* queue, Ledger& ledger, std::uint32_t number) {
    const Nudger::Here nudged(nudger);
    RestlessConsumer(*connection, queue, ledger, seed() * 100 + number).run();
  };
  const auto channel = connection->open_channel();
  channel->declare_queue({.name = "q"});
  Publishing publishing{broker, nudger, "", rounds_of(150'000), rounds_of(150'000), queue_name};
  Ledger ledger({publishing.each, publishing.each, publishing.each, publishing.token_length});
  {
    std::vector<std::jthread> threads;
    for (std::uint32_t i = 0; i < publishers; ++i) threads.emplace_back([&, i] { publishing.run(i); });
    for (std::uint32_t i = 0; i < 3; ++i) {
      threads.emplace_back([&, i] { consume("q", ledger, i); });
    }
  }
  CHECK(ledger.done() == ledger.expected());
  CHECK(ledger.complaints() == "");
  CHECK(ready(*channel, "q") == 0);
}

TEST_CASE("one consumer sees every chain in its order, whatever it requeues") {
  kelp::Broker broker;
  Nudger nudger(seed());
  const auto connection = broker.connect();
  const auto channel = connection->open_channel();
  channel->declare_queue({.name = "q"});
  Publishing publishing{broker, nudger, "", rounds_of(60'000), rounds_of(60'000), queue_name};
  const std::uint32_t expected = publishers * publishing.each + publishing.token_length;
  std::vector<std::jthread> threads;
  for (std::uint32_t i = 0; i < publishers; ++i) threads.emplace_back([&, i] { publishing.run(i); });
  const Nudger::Here nudged(nudger);
  const auto consumer = channel->subscribe("q", {});
  std::array<kelp::Subscription*, 1> from{consumer.get()};
  std::array<kelp::Delivery, 32> out;
  std::mt19937_64 random(seed());
  std::array<std::uint32_t, publishers + 1> next{};
  std::uint32_t settled = 0, disordered = 0;
  const auto give_up = connection->clock().now() + patience;
  while (settled < expected && connection->clock().now() < give_up) {
    const std::size_t got = connection->receive(from, out, connection->clock().now() + 10ms);
    // What goes back comes again in its place: the rest of the batch goes back with it.
    const std::size_t kept = random() % 4 == 0 ? random() % (got + 1) : got;
    for (std::size_t i = 0; i < got; ++i) {
      const Id id = id_of(out[i].message);
      if (i < kept && id.number != next[id.chain]++) ++disordered;
      const kelp::Settlement s{.tag = out[i].tag,
                               .outcome = i < kept ? kelp::Settle::ack : kelp::Settle::requeue};
      channel->settle(std::span(&s, 1));
    }
    settled += static_cast<std::uint32_t>(kept);
  }
  CHECK(settled == expected);
  CHECK(disordered == 0);
}

TEST_CASE("through topic and fanout exchanges every queue gets each of its messages once") {
  kelp::Broker broker;
  Nudger nudger(seed());
  const auto connection = broker.connect();
  const auto consume = [&](const char* queue, Ledger& ledger, std::uint32_t number) {
    const Nudger::Here nudged(nudger);
    RestlessConsumer(*connection, queue, ledger, seed() * 100 + number).run();
  };
  const auto channel = connection->open_channel();
  channel->declare_exchange({.name = "in", .type = "topic"});
  channel->declare_exchange({.name = "copies", .type = "fanout"});
  for (const char* name : {"all", "odd", "first", "copy"}) channel->declare_queue({.name = name});
  channel->bind({.source = "in", .destination = "all", .routing_key = "#"});
  channel->bind({.source = "in", .destination = "all", .routing_key = "*.odd"});  // still once
  channel->bind({.source = "in", .destination = "odd", .routing_key = "*.odd"});
  channel->bind({.source = "in", .destination = "first", .routing_key = "0.#"});
  channel->bind({.source = "in", .destination = "copies", .routing_key = "#", .to_exchange = true});
  channel->bind({.source = "copies", .destination = "copy"});
  channel->bind({.source = "copies", .destination = "all"});
  Publishing publishing{broker, nudger, "in", rounds_of(50'000), rounds_of(50'000), parity};
  const std::uint32_t n = publishing.each, token = publishing.token_length;
  Ledger all({n, n, n, token}), copy({n, n, n, token}), first({n});
  // Odd numbers only: counted apart.
  std::atomic<std::uint32_t> odd{0}, even{0};
  const std::uint32_t odd_expected = publishers * (n / 2) + token / 2;
  {
    std::vector<std::jthread> threads;
    for (std::uint32_t i = 0; i < publishers; ++i) threads.emplace_back([&, i] { publishing.run(i); });
    threads.emplace_back([&] { consume("all", all, 1); });
    threads.emplace_back([&] { consume("all", all, 2); });
    threads.emplace_back([&] { consume("copy", copy, 3); });
    threads.emplace_back([&] { consume("first", first, 4); });
    const auto consumer = channel->subscribe("odd", {.no_ack = true});
    std::array<kelp::Subscription*, 1> from{consumer.get()};
    std::array<kelp::Delivery, 32> out;
    const auto give_up = connection->clock().now() + patience;
    while (odd + even < odd_expected && connection->clock().now() < give_up) {
      const std::size_t got = connection->receive(from, out, connection->clock().now() + 10ms);
      for (std::size_t i = 0; i < got; ++i) ++(id_of(out[i].message).number % 2 != 0 ? odd : even);
    }
  }
  CHECK(all.complaints() == "");
  CHECK(copy.complaints() == "");
  CHECK(first.complaints() == "");
  CHECK(odd == odd_expected);
  CHECK(even == 0);
  for (const char* name : {"all", "odd", "first", "copy"}) CHECK(ready(*channel, name) == 0);
}

TEST_CASE("consumers of one channel each, fed from several queues at a time") {
  kelp::Broker broker;
  Nudger nudger(seed());
  const auto connection = broker.connect();
  const auto channel = connection->open_channel();
  channel->declare_exchange({.name = "d"});
  std::vector<std::string> queues;
  for (std::uint32_t c = 0; c <= token_chain; ++c) {
    queues.push_back("q" + std::to_string(c));
    channel->declare_queue({.name = queues.back()});
    channel->bind({.source = "d", .destination = queues.back(), .routing_key = "chain." + std::to_string(c)});
  }
  Publishing publishing{broker, nudger, "d", rounds_of(60'000), rounds_of(60'000), by_chain};
  const std::uint32_t n = publishing.each, token = publishing.token_length;
  Ledger ledger({n, n, n, token});
  {
    std::vector<std::jthread> threads;
    for (std::uint32_t i = 0; i < publishers; ++i) threads.emplace_back([&, i] { publishing.run(i); });
    for (int i = 0; i < 2; ++i) {
      threads.emplace_back([&] {
        const Nudger::Here nudged(nudger);
        const auto mine = connection->open_channel();
        std::vector<std::unique_ptr<kelp::Subscription>> consumers;
        std::vector<kelp::Subscription*> from;
        for (const std::string& queue : queues) {
          consumers.push_back(mine->subscribe(queue, {.prefetch_count = 20}));
          from.push_back(consumers.back().get());
        }
        std::array<kelp::Delivery, 16> out;
        const auto give_up = connection->clock().now() + patience;
        while (!ledger.complete() && connection->clock().now() < give_up) {
          const Ledger::Mark before = ledger.mark();
          const std::size_t got = connection->receive(from, out, connection->clock().now() + 10ms);
          ledger.received(std::span(out).first(got), before);
          for (std::size_t j = 0; j < got; ++j) {
            const Id id = id_of(out[j].message);
            const kelp::Settlement s{.tag = out[j].tag};
            mine->settle(std::span(&s, 1));
            ledger.done(id);
          }
        }
      });
    }
  }
  CHECK(ledger.complaints() == "");
}
