// What a channel remembers of routes, and what an exchange remembers of its changes.
#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "broker/exchange.hpp"
#include "broker/route_cache.hpp"
#include "routing/topic.hpp"
#include "util/reclaim.hpp"
#include "util/xxh3.hpp"

namespace {

using kelp::broker::Exchange;
using kelp::broker::Queue;
using kelp::broker::Route;
using kelp::broker::RouteCache;
using kelp::routing::ExchangeType;

struct Exchanges {
  kelp::util::Domain domain;
  std::vector<std::unique_ptr<Exchange>> all;

  explicit Exchanges(ExchangeType type, int count = 1) {
    for (int i = 0; i < count; ++i) {
      all.push_back(std::make_unique<Exchange>(
          kelp::broker::ExchangeDescription{.name = "x" + std::to_string(i), .type = ""}, type, domain,
          static_cast<std::uint64_t>(i) * 977 + 5));
    }
  }
  Exchange& operator*() { return *all[0]; }
  Exchange* operator->() { return all[0].get(); }

  void change(std::string_view pattern) {
    Exchange& x = *all[0];
    x.commit(x.prepare_change(&pattern));
  }
  void change_every_key() { all[0]->commit(all[0]->prepare_change(nullptr)); }
};

/// A pointer that nobody follows.
Queue* queue(std::uint64_t number) { return reinterpret_cast<Queue*>(number * 64 + 64); }

std::vector<Queue*> queues(std::uint64_t first, std::uint64_t count) {
  std::vector<Queue*> all;
  for (std::uint64_t i = 0; i < count; ++i) all.push_back(queue(first + i));
  return all;
}

Route& put(RouteCache& cache, const Exchange& exchange, const std::string& key,
           const std::vector<Queue*>& to) {
  const std::uint64_t hash = kelp::util::xxh3(key, exchange.seed);
  Route* known = cache.find(hash, exchange, key);
  Route& place = known != nullptr ? *known : cache.place(hash);
  place.set(hash, exchange, exchange.generation(), key, to);
  return place;
}

Route* find(RouteCache& cache, const Exchange& exchange, const std::string& key) {
  return cache.find(kelp::util::xxh3(key, exchange.seed), exchange, key);
}

bool leads_to(const Route* route, const std::vector<Queue*>& to) {
  return route != nullptr && std::equal(route->queues().begin(), route->queues().end(), to.begin(), to.end());
}

}  // namespace

TEST_CASE("a route is found by its exchange and its whole key") {
  Exchanges exchanges(ExchangeType::topic, 2);
  Exchange &one = *exchanges.all[0], &two = *exchanges.all[1];
  RouteCache cache;
  CHECK(find(cache, one, "k") == nullptr);
  for (const std::size_t size : {0, 1, 63, 64, 65, 200, 255}) {
    const std::string key(size, 'k');
    put(cache, one, key, queues(size, 3));
    CHECK(leads_to(find(cache, one, key), queues(size, 3)));
    CHECK(find(cache, two, key) == nullptr);
    CHECK(find(cache, one, key + "x") == nullptr);
    // The same hash with another key, as a collision would give it.
    const std::uint64_t hash = kelp::util::xxh3(key, one.seed);
    CHECK(cache.find(hash, one, "another") == nullptr);
    CHECK(cache.find(hash, two, key) == nullptr);
  }
  cache.clear();
  CHECK(find(cache, one, "k") == nullptr);
}

TEST_CASE("a place is used again for longer and shorter keys, for many and few queues") {
  Exchanges exchange(ExchangeType::topic);
  Route route;
  std::mt19937_64 random(3);
  for (int i = 0; i < 2000; ++i) {
    const std::string key(random() % 256, static_cast<char>('a' + random() % 26));
    const std::vector<Queue*> to = queues(random() % 100, random() % 12);
    route.set(i, *exchange, 1, key, to);
    REQUIRE(route.key_view() == key);
    REQUIRE(leads_to(&route, to));
    if (random() % 10 == 0) {
      Route moved = std::move(route);
      REQUIRE(moved.key_view() == key);
      REQUIRE(leads_to(&moved, to));
      route = std::move(moved);
    }
  }
}

