// Runs a few threads as fibers, one step at a time, and decides what each atomic operation sees.
//
// One execution is a setup on the first thread, a number of threads, and a check after all have
// ended. A step is one atomic operation. Two things are open at each step, and the engine chooses:
// which thread goes on, and which of the values that the C++ memory model still allows a load
// returns. explore() repeats the execution with other choices: all that deviate in at most `bound`
// places from "go on with this thread, read the newest value", then random ones by seed. A failure
// prints the choices' origin and the steps, and ends the process.
//
// The memory model is operational: every location keeps its modification order, every thread a
// vector clock of what happens before it, and a load may return any value that is not hidden by a
// newer one of which the thread knows (C++20 [intro.races], release sequences of read-modify-write
// operations only). seq_cst operations and fences use the order of execution as their total order.
// Asymmetric fences follow P1202: light and heavy ones have a total order as if full, two light ones
// have none. A thread that gets nowhere while all others stand still has found something that is not
// lock-free. Not covered: a modification order that differs from the order of execution (2+2W), values
// from the future (load buffering), and values more than `Location::kept` stores old.
//
// Sources: D. Vyukov, Relacy Race Detector; N. Norris, B. Demsky, "CDSChecker", OOPSLA 2013 (the
// model); M. Musuvathi, S. Qadeer, PLDI 2007 (bounded deviations); S. Burckhardt et al., ASPLOS 2010
// (PCT).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace model {

inline constexpr unsigned max_threads = 8;  // the setup's thread 0 included

struct Clock {
  std::array<std::uint32_t, max_threads> at{};

  void join(const Clock& other) noexcept {
    for (unsigned t = 0; t < max_threads; ++t) {
      if (other.at[t] > at[t]) at[t] = other.at[t];
    }
  }
  [[nodiscard]] bool covers(unsigned thread, std::uint32_t stamp) const noexcept {
    return at[thread] >= stamp;
  }
};

// What a thread knows, and what a release passes on.
struct Knowledge {
  Clock happened;                // happens before
  Clock visible;                 // may not be hidden any more; a superset, by fences
  std::uint32_t last_fence = 0;  // place in the seq_cst order of the newest fence that happened

  void join(const Knowledge& other) noexcept {
    happened.join(other.happened);
    visible.join(other.visible);
    if (other.last_fence > last_fence) last_fence = other.last_fence;
  }
};

enum class Order : std::uint8_t { relaxed, acquire, release, acq_rel, seq_cst };

struct Site {
  const char* file;
  int line;
};

// The history of one atomic object; atomic.hpp gives it a type.
class Location {
 public:
  static constexpr unsigned kept = 8;

  explicit Location(std::uint64_t initial) noexcept;
  ~Location();
  Location(const Location&) = delete;
  Location& operator=(const Location&) = delete;

  std::uint64_t load(Order order, Site site);
  void store(std::uint64_t value, Order order, Site site);
  // Reads the newest value and writes change(value, argument).
  using Change = std::uint64_t (*)(std::uint64_t, std::uint64_t);
  std::uint64_t modify(Change change, std::uint64_t argument, Order order, Site site, const char* what);
  // What the kernel sees.
  std::uint64_t peek() { return newest().value; }
  bool compare_exchange(std::uint64_t& expected, std::uint64_t desired, Order success, Order failure,
                        bool weak, Site site);

 private:
  struct Store {
    std::uint64_t value;
    std::array<std::uint32_t, max_threads> seen;  // when each thread first read or wrote it, or never
    Knowledge released;                           // what an acquire load of it learns
    std::uint32_t first_fenced;                   // its first seq_cst access, or never
    bool releases;
  };
  Store& newest() { return history_[(stores_ - 1) % kept]; }
  void enter(Site site);
  void append(std::uint64_t value, Order order, bool continues_release);
  void observe(Store& store, Order order);
  [[nodiscard]] bool hides_older(const Store& store, bool ordered) const;

  std::uint32_t alive_;
  std::uint32_t stores_ = 0;
  std::uint32_t made_at_ = 0;
  std::uint8_t made_by_ = 0;
  Store history_[kept];
};

// A plain object: reports accesses that race. `Data` is the untyped part.
class Data {
 public:
  void on_read(Site site);
  void on_write(Site site);

 private:
  std::array<std::uint32_t, max_threads> reads_{};
  std::uint32_t written_at_ = 0;
  std::uint8_t written_by_ = 0;
};

struct Scenario {
  const char* name;
  unsigned threads;
  void (*setup)();
  void (*thread)(unsigned index);  // 0 .. threads - 1
  void (*check)();                 // after all have ended
};

struct Budget {
  unsigned bound = 2;                  // deviations of an exhaustive search
  std::uint64_t exhaustive = 100'000;  // at most as many executions in it
  std::uint64_t random = 20'000;       // and random ones after it
  std::uint64_t seed = 1;
  std::uint32_t longest = 20'000;  // steps: more is a livelock
};

struct Explored {
  std::uint64_t executions = 0;
  std::uint64_t steps = 0;
  bool complete = false;  // the bounded search ended by itself
};

Explored explore(const Scenario& scenario, const Budget& budget);

// --- for scenarios and models ---

unsigned this_thread() noexcept;  // 0 in setup and check, 1 .. in threads
void light_fence(int line = __builtin_LINE(), const char* file = __builtin_FILE());
void heavy_fence(int line = __builtin_LINE(), const char* file = __builtin_FILE());
void thread_fence(Order order, int line = __builtin_LINE(), const char* file = __builtin_FILE());
// Nothing to do here for now: some other thread goes on.
void yield();
// Sleeps until `ready(argument)`; all threads asleep is a deadlock.
void block_until(bool (*ready)(void*), void* argument);
// Free choice among 0 .. options - 1.
unsigned choose(unsigned options);
// A line in the trace.
void note(const char* text, std::uint64_t value = 0);
[[noreturn]] void fail(const char* why, int line = __builtin_LINE(), const char* file = __builtin_FILE());
inline void require(bool holds, const char* what, int line = __builtin_LINE(),
                    const char* file = __builtin_FILE()) {
  if (!holds) fail(what, line, file);
}
// What happens before now, and a new event of this thread: `covers(thread, stamp)` tells whether an
// event happened before.
struct Event {
  Clock happened;
  unsigned thread;
  std::uint32_t stamp;
  std::uint32_t at;  // in the order of execution
};
Event event();
inline bool happens_before(const Event& a, const Event& b) { return b.happened.covers(a.thread, a.stamp); }
// Memory that is given back only when the execution ends, at the same addresses in each.
void* allocate(std::size_t size, std::size_t alignment);

}  // namespace model
