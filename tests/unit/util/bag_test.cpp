// A bag gives back what was put into it, each once, in any order.
#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "util/bag.hpp"

using kelp::util::Bag;

TEST_CASE("what was put is taken, each once") {
  Bag<int*> bag;
  std::vector<int> items(1000);
  int* out = nullptr;
  CHECK_FALSE(bag.take(out));
  for (int& item : items) REQUIRE(bag.put(&item));
  CHECK(bag.size_hint() == items.size());
  std::set<int*> taken;
  while (bag.take(out)) taken.insert(out);
  CHECK(taken.size() == items.size());
  CHECK(taken.count(&items[500]) == 1);
  CHECK(bag.size_hint() == 0);
}

TEST_CASE("what moves only, moves through") {
  Bag<std::unique_ptr<int>> bag;
  REQUIRE(bag.put(std::make_unique<int>(7)));
  REQUIRE(bag.put(std::make_unique<int>(8)));  // never taken: the bag frees it
  std::unique_ptr<int> out;
  REQUIRE(bag.take(out));
  CHECK((*out == 7 || *out == 8));
}

TEST_CASE("try_put refuses only when there is no room") {
  Bag<int*> bag(32);
  int item = 0;
  std::size_t put = 0;
  while (put < 100'000 && bag.try_put(&item)) ++put;
  CHECK(put >= 32);
  std::size_t taken = 0;
  for (int* out = nullptr; bag.take(out);) ++taken;
  CHECK(taken == put);
  CHECK(bag.try_put(&item));
}

TEST_CASE("threads that put and take lose and double nothing") {
  constexpr int threads = 4, each = 20'000;
  Bag<int*> bag;
  std::vector<int> items(static_cast<std::size_t>(threads * each));
  std::vector<std::atomic<int>> seen(items.size());
  std::atomic<int> taken{0};
  {
    std::vector<std::jthread> all;
    for (int t = 0; t < threads; ++t) {
      all.emplace_back([&, t] {
        int* out = nullptr;
        for (int i = 0; i < each; ++i) {
          while (!bag.put(&items[static_cast<std::size_t>(t * each + i)])) std::this_thread::yield();
          if (i % 2 == 0 && bag.take(out)) ++taken, ++seen[static_cast<std::size_t>(out - items.data())];
        }
      });
    }
  }
  for (int* out = nullptr; bag.take(out);) ++taken, ++seen[static_cast<std::size_t>(out - items.data())];
  CHECK(taken == threads * each);
  int wrong = 0;
  for (const auto& count : seen) wrong += count != 1;
  CHECK(wrong == 0);
}
