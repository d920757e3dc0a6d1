// The ready queue, one thread at a time; tests/concurrency has the threads.
#include "broker/ready_queue.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <set>
#include <vector>

#include "support/ready_queue_models.hpp"

using kelp::broker::Push;
using kelp::broker::RealModel;
using kelp::broker::Sight;
using kelp::testing::InterruptedModel;
using kelp::testing::QueueFixture;
using kelp::testing::range;
using kelp::testing::SmallModel;

namespace {

using Small = QueueFixture<SmallModel>;
using Real = QueueFixture<RealModel>;

/// Memory is limited while this lives.
struct Allocations {
  explicit Allocations(std::int64_t left) { SmallModel::allocations_left = left; }
  ~Allocations() { SmallModel::allocations_left = -1; }
};

}  // namespace

TEST_CASE_TEMPLATE("messages come out in the order in which they went in", Model, SmallModel, RealModel) {
  QueueFixture<Model> f;
  CHECK(f.take() == 0);
  for (std::uint64_t n : {1, 2, 3, 5, 31, 32, 33, 3000}) {
    f.push_range(1, n);
    CHECK(f.queue.size(f.access) == n);
    CHECK(f.drain() == range(1, n));
    CHECK(f.queue.size(f.access) == 0);
  }
}

TEST_CASE_TEMPLATE("a batch goes in whole and comes out in runs of one segment", Model, SmallModel,
                   RealModel) {
  QueueFixture<Model> f;
  for (std::uint64_t n : {1, 2, 7, 8, 9, 64, 5000}) {
    const auto handles = range(1, n);
    CHECK(f.queue.push(f.access, handles) == n);
    CHECK(f.queue.size(f.access) == n);
    std::vector<std::uint64_t> out;
    for (auto claims = f.pop(10); !claims.empty(); claims = f.pop(10)) {
      for (const auto& claim : claims) {
        CHECK(claim.segment == claims[0].segment);
        out.push_back(claim.handle);
      }
      f.queue.settle(f.access, claims[0].segment, static_cast<std::uint32_t>(claims.size()));
    }
    CHECK(out == handles);
  }
  CHECK(f.queue.push(f.access, std::span<const std::uint64_t>{}) == 0);
  CHECK(f.pop(0).empty());
}

TEST_CASE("a returned message has its old place, across segments, and says that it was delivered") {
  Small f;
  f.push_range(1, 40);
  std::vector<Small::Claim> claims;
  for (int i = 0; i < 30; ++i) claims.push_back(f.pop());
  for (int i : {25, 3, 14, 4}) f.queue.requeue(f.access, claims[i]);
  CHECK(f.queue.size(f.access) == 14);
  for (std::uint64_t expected : {4, 5, 15, 26}) {
    const auto claim = f.pop();
    CHECK(claim.handle == expected);
    CHECK(claim.redelivered);
    f.settle(claim);
  }
  const auto fresh = f.pop();
  CHECK(fresh.handle == 31);
  CHECK_FALSE(fresh.redelivered);
}

TEST_CASE("a message that its consumer never saw is returned as new, until one has seen it") {
  Small f;
  f.push(7);
  f.queue.requeue(f.access, f.pop(), false);
  auto claim = f.pop();
  CHECK_FALSE(claim.redelivered);
  f.queue.requeue(f.access, claim);
  claim = f.pop();
  CHECK(claim.redelivered);
  f.queue.requeue(f.access, claim, false);
  CHECK(f.pop().redelivered);
}

TEST_CASE("several returned messages of a segment come in one pop, and no more than asked for") {
  Real f;
  f.push_range(1, 32);
  const auto claims = f.pop(32);
  for (const auto& claim : claims) f.queue.requeue(f.access, claim);
  CHECK(f.queue.size(f.access) == 32);
  std::uint64_t next = 1;
  for (std::size_t most : {5, 1, 40}) {
    for (const auto& claim : f.pop(most)) CHECK(claim.handle == next++);
  }
  CHECK(next == 33);
  CHECK(f.pop(1).empty());
}

