#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <set>
#include <vector>

#include "routing/hash_pages.hpp"

using namespace kelp;
using namespace kelp::routing;

namespace {

bool contains(const HashPages& pages, const Hashed& item) {
  return pages.find(item.hash, [&](Hashed& found) { return &found == &item; }) == &item;
}

// Inserts and erases at random, growing and shrinking, and compares with a set.
void exercise(std::size_t most, std::uint64_t (*hash)(std::mt19937_64&)) {
  util::Domain domain;
  HashPages pages(domain);
  std::mt19937_64 random(5);
  std::vector<std::unique_ptr<Hashed>> in, out;
  for (std::size_t i = 0; i < most; ++i) out.push_back(std::make_unique<Hashed>(Hashed{hash(random)}));
  const auto move = [&](std::vector<std::unique_ptr<Hashed>>& from,
                        std::vector<std::unique_ptr<Hashed>>& to) -> Hashed& {
    std::swap(from[random() % from.size()], from.back());
    to.push_back(std::move(from.back()));
    from.pop_back();
    return *to.back();
  };
  std::size_t wrong = 0, changes = 0;
  for (const unsigned growth : {9U, 5U, 1U, 9U, 0U}) {
    for (std::size_t i = 0; i < 3 * most; ++i, ++changes) {
      if (random() % 10 < growth) {
        if (!out.empty()) pages.insert(move(out, in));
      } else if (!in.empty()) {
        Hashed& gone = move(in, out);
        wrong += !pages.erase(gone);
        wrong += contains(pages, gone) || pages.erase(gone);
      }
      wrong += pages.size() != in.size();
      if (!in.empty()) wrong += !contains(pages, *in[random() % in.size()]);
    }
    for (const auto& item : in) wrong += !contains(pages, *item);
    for (const auto& item : out) wrong += contains(pages, *item);
    std::set<const Hashed*> listed, expected;
    pages.for_each([&](Hashed& item) { wrong += !listed.insert(&item).second; });
    for (const auto& item : in) expected.insert(item.get());
    wrong += listed != expected;
  }
  CHECK(wrong == 0);
  CHECK(changes == 15 * most);
  CHECK(pages.depth() < 16);
}

}  // namespace

TEST_CASE("lanes compare alike with and without vector instructions") {
  std::mt19937_64 random(3);
  std::size_t wrong = 0, found = 0;
  for (int i = 0; i < 20'000; ++i) {
    Lanes lanes;
    for (auto& word : lanes) {
      word = 0;
      for (int lane = 0; lane < 4; ++lane)
        word = word << 16 | (random() % 3 == 0 ? random() % 65536 : random() % 3);
    }
    for (const std::uint16_t value : {0, 1, 2, 0x7fff, 0x8000, 0xffff}) {
      std::uint32_t expected = 0;
      for (unsigned lane = 0; lane < 16; ++lane) {
        if (static_cast<std::uint16_t>(lanes[lane / 4] >> (16 * (lane % 4))) == value) expected |= 1U << lane;
      }
      found += expected != 0;
      wrong += equal_lanes(lanes, value) != expected || equal_lanes_portable(lanes, value) != expected;
    }
  }
  CHECK(wrong == 0);
  CHECK(found > 20'000);
}

TEST_CASE("honest hashes") {
  exercise(5000, [](std::mt19937_64& random) { return random(); });
}
TEST_CASE("hashes that agree in their top bits do not make the directory explode") {
  exercise(2000, [](std::mt19937_64& random) { return random() >> 44; });
}
TEST_CASE("hashes that all want the same group") {
  exercise(2000, [](std::mt19937_64& random) { return random() & ~(std::uint64_t{7} << 16); });
}
TEST_CASE("one hash for all") {
  exercise(600, [](std::mt19937_64&) { return std::uint64_t{42}; });
}
TEST_CASE("hashes whose tag is 0 or the count's limit") {
  exercise(2000, [](std::mt19937_64& random) { return random() << 16 | (random() % 2 == 0 ? 0xffff : 0); });
}

TEST_CASE("what shrinks gives its pages back, and what nobody reads is freed") {
  util::Domain domain;
  HashPages pages(domain);
  std::mt19937_64 random(8);
  std::vector<Hashed> items(20'000);
  for (Hashed& item : items) pages.insert(item = {random()});
  CHECK(pages.depth() > 6);
  domain.collect();
  CHECK(domain.retired() == 0);
  util::Reader& reader = domain.open_reader();
  {
    const util::Pin pin(domain, reader);
    for (const Hashed& item : items) REQUIRE(pages.erase(item));
    CHECK(domain.retired() > 200);  // merged pages, kept for the reader
  }
  domain.collect();
  CHECK(domain.retired() == 0);
  domain.close_reader(reader);
}
