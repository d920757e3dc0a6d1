#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <kelp/error.hpp>

#include "../../support/naive_topic.hpp"
#include "routing/topic_table.hpp"

using namespace kelp;
using namespace kelp::routing;

namespace {

struct Fixture {
  util::Domain domain;
  util::Reader& reader = domain.open_reader();
  std::unique_ptr<TopicTable> table;

  explicit Fixture(std::size_t shapes_per_key, std::uint64_t seed = 7)
      : table(make_topic_table(domain, seed, {.shapes_per_key = shapes_per_key})) {}
  ~Fixture() { domain.close_reader(reader); }

  std::vector<Target> match(std::string_view key) {
    std::vector<Target> out;
    const util::Pin pin(domain, reader);
    table->match(key, nullptr, out);
    std::sort(out.begin(), out.end());
    return out;
  }
  std::size_t steps(std::string_view key) {
    std::vector<Target> out;
    const util::Pin pin(domain, reader);
    return table->match_counting(key, out);
  }
};

constexpr std::size_t everything_in_trie = 0;

}  // namespace

TEST_CASE("every pattern and key of up to four words, in the tuple space, the trie, and both") {
  const auto texts = testing::all_topics({"a", "b", "", "*", "#"}, 4);
  for (const std::size_t cap : {default_shapes_per_key, everything_in_trie, std::size_t{10}}) {
    CAPTURE(cap);
    Fixture f(cap);
    for (std::size_t i = 0; i < texts.size(); ++i) REQUIRE(f.table->add(texts[i], {}, i + 1));
    CHECK(f.table->size() == texts.size());
    std::size_t wrong = 0;
    for (const std::string& key : texts) {
      std::vector<Target> expected;
      for (std::size_t i = 0; i < texts.size(); ++i) {
        if (testing::naive_topic_matches(texts[i], key)) expected.push_back(i + 1);
      }
      wrong += f.match(key) != expected;
    }
    CHECK(wrong == 0);
    for (std::size_t i = 0; i < texts.size(); ++i) REQUIRE(f.table->remove(texts[i], {}, i + 1));
    CHECK(f.table->size() == 0);
    CHECK(f.table->shapes() == 0);
    CHECK(f.match("a.b").empty());
    CHECK(f.steps("a.b") == 0);
  }
}

TEST_CASE("a hundred thousand random changes agree with a naive table") {
  for (const std::size_t cap : {default_shapes_per_key, everything_in_trie, std::size_t{6}}) {
    CAPTURE(cap);
    Fixture f(cap, 99);
    std::mt19937 random(static_cast<unsigned>(cap) + 1);
    const std::vector<std::string> alphabet{"a", "b", "c", "",
                                            "*", "*", "#", "a word of more than sixteen bytes"};
    const std::vector<FieldTable> arguments{{}, {{"x", 1}}, {{"x", 2}}};
    std::map<std::string, std::set<std::pair<std::size_t, Target>>> model;
    std::size_t size = 0, adds = 0, removes = 0, matches = 0, wrong = 0;
    const auto topic = [&](unsigned longest) {
      std::string text;
      const unsigned words = random() % (longest + 1);
      for (unsigned i = 0; i < words; ++i) text += (i == 0 ? "" : ".") + alphabet[random() % alphabet.size()];
      return text;
    };
    for (int i = 0; i < 100'000; ++i) {
      const bool growing = i % 20'000 < 12'000;
      const std::string pattern = topic(4);
      const std::size_t a = random() % 4 == 0 ? random() % arguments.size() : 0;
      const Target target = 1 + random() % 3;
      if (random() % 10 < (growing ? 7U : 2U)) {
        const bool expected = model[pattern].emplace(a, target).second;
        wrong += f.table->add(pattern, arguments[a], target) != expected;
        size += expected;
        adds += expected;
      } else {
        const bool expected = model.contains(pattern) && model[pattern].erase({a, target}) == 1;
        wrong += f.table->remove(pattern, arguments[a], target) != expected;
        size -= expected;
        removes += expected;
      }
      wrong += f.table->size() != size;
      if (i % 250 != 0) continue;
      const std::string key = topic(5);
      std::vector<Target> expected;
      for (const auto& [p, bindings] : model) {
        if (!testing::naive_topic_matches(p, key)) continue;
        for (const auto& [_, t] : bindings) expected.push_back(t);
      }
      std::sort(expected.begin(), expected.end());
      matches += expected.size();
      wrong += f.match(key) != expected;
    }
    CHECK(wrong == 0);
    CHECK(adds > 1000);
    CHECK(removes > 1000);
    CHECK(matches > 1000);
    std::set<std::tuple<std::string, std::size_t, Target>> listed, expected;
    f.table->for_each([&](std::string_view p, const FieldTable& args, Target t) {
      const auto a = std::find(arguments.begin(), arguments.end(), args) - arguments.begin();
      CHECK(listed.emplace(p, static_cast<std::size_t>(a), t).second);
    });
    for (const auto& [p, bindings] : model) {
      for (const auto& [a, t] : bindings) expected.emplace(p, a, t);
    }
    CHECK(listed == expected);
    CHECK_FALSE(listed.empty());
  }
}

