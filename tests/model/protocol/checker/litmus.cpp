// The checker checked: known litmus tests, with the outcomes that C++20 allows and forbids.
//
// Each test collects the outcomes of a search that is complete within its bound. A forbidden outcome
// that appears is a false alarm of the checker, an allowed one that does not is a bug it cannot find.
#include <cstdio>
#include <cstring>
#include <new>

#include "atomic.hpp"

namespace {

using model::atomic;
constexpr auto relaxed = std::memory_order_relaxed;
constexpr auto acquire = std::memory_order_acquire;
constexpr auto release = std::memory_order_release;
constexpr auto acq_rel = std::memory_order_acq_rel;
constexpr auto seq_cst = std::memory_order_seq_cst;

struct Shared {
  atomic<int> x{0}, y{0};
};
Shared* shared;
int result[4];
bool outcomes[10000];

void fresh() {
  shared = new (model::allocate(sizeof(Shared), alignof(Shared))) Shared;
  std::memset(result, 0, sizeof(result));
}
void collect() { outcomes[result[0] * 1000 + result[1] * 100 + result[2] * 10 + result[3]] = true; }

int passed, failed;

void expect(const char* name, unsigned threads, void (*thread)(unsigned), int outcome, bool allowed) {
  std::memset(outcomes, 0, sizeof(outcomes));
  const model::Scenario scenario{name, threads, fresh, thread, collect};
  const model::Explored done =
      model::explore(scenario, {.bound = 4, .exhaustive = 2'000'000, .random = 2'000});
  const bool good = done.complete && outcomes[outcome] == allowed;
  std::printf("%s %s: outcome %04d %s\n", good ? "ok  " : "FAIL", name, outcome,
              allowed ? "allowed" : "forbidden");
  (good ? passed : failed) += 1;
}

template <std::memory_order Store, std::memory_order Load>
void store_buffering(unsigned t) {
  auto& mine = t == 0 ? shared->x : shared->y;
  auto& other = t == 0 ? shared->y : shared->x;
  mine.store(1, Store);
  result[2 + t] = other.load(Load);
}

template <void (*Fence0)(), void (*Fence1)()>
void store_buffering_fenced(unsigned t) {
  auto& mine = t == 0 ? shared->x : shared->y;
  auto& other = t == 0 ? shared->y : shared->x;
  mine.store(1, relaxed);
  if (t == 0) Fence0();
  if (t == 1) Fence1();
  result[2 + t] = other.load(relaxed);
}
void full() { model::thread_fence(model::Order::seq_cst); }
void light() { model::light_fence(); }
void heavy() { model::heavy_fence(); }
void acquire_release() { model::thread_fence(model::Order::acq_rel); }

template <std::memory_order Store, std::memory_order Load>
void message_passing(unsigned t) {
  if (t == 0) {
    shared->x.store(1, relaxed);
    shared->y.store(1, Store);
  } else {
    result[2] = shared->y.load(Load);
    result[3] = shared->x.load(relaxed);
  }
}

void message_passing_fenced(unsigned t) {
  if (t == 0) {
    shared->x.store(1, relaxed);
    model::thread_fence(model::Order::release);
    shared->y.store(1, relaxed);
  } else {
    result[2] = shared->y.load(relaxed);
    model::thread_fence(model::Order::acquire);
    result[3] = shared->x.load(relaxed);
  }
}

template <std::memory_order Store, std::memory_order Load>
void independent_reads(unsigned t) {
  if (t == 0) shared->x.store(1, Store);
  if (t == 1) shared->y.store(1, Store);
  if (t == 2) {
    result[0] = shared->x.load(Load);
    result[1] = shared->y.load(Load);
  }
  if (t == 3) {
    result[2] = shared->y.load(Load);
    result[3] = shared->x.load(Load);
  }
}

// The middle step goes on with the release sequence (a read-modify-write) or, in C++20, ends it (a
// store, even by the thread that released).
template <bool Modify>
void release_sequence(unsigned t) {
  if (t == 0) {
    shared->x.store(1, relaxed);
    shared->y.store(1, release);
    if (!Modify) shared->y.store(2, relaxed);
  } else if (t == 1) {
    if (Modify) shared->y.fetch_add(1, relaxed);
  } else {
    result[2] = shared->y.load(acquire);
    result[3] = shared->x.load(relaxed);
  }
}

void read_twice(unsigned t) {
  if (t == 0) shared->x.store(1, relaxed);
  if (t == 1) {
    result[2] = shared->x.load(relaxed);
    result[3] = shared->x.load(relaxed);
  }
}

// Write to read causality: what a third thread learns through a second.
void causality(unsigned t) {
  if (t == 0) shared->x.store(1, relaxed);
  if (t == 1) {
    result[1] = shared->x.load(relaxed);
    shared->y.store(1, release);
  }
  if (t == 2) {
    result[2] = shared->y.load(acquire);
    result[3] = shared->x.load(relaxed);
  }
}

void exchange_always_sees_newest(unsigned t) {
  if (t < 2) result[2 + t] = shared->x.fetch_add(1, relaxed);
}

template <bool SeqCst>
void mixed_fence(unsigned t) {  // one side with an operation, one with a fence
  if (t == 0) {
    shared->x.store(1, SeqCst ? seq_cst : release);
    result[2] = shared->y.load(SeqCst ? seq_cst : acquire);
  } else {
    shared->y.store(1, relaxed);
    full();
    result[3] = shared->x.load(relaxed);
  }
}

// Races are failures of the engine, so this one runs in a child and must fail.
model::plain<int>* box;
void race_setup() {
  fresh();
  box = new (model::allocate(sizeof(*box), alignof(model::plain<int>))) model::plain<int>;
}
template <std::memory_order Store>
void race(unsigned t) {
  if (t == 0) {
    box->set(1);
    shared->y.store(1, Store);
  } else if (shared->y.load(acquire) == 1) {
    result[3] = box->get();
  }
}
template <bool Lost>
void sleep_and_wake(unsigned t) {
  if (t == 0) {
    model::block_until([](void*) { return result[0] == 1; }, nullptr);
  } else if (!Lost) {
    shared->x.store(1);
    result[0] = 1;
  }
}

void run_only(void (*setup)(), void (*thread)(unsigned)) {
  model::explore({"", 2, setup, thread, collect}, {});
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) {  // the tests that have to fail, one at a time
    if (std::strcmp(argv[1], "race") == 0) run_only(race_setup, race<relaxed>);
    if (std::strcmp(argv[1], "deadlock") == 0) run_only(fresh, sleep_and_wake<true>);
    return 0;
  }
  expect("store buffering, relaxed", 2, store_buffering<relaxed, relaxed>, 0, true);
  expect("store buffering, release and acquire", 2, store_buffering<release, acquire>, 0, true);
  expect("store buffering, seq_cst", 2, store_buffering<seq_cst, seq_cst>, 0, false);
  expect("store buffering, seq_cst", 2, store_buffering<seq_cst, seq_cst>, 11, true);
  expect("store buffering, fences", 2, store_buffering_fenced<full, full>, 0, false);
  expect("store buffering, acquire and release fences", 2,
         store_buffering_fenced<acquire_release, acquire_release>, 0, true);
  expect("store buffering, light and heavy", 2, store_buffering_fenced<light, heavy>, 0, false);
  expect("store buffering, heavy and heavy", 2, store_buffering_fenced<heavy, heavy>, 0, false);
  expect("store buffering, light and light", 2, store_buffering_fenced<light, light>, 0, true);
  expect("store buffering, light and full", 2, store_buffering_fenced<light, full>, 0, true);
  expect("store buffering, operations and a fence", 2, mixed_fence<true>, 0, false);
  expect("store buffering, release and a fence", 2, mixed_fence<false>, 0, true);
  expect("message passing, relaxed", 2, message_passing<relaxed, relaxed>, 10, true);
  expect("message passing, release only", 2, message_passing<release, relaxed>, 10, true);
  expect("message passing, acquire only", 2, message_passing<relaxed, acquire>, 10, true);
  expect("message passing, release and acquire", 2, message_passing<release, acquire>, 10, false);
  expect("message passing, release and acquire", 2, message_passing<release, acquire>, 1, true);
  expect("message passing, fences", 2, message_passing_fenced, 10, false);
  expect("independent reads, acquire", 4, independent_reads<release, acquire>, 1010, true);
  expect("independent reads, seq_cst", 4, independent_reads<seq_cst, seq_cst>, 1010, false);
  expect("release sequence, read-modify-write", 3, release_sequence<true>, 20, false);
  expect("release sequence, store", 3, release_sequence<false>, 20, true);
  expect("coherence of reads", 2, read_twice, 10, false);
  expect("coherence of reads", 2, read_twice, 1, true);
  expect("write to read causality", 3, causality, 110, false);
  expect("write to read causality, not yet read", 3, causality, 10, true);
  expect("read-modify-write sees the newest", 2, exchange_always_sees_newest, 0, false);
  run_only(race_setup, race<release>);
  run_only(fresh, sleep_and_wake<false>);
  passed += 2;
  std::printf("kelp-cases: %d passed, %d failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}
