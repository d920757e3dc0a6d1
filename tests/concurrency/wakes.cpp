// Consumers that sleep: no message is left lying while somebody sleeps for it, whoever publishes, requeues,
// interrupts, deletes or closes. A lost wake shows as a wait that reaches its deadline, far away.
#include <doctest/doctest.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include <kelp/error.hpp>

#include "bus.hpp"
#include "nudger.hpp"
#include "util/pause.hpp"

using namespace kelp::testing;

namespace {

constexpr std::size_t sleepers = 10;  // more than a queue's first chunk of waiters holds

/// Counts, and lets others wait until it has counted enough.
class Tally {
 public:
  void add() {
    const std::lock_guard lock(mutex_);
    ++count_;
    changed_.notify_all();
  }
  /// False when it takes for ever.
  bool reaches(std::uint64_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [&] { return count_ >= count; });
  }
  std::uint64_t count() {
    const std::lock_guard lock(mutex_);
    return count_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t count_ = 0;
};

/// Threads that each wait without a deadline, on a channel of their own, and call `got` for what comes.
class Sleepers {
 public:
  using Got = std::function<void(kelp::TransportChannel&, kelp::Delivery&)>;

  Sleepers(kelp::Broker& broker, std::vector<std::vector<std::string>> queues, Got got)
      : nudger_(seed()), connection_(broker.connect()) {
    for (std::vector<std::string>& mine : queues) {
      threads_.emplace_back([this, got, mine = std::move(mine)] {
        const Nudger::Here nudged(nudger_);
        try {
          run(mine, got);
        } catch (const kelp::ConnectionError&) {
          closed.add();
        }
      });
    }
    in_place.reaches(threads_.size());
  }
  ~Sleepers() {
    stop_ = true;
    connection_->interrupt();
  }
  kelp::TransportConnection& connection() { return *connection_; }

  Tally returned;  // receive() gave nothing
  Tally closed;

 private:
  void run(const std::vector<std::string>& queues, const Got& got) {
    const auto channel = connection_->open_channel();
    std::vector<std::unique_ptr<kelp::Subscription>> consumers;
    std::vector<kelp::Subscription*> from;
    for (const std::string& queue : queues) {
      consumers.push_back(channel->subscribe(queue, {}));
      from.push_back(consumers.back().get());
    }
    in_place.add();
    std::array<kelp::Delivery, 1> out;
    while (!stop_.load()) {
      if (connection_->receive(from, out, kelp::Clock::never) != 0) {
        got(*channel, out[0]);
      } else {
        returned.add();
      }
    }
  }

  Tally in_place;
  Nudger nudger_;
  std::unique_ptr<kelp::TransportConnection> connection_;
  std::atomic<bool> stop_{false};
  std::vector<std::jthread> threads_;
};

void ack(kelp::TransportChannel& channel, const kelp::Delivery& delivery) {
  const kelp::Settlement s{.tag = delivery.tag};
  channel.settle(std::span(&s, 1));
}

struct Fixture {
  kelp::Broker broker;
  std::unique_ptr<kelp::TransportConnection> connection = broker.connect();
  std::unique_ptr<kelp::TransportChannel> channel = connection->open_channel();
  Tally taken;
  std::mt19937_64 random{seed()};

