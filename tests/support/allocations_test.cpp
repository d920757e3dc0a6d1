#include <doctest/doctest.h>

#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <thread>

#include "allocations.hpp"

using namespace kelp::testing;

TEST_CASE("every way to allocate is counted") {
  const std::size_t one = allocations_are_counted() ? 1 : 0;
  std::size_t before = allocations_of_this_thread();
  void* volatile memory = ::operator new(10);
  CHECK(allocations_of_this_thread() - before == one);
  ::operator delete(memory);

  before = allocations_of_this_thread();
  memory = ::operator new(128, std::align_val_t(64));
  CHECK(allocations_of_this_thread() - before == one);
  ::operator delete(memory, std::align_val_t(64));

  before = allocations_of_this_thread();
  memory = std::malloc(10);
  memory = std::realloc(memory, 100000);
  CHECK(allocations_of_this_thread() - before == 2 * one);
  std::free(memory);
  memory = std::calloc(3, 100);
  CHECK(allocations_of_this_thread() - before == 3 * one);
  std::free(memory);
}

TEST_CASE("other threads are counted apart") {
  const std::size_t mine = allocations_of_this_thread();
  std::size_t before = 0;
  std::thread thread([&] {
    before = allocations_of_all_threads();
    void* volatile memory = ::operator new(100);
    ::operator delete(memory);
  });
  const std::size_t mine_started = allocations_of_this_thread();
  thread.join();
  CHECK(allocations_of_all_threads() - before >= (allocations_are_counted() ? 1 : 0));
  CHECK(allocations_of_this_thread() == mine_started);
  CHECK(mine_started >= mine);
}

TEST_CASE("allocations fail on purpose, and only then") {
  bool failed = false;
  try {
    const FailingAllocations after_one(1);
    const auto first = std::make_unique<std::string>("short");
    const std::string second(100, 'y');
    CHECK(second.size() == 100);
  } catch (const std::bad_alloc&) {
    failed = true;
  }
  CHECK(failed == allocations_are_counted());
  CHECK(std::string(1000, 'x').size() == 1000);
}