TEST_CASE("an overtaken publish keeps its place once it has landed") {
  QueueFixture<InterruptedModel> f;
  f.push(1);
  for (std::uint64_t later : {1, 2, 20}) {  // in the segment, at its end, segments further on
    CAPTURE(later);
    f.drain();
    InterruptedModel::before_store = [&] {
      CHECK(f.queue.look(f.other) == Sight::in_flight);
      for (std::uint64_t i = 0; i < later; ++i) f.queue.push(f.other, 100 + i);
      CHECK(f.queue.look(f.other) == Sight::ready);
      QueueFixture<InterruptedModel>::Claim claim[1];
      REQUIRE(f.queue.pop(f.other, claim) == 1);
      CHECK(claim[0].handle == 100);
      f.queue.requeue(f.other, claim[0]);
      CHECK(f.queue.open_holes(f.other) == 1);
      CHECK(f.queue.size(f.other) == later);
      for (std::uint64_t i = 0; i < later; ++i) {
        REQUIRE(f.queue.pop(f.other, claim) == 1);
        CHECK(claim[0].handle == 100 + i);
        f.queue.settle(f.other, claim[0].segment, 1);
      }
      CHECK(f.queue.pop(f.other, claim) == 0);
      CHECK(f.queue.look(f.other) == Sight::in_flight);
      CHECK_FALSE(f.queue.seal_if_empty(f.other));
      f.queue.push(f.other, 99);
    };
    const auto before = f.queue.size(f.access);
    CHECK(before == 0);
    // The current segment has room for it: the interruption comes between its index and its cell.
    f.push(50);
    REQUIRE(InterruptedModel::before_store == nullptr);
    CHECK(f.queue.open_holes(f.access) <= 1);
    const auto landed = f.pop();
    CHECK(landed.handle == 50);
    CHECK_FALSE(landed.redelivered);
    CHECK(f.queue.open_holes(f.access) == 0);
    f.queue.requeue(f.access, landed);
    CHECK(f.drain() == std::vector<std::uint64_t>{50, 99});
  }
}

TEST_CASE("a sealed queue refuses pushes and can be drained") {
  for (std::uint64_t n : {0, 1, 2, 3, 17}) {
    CAPTURE(n);
    Small f;
    f.push_range(1, n);
    const auto claim = f.pop();
    CHECK_FALSE(f.queue.sealed());
    f.queue.seal(f.access);
    f.queue.seal(f.access);
    CHECK(f.queue.sealed());
    CHECK(f.queue.push(f.access, 100) == Push::sealed);
    CHECK(f.queue.push(f.access, range(1, 9)) == 0);
    if (claim.handle != 0) f.queue.requeue(f.access, claim);
    CHECK(f.queue.size(f.access) == n);
    CHECK(f.drain().size() == n);
    CHECK_FALSE(f.queue.maybe_ready(f.access));
  }
}

TEST_CASE("a queue is sealed as empty only when nothing is ready") {
  for (std::uint64_t n : {1, 2, 3, 17}) {
    CAPTURE(n);
    Small f;
    f.push_range(1, n);
    CHECK_FALSE(f.queue.seal_if_empty(f.access));
    const auto claim = f.pop();
    f.drain();
    f.queue.requeue(f.access, claim);
    CHECK_FALSE(f.queue.seal_if_empty(f.access));
    CHECK_FALSE(f.queue.sealed());
    CHECK(f.queue.push(f.access, 100) == Push::ok);
    f.drain();
    CHECK(f.queue.seal_if_empty(f.access));
    CHECK(f.queue.seal_if_empty(f.access));
    CHECK(f.queue.sealed());
    CHECK(f.queue.push(f.access, 100) == Push::sealed);
  }
  Small untouched;
  CHECK(untouched.queue.seal_if_empty(untouched.access));
  CHECK(untouched.queue.push(untouched.access, 1) == Push::sealed);
}

