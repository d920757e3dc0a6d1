// A thread's bed: who wakes it, and which sleep.
#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "util/parker.hpp"

using kelp::Clock;
using kelp::util::Parker;
using namespace std::chrono_literals;

namespace {
Clock::time_point in(Clock::duration time) {
  return Clock::time_point(std::chrono::steady_clock::now()) + time;
}
}  // namespace

TEST_CASE("who is awake cannot be woken") {
  Parker parker;
  CHECK_FALSE(Parker::sleeps(parker.observe()));
  CHECK_FALSE(parker.unpark(parker.observe()));
  parker.park(Clock::never);  // nothing was announced
  CHECK_FALSE(parker.retract());
}

TEST_CASE("one waker wins") {
  Parker parker;
  parker.announce();
  const Parker::Word seen = parker.observe();
  CHECK(Parker::sleeps(seen));
  CHECK(parker.unpark(seen));
  CHECK_FALSE(parker.unpark(seen));
  CHECK_FALSE(parker.unpark(parker.observe()));
  parker.park(Clock::never);  // woken before it lay down
  CHECK(parker.retract());
}

TEST_CASE("a sleep that has ended cannot be woken") {
  Parker parker;
  parker.announce();
  const Parker::Word old = parker.observe();
  CHECK_FALSE(parker.retract());
  CHECK_FALSE(parker.unpark(old));
  parker.announce();
  CHECK_FALSE(parker.unpark(old));
  CHECK(Parker::sleeps(parker.observe()));
  CHECK(parker.unpark(parker.observe()));
  CHECK(parker.retract());
}

TEST_CASE("a deadline ends a sleep, also one that has passed") {
  Parker parker;
  for (const auto deadline : {Clock::time_point::min(), Clock::time_point{}, in(-1s), in(2ms)}) {
    parker.announce();
    while (Clock::time_point(std::chrono::steady_clock::now()) < deadline) parker.park(deadline);
    parker.park(deadline);
    CHECK_FALSE(parker.retract());
  }
}

TEST_CASE("of several wakers one is counted for each sleep, and no sleep is missed") {
  constexpr int sleeps = 2000;
  Parker parker;
  std::atomic<int> won{0};
  std::atomic<bool> done{false};
  std::vector<std::jthread> wakers;
  for (int i = 0; i < 3; ++i) {
    wakers.emplace_back([&] {
      while (!done.load()) {
        if (parker.unpark(parker.observe())) ++won;
        std::this_thread::yield();
      }
    });
  }
  int woken = 0;
  for (int i = 0; i < sleeps; ++i) {
    parker.announce();
    while (Parker::sleeps(parker.observe())) parker.park(Clock::never);
    woken += parker.retract();
  }
  done = true;
  wakers.clear();
  CHECK(woken == sleeps);
  CHECK(won == sleeps);
}