  void publish(const std::string& queue, std::uint32_t number) {
    const Id id{0, number};
    // Sometimes at once, sometimes when everybody has fallen asleep.
    for (auto pauses = random() % 1024 == 0 ? 100'000 : random() % 256; pauses != 0; --pauses)
      kelp::util::pause();
    REQUIRE(channel->publish({"", queue}, {}, body_of(id), {}) == kelp::PublishOutcome::accepted);
  }
  Sleepers::Got take = [this](kelp::TransportChannel& from, kelp::Delivery& delivery) {
    ack(from, delivery);
    taken.add();
  };
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "one message at a time for many sleepers on one queue") {
  channel->declare_queue({.name = "q"});
  Sleepers all(broker, std::vector<std::vector<std::string>>(sleepers, {"q"}), take);
  const std::uint32_t rounds = rounds_of(60'000);
  for (std::uint32_t i = 0; i < rounds; ++i) {
    publish("q", i);
    REQUIRE(taken.reaches(i + 1));
  }
  CHECK(taken.count() == rounds);
}

TEST_CASE_FIXTURE(Fixture, "one message at a time for sleepers that wait on several queues") {
  const std::vector<std::string> names{"a", "b", "c", "d"};
  for (const std::string& name : names) channel->declare_queue({.name = name});
  Sleepers all(broker, {{"a", "b"}, {"b", "c"}, {"c", "d"}, {"d", "a"}, {"a", "b", "c", "d"}, {"c"}}, take);
  const std::uint32_t rounds = rounds_of(60'000);
  for (std::uint32_t i = 0; i < rounds; ++i) {
    publish(names[random() % names.size()], i);
    REQUIRE(taken.reaches(i + 1));
  }
  CHECK(taken.count() == rounds);
}

TEST_CASE_FIXTURE(Fixture, "a message for each sleeper, all at once, from two publishers") {
  channel->declare_queue({.name = "q"});
  Sleepers all(broker, std::vector<std::vector<std::string>>(sleepers, {"q"}), take);
  const std::uint32_t rounds = rounds_of(6000);
  const auto other = connection->open_channel();
  for (std::uint32_t i = 0; i < rounds; ++i) {
    std::jthread second([&] {
      for (std::uint32_t j = 0; j < sleepers / 2; ++j) other->publish({"", "q"}, {}, body_of({1, j}), {});
    });
    for (std::uint32_t j = 0; j < sleepers / 2; ++j) publish("q", j);
    REQUIRE(taken.reaches((i + 1) * (sleepers / 2 * 2)));
  }
  CHECK(taken.count() == rounds * (sleepers / 2 * 2));
}

TEST_CASE_FIXTURE(Fixture, "one publisher and one sleeper that is just lying down") {
  channel->declare_queue({.name = "q"});
  std::atomic<std::uint32_t> count{0};
  Sleepers one(broker, {{"q"}}, [&](kelp::TransportChannel& from, kelp::Delivery& delivery) {
    ack(from, delivery);
    ++count;
  });
  const std::uint32_t rounds = rounds_of(150'000);
  const auto give_up = connection->clock().now() + patience;
  for (std::uint32_t i = 0; i < rounds; ++i) {
    // A sleeper looks some microseconds before it lies down: meet every moment of that.
    for (auto pauses = random() % 400; pauses != 0; --pauses) kelp::util::pause();
    channel->publish({"", "q"}, {}, body_of({0, i}), {});
    for (std::uint32_t looks = 1; count.load() != i + 1; ++looks) {
      if (looks % 256 != 0) {
        kelp::util::pause();
      } else {
        REQUIRE(connection->clock().now() < give_up);
        std::this_thread::yield();
      }
    }
  }
  CHECK(count == rounds);
}

TEST_CASE_FIXTURE(Fixture, "who was woken by one message and takes another passes the wake on") {
  for (const char* name : {"a", "b"}) channel->declare_queue({.name = name});
  Tally rounds_ended;
  std::atomic<std::uint64_t> round{0};
  const auto rest = [&](std::uint64_t now, std::uint64_t pauses) {
    rounds_ended.reaches(now + 1);
    for (; pauses != 0; --pauses) kelp::util::pause();  // now the one lies down first, now the other
  };
  // One sleeps on both queues. When it has taken what came to b it takes no more in this round, though
  // it may have been woken for what came to a. The other takes that, then.
  Sleepers both(broker, {{"a", "b"}}, [&](kelp::TransportChannel& from, kelp::Delivery& delivery) {
    const std::uint64_t now = round.load();
    const bool last = delivery.subscription->queue() == "b";
    take(from, delivery);
    if (last) rest(now, now * 7919 % 997);
  });
  Sleepers other(broker, {{"a"}}, [&](kelp::TransportChannel& from, kelp::Delivery& delivery) {
    const std::uint64_t now = round.load();
    take(from, delivery);
    rest(now, now * 7907 % 991);
  });
  const std::uint32_t rounds = rounds_of(10'000);
  for (std::uint32_t i = 0; i < rounds; ++i) {
    for (auto pauses = random() % 4000; pauses != 0; --pauses) kelp::util::pause();
    publish("a", i);
    channel->publish({"", "b"}, {}, body_of({0, i}), {});
    REQUIRE(taken.reaches(2 * (i + 1)));
    ++round;
    rounds_ended.add();
  }
  CHECK(taken.count() == 2 * rounds);
}

TEST_CASE_FIXTURE(Fixture, "what is requeued, or comes back with a closed channel, wakes a sleeper") {
  channel->declare_queue({.name = "q"});
  const std::uint32_t rounds = rounds_of(10'000), channels = 100;
  for (std::uint32_t i = 0; i < rounds + 2 * channels; ++i) publish("q", i);
  std::vector<std::uint64_t> held;
  std::vector<std::unique_ptr<kelp::TransportChannel>> hasty;
  kelp::Delivery got;
  for (std::uint32_t i = 0; i < rounds; ++i) {
    REQUIRE(channel->get("q", false, got));
    held.push_back(got.tag);
  }
  for (std::uint32_t i = 0; i < channels; ++i) {
    hasty.push_back(connection->open_channel());
    for (int j = 0; j < 2; ++j) REQUIRE(hasty.back()->get("q", false, got));
  }
  Sleepers all(broker, std::vector<std::vector<std::string>>(4, {"q"}), take);
  std::shuffle(held.begin(), held.end(), random);
  for (std::uint32_t i = 0; i < rounds; ++i) {
    const kelp::Settlement s{.tag = held[i], .outcome = kelp::Settle::requeue};
    channel->settle(std::span(&s, 1));
    REQUIRE(taken.reaches(i + 1));
  }
  for (std::uint32_t i = 0; i < channels; ++i) {
    if (i % 2 == 0) {
      hasty[i]->recover();
    } else {
      hasty[i].reset();
    }
    REQUIRE(taken.reaches(rounds + 2 * (i + 1)));
  }
  CHECK(ready(*channel, "q") == 0);
}

TEST_CASE_FIXTURE(Fixture, "sleepers that come and go with short deadlines lose nothing to those who stay") {
  channel->declare_queue({.name = "q"});
  Sleepers staying(broker, std::vector<std::vector<std::string>>(2, {"q"}), take);
  std::atomic<bool> stop{false};
  std::vector<std::jthread> flickering;
  for (std::uint64_t t = 0; t < 3; ++t) {
    flickering.emplace_back([&, t] {
      const auto mine = broker.connect();
      std::mt19937_64 random(seed() * 10 + t);
      while (!stop.load()) {
        // Gone after each look, so that only those who stay can take what it did not.
        const auto from_channel = mine->open_channel();
        const auto consumer = from_channel->subscribe("q", {});
        std::array<kelp::Subscription*, 1> from{consumer.get()};
        std::array<kelp::Delivery, 1> out;
        const auto deadline = mine->clock().now() + std::chrono::microseconds(random() % 200);
        if (mine->receive(from, out, deadline) != 0) take(*from_channel, out[0]);
      }
    });
  }
  const std::uint32_t rounds = rounds_of(20'000);
  for (std::uint32_t i = 0; i < rounds; ++i) {
    publish("q", i);
    REQUIRE(taken.reaches(i + 1));
  }
  stop = true;
  flickering.clear();
  CHECK(taken.count() == rounds);
}

TEST_CASE_FIXTURE(Fixture, "every interrupt ends every wait, once") {
  channel->declare_queue({.name = "q"});
  channel->declare_queue({.name = "r"});
  std::vector<std::vector<std::string>> queues(sleepers, {"q"});
  for (std::size_t i = 0; i < sleepers / 2; ++i) queues[i].push_back("r");
  Sleepers all(broker, queues, take);
  const std::uint32_t rounds = rounds_of(8000);
  for (std::uint32_t i = 0; i < rounds; ++i) {
    all.connection().interrupt();
    REQUIRE(all.returned.reaches((i + 1) * sleepers));
    // A message in between finds its sleeper all the same.
    publish("q", i);
    REQUIRE(taken.reaches(i + 1));
  }
  CHECK(all.returned.count() == rounds * sleepers);
}

TEST_CASE_FIXTURE(Fixture, "closing the connection or the broker ends every wait with an error") {
  std::uint64_t closed = 0;
  for (const bool all_of_it : {false, true}) {
    for (std::uint32_t round = 0; round < rounds_of(400); ++round) {
      kelp::Broker own;
      const auto control = own.connect();
      control->open_channel()->declare_queue({.name = "q"});
      Sleepers all(own, std::vector<std::vector<std::string>>(4, {"q"}), take);
      // Some are asleep by then, others on their way.
      control->open_channel()->publish({"", "q"}, {}, body_of({0, round}), {});
      if (all_of_it) {
        own.close();
      } else {
        all.connection().close();
      }
      REQUIRE(all.closed.reaches(4));
      closed += all.closed.count();
    }
  }
  CHECK(closed == 2 * 4 * rounds_of(400));
}

TEST_CASE_FIXTURE(Fixture, "deleting a queue ends the waits of its consumers") {
  std::uint32_t inactive = 0;
  for (std::uint32_t round = 0; round < rounds_of(1000); ++round) {
    channel->declare_queue({.name = "q"});
    std::vector<std::jthread> threads;
    std::atomic<std::uint32_t> subscribed{0}, left{0};
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&] {
        const auto own = connection->open_channel();
        const auto consumer = own->subscribe("q", {});
        std::array<kelp::Subscription*, 1> from{consumer.get()};
        std::array<kelp::Delivery, 1> out;
        ++subscribed;
        while (consumer->active()) (void)connection->receive(from, out, kelp::Clock::never);
        ++left;
      });
    }
    while (subscribed != 3) std::this_thread::yield();
    channel->delete_queue("q", false, false);
    threads.clear();
    inactive += left;
  }
  CHECK(inactive == 3 * rounds_of(1000));
}