TEST_CASE("an idle queue owns no segment, and works again") {
  Small f;
  CHECK(f.pool.allocated() == 0);
  CHECK(f.queue.give_back_if_idle(f.access));
  for (std::uint64_t n : {1, 2, 3, 17, 18}) {
    CAPTURE(n);
    f.push_range(1, n);
    CHECK_FALSE(f.queue.give_back_if_idle(f.access));
    CHECK(f.drain().size() == n);
    CHECK(f.queue.give_back_if_idle(f.access));
    CHECK(f.queue.give_back_if_idle(f.access));
    CHECK(f.queue.pinned() == 0);
    CHECK(f.queue.look(f.access) == Sight::empty);
    f.access.flush();
    f.pool.trim();
    CHECK(f.pool.allocated() == 0);
  }
  SUBCASE("what is unsettled keeps its segment and can still return") {
    f.push_range(1, 3);
    const auto claim = f.pop();
    f.drain();
    CHECK(f.queue.give_back_if_idle(f.access));
    CHECK(f.queue.pinned() == 1);
    f.queue.requeue(f.access, claim);
    CHECK(f.queue.maybe_ready(f.access));
    f.push(9);
    CHECK(f.drain() == std::vector<std::uint64_t>{1, 9});
    CHECK(f.queue.give_back_if_idle(f.access));
    CHECK(f.queue.pinned() == 0);
  }
  SUBCASE("an idle queue can be sealed") {
    f.queue.seal(f.access);
    CHECK(f.queue.push(f.access, 1) == Push::sealed);
    CHECK(f.pop().handle == 0);
  }
}

TEST_CASE_TEMPLATE("more returned messages than the head can count", Model, SmallModel, RealModel) {
  QueueFixture<Model> f;
  const std::uint64_t n = Model::side_max + 3000;
  f.push_range(1, n);
  for (int round = 0; round < 3; ++round) {
    std::vector<typename QueueFixture<Model>::Claim> claims;
    for (auto some = f.pop(500); !some.empty(); some = f.pop(500)) {
      claims.insert(claims.end(), some.begin(), some.end());
    }
    REQUIRE(claims.size() == n);
    for (const auto& claim : claims) f.queue.requeue(f.access, claim);
    CHECK(f.queue.size(f.access) == n);
    CHECK_FALSE(f.queue.seal_if_empty(f.access));
  }
  CHECK(f.drain() == range(1, n));
  CHECK(f.queue.size(f.access) == 0);
  CHECK(f.queue.give_back_if_idle(f.access));
  // The count sticks until all of that is gone and the head enters a segment; then it counts again.
  f.push_range(1, 3 * Model::max_cells);
  CHECK(f.drain().size() == 3 * Model::max_cells);
  f.push_range(1, 2);
  f.queue.requeue(f.access, f.pop());
  CHECK(f.drain() == range(1, 2));
  CHECK(f.queue.seal_if_empty(f.access));
}

TEST_CASE("one old delivery pins one segment, not what comes after it") {
  Real f;
  f.push_range(1, 5000);
  const auto old = f.pop();
  f.drain();
  std::size_t most = 0;
  std::vector<std::uint64_t> batch = range(1, 100);
  for (int i = 0; i < 20000; ++i) {
    f.queue.push(f.access, batch);
    for (auto claims = f.pop(64); !claims.empty(); claims = f.pop(64)) {
      f.queue.settle(f.access, claims[0].segment, static_cast<std::uint32_t>(claims.size()));
    }
    most = std::max<std::size_t>(most, f.queue.pinned());
  }
  CHECK(most <= 2);
  CHECK(f.pool.allocated() < 2 * RealModel::retire_batch + 16);
  f.queue.requeue(f.access, old);
  CHECK(f.drain() == std::vector<std::uint64_t>{1});
  CHECK(f.queue.pinned() == 0);
}

TEST_CASE("many pinned segments are all found again") {
  Small f;
  std::deque<Small::Claim> old;
  for (std::uint64_t i = 1; i <= 1000; ++i) {
    f.push(i);
    const auto claim = f.pop();
    if (i % 10 == 0) {
      old.push_back(claim);
    } else {
      f.settle(claim);
    }
  }
  CHECK(f.queue.pinned() >= 90);
  for (const auto& claim : old) f.queue.requeue(f.access, claim);
  CHECK(f.queue.size(f.access) == 100);
  const auto found = f.drain();
  REQUIRE(found.size() == 100);
  for (std::uint64_t i = 0; i < 100; ++i) CHECK(found[i] == 10 * (i + 1));
  CHECK(f.queue.pinned() <= 1);
}