TEST_CASE("a shape stays where it came up until its last pattern is gone") {
  Fixture f(2);
  CHECK(f.table->add("a.b", {}, 1));  // two shapes of two words
  CHECK(f.table->add("a.*", {}, 2));
  CHECK(f.table->add("*.b", {}, 3));  // the third goes to the trie
  CHECK(f.table->add("#", {}, 4));    // and so does one that fits every key
  CHECK(f.table->shapes() == 4);
  CHECK(f.match("a.b") == std::vector<Target>{1, 2, 3, 4});
  CHECK(f.table->remove("a.*", {}, 2));
  CHECK(f.table->add("*.c", {}, 5));  // there is room, but its shape lives in the trie
  CHECK_FALSE(f.table->add("*.b", {}, 3));
  CHECK(f.match("a.b") == std::vector<Target>{1, 3, 4});
  CHECK(f.match("a.c") == std::vector<Target>{4, 5});
  CHECK(f.table->remove("*.b", {}, 3));
  CHECK(f.table->remove("*.c", {}, 5));
  CHECK(f.table->shapes() == 2);
  CHECK(f.table->add("*.b", {}, 3));
  CHECK(f.match("a.b") == std::vector<Target>{1, 3, 4});
}

TEST_CASE("keys as long as AMQP allows") {
  for (const std::size_t cap : {default_shapes_per_key, everything_in_trie}) {
    Fixture f(cap);
    const std::string dots(255, '.');  // 256 empty words
    std::string stars = "*";
    for (int i = 0; i < 127; ++i) stars += ".*";
    std::string words = "w";
    for (int i = 0; i < 127; ++i) words += ".w";
    CHECK(f.table->add(dots, {}, 1));
    CHECK(f.table->add("#", {}, 2));
    CHECK(f.table->add(stars, {}, 3));
    CHECK(f.table->add("#." + stars.substr(2), {}, 4));
    CHECK(f.table->add(std::string(255, 'x'), {}, 5));
    CHECK(f.table->add("#.#", {}, 6));
    CHECK(f.match(dots) == std::vector<Target>{1, 2, 4, 6});
    CHECK(f.match(words) == std::vector<Target>{2, 3, 4, 6});
    CHECK(f.match(std::string(255, 'x')) == std::vector<Target>{2, 5, 6});
    CHECK(f.match("") == std::vector<Target>{2, 6});
    CHECK_THROWS_AS(f.table->add(dots + ".", {}, 1), InvalidArgument);
    CHECK_FALSE(f.table->remove(dots + ".", {}, 1));
    CHECK_THROWS_AS(f.match(dots + "."), InvalidArgument);
    CHECK(f.table->size() == 6);
  }
}

TEST_CASE("patterns made to backtrack cost no more steps than nodes times words") {
  Fixture f(default_shapes_per_key);
  std::string key = "a";
  for (int i = 0; i < 126; ++i) key += ".a";
  // Every pattern can read the key in very many ways; b makes most of them fail at the very end.
  std::size_t nodes = 1;
  for (int n = 2; n <= 60; ++n) {
    for (const char* last : {"b", "#", "*"}) {
      std::string pattern;
      for (int i = 0; i < n; ++i) pattern += i % 3 == 2 ? "#.*." : "#.a.";
      f.table->add(pattern + last, {}, static_cast<Target>(n));
    }
    nodes += 5;
  }
  CHECK(f.match(key).size() == 2 * 59);
  const std::size_t steps = f.steps(key);
  CHECK(steps > nodes / 2);
  CHECK(steps < 4 * nodes);  // the key has one distinct word
  // Distinct words: at most each of them at each node.
  std::string distinct = "w0";
  for (int i = 1; i < 60; ++i) distinct += ".w" + std::to_string(i);
  CHECK(f.steps(distinct) < nodes * 61);
}

TEST_CASE("many shapes cost no more than the bound, whoever makes them") {
  constexpr std::size_t cap = 20;
  Fixture f(cap);
  std::size_t added = 0;
  for (unsigned shape = 0; shape < 1U << 9; ++shape) {
    std::string pattern;
    for (unsigned i = 0; i < 9; ++i)
      pattern += std::string(i == 0 ? "" : ".") + ((shape >> i & 1) != 0 ? "*" : "q");
    added += f.table->add(pattern, {}, shape + 1);
    added += f.table->add(pattern + ".#", {}, shape + 1);
  }
  CHECK(f.table->size() == added);
  CHECK(f.match("q.q.q.q.q.q.q.q.q").size() == added);
  CHECK(f.match("x.x.x.x.x.x.x.x.x").size() == 2);
  // Only all stars survive in the trie as well, one node a word, with a word looked up at each.
  CHECK(f.steps("x.x.x.x.x.x.x.x.x") < cap + 40);
}
