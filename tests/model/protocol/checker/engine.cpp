// The checker's scheduler: threads as fibers, choices, searches and traces; see engine.hpp.
#include <cstdio>
#include <cstdlib>

#include "engine_state.hpp"

namespace model {
namespace {

constexpr std::uint32_t longest_turn = 600;  // steps of one thread while the others stand still
constexpr std::size_t stack_size = std::size_t{256} << 10;
constexpr std::size_t trace_shown = 160;

std::uint64_t next_random(Engine& e) {
  // Source: S. Vigna, splitmix64.
  std::uint64_t z = (e.random_state += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

unsigned branch(Engine& e, unsigned options) {
  if (e.replayed == e.trail.size()) e.trail.push_back({0, options});
  const Choice& choice = e.trail[e.replayed++];
  if (choice.options != options) fail("the scenario is not deterministic");
  return choice.taken;
}

}  // namespace

Engine& engine() {
  static Engine instance;
  return instance;
}

unsigned pick_random(Engine& e, unsigned options) { return static_cast<unsigned>(next_random(e) % options); }

unsigned deviate(Engine& e, unsigned options) {
  if (options < 2 || e.deviations >= e.budget.bound) return 0;
  const unsigned taken = branch(e, options);
  if (taken != 0) ++e.deviations;
  return taken;
}

namespace {

bool runnable(Thread& thread) {
  if (thread.state == State::blocked && thread.ready(thread.argument)) thread.state = State::running;
  return thread.state == State::running;
}

void switch_to(Engine& e, unsigned next) {
  if (next == e.current) return;
  e.turn = 0;
  Thread& from = e.self();
  e.current = next;
  if (_setjmp(from.at) == 0) _longjmp(e.threads[next].at, 1);
}

// `others` has the runnable threads beside the current one, in turn order.
unsigned list_others(Engine& e, unsigned (&others)[max_threads]) {
  unsigned n = 0;
  for (unsigned i = 1; i <= e.count; ++i) {
    const unsigned t = (e.current - 1 + i) % e.count + 1;
    if (t != e.current && runnable(e.threads[t])) others[n++] = t;
  }
  return n;
}

unsigned by_priority(Engine& e, const unsigned (&others)[max_threads], unsigned n, unsigned best) {
  for (unsigned i = 0; i < n; ++i) {
    if (best == 0 || e.threads[others[i]].priority > e.threads[best].priority) best = others[i];
  }
  return best;
}

// Who goes on, when the current thread could (`may_stay`) or cannot.
unsigned next_thread(Engine& e, bool may_stay) {
  unsigned others[max_threads];
  const unsigned n = list_others(e, others);
  if (n == 0) return may_stay ? e.current : 0;
  if (e.mode == Mode::bounded) {
    const unsigned taken = deviate(e, n + (may_stay ? 1 : 0));
    if (may_stay) return taken == 0 ? e.current : others[taken - 1];
    return others[taken];
  }
  if (e.style == Style::priorities) {
    for (const std::uint32_t at : e.changes) {
      if (e.steps == at) e.self().priority = --e.lowest_priority;
    }
    return by_priority(e, others, n, may_stay ? e.current : 0);
  }
  if (may_stay && pick_random(e, e.style == Style::often ? 2 : 8) != 0) return e.current;
  return others[pick_random(e, n)];
}

void leave(Engine& e) {
  const unsigned next = next_thread(e, false);
  if (next != 0) {
    switch_to(e, next);
    return;
  }
  if (e.self().state == State::running) return;
  for (unsigned t = 1; t <= e.count; ++t) {
    if (e.threads[t].state == State::blocked) fail("deadlock: every thread that has not ended sleeps");
  }
  e.ended = true;
  _longjmp(e.main, 1);
}

void fiber_main(unsigned index) {
  Engine& e = engine();
  Thread& self = e.threads[index];
  // The first arrival only fills `at`; each execution then jumps here.
  if (_setjmp(self.at) == 0) _longjmp(e.main, 1);
  for (;;) {
    e.scenario->thread(index - 1);
    self.state = State::finished;
    if (_setjmp(self.at) == 0) leave(e);
  }
}

void start_fiber(Engine& e, unsigned index) {
  Thread& thread = e.threads[index];
  if (thread.stack) return;
  thread.stack.reset(new char[stack_size]);
  getcontext(&thread.context);
  thread.context.uc_stack.ss_sp = thread.stack.get();
  thread.context.uc_stack.ss_size = stack_size;
  thread.context.uc_link = nullptr;
  makecontext(&thread.context, reinterpret_cast<void (*)()>(fiber_main), 1, index);
  if (_setjmp(e.main) == 0) setcontext(&thread.context);
}

void reset_thread(Thread& thread) {
  thread.now = thread.on_acquire_fence = thread.on_release_fence = Knowledge{};
  thread.release_fenced = false;
}

void prepare(Engine& e) {
  e.current = 0;
  e.count = e.scenario->threads;
  e.concurrent = e.ended = false;
  e.steps = e.turn = e.events = 0;
  e.replayed = 0;
  e.deviations = 0;
  e.fence_order = 0;
  e.fenced = e.lightly = e.heavily = Clock{};
  e.trace.clear();
  e.arena_used = 0;
  for (Thread& thread : e.threads) reset_thread(thread);
  if (e.mode != Mode::random) return;
  e.random_state = e.random_seed = e.budget.seed + e.execution;
  e.style = static_cast<Style>(pick_random(e, 3));
  constexpr unsigned rates[] = {2, 4, 16, 1'000'000};
  e.stale_in = rates[pick_random(e, 4)];
  e.lowest_priority = 0;
  for (auto& at : e.changes) at = 1 + pick_random(e, e.typical_length);
  for (unsigned t = 1; t <= e.count; ++t) e.threads[t].priority = 1 + static_cast<int>(pick_random(e, 1000));
}

void run_once(Engine& e) {
  prepare(e);
  e.scenario->setup();
  tick(e);
  for (unsigned t = 1; t <= e.count; ++t) {
    start_fiber(e, t);
    e.threads[t].now = e.threads[0].now;
    e.threads[t].state = State::running;
  }
  e.concurrent = true;
  e.current = 1;
  if (_setjmp(e.main) == 0) {
    unsigned first = 1;
    if (e.mode == Mode::bounded) {
      first = 1 + deviate(e, e.count);
    } else if (e.style != Style::priorities) {
      first = 1 + pick_random(e, e.count);
    }
    e.current = first;
    _longjmp(e.threads[first].at, 1);
  }
  e.concurrent = false;
  e.current = 0;
  for (unsigned t = 1; t <= e.count; ++t) e.threads[0].now.join(e.threads[t].now);
  e.scenario->check();
}

// The next path of the bounded search, or false.
bool backtrack(Engine& e) {
  while (!e.trail.empty()) {
    Choice& last = e.trail.back();
    if (++last.taken < last.options) return true;
    e.trail.pop_back();
  }
  return false;
}

const char* base_name(const char* file) {
  const char* base = file;
  for (const char* c = file; *c != 0; ++c) {
    if (*c == '/') base = c + 1;
  }
  return base;
}

}  // namespace

void step(Engine& e) {
  if (e.concurrent) {
    if (++e.steps > e.budget.longest) fail("livelock: too many steps");
    if (++e.turn > longest_turn) fail("not lock-free: a thread gets nowhere while the others stand still");
    switch_to(e, next_thread(e, true));
  }
  tick(e);
}

Explored explore(const Scenario& scenario, const Budget& budget) {
  Engine& e = engine();
  e.scenario = &scenario;
  e.budget = budget;
  Explored done;
  e.trail.clear();
  e.mode = Mode::bounded;
  for (e.execution = 0; e.execution < budget.exhaustive; ++e.execution) {
    run_once(e);
    ++done.executions;
    done.steps += e.steps;
    e.typical_length = e.steps > 10 ? e.steps : 10;
    if (!backtrack(e)) {
      done.complete = true;
      break;
    }
  }
  e.mode = Mode::random;
  for (e.execution = 0; e.execution < budget.random; ++e.execution) {
    run_once(e);
    ++done.executions;
    done.steps += e.steps;
  }
  return done;
}

unsigned this_thread() noexcept { return engine().current; }

void yield() {
  Engine& e = engine();
  if (!e.concurrent) return;
  if (++e.steps > e.budget.longest) fail("livelock: too many steps");
  e.self().priority = --e.lowest_priority;
  e.turn = 0;
  leave(e);
}

void block_until(bool (*ready)(void*), void* argument) {
  Engine& e = engine();
  Thread& self = e.self();
  while (!ready(argument)) {
    if (!e.concurrent) fail("the setup or the check would sleep for ever");
    self.ready = ready;
    self.argument = argument;
    self.state = State::blocked;
    leave(e);
  }
}

unsigned choose(unsigned options) {
  Engine& e = engine();
  return e.mode == Mode::bounded ? branch(e, options) : pick_random(e, options);
}

void note(const char* text, std::uint64_t value) { log(engine(), text, nullptr, value, {"", 0}); }

Event event() {
  Engine& e = engine();
  tick(e);
  const Clock& happened = e.self().now.happened;
  return {happened, e.current, happened.at[e.current], ++e.events};
}

void fail(const char* why, int line, const char* file) {
  Engine& e = engine();
  const std::size_t first = e.trace.size() > trace_shown ? e.trace.size() - trace_shown : 0;
  for (std::size_t i = first; i < e.trace.size(); ++i) {
    const Step& s = e.trace[i];
    std::printf("  %4zu T%u %-10s", i, s.thread, s.what);
    if (s.object != nullptr) {
      std::printf(" %p = %llx%s  %s:%d", s.object, static_cast<unsigned long long>(s.value),
                  s.age != 0 ? " (old)" : "", base_name(s.site.file), s.site.line);
    } else {
      std::printf(" %llu", static_cast<unsigned long long>(s.value));
    }
    std::printf("\n");
  }
  std::printf("FAILED: %s, thread %u, at %s:%d\n", why, e.current, base_name(file), line);
  if (e.mode == Mode::bounded) {
    std::printf("scenario '%s', bounded search, execution %llu, deviations %u of %u\n",
                e.scenario != nullptr ? e.scenario->name : "", static_cast<unsigned long long>(e.execution),
                e.deviations, e.budget.bound);
  } else {
    std::printf("scenario '%s', seed %llu\n", e.scenario->name,
                static_cast<unsigned long long>(e.random_seed));
  }
  std::fflush(stdout);
  std::_Exit(1);
}

void* allocate(std::size_t size, std::size_t alignment) {
  Engine& e = engine();
  const auto base = reinterpret_cast<std::uintptr_t>(e.arena.get());
  const std::uintptr_t at = (base + e.arena_used + alignment - 1) / alignment * alignment;
  e.arena_used = at + size - base;
  if (e.arena_used > arena_size) fail("the arena is full");
  return reinterpret_cast<void*>(at);
}

}  // namespace model
