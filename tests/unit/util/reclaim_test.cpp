// When retired memory goes: never while a reader that may hold it is inside.
#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "util/reclaim.hpp"

using kelp::util::Domain;
using kelp::util::Pin;
using kelp::util::Reader;

namespace {

struct Counted {
  explicit Counted(std::atomic<int>& c) : count(c) { ++count; }
  ~Counted() {
    --count;
    alive = false;
  }
  std::atomic<int>& count;
  bool alive = true;
};

}  // namespace

TEST_CASE("what nobody can hold goes at once") {
  std::atomic<int> alive{0};
  Domain domain;
  domain.retire(new Counted(alive));
  CHECK(alive == 1);
  CHECK(domain.retired() == 1);
  domain.collect();
  CHECK(alive == 0);
  CHECK(domain.retired() == 0);
}

TEST_CASE("a reader keeps what was retired after it came, and nothing else") {
  std::atomic<int> alive{0};
  Domain domain;
  Reader& reader = domain.open_reader();
  Reader& other = domain.open_reader();
  domain.retire(new Counted(alive));
  std::optional<Pin> pin(std::in_place, domain, reader);
  domain.retire(new Counted(alive));
  domain.collect();
  CHECK(alive == 1);
  {
    const Pin later(domain, other);
    pin.reset();
    domain.collect();
    CHECK(alive == 0);  // the later one cannot have seen it
    domain.retire(new Counted(alive));
    domain.collect();
    CHECK(alive == 1);
  }
  domain.collect();
  CHECK(alive == 0);
  domain.close_reader(reader);
  domain.close_reader(other);
}

TEST_CASE("retiring collects by itself now and then, and in large amounts") {
  std::atomic<int> alive{0};
  Domain domain;
  for (int i = 0; i < 1000; ++i) domain.retire(new Counted(alive));
  CHECK(alive < 1000);
  Reader& reader = domain.open_reader();
  {
    const Pin pin(domain, reader);
    for (int i = 0; i < 5000; ++i) domain.retire(new Counted(alive));
    CHECK(alive >= 5000);
  }
  domain.collect();
  CHECK(alive == 0);
  domain.close_reader(reader);
}

TEST_CASE("the domain takes the rest with it, also what a deleter retires") {
  struct Chain {
    Domain& domain;
    std::atomic<int>& count;
    int left;
    ~Chain() {
      ++count;
      if (left > 0) domain.retire(new Chain{domain, count, left - 1});
    }
  };
  std::atomic<int> count{0};
  {
    Domain domain;
    domain.retire(new Chain{domain, count, 5});
  }
  CHECK(count == 6);
}

TEST_CASE("readers are used again, with nothing left of their former life") {
  Domain domain;
  Reader& first = domain.open_reader();
  Reader& second = domain.open_reader();
  CHECK(&first != &second);
  first.hazards[2].store(&domain);
  first.epoch.store(1);
  int hazards = 0;
  domain.for_each_hazard([&](void* p) { hazards += p == &domain; });
  CHECK(hazards == 1);
  domain.close_reader(first);
  Reader& again = domain.open_reader();
  CHECK(&again == &first);
  CHECK(again.epoch == 0);
  domain.for_each_hazard([&](void*) { ++hazards; });
  CHECK(hazards == 1);
  domain.close_reader(again);
  domain.close_reader(second);
}

TEST_CASE("room that was reserved is room without an allocation") {
  Domain domain;
  domain.reserve(10);
  std::atomic<int> alive{0};
  for (int i = 0; i < 10; ++i) domain.retire(new Counted(alive));
  domain.collect();
  CHECK(alive == 0);
}

TEST_CASE("readers that follow a pointer never find it dead") {
  constexpr int changes = 20'000;
  std::atomic<int> alive{0};
  {
    Domain domain;
    std::atomic<Counted*> current{new Counted(alive)};
    std::atomic<bool> done{false};
    std::atomic<std::uint64_t> reads{0}, dead{0};
    std::vector<std::jthread> readers;
    for (int i = 0; i < 3; ++i) {
      readers.emplace_back([&] {
        Reader& reader = domain.open_reader();
        do {
          const Pin pin(domain, reader);
          for (int j = 0; j < 5; ++j) dead += !current.load(std::memory_order_acquire)->alive;
          ++reads;
        } while (!done.load());
        domain.close_reader(reader);
      });
    }
    for (int i = 0; i < changes; ++i) {
      domain.retire(current.exchange(new Counted(alive), std::memory_order_acq_rel));
    }
    done = true;
    readers.clear();
    CHECK(dead == 0);
    CHECK(reads >= 3);
    domain.retire(current.load());
    domain.collect();
    CHECK(domain.retired() == 0);
  }
  CHECK(alive == 0);
}
