// The topology changes while others publish and consume: bindings that stay never miss a message nor
// give it twice, whatever is bound, unbound, declared and deleted beside them; and memory comes back.
#include <doctest/doctest.h>

#include <thread>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include <kelp/error.hpp>

#include "bus.hpp"
#include "nudger.hpp"

using namespace kelp::testing;

namespace {

/// Changes everything but what is called stable.
class Churner {
 public:
  Churner(kelp::Broker& broker, std::uint64_t number)
      : broker_(broker), random_(seed() * 1000 + number), me_(std::to_string(number) + ".") {}

  std::uint64_t run(const std::atomic<bool>& stop) {
    std::uint64_t changes = 0;
    for (connect(); !stop.load(); ++changes) {
      try {
        change();
      } catch (const kelp::ChannelError&) {
        // What the change needs has gone with another, or is in use.
      }
    }
    return changes;
  }

 private:
  bool chance(unsigned one_in) { return random_() % one_in == 0; }
  std::string own(const char* kind, unsigned of) { return kind + me_ + std::to_string(random_() % of); }

  void connect() {
    channel_.reset();
    connection_ = broker_.connect();
    channel_ = connection_->open_channel();
  }

  std::string pattern() {
    static const std::array<const char*, 6> matching{"stable.#", "#", "stable.*", "*.7", "#.7.#", "stable.7"};
    if (chance(2)) return matching[random_() % matching.size()];
    return "wide" + std::to_string(random_() % 400) + (chance(2) ? ".*" : "");
  }

  void change() {
    const std::string key = pattern();
    switch (random_() % 12) {
      case 0:  // a queue that takes part in everything, and goes with what it has
        channel_->declare_queue({.name = own("q", 4), .auto_delete = chance(2)});
        break;
      case 1:
        channel_->delete_queue(own("q", 4), false, chance(4));
        break;
      case 2:
        channel_->bind({.source = "in", .destination = own("q", 4), .routing_key = key});
        break;
      case 3:
        channel_->unbind({.source = "in", .destination = own("q", 4), .routing_key = key});
        break;
      case 4:  // more bindings for a stable queue change nothing for it
        channel_->bind({.source = "in", .destination = "s1", .routing_key = me_ + key});
        channel_->bind({.source = "in", .destination = "s1", .routing_key = key + "." + me_});
        channel_->bind({.source = "side", .destination = "s2", .routing_key = key});
        break;
      case 5:
        channel_->unbind({.source = "in", .destination = "s1", .routing_key = me_ + key});
        channel_->unbind({.source = "in", .destination = "s1", .routing_key = key + "." + me_});
        if (chance(2)) channel_->unbind({.source = "side", .destination = "s2", .routing_key = key});
        break;
      case 6: {
        const std::string name = own("x", 3);
        channel_->declare_exchange(
            {.name = name, .type = chance(2) ? "topic" : "fanout", .auto_delete = chance(2)});
        channel_->bind({.source = "in", .destination = name, .routing_key = key, .to_exchange = true});
        channel_->bind({.source = name, .destination = "s1", .routing_key = "#"});  // s1 has it already
        channel_->bind({.source = name, .destination = own("x", 3), .routing_key = "#", .to_exchange = true});
        channel_->bind({.source = name, .destination = own("q", 4), .routing_key = "#"});
        break;
      }
      case 7:
        channel_->delete_exchange(own("x", 3), chance(3));
        break;
      case 8: {
        const auto consumer = channel_->subscribe(own("q", 4), {.no_ack = chance(2)});
        std::array<kelp::Subscription*, 1> from{consumer.get()};
        std::array<kelp::Delivery, 16> out;
        (void)connection_->receive(from, out, kelp::Clock::time_point::min());
        break;
      }
      case 9:  // by way of the default exchange, to a queue of the other churner
        channel_->publish({"", "q" + std::to_string(random_() % 2) + "." + std::to_string(random_() % 4)}, {},
                          body_of({7, 7}), {});
        break;
      case 10:
        if (chance(4)) channel_->declare_queue({.exclusive = true});
        if (chance(8)) connect();
        break;
      default:
        if (chance(4)) broker_.trim();
        break;
    }
  }

