// The unsettled deliveries of a channel, against a map.
#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <random>
#include <vector>

#include "broker/unacked.hpp"

namespace {

using kelp::broker::Unacked;
using kelp::broker::Unsettled;

/// A delivery that is known by a number; nothing looks behind the pointer.
Unsettled numbered(std::uint64_t number) {
  return {.block = reinterpret_cast<kelp::message::Block*>(number * 8 + 8), .index = 7};
}

std::uint64_t number_of(const Unsettled& delivery) {
  return reinterpret_cast<std::uint64_t>(delivery.block) / 8 - 1;
}

/// Both sides, and their comparison.
struct Pair {
  Unacked unacked;
  std::map<std::uint64_t, std::uint64_t> reference;  // number by tag
  std::uint64_t last = 0;

  void push() {
    unacked.reserve(1);
    const std::uint64_t tag = unacked.push(numbered(last + 1000));
    REQUIRE(tag == last + 1);
    reference[tag] = last + 1000;
    last = tag;
  }
  void skip() {
    unacked.reserve(1);
    REQUIRE(unacked.skip() == last + 1);
    ++last;
  }
  void erase(std::uint64_t tag) {
    Unsettled* found = unacked.find(tag);
    const auto expected = reference.find(tag);
    REQUIRE((found != nullptr) == (expected != reference.end()));
    if (found == nullptr) return;
    REQUIRE(number_of(*found) == expected->second);
    unacked.erase(*found);
    reference.erase(expected);
    REQUIRE(unacked.find(tag) == nullptr);
  }
  void erase_up_to(std::uint64_t tag) {
    std::vector<std::uint64_t> seen, expected;
    unacked.for_each(tag, [&](Unsettled& u) {
      seen.push_back(number_of(u));
      unacked.erase(u);
    });
    while (!reference.empty() && reference.begin()->first <= tag) {
      expected.push_back(reference.begin()->second);
      reference.erase(reference.begin());
    }
    REQUIRE(seen == expected);
  }
  void compare() {
    REQUIRE(unacked.size() == reference.size());
    REQUIRE(unacked.last_tag() == last);
    std::vector<std::uint64_t> seen, expected;
    unacked.for_each(UINT64_MAX, [&](Unsettled& u) { seen.push_back(number_of(u)); });
    for (const auto& [tag, number] : reference) expected.push_back(number);
    REQUIRE(seen == expected);
  }
};

}  // namespace

TEST_CASE("tags count from one, and are found until they are erased") {
  Pair pair;
  CHECK(pair.unacked.find(0) == nullptr);
  CHECK(pair.unacked.find(1) == nullptr);
  for (int i = 0; i < 3; ++i) pair.push();
  pair.skip();
  CHECK(pair.unacked.find(4) == nullptr);
  CHECK(pair.unacked.find(5) == nullptr);
  pair.erase(2);
  pair.erase(2);
  pair.compare();
  pair.erase_up_to(3);
  pair.compare();
  pair.push();
  CHECK(pair.unacked.find(5) != nullptr);
  pair.compare();
}

TEST_CASE("a few old deliveries move aside, and a new one does not make room") {
  Pair pair;
  std::vector<std::uint64_t> old;
  for (int i = 0; i < 100'000; ++i) {
    pair.push();
    if (i % 5000 == 0) {
      old.push_back(pair.last);
    } else {
      pair.erase(pair.last);
    }
  }
  pair.compare();
  for (const std::uint64_t tag : old) pair.erase(tag);
  pair.compare();
  CHECK(pair.unacked.size() == 0);
}

TEST_CASE("an old delivery behind a window that is full") {
  Pair pair;
  pair.push();
  for (int i = 0; i < 1000; ++i) {
    for (int j = 0; j < 40; ++j) pair.push();
    while (pair.reference.size() > 41) pair.erase(std::next(pair.reference.begin())->first);
  }
  pair.compare();
  pair.erase(1);
  pair.compare();
  pair.erase_up_to(UINT64_MAX);
  CHECK(pair.unacked.size() == 0);
}

TEST_CASE("room for a whole run stays room, whatever was settled before") {
  for (std::size_t run = 1; run <= 32; ++run) {
    Pair pair;
    for (int round = 0; round < 50; ++round) {
      pair.unacked.reserve(run);
      for (std::size_t i = 0; i < run; ++i) {
        const std::uint64_t tag = pair.unacked.push(numbered(pair.last + 1000));
        pair.reference[tag] = pair.last + 1000;
        pair.last = tag;
      }
      while (pair.reference.size() > 3) pair.erase(pair.reference.rbegin()->first);
    }
    pair.compare();
  }
}

TEST_CASE("random use agrees with a map") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    Pair pair;
    // How many stay unsettled differs from run to run, and so does who is settled first.
    const std::uint64_t most = std::uint64_t{1} << (random() % 11);
    for (int i = 0; i < 5000; ++i) {
      const std::uint64_t dice = random() % 100;
      const auto any = [&] {
        if (pair.reference.empty() || random() % 20 == 0) return random() % (pair.last + 3);
        const std::uint64_t first = pair.reference.begin()->first, span = pair.last - first + 1;
        // Mostly young ones, so that old ones stay behind.
        return first + (random() % 10 == 0 ? random() % span : span - 1 - random() % span / 8);
      };
      if (pair.reference.size() >= most || dice < 30) {
        pair.erase(any());
      } else if (dice < 35) {
        pair.skip();
      } else if (dice == 99 && random() % 8 == 0) {
        pair.erase_up_to(any());
      } else {
        pair.push();
      }
      if (i % 50 == 0) pair.compare();
    }
    pair.compare();
  }
}
