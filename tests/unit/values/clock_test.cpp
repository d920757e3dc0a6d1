#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <kelp/clock.hpp>
#include <kelp/error.hpp>
#include <kelp/uuid.hpp>

using namespace kelp;
using namespace std::chrono_literals;

namespace {

// Timers as a broker keeps them: run in due order, and a timer may set another.
struct Timers : Clock::Listener {
  explicit Timers(Clock& c) : clock(c) { clock.add_listener(*this); }
  ~Timers() override { clock.remove_listener(*this); }
  void time_moved() noexcept override {
    ++told;
    while (!due.empty() && due.begin()->first <= clock.now()) {
      ran.emplace_back(due.begin()->second, clock.now());
      const auto chained = due.begin()->second == "chain";
      const auto at = due.begin()->first;
      due.erase(due.begin());
      if (chained) due.emplace(at + 2s, "chained");
    }
  }
  Clock::time_point next_due() noexcept override { return due.empty() ? Clock::never : due.begin()->first; }

  Clock& clock;
  std::multimap<Clock::time_point, std::string> due;
  std::vector<std::pair<std::string, Clock::time_point>> ran;
  int told = 0;
};

}  // namespace

TEST_CASE("the system clock is steady, shared and does not jump") {
  const auto clock = system_clock();
  CHECK(clock == system_clock());
  const auto before = std::chrono::steady_clock::now();
  const auto now = clock->now();
  CHECK(now >= before);
  CHECK(now <= std::chrono::steady_clock::now());
  CHECK_FALSE(clock->jump_to(now + 1h));
  CHECK(clock->random() != clock->random());
}

TEST_CASE("system randomness differs between threads and after a fork") {
  const auto clock = system_clock();
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(clock->random());
  std::vector<std::uint64_t> other(1000);
  std::thread([&] {
    for (auto& word : other) word = clock->random();
  }).join();
  seen.insert(other.begin(), other.end());
  CHECK(seen.size() == 2000);

  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  if (child == 0) {
    const std::uint64_t word = clock->random();
    _exit(write(ends[1], &word, sizeof word) == sizeof word ? 0 : 1);
  }
  std::uint64_t theirs = 0;
  REQUIRE(read(ends[0], &theirs, sizeof theirs) == sizeof theirs);
  CHECK(theirs != clock->random());
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(status == 0);
  close(ends[0]);
  close(ends[1]);
}

TEST_CASE("deadlines do not overflow") {
  ManualClock clock;
  CHECK(clock.deadline_after(Clock::duration::max()) == Clock::never);
  CHECK(clock.deadline_after(Clock::duration::max() - 1ns) == Clock::never);
  CHECK(clock.deadline_after(5s) == clock.now() + 5s);
  CHECK(clock.deadline_after(-5s) == clock.now() - 5s);
  CHECK(clock.deadline_after(Clock::duration::min()) < clock.now());
  CHECK(system_clock()->deadline_after(Clock::duration::max() - 1ns) == Clock::never);
}

TEST_CASE("a manual clock stands still until it is moved") {
  ManualClock clock(7);
  const auto start = clock.now();
  const auto wall = clock.wall();
  CHECK(clock.now() == start);
  clock.advance(90s);
  CHECK(clock.now() == start + 90s);
  CHECK(clock.wall() == wall + 90s);
  CHECK(std::chrono::system_clock::to_time_t(wall) == 1577836800);
  CHECK_THROWS_WITH_AS(clock.advance(-1ns), doctest::Contains("-1 ns is negative"), InvalidArgument);
  CHECK(clock.now() == start + 90s);
}

TEST_CASE("jump_to moves forward only, and only with auto_advance") {
  ManualClock clock;
  const auto start = clock.now();
  CHECK(clock.jump_to(start + 3s));
  CHECK(clock.now() == start + 3s);
  CHECK(clock.jump_to(start + 1s));
  CHECK(clock.now() == start + 3s);
  CHECK_FALSE(clock.jump_to(Clock::never));
  CHECK(clock.now() == start + 3s);

  ManualClock fixed(0, false);
  CHECK_FALSE(fixed.jump_to(fixed.now() + 1s));
}

