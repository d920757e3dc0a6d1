#include "messaging/gate.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

using kelp::messaging::Gate;
using Entry = Gate::Entry;

TEST_CASE("gate: may be entered again while inside") {
  Gate gate;
  CHECK(gate.enter() == Entry::inside);
  CHECK(gate.enter() == Entry::inside);
  CHECK(gate.mine());
  CHECK_FALSE(gate.leave());
  CHECK(gate.mine());
  CHECK_FALSE(gate.leave());
  CHECK_FALSE(gate.mine());
}

TEST_CASE("gate: another thread finds it busy, and free once it was left") {
  Gate gate;
  REQUIRE(gate.enter() == Entry::inside);
  Entry found = Entry::inside;
  std::thread([&] { found = gate.enter(); }).join();
  CHECK(found == Entry::busy);
  CHECK(gate.enter() == Entry::inside);
  gate.leave();
  gate.leave();
  for (int i = 0; i < 10; ++i) {  // beyond the number of biases
    std::thread([&] {
      found = gate.enter();
      gate.leave();
    }).join();
    CHECK(found == Entry::inside);
  }
  CHECK(gate.enter() == Entry::inside);
  gate.leave();
}

TEST_CASE("gate: closed from inside, the last level to leave says so") {
  Gate gate;
  REQUIRE(gate.enter() == Entry::inside);
  REQUIRE(gate.enter() == Entry::inside);
  CHECK(gate.close());
  CHECK_FALSE(gate.close());
  CHECK(gate.occupied());
  CHECK(gate.enter() == Entry::closed);
  CHECK_FALSE(gate.enter_to_settle());
  CHECK_FALSE(gate.leave());
  CHECK(gate.leave());
  CHECK_FALSE(gate.occupied());
}

TEST_CASE("gate: settling enters only what is one's own") {
  Gate gate;
  CHECK(gate.enter_to_settle());
  gate.leave();
  bool other = true;
  std::thread([&] { other = gate.enter_to_settle(); }).join();
  CHECK_FALSE(other);
}

TEST_CASE("gate: one thread at a time, whoever comes") {
  Gate gate;
  int inside = 0;  // not atomic: the gate guards it
  std::atomic<int> entered{0};
  std::atomic<bool> wrong{false};
  const auto work = [&](bool settle) {
    for (int i = 0; i < 2000; ++i) {
      const bool in = settle ? gate.enter_to_settle() : gate.enter() == Entry::inside;
      if (!in) continue;
      if (++inside != 1) wrong = true;
      --inside;
      ++entered;
      gate.leave();
    }
  };
  std::vector<std::thread> threads;
  for (const bool settle : {false, true, false}) threads.emplace_back(work, settle);
  work(true);
  for (auto& thread : threads) thread.join();
  CHECK_FALSE(wrong);
  CHECK(entered > 0);
  CHECK(inside == 0);
}

TEST_CASE("gate: nobody enters once close has found it empty") {
  for (int round = 0; round < 200; ++round) {
    Gate gate;
    int guarded = 0;
    std::thread user([&] {
      while (gate.enter() == Entry::inside) {
        ++guarded;
        gate.leave();
      }
    });
    gate.close();
    while (gate.occupied()) std::this_thread::yield();
    const int seen = guarded;
    user.join();
    REQUIRE(guarded == seen);
  }
}