TEST_CASE("when memory runs out a push changes nothing") {
  Small f;
  for (int budget = 0; budget < 6; ++budget) {
    for (std::uint64_t n : {1, 2, 3, 30}) {
      CAPTURE(budget);
      CAPTURE(n);
      f.push_range(1, 5);
      f.access.flush();
      f.pool.trim();
      bool failed = false;
      {
        const Allocations limit(budget);
        try {
          f.queue.push(f.access, range(6, 5 + n));
        } catch (const std::bad_alloc&) {
          failed = true;
        }
      }
      if (budget == 0 && n == 30) CHECK(failed);
      CHECK(f.queue.size(f.access) == (failed ? 5 : 5 + n));
      CHECK(f.drain() == range(1, failed ? 5 : 5 + n));
    }
  }
  SUBCASE("one at a time, up to the end of a segment") {
    f.queue.give_back_if_idle(f.access);
    f.access.flush();
    f.pool.trim();
    std::uint64_t in = 0;
    {
      const Allocations limit(1);
      CHECK_THROWS_AS(while (true) f.push(in++ + 1), std::bad_alloc);
    }
    --in;
    CHECK(in == SmallModel::min_cells);
    CHECK(f.queue.size(f.access) == in);
    f.push(in + 1);
    CHECK(f.drain() == range(1, in + 1));
  }
}

TEST_CASE_TEMPLATE("whatever is done, it agrees with a set", Model, SmallModel, RealModel) {
  for (unsigned seed = 1; seed <= 4; ++seed) {
    CAPTURE(seed);
    QueueFixture<Model> f(seed % 2 == 0);
    std::mt19937 random(seed);
    std::set<std::uint64_t> ready;
    std::set<std::uint64_t> returned;
    std::vector<typename QueueFixture<Model>::Claim> held;
    std::uint64_t next = 1;
    const auto below = [&](std::size_t n) { return random() % n; };
    for (int step = 0; step < 125000; ++step) {
      const unsigned what = below(100);
      if (what < 30) {
        f.push(next);
        ready.insert(next++);
      } else if (what < 35) {
        const std::size_t n = below(ready.size() < 500 ? 40 : 4);
        const auto handles = range(next, next + n);
        REQUIRE(f.queue.push(f.access, handles) == handles.size());
        ready.insert(handles.begin(), handles.end());
        next += handles.size();
      } else if (what < 75) {
        const auto claims = f.pop(1 + below(what < 60 ? 2 : 40));
        REQUIRE(claims.empty() == ready.empty());
        for (const auto& claim : claims) {
          REQUIRE(claim.handle == *ready.begin());
          REQUIRE(claim.redelivered == (returned.count(claim.handle) != 0));
          ready.erase(ready.begin());
          held.push_back(claim);
        }
      } else if (what < 96) {
        const bool piling = step / 20000 % 2 == 0 && held.size() < 1000;
        for (std::size_t n = below(piling ? 2 : 12); n != 0 && !held.empty(); --n) {
          const std::size_t i = below(held.size());
          std::swap(held[i], held.back());
          if (below(4) == 0) {
            f.queue.requeue(f.access, held.back());
            ready.insert(held.back().handle);
            returned.insert(held.back().handle);
          } else {
            f.settle(held.back());
          }
          held.pop_back();
        }
      } else if (what == 96) {
        const bool gone = f.queue.give_back_if_idle(f.access);
        // Only what has returned may be ready without a current segment.
        REQUIRE((gone || !ready.empty()));
        REQUIRE((!gone || std::includes(returned.begin(), returned.end(), ready.begin(), ready.end())));
      } else if (what == 97) {
        f.access.flush();
      } else {
        REQUIRE(f.queue.size(f.access) == ready.size());
        REQUIRE(f.queue.maybe_ready(f.access) == !ready.empty());
      }
    }
    for (const auto& claim : held) f.settle(claim);
    CHECK(f.drain() == std::vector<std::uint64_t>(ready.begin(), ready.end()));
    CHECK(f.queue.pinned() <= 1);
  }
}