TEST_CASE("equal seeds give equal numbers, and a fixed one stays as it is") {
  ManualClock a(42), b(42), c(43);
  for (int i = 0; i < 10; ++i) {
    const auto word = a.random();
    CHECK(word == b.random());
    CHECK(word != c.random());
  }
  // The published first outputs of SplitMix64 for seed 1234567.
  ManualClock known(1234567);
  CHECK(known.random() == 6457827717110365317ull);
  CHECK(known.random() == 3203168211198807973ull);
}

TEST_CASE("advance stops at every due time, in order, across listeners") {
  ManualClock clock;
  const auto start = clock.now();
  Timers a(clock), b(clock);
  a.due.emplace(start + 5s, "a5");
  a.due.emplace(start + 1s, "chain");
  b.due.emplace(start + 2s, "b2");
  b.due.emplace(start + 10s, "b10");
  b.due.emplace(start + 11s, "b11");
  clock.advance(10s);
  REQUIRE(a.ran.size() == 3);
  CHECK(a.ran[0] == std::pair{std::string("chain"), start + 1s});
  CHECK(a.ran[1] == std::pair{std::string("chained"), start + 3s});
  CHECK(a.ran[2] == std::pair{std::string("a5"), start + 5s});
  REQUIRE(b.ran.size() == 2);
  CHECK(b.ran[0] == std::pair{std::string("b2"), start + 2s});
  CHECK(b.ran[1] == std::pair{std::string("b10"), start + 10s});
  CHECK(clock.now() == start + 10s);
}

TEST_CASE("a listener that stays due does not hold time up") {
  struct Stuck : Clock::Listener {
    void time_moved() noexcept override { ++told; }
    Clock::time_point next_due() noexcept override { return at; }
    Clock::time_point at{};
    int told = 0;
  } stuck;
  ManualClock clock;
  Timers timers(clock);
  stuck.at = clock.now() + 1s;
  clock.add_listener(stuck);
  timers.due.emplace(clock.now() + 2s, "later");
  const auto start = clock.now();
  clock.advance(3s);
  CHECK(stuck.told == 3);
  REQUIRE(timers.ran.size() == 1);
  CHECK(timers.ran[0].second == start + 2s);
  clock.remove_listener(stuck);
}

TEST_CASE("a listener may leave, and others join, while it is told") {
  struct Leaver : Clock::Listener {
    explicit Leaver(ManualClock& c) : clock(c) { clock.add_listener(*this); }
    void time_moved() noexcept override {
      ++told;
      clock.remove_listener(*this);
      if (told == 1) clock.add_listener(*joins);
    }
    ManualClock& clock;
    Timers* joins = nullptr;
    int told = 0;
  };
  ManualClock clock;
  Timers before(clock);
  Leaver leaver(clock);
  Timers after(clock), joining(clock);
  clock.remove_listener(joining);
  leaver.joins = &joining;
  clock.advance(1s);
  clock.advance(1s);
  CHECK(leaver.told == 1);
  CHECK(before.told == 2);
  CHECK(after.told == 2);
  CHECK(joining.told == 2);
}

TEST_CASE("several threads may use one manual clock") {
  ManualClock clock;
  const auto start = clock.now();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        Timers timers(clock);
        clock.advance(1ms);
        static_cast<void>(clock.random());
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(clock.now() == start + 2s);
}

TEST_CASE("a uuid is of version 4, canonical, and comes from the clock") {
  ManualClock a(1), b(1);
  const std::string id = uuid4(a);
  CHECK(id == uuid4(b));
  CHECK(id != uuid4(a));
  REQUIRE(id.size() == 36);
  for (int i = 0; i < 1000; ++i) {
    const std::string text = uuid4(*system_clock());
    for (std::size_t at = 0; at < text.size(); ++at) {
      const bool dash = at == 8 || at == 13 || at == 18 || at == 23;
      REQUIRE((dash ? text[at] == '-'
                    : std::string_view("0123456789abcdef").find(text[at]) != std::string::npos));
    }
    REQUIRE(text[14] == '4');
    REQUIRE(std::string_view("89ab").find(text[19]) != std::string::npos);
  }
}