  kelp::Broker& broker_;
  std::mt19937_64 random_;
  const std::string me_;
  std::unique_ptr<kelp::TransportConnection> connection_;
  std::unique_ptr<kelp::TransportChannel> channel_;
};

void declare_stable(kelp::TransportChannel& channel) {
  channel.declare_exchange({.name = "in", .type = "topic"});
  channel.declare_exchange({.name = "side", .type = "fanout"});
  channel.declare_exchange({.name = "direct"});
  for (const char* queue : {"s1", "s2", "s3"}) channel.declare_queue({.name = queue});
  channel.bind({.source = "in", .destination = "s1", .routing_key = "stable.#"});
  channel.bind({.source = "in", .destination = "side", .routing_key = "#", .to_exchange = true});
  channel.bind({.source = "side", .destination = "s2", .routing_key = "stable"});
  channel.bind({.source = "direct", .destination = "s3", .routing_key = "k"});
}

/// `each` messages of a publisher, once through each way.
void publish_stable(kelp::TransportChannel& channel, std::uint32_t chain, std::uint32_t each) {
  for (std::uint32_t i = 0; i < each; ++i) {
    const Id id{chain, i};
    channel.publish({"in", "stable." + std::to_string(i % 50)}, {}, body_of(id), {});
    channel.publish({"direct", "k"}, {}, body_of(id), {});
  }
}

/// Publishers, consumers of the stable queues, and churners; complaints.
std::string run_churn(kelp::Broker& broker, std::uint32_t each, std::uint64_t& changes) {
  const auto connection = broker.connect();
  declare_stable(*connection->open_channel());
  Nudger nudger(seed());
  std::array<Ledger, 3> ledgers{Ledger({each, each}), Ledger({each, each}), Ledger({each, each})};
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> all_changes{0};
  std::vector<std::jthread> churners;
  for (std::uint64_t i = 0; i < 2; ++i) {
    churners.emplace_back([&, i] {
      const Nudger::Here nudged(nudger);
      all_changes += Churner(broker, i).run(stop);
    });
  }
  std::vector<std::jthread> others;
  for (std::uint32_t p = 0; p < 2; ++p) {
    others.emplace_back([&, p] {
      const Nudger::Here nudged(nudger);
      const auto own = broker.connect();
      publish_stable(*own->open_channel(), p, each);
    });
  }
  for (std::size_t q = 0; q < ledgers.size(); ++q) {
    others.emplace_back([&, q] {
      const Nudger::Here nudged(nudger);
      RestlessConsumer(*connection, "s" + std::to_string(q + 1), ledgers[q], seed() + q).run();
    });
  }
  others.clear();
  stop = true;
  churners.clear();
  changes += all_changes;
  return ledgers[0].complaints() + ledgers[1].complaints() + ledgers[2].complaints();
}

void delete_everything(kelp::Broker& broker) {
  const auto connection = broker.connect();
  const auto channel = connection->open_channel();
  for (const char* name : {"in", "side", "direct"}) channel->delete_exchange(name, false);
  for (const char* name : {"s1", "s2", "s3"}) channel->delete_queue(name, false, false);
  for (const char* churner : {"0.", "1."}) {
    for (int i = 0; i < 4; ++i) {
      channel->delete_exchange("x" + std::string(churner) + std::to_string(i), false);
      channel->delete_queue("q" + std::string(churner) + std::to_string(i), false, false);
    }
  }
}

/// Bytes that malloc has handed out; 0 where it cannot tell.
std::size_t memory_in_use() {
#if defined(__GLIBC__)
  if (!sanitized) {
    const auto info = mallinfo2();
    return info.uordblks + info.hblkhd;
  }
#endif
  return 0;
}

}  // namespace

TEST_CASE("stable bindings miss nothing while the topology changes around them") {
  kelp::Broker broker;
  std::uint64_t changes = 0;
  CHECK(run_churn(broker, rounds_of(150'000), changes) == "");
  CHECK(changes > 100);
}

TEST_CASE("memory comes back when all is deleted") {
  kelp::Broker broker;
  std::vector<std::size_t> used;
  std::uint64_t changes = 0;
  for (int round = 0; round < 8; ++round) {
    CHECK(run_churn(broker, rounds_of(4000), changes) == "");
    delete_everything(broker);
    broker.trim();
    used.push_back(memory_in_use());
  }
  INFO("in use after the rounds: " << used[0] << " " << used[1] << " ... " << used[6] << " " << used[7]);
  // What is kept for ever, a mark and a bed for each channel at a time, the first rounds have made.
  CHECK(used[7] <= std::max(used[2], used[3]) + 256 * 1024);
}

TEST_CASE("a queue that is deleted with its messages gives their memory back") {
  kelp::Broker broker;
  const auto connection = broker.connect();
  const std::size_t before = memory_in_use();
  std::size_t full = 0;
  const std::vector<std::byte> body(2000);
  constexpr int count = 20'000;
  {
    const auto channel = connection->open_channel();
    const auto other = connection->open_channel();
    channel->declare_queue({.name = "q"});
    for (int i = 0; i < count; ++i) channel->publish({"", "q"}, {}, body, {});
    // Some are unsettled elsewhere, and come back to a queue that is gone.
    kelp::Delivery out;
    for (int i = 0; i < 100; ++i) REQUIRE(other->get("q", false, out));
    full = memory_in_use();
    CHECK(channel->delete_queue("q", false, false) == count - 100);
  }
  broker.trim();
  if (before != 0) CHECK(full > before + count * body.size());
  CHECK(memory_in_use() <= before + 512 * 1024);
}

TEST_CASE("publishers to a queue that comes and goes") {
  kelp::Broker broker;
  const auto connection = broker.connect();
  const auto channel = connection->open_channel();
  Nudger nudger(seed());
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> accepted{0}, unroutable{0};
  std::vector<std::jthread> publishers;
  for (std::uint32_t p = 0; p < 2; ++p) {
    publishers.emplace_back([&, p] {
      const Nudger::Here nudged(nudger);
      const auto own = connection->open_channel();
      for (std::uint32_t i = 0; !stop.load(); ++i) {
        const bool was = own->publish({"", "q"}, {}, body_of({p, i}), {}) == kelp::PublishOutcome::accepted;
        ++(was ? accepted : unroutable);
      }
    });
  }
  std::uint64_t dropped = 0, taken = 0;
  std::array<std::uint32_t, 2> next{};
  std::uint32_t disordered = 0;
  const auto give_up = connection->clock().now() + patience;
  for (std::uint32_t round = 0; round < rounds_of(20'000) || dropped == 0 || taken == 0; ++round) {
    REQUIRE(connection->clock().now() < give_up);
    channel->declare_queue({.name = "q"});
    kelp::Delivery out;
    for (int i = 0; i < 20 && channel->get("q", true, out); ++i, ++taken) {
      const Id id = id_of(out.message);
      // Those before went with the queue's former lives.
      if (id.number < next[id.chain]) ++disordered;
      next[id.chain] = id.number + 1;
    }
    dropped += channel->delete_queue("q", false, false);
  }
  stop = true;
  publishers.clear();
  CHECK(disordered == 0);
  CHECK(unroutable > 0);
  CHECK(accepted >= dropped + taken);
}
