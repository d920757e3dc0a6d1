// Readers match while a writer binds and unbinds: they must see the stable bindings every time, once each,
// and nothing that cannot match.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "routing/topic_table.hpp"

using namespace kelp;
using namespace kelp::routing;

namespace {

constexpr Target stable = 1;       // .. stable + n: stay bound all the time
constexpr Target churning = 1000;  // and above: come and go
constexpr int changes = 100'000;

struct Case {
  std::vector<std::string> stable_patterns;
  std::vector<std::string> keys;           // each matches every stable pattern
  std::string (*churning_pattern)(int i);  // may match a key or not
};

void run(util::Domain& domain, BindingTable& table, const Case& c) {
  for (std::size_t i = 0; i < c.stable_patterns.size(); ++i) table.add(c.stable_patterns[i], {}, stable + i);
  std::atomic<bool> stop{false};
  std::atomic<int> reading{0};
  std::atomic<std::size_t> wrong{0}, reads{0}, passing{0};
  std::vector<std::thread> readers;
  for (int r = 0; r < 2; ++r) {
    readers.emplace_back([&] {
      util::Reader& reader = domain.open_reader();
      std::vector<Target> out;
      std::vector<unsigned> seen(c.stable_patterns.size());
      reading.fetch_add(1);
      for (bool last = false; !last;) {
        last = stop.load();  // one more round after the writer has ended
        for (const std::string& key : c.keys) {
          out.clear();
          {
            const util::Pin pin(domain, reader);
            table.match(key, nullptr, out);
          }
          std::fill(seen.begin(), seen.end(), 0U);
          for (const Target t : out) {
            if (t < churning) ++seen[t - stable];
            passing += t >= churning;
          }
          wrong += std::any_of(seen.begin(), seen.end(), [](unsigned n) { return n != 1; });
          ++reads;
        }
      }
      domain.close_reader(reader);
    });
  }
  while (reading.load() < 2) std::this_thread::yield();
  // A window of bindings slides over the patterns. It is wide for a while and then narrow, and now and
  // then all of it goes, so that tables grow, shrink and come down to what is stable again and again.
  int first = 0;
  for (int i = 0; i < changes / 2; ++i) {
    wrong += !table.add(c.churning_pattern(i), {}, churning + static_cast<Target>(i));
    const bool wide = i % 4000 < 2000;
    const int window = wide ? 700 : 12;
    const int keep = i % (wide ? 2000 : 16) == 0 ? -1 : window;
    for (; first < i - keep; ++first) {
      wrong += !table.remove(c.churning_pattern(first), {}, churning + static_cast<Target>(first));
    }
  }
  stop = true;
  for (std::thread& t : readers) t.join();
  CHECK(wrong == 0);
  CHECK(reads > c.keys.size());
  CHECK(passing > 0);
  domain.collect();
  CHECK(domain.retired() == 0);
}

std::string many_shapes(int i) {
  std::string text;
  for (int word = 0; word < 4; ++word) {
    const int kind = i >> (3 * word) & 7;
    text += word == 0 ? "" : ".";
    text += kind == 0 ? "*" : (kind == 1 && i % 3 == 0 ? "#" : (kind < 5 ? "k" : std::to_string(i % 900)));
  }
  return i % 50 == 0 ? "k.k.k.k" : text;
}

const Case topics{
    {"k.k.k.k", "#", "k.*.k.k", "k.#", "#.k", "*.*.*.*", "#.k.#", "k.#.k.#.k"}, {"k.k.k.k"}, many_shapes};
const Case keyed{
    {"k", "k", "k"}, {"k"}, [](int i) { return i % 50 == 0 ? "k" : "key." + std::to_string(i % 3000); }};

}  // namespace

TEST_CASE("topics in the tuple space") {
  util::Domain domain;
  const auto table = make_topic_table(domain, 21);
  run(domain, *table, topics);
}
TEST_CASE("topics in the trie") {
  util::Domain domain;
  const auto table = make_topic_table(domain, 22, {.shapes_per_key = 0});
  run(domain, *table, topics);
}
TEST_CASE("topics whose shapes come and go in both") {
  util::Domain domain;
  const auto table = make_topic_table(domain, 23, {.shapes_per_key = 12});
  run(domain, *table, topics);
}
TEST_CASE("direct keys") {
  util::Domain domain;
  const auto table = make_binding_table(ExchangeType::direct, domain, 24);
  run(domain, *table, keyed);
}
TEST_CASE("a fanout") {
  util::Domain domain;
  const auto table = make_binding_table(ExchangeType::fanout, domain, 25);
  run(domain, *table, keyed);
}
TEST_CASE("headers") {
  util::Domain domain;
  const auto table = make_binding_table(ExchangeType::headers, domain, 26);
  run(domain, *table, keyed);
}
