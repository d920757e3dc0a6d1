// Random operations on the in-memory broker agree with a naive reference. KELP_SEED chooses the run,
// KELP_OPERATIONS its length.
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#include "driver.hpp"
#include "support/sanitizer.hpp"

namespace {

constexpr std::uint64_t default_operations = kelp::testing::sanitized ? 100'000 : 1'000'000;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr && *text != '\0' ? std::strtoull(text, nullptr, 10) : otherwise;
}

}  // namespace

TEST_CASE("random operations agree with a naive reference broker") {
  const std::uint64_t seed = from_environment("KELP_SEED", 20'240'229);
  const std::uint64_t operations = from_environment("KELP_OPERATIONS", default_operations);
  kelp::model::Driver driver(seed);
  std::uint64_t done = 0;
  try {
    for (; done < operations; ++done) {
      driver.step();
      if (done % 2048 == 0) driver.compare_everything();
    }
    driver.compare_everything();
    driver.drain_everything();
  } catch (const std::exception& e) {
    std::string text =
        "KELP_SEED=" + std::to_string(seed) + ", operation " + std::to_string(done) + ": " + e.what();
    text += "\nthe last operations:\n";
    for (const std::string& line : driver.history()) text += "  " + line + "\n";
    FAIL(text);
  }
  std::string table;
  for (const auto& [name, count] : driver.counts()) table += name + ": " + std::to_string(count) + "\n";
  std::printf("KELP_SEED=%llu, %llu operations:\n%s", static_cast<unsigned long long>(seed),
              static_cast<unsigned long long>(operations), table.c_str());
  std::printf("at most %zu bindings of an exchange, %zu messages in a queue\n", driver.most_bindings(),
              driver.most_messages());
  for (const std::string& name : kelp::model::Driver::operations()) {
    INFO(name);
    const auto found = driver.counts().find(name);
    REQUIRE(found != driver.counts().end());
    CHECK(found->second > operations / 1000);
  }
  const bool long_run = operations >= 1'000'000;  // pages split, the largest segments
  CHECK(driver.most_bindings() > (long_run ? 250 : 50));
  CHECK(driver.most_messages() > (long_run ? 1024 : 100));
}
