// Who sleeps and who is woken: the set of waiters alone, and receive() at its edges.
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include <kelp/broker.hpp>
#include <kelp/error.hpp>
#include <kelp/transport.hpp>

#include "broker/waiting.hpp"

using namespace std::chrono_literals;

namespace {

using kelp::broker::Bell;
using kelp::broker::WaiterSet;
using kelp::util::Parker;

void lie_down(Bell& bell, std::uint64_t ticket, WaiterSet& set) {
  bell.ticket = ticket;
  bell.parker.announce();
  set.add(bell);
}

bool get_up(Bell& bell, WaiterSet& set) {
  set.remove(bell);
  return bell.parker.retract();
}

struct Fixture {
  kelp::Broker broker;
  std::unique_ptr<kelp::TransportConnection> connection = broker.connect();
  std::unique_ptr<kelp::TransportChannel> channel = connection->open_channel();
  std::array<kelp::Delivery, 4> out;
};

}  // namespace

TEST_CASE("whoever has slept longest is woken, each once") {
  WaiterSet set;
  CHECK_FALSE(set.any());
  CHECK_FALSE(set.wake_one());
  std::vector<Bell> bells(20);  // more than one chunk holds
  for (std::size_t i = 0; i < bells.size(); ++i) lie_down(bells[i], (i * 7) % bells.size(), set);
  CHECK(set.any());
  for (std::uint64_t ticket = 0; ticket < bells.size(); ++ticket) {
    CHECK(set.wake_one());
    for (const Bell& bell : bells) {
      CHECK(Parker::sleeps(bell.parker.observe()) == (bell.ticket > ticket));
    }
  }
  CHECK_FALSE(set.wake_one());
  for (Bell& bell : bells) CHECK(get_up(bell, set));
  CHECK_FALSE(set.any());
}

TEST_CASE("a bell that hangs in two sets is woken by one of them") {
  WaiterSet one, two;
  Bell bell;
  bell.parker.announce();
  one.add(bell);
  two.add(bell);
  CHECK(two.wake_one());
  CHECK_FALSE(one.wake_one());
  one.remove(bell);
  CHECK(two.any());
  CHECK(get_up(bell, two));
}

TEST_CASE("a bell that hangs twice in a set leaves once for each") {
  WaiterSet set;
  Bell bell, other;
  lie_down(bell, 1, set);
  set.add(bell);
  set.remove(bell);
  CHECK(set.any());
  CHECK(set.wake_one());
  set.remove(bell);
  CHECK_FALSE(set.any());
  set.remove(bell);  // not there
  CHECK_FALSE(set.any());
  lie_down(other, 2, set);
  CHECK(set.any());
  CHECK(set.wake_one());
  CHECK(get_up(other, set));
}

TEST_CASE("wake_all wakes everybody") {
  WaiterSet set;
  std::vector<Bell> bells(13);
  for (Bell& bell : bells) lie_down(bell, 1, set);
  set.wake_all();
  for (Bell& bell : bells) CHECK(get_up(bell, set));
}

TEST_CASE_FIXTURE(Fixture, "receive() needs room, and does not wait for it") {
  channel->declare_queue({.name = "q"});
  channel->publish({"", "q"}, {}, {}, {});
  const auto consumer = channel->subscribe("q", {});
  std::array<kelp::Subscription*, 1> from{consumer.get()};
  CHECK(connection->receive(from, {}, kelp::Clock::never) == 0);
  CHECK(connection->receive(from, out, kelp::Clock::never) == 1);
  CHECK_THROWS_AS((void)connection->receive({}, out, kelp::Clock::never), kelp::InvalidArgument);
}

TEST_CASE_FIXTURE(Fixture, "nobody waits for a queue that is gone, or on a channel that is closed") {
  channel->declare_queue({.name = "q"});
  channel->declare_queue({.name = "r"});
  auto other = connection->open_channel();
  const auto gone = channel->subscribe("q", {});
  const auto closed = other->subscribe("r", {});
  channel->delete_queue("q", false, false);
  other->close();
  std::array<kelp::Subscription*, 2> from{closed.get(), gone.get()};
  CHECK_FALSE(gone->active());
  CHECK_FALSE(closed->active());
  CHECK(connection->receive(from, out, kelp::Clock::never) == 0);
  other.reset();
  CHECK(connection->receive(from, out, kelp::Clock::never) == 0);
  // One that is active is waited for, whatever stands before it.
  const auto alive = channel->subscribe("r", {});
  std::array<kelp::Subscription*, 3> all{closed.get(), gone.get(), alive.get()};
  const auto publisher = connection->open_channel();
  std::jthread thread([&] { publisher->publish({"", "r"}, {}, {}, {}); });
  CHECK(connection->receive(all, out, kelp::Clock::never) == 1);
  CHECK(out[0].subscription == alive.get());
}

TEST_CASE_FIXTURE(Fixture, "deleting a queue ends the wait of its last consumer, whenever it comes") {
  auto other = connection->open_channel();
  for (int round = 0; round < 500; ++round) {
    channel->declare_queue({.name = "q"});
    const auto consumer = channel->subscribe("q", {});
    std::array<kelp::Subscription*, 1> from{consumer.get()};
    std::atomic<bool> ready{false};
    std::jthread thread([&] {
      ready.wait(false);
      other->delete_queue("q", false, false);
    });
    ready = true;
    ready.notify_one();
    // Without end: a lost wake hangs here.
    CHECK(connection->receive(from, out, kelp::Clock::never) == 0);
    CHECK_FALSE(consumer->active());
  }
}
