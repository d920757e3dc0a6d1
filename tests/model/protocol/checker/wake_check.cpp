// The real WaiterSet and Parker under the checker: nobody sleeps for ever beside a message.
//
//   wake_check [--scenario NAME] [--bound N] [--exhaustive N] [--random N] [--seed N]
//
// The messages are single words. receive() does what Waiter::wait(), sleep() and pass_on() and
// Waiter::Registration do, in their order (src/broker/waiter.cpp; run.py checks that the order there is
// still this one), publish() what the end of a push and Queue::wake() do.
#include <cstdarg>
#include <new>

#include "atomic.hpp"
// Copies of src/broker and src/util over the checker's atomics (see run.py).
#include "broker/waiting.hpp"
#include "options.hpp"
#include "util/asymmetric_fence.hpp"

#include <linux/futex.h>

namespace {

using kelp::Clock;
using kelp::broker::Bell;
using kelp::broker::WaiterSet;

constexpr unsigned queues = 2;
constexpr unsigned places = 3;

struct World {
  WaiterSet link;
  WaiterSet waiters[queues];
  model::atomic<unsigned> messages[queues][places];
  model::atomic<bool> closed{false};
  Bell bells[model::max_threads];
  std::uint64_t tickets = 0;
  // Of the monitor.
  const void* asleep_at[model::max_threads] = {};
  bool listens[model::max_threads][queues] = {};
  unsigned asleep = 0;
  unsigned ended = 0;
  unsigned taken = 0;
  bool deadline = false;
};
World* world;

// The kernel's side of Parker: sleeps if the word still is what was expected.
bool awake(void* thread) { return world->asleep_at[*static_cast<unsigned*>(thread)] == nullptr; }

long futex(const void* word, int operation, unsigned expected, const void* until) {
  const auto& value = *static_cast<const model::atomic<std::uint32_t>*>(word);
  (void)value.load(std::memory_order_seq_cst);  // a step, and a fence as the kernel's lock is one
  unsigned self = model::this_thread();
  if ((operation & FUTEX_CMD_MASK) == FUTEX_WAKE) {
    for (const void*& at : world->asleep_at) {
      if (at == word) {
        at = nullptr;
        --world->asleep;
        return 1;
      }
    }
    return 0;
  }
  if (value.peek() != expected || (until != nullptr && model::choose(2) == 1)) return -1;
  model::note("sleeps");
  world->asleep_at[self] = word;
  ++world->asleep;
  model::block_until(awake, &self);
  model::note("awake");
  return 0;
}

void publish(unsigned queue, unsigned place) {
  model::note("publish", queue);
  world->messages[queue][place].store(1, std::memory_order_release);
  kelp::util::light_fence();
  if (world->waiters[queue].any()) world->waiters[queue].wake_one();
}

bool look(unsigned queue) {
  for (auto& message : world->messages[queue]) {
    if (message.load(std::memory_order_acquire) != 0) return true;
  }
  return false;
}

bool take(bool (&from)[queues]) {
  for (unsigned q = 0; q < queues; ++q) {
    if (!from[q]) continue;
    for (auto& message : world->messages[q]) {
      if (message.load(std::memory_order_acquire) != 0 && message.exchange(0) != 0) {
        model::note("took from", q);
        return true;
      }
    }
  }
  return false;
}

void sleep(bool (&from)[queues], Clock::time_point deadline) {
  Bell& bell = world->bells[model::this_thread()];
  bell.ticket.store(++world->tickets, std::memory_order_relaxed);
  bell.parker.announce();
  world->link.add(bell);
  for (unsigned q = 0; q < queues; ++q) {
    if (from[q]) world->waiters[q].add(bell);
  }
  kelp::util::heavy_fence();
  bool something = world->closed.load();
  for (unsigned q = 0; q < queues; ++q) something = something || (from[q] && look(q));
  if (!something) bell.parker.park(deadline);
  for (unsigned q = 0; q < queues; ++q) world->waiters[q].remove(bell);
  world->link.remove(bell);
  bell.parker.retract();
  kelp::util::full_fence();
}

void pass_on(bool (&from)[queues]) {
  for (unsigned q = 0; q < queues; ++q) {
    if (from[q] && world->waiters[q].any() && look(q)) world->waiters[q].wake_one();
  }
}

bool receive(bool zero, bool one, Clock::time_point deadline = Clock::never) {
  bool from[queues] = {zero, one};
  for (unsigned q = 0; q < queues; ++q) world->listens[model::this_thread()][q] = from[q];
  for (;;) {
    sleep(from, deadline);
    const bool got = take(from);
    pass_on(from);
    if (got) ++world->taken;
    if (got || world->closed.load() || deadline != Clock::never) return got;
  }
}

// Waits until nothing moves, judges, and closes.
void monitor(unsigned others) {
  model::block_until([](void* n) { return world->asleep + world->ended == *static_cast<unsigned*>(n); },
                     &others);
  for (unsigned t = 0; t < model::max_threads; ++t) {
    for (unsigned q = 0; q < queues && world->asleep_at[t] != nullptr; ++q) {
      for (auto& message : world->messages[q]) {
        model::require(!world->listens[t][q] || message.peek() == 0, "somebody sleeps beside a message");
      }
    }
  }
  world->closed.store(true);
  world->link.wake_all();
}

void setup() { world = new (model::allocate(sizeof(World), alignof(World))) World; }
void check() { model::require(world->asleep == 0, "wake_all left somebody asleep"); }

constexpr Clock::time_point soon{std::chrono::seconds{1}};

void one_and_one(unsigned t) {
  if (t == 0) publish(0, 0);
  if (t == 1) receive(true, false);
  if (t < 2) ++world->ended;
  if (t == 2) monitor(2);
}
// One wake per message: two sleepers, two messages.
void two_and_two(unsigned t) {
  if (t < 2) publish(0, t);
  if (t == 2 || t == 3) receive(true, false);
  if (t < 4) ++world->ended;
  if (t == 4) monitor(4);
}
// One bell at two queues: who was woken for one message and takes another one passes the wake on.
void one_bell(unsigned t) {
  if (t == 0) {
    publish(1, 0);
    publish(0, 0);
  }
  if (t == 1) receive(true, true);
  if (t == 2) receive(false, true);
  if (t < 3) ++world->ended;
  if (t == 3) monitor(3);
}
// Who leaves at its deadline may have been woken meanwhile.
void deadline(unsigned t) {
  if (t == 0) publish(0, 0);
  if (t == 1) receive(true, false, soon);
  if (t == 2) receive(true, false);
  if (t < 3) ++world->ended;
  if (t == 3) monitor(3);
}

constexpr model::Scenario scenarios[] = {
    {"one_and_one", 3, setup, one_and_one, check},
    {"two_and_two", 5, setup, two_and_two, check},
    {"one_bell", 4, setup, one_bell, check},
    {"deadline", 4, setup, deadline, check},
};

}  // namespace

// parker.cpp is compiled with its system call renamed to this one.
extern "C" long model_syscall(long number, ...) {
  va_list arguments;
  va_start(arguments, number);
  const void* word = va_arg(arguments, void*);
  const int operation = va_arg(arguments, int);
  const auto value = va_arg(arguments, unsigned);
  const void* until = va_arg(arguments, void*);
  va_end(arguments);
  return futex(word, operation, value, until);
}

int main(int argc, char** argv) { return model::run_all(scenarios, argc, argv); }