TEST_CASE("the cache grows while keys push each other out, and never answers wrongly") {
  Exchanges exchange(ExchangeType::topic);
  RouteCache cache;
  std::map<std::string, std::vector<Queue*>> reference;
  std::mt19937_64 random(5);
  constexpr std::uint64_t keys = 3000;
  std::uint64_t hits = 0;
  constexpr int rounds = 60'000;
  for (int i = 0; i < rounds; ++i) {
    const std::uint64_t number = random() % keys;
    const std::string key = "key." + std::to_string(number) + std::string(number % 90, '-');
    const Route* known = find(cache, *exchange, key);
    if (known != nullptr) {
      REQUIRE(leads_to(known, reference[key]));
      hits += i > rounds / 2;
    }
    if (known == nullptr || random() % 50 == 0) {
      reference[key] = queues(random() % 1000, random() % 8);
      put(cache, *exchange, key, reference[key]);
    }
  }
  // As many places as keys are wanted: most are found in the end.
  CHECK(hits > rounds / 2 * 9 / 10);
}

TEST_CASE("more keys than the largest cache holds") {
  Exchanges exchange(ExchangeType::topic);
  RouteCache cache;
  for (std::uint64_t round = 0; round < 3; ++round) {
    for (std::uint64_t i = 0; i < 40'000; ++i) {
      const std::string key = std::to_string(i);
      const Route* known = find(cache, *exchange, key);
      if (known != nullptr) REQUIRE(leads_to(known, queues(i, 2)));
      if (known == nullptr) put(cache, *exchange, key, queues(i, 2));
      REQUIRE(leads_to(find(cache, *exchange, key), queues(i, 2)));
    }
  }
}

TEST_CASE("a route outlives changes that do not concern its key") {
  Exchanges direct(ExchangeType::direct);
  const std::uint64_t then = direct->generation();
  CHECK(direct->unchanged_for("k", then, then) == false);  // nothing is remembered yet: resolve
  direct.change("other");
  CHECK(direct->generation() == then + 1);
  CHECK(direct->unchanged_for("k", then, direct->generation()));
  CHECK_FALSE(direct->unchanged_for("other", then, direct->generation()));
  direct.change("k");
  CHECK_FALSE(direct->unchanged_for("k", then, direct->generation()));
  CHECK(direct->unchanged_for("third", then, direct->generation()));
  direct.change_every_key();
  CHECK_FALSE(direct->unchanged_for("third", then, direct->generation()));
  CHECK(direct->unchanged_for("third", direct->generation(), direct->generation()));

  for (const ExchangeType type : {ExchangeType::fanout, ExchangeType::headers}) {
    Exchanges any(type);
    any.change("other");
    CHECK_FALSE(any->unchanged_for("k", any->generation() - 1, any->generation()));
  }
}

TEST_CASE("256 changes are remembered, not 257") {
  Exchanges topic(ExchangeType::topic);
  for (int i = 0; i < 1000; ++i) topic.change("a.*");
  const std::uint64_t now = topic->generation();
  CHECK(topic->unchanged_for("b.c", now - Exchange::changes_kept, now));
  CHECK_FALSE(topic->unchanged_for("b.c", now - Exchange::changes_kept - 1, now));
  CHECK_FALSE(topic->unchanged_for("a.c", now - 1, now));
  // A generation that was read before the ring went on: its oldest changes are gone.
  for (int i = 0; i < 10; ++i) topic.change("a.*");
  CHECK_FALSE(topic->unchanged_for("b.c", now - Exchange::changes_kept, now));
  CHECK(topic->unchanged_for("b.c", now - Exchange::changes_kept + 10, now));
}

TEST_CASE("random changes of a topic exchange") {
  const std::vector<std::string> patterns{"#", "a.#", "*.b", "a.b", "b", "", "b.*.b", "#.a"};
  const std::vector<std::string> keys{"", "a", "b", "a.b", "b.b", "b.a.b", "a.a.a"};
  std::mt19937_64 random(11);
  Exchanges topic(ExchangeType::topic);
  std::vector<std::string> changes{"", ""};  // by generation; the first change makes generation 2
  std::uint64_t unchanged = 0;
  for (int i = 0; i < 3000; ++i) {
    changes.push_back(patterns[random() % 50 == 0 ? 0 : 1 + random() % (patterns.size() - 1)]);
    topic.change(changes.back());
    const std::uint64_t now = topic->generation();
    REQUIRE(changes.size() == now + 1);
    const std::uint64_t then = now - std::min<std::uint64_t>(now - 1, random() % 5);
    for (const std::string& key : keys) {
      bool expected = true;
      for (std::uint64_t g = then + 1; g <= now; ++g) {
        if (kelp::routing::topic_matches(changes[g], key)) expected = false;
      }
      REQUIRE(topic->unchanged_for(key, then, now) == expected);
      unchanged += expected;
    }
  }
  CHECK(unchanged > 1000);
}
