// Counts what the tables allocate, and makes allocations fail one after the other.
#include <doctest/doctest.h>

#include <new>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "../../support/allocations.hpp"
#include "../../support/topic_workload.hpp"
#include "routing/topic_table.hpp"

using namespace kelp;
using namespace kelp::routing;

TEST_CASE("a match allocates nothing when its result has room") {
  testing::TopicWorkload workload(2000, testing::TopicWorkload::Shapes::mixed);
  const auto keys = workload.keys(2000);
  util::Domain domain;
  util::Reader& reader = domain.open_reader();
  std::vector<std::unique_ptr<BindingTable>> tables;
  for (const auto type :
       {ExchangeType::direct, ExchangeType::fanout, ExchangeType::headers, ExchangeType::topic}) {
    tables.push_back(make_binding_table(type, domain, 5));
  }
  tables.push_back(make_topic_table(domain, 5, {.shapes_per_key = 0}));
  tables.push_back(make_topic_table(domain, 5, {.shapes_per_key = 8}));
  const std::string longest(255, '.');
  std::vector<Target> out;
  out.reserve(3000);
  for (const auto& table : tables) {
    for (std::size_t i = 0; i < workload.patterns().size(); ++i)
      table->add(workload.patterns()[i], {}, i + 1);
    for (Target t = 1; t <= 20; ++t) table->add(keys[0], {}, t);
    std::size_t found = 0;
    const std::size_t before = testing::allocations_of_this_thread();
    for (const std::string& key : keys) {
      out.clear();
      const util::Pin pin(domain, reader);
      table->match(key, nullptr, out);
      found += out.size();
    }
    out.clear();
    table->match(longest, nullptr, out);
    CHECK(testing::allocations_of_this_thread() == before);
    CHECK(found >= 20);
  }
  domain.close_reader(reader);
}

TEST_CASE("a change that fails for want of memory changes nothing") {
  using Listed = std::multiset<std::tuple<std::string, std::size_t, Target>>;
  std::size_t failures = 0, wrong = 0;
  for (const int kind : {0, 1, 2, 3, 4, 5}) {
    CAPTURE(kind);
    util::Domain domain;
    constexpr ExchangeType types[] = {ExchangeType::direct, ExchangeType::fanout, ExchangeType::headers,
                                      ExchangeType::topic};
    std::unique_ptr<BindingTable> table =
        kind < 4 ? make_binding_table(types[kind], domain, 3)
                 : make_topic_table(domain, 3, {.shapes_per_key = kind == 4 ? 0U : 2U});
    const auto contents = [&] {
      Listed listed;
      table->for_each([&](std::string_view key, const FieldTable& arguments, Target target) {
        listed.emplace(key, arguments.size(), target);
      });
      return listed;
    };
    Listed expected;
    // Enough of one pattern for an index, enough patterns for splits; then all of it away again.
    const auto key = [](Target t) {
      return t % 3 == 0 ? std::string("many.*.#") : (t % 3 == 1 ? "#.b." : "*.") + std::to_string(t) + ".#";
    };
    const auto arguments = [](Target t) {
      return t % 5 == 0 ? FieldTable{{"some", "argument"}} : FieldTable();
    };
    constexpr Target count = 400;
    const auto attempt = [&](auto&& change) {
      for (std::size_t n = 0;; ++n) {
        try {
          const testing::FailingAllocations failing(n);
          change();
          return;
        } catch (const std::bad_alloc&) {
          ++failures;
        }
        if (n < 3) wrong += contents() != expected || table->size() != expected.size();
      }
    };
    for (Target t = 1; t <= count; ++t) {
      const std::string k = key(t);
      const FieldTable a = arguments(t);
      attempt([&] { table->add(k, a, t); });
      expected.emplace(k, a.size(), t);
      if (t % 40 == 0) wrong += contents() != expected;
    }
    for (Target t = 1; t <= count; ++t) {
      const std::string k = key(t);
      const FieldTable a = arguments(t);
      attempt([&] { wrong += !table->remove(k, a, t); });
      expected.erase({k, a.size(), t});
      if (t % 40 == 0) wrong += contents() != expected;
    }
    wrong += table->size() != 0;
  }
  CHECK(wrong == 0);
  CHECK((failures > 4000) == testing::allocations_are_counted());
}
