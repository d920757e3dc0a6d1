// What the checker knows during an execution; shared by its scheduler (engine.cpp) and its memory model
// (memory.cpp).
#pragma once

#include <csetjmp>
#include <memory>
#include <vector>

#include <ucontext.h>

#include "engine.hpp"

namespace model {

inline constexpr std::size_t arena_size = std::size_t{4} << 20;

enum class State : std::uint8_t { running, blocked, finished };

struct Thread {
  Knowledge now;
  Knowledge on_acquire_fence;  // what relaxed loads have seen
  Knowledge on_release_fence;  // what the last release fence passes on with relaxed stores
  bool release_fenced = false;
  State state = State::finished;
  bool (*ready)(void*) = nullptr;
  void* argument = nullptr;
  int priority = 0;
  ucontext_t context;
  jmp_buf at;
  std::unique_ptr<char[]> stack;
};

struct Step {
  unsigned thread;
  const char* what;
  const void* object;
  std::uint64_t value;
  Site site;
  unsigned age;
};

struct Choice {
  unsigned taken;
  unsigned options;
};

enum class Mode : std::uint8_t { bounded, random };
enum class Style : std::uint8_t { often, seldom, priorities };

struct Engine {
  Thread threads[max_threads];
  unsigned current = 0;
  unsigned count = 0;       // without the setup's thread
  bool concurrent = false;  // between setup and check
  bool ended = false;

  const Scenario* scenario = nullptr;
  Budget budget;
  Mode mode = Mode::bounded;
  std::uint64_t execution = 0;
  std::uint32_t steps = 0;
  std::uint32_t turn = 0;
  std::uint32_t events = 0;

  // Bounded search: the choices of this execution; a prefix of them is replayed.
  std::vector<Choice> trail;
  std::size_t replayed = 0;
  unsigned deviations = 0;

  // Random search.
  std::uint64_t random_state = 0;
  std::uint64_t random_seed = 0;
  Style style = Style::often;
  unsigned stale_in = 4;  // one of so many loads looks for an old value
  std::uint32_t typical_length = 100;
  std::array<std::uint32_t, 3> changes{};
  int lowest_priority = 0;

  // The orders that are global.
  std::uint32_t fence_order = 0;
  Clock fenced, lightly, heavily;

  std::vector<Step> trace;
  jmp_buf main;
  std::unique_ptr<char[]> arena{new char[arena_size]};
  std::size_t arena_used = 0;

  Thread& self() { return threads[current]; }
};

Engine& engine();

// Scheduler.
unsigned pick_random(Engine& e, unsigned options);
// Bounded search: 0 is the expected way, the others deviate from it.
unsigned deviate(Engine& e, unsigned options);
// Before every step: somebody else may come first.
void step(Engine& e);

inline void tick(Engine& e) {
  Thread& self = e.self();
  const std::uint32_t stamp = ++self.now.happened.at[e.current];
  self.now.visible.at[e.current] = stamp;
}
inline void log(Engine& e, const char* what, const void* object, std::uint64_t value, Site site,
                unsigned age = 0) {
  e.trace.push_back({e.current, what, object, value, site, age});
}

}  // namespace model
