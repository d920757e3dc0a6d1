#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "routing/binding_set.hpp"

using namespace kelp;
using namespace kelp::routing;

namespace {
std::vector<Target> targets(const BindingSet& set) {
  std::vector<Target> out;
  set.words().for_each([&](std::uintptr_t word) { out.push_back(word); });
  return out;
}
}  // namespace

TEST_CASE("bindings keep the order in which they were made") {
  util::Domain domain;
  BindingSet set(domain, 1);
  std::vector<Target> expected;
  std::mt19937 random(2);
  std::size_t wrong = 0, removed = 0;
  Target next = 1;
  for (const unsigned growth : {9U, 5U, 1U, 5U, 9U, 0U}) {
    for (int i = 0; i < 4000; ++i) {
      if (random() % 10 < growth) {
        wrong += !set.add("", {}, next, next);
        wrong += set.add("", {}, next, next);
        expected.push_back(next++);
      } else if (!expected.empty()) {
        const std::size_t at = random() % expected.size();
        wrong += set.remove("", {}, expected[at]) != expected[at];
        wrong += set.contains("", {}, expected[at]);
        expected.erase(expected.begin() + static_cast<std::ptrdiff_t>(at));
        ++removed;
      }
      if (i % 97 == 0) wrong += targets(set) != expected;
      wrong += set.size() != expected.size();
    }
  }
  CHECK(wrong == 0);
  CHECK(removed > 4000);
  CHECK(targets(set) == expected);
}

TEST_CASE("a binding is its key, its arguments and its target") {
  util::Domain domain;
  BindingSet set(domain, 1);
  const FieldTable ab{{"a", 1}, {"b", "two"}}, ba{{"b", "two"}, {"a", 1}},
      wide{{"a", std::int64_t{1}}, {"b", "two"}};
  for (Target filler = 100; filler < 120; ++filler) CHECK(set.add("", {}, filler, filler));  // past the index
  CHECK(set.add("k", ab, 1, 1));
  CHECK_FALSE(set.add("k", ba, 1, 1));
  CHECK(set.add("k", wide, 1, 2));
  CHECK(set.add("k", ab, 2, 3));
  CHECK(set.add("", ab, 1, 4));
  CHECK(set.remove("k", ba, 1) == 1);
  CHECK(set.remove("k", ab, 1) == 0);
  CHECK(set.remove("k", wide, 1) == 2);
  CHECK(set.remove("other", ab, 2) == 0);
  CHECK(set.size() == 22);
}

TEST_CASE("bindings that differ in one argument do not share a hash") {
  std::vector<std::uint64_t> hashes;
  for (int i = 0; i < 1000; ++i) {
    hashes.push_back(hash_of(FieldTable{{"user", i}}, 1));
    hashes.push_back(hash_of(FieldTable{{"user", std::to_string(i)}}, 1));
    hashes.push_back(hash_of(FieldTable{{"user", Bytes{std::byte(i), std::byte(i / 256)}}}, 1));
    hashes.push_back(hash_of(FieldTable{{"user", Timestamp{static_cast<std::uint64_t>(i)}}}, 1));
  }
  std::sort(hashes.begin(), hashes.end());
  CHECK(std::unique(hashes.begin(), hashes.end()) == hashes.end());
  CHECK(hash_of(FieldTable{{"a", 1}, {"b", 2}}, 1) == hash_of(FieldTable{{"b", 2}, {"a", 1}}, 1));
  CHECK(hash_of(FieldTable{{"z", 0.0}}, 1) == hash_of(FieldTable{{"z", -0.0}}, 1));
}
