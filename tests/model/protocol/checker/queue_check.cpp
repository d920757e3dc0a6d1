// The real ready queue under the checker: small scenarios, each over all interleavings and memory
// orders within a bound of deviations, then over random ones.
//
//   queue_check [--scenario NAME] [--bound N] [--exhaustive N] [--random N] [--seed N]
#include "options.hpp"
#include "queue_places.hpp"
#include "queue_world.hpp"

namespace {

using namespace world_of_queues;  // NOLINT(google-build-using-namespace)

// Three segments of two cells, drained as they fill, recycled into each other.
void segments(unsigned t) {
  if (t < 2) {
    push(1 + 3 * t);
    push(2 + 3 * t);
    push(3 + 3 * t);
  } else {
    for (int i = 0; i < 3; ++i) pop_and_settle(2);
  }
}
// One producer meets the end while the segment is drained under it.
void recycled_setup() {
  setup<3>();
  push(1);
  push(2);
}
void recycled(unsigned t) {
  if (t == 0) {
    push(3);
  } else if (t == 1) {
    pop_and_settle(2);
    push(4);
    pop_and_settle(1);
    flush();
    push(5);
  } else {
    pop_and_settle(2);
    pop_and_settle(1);
  }
}
// The segments of one queue go on to another that shares the pool.
void two_queues(unsigned t) {
  if (t == 0) {
    push(3);
  } else if (t == 1) {
    pop_and_settle(2);
    push(4);
    pop_and_settle(1);
    flush();
    push(10, world->b);
    push(11, world->b);
    push(12, world->b);
  } else {
    pop_and_settle(1);
    pop_and_settle(2, world->b);
  }
}

// Several messages by one call, over the end of the segment.
void batches(unsigned t) {
  if (t == 0) {
    push_batch(1, 3);
  } else if (t == 1) {
    push_batch(4, 3);
  } else {
    pop_and_settle(2);
    pop_and_settle(2);
  }
}

// Nothing goes in after the seal has returned; what went in comes out.
void seals(unsigned t) {
  if (t == 0) {
    push(1);
    push(2);
    push(3);
  } else if (t == 1) {
    push(4);
    pop_and_settle(2);
  } else {
    world->a.seal(mine());
    model::require(!push(5), "a message went into a sealed queue");
  }
}
void seals_check() {
  model::require(!push(6), "a message went into a sealed queue");
  check();
}

// A queue is sealed only when nothing is ready.
void seals_if_empty_setup() {
  setup<3>();
  push(1);
}
void seals_if_empty(unsigned t) {
  if (t == 0) {
    push(2);
    push(3);
  } else if (t == 1) {
    pop_and_settle(1);
    pop_and_settle(2);
  } else {
    world->closed_empty = world->a.seal_if_empty(mine());
    if (world->closed_empty) {
      model::require(!push(5), "a message went into a sealed queue");
      model::require(pop(2, world->a).count == 0, "a queue was sealed as empty and was not");
    }
  }
}

// The last segment goes while others come back for it.
void goes_idle(unsigned t) {
  if (t == 0) {
    push(2);
    push(3);
  } else if (t == 1) {
    pop_and_settle(1);
    world->a.give_back_if_idle(mine());
    push(4);
  } else {
    pop_and_settle(2);
    world->a.give_back_if_idle(mine());
    pop_and_settle(1);
  }
}
// A returned message lives on in a segment that the queue has left.
void idle_return(unsigned t) {
  if (t == 0) {
    push(2);
    pop_and_settle(1);
  } else if (t == 1) {
    requeue_first_then_settle(1);
    pop_and_settle(1);
  } else {
    pop_and_settle(1);
    world->a.give_back_if_idle(mine());
    pop_and_settle(1);
  }
}

// A wide queue's entries belong to who holds the message, through returns and the segment's next life.
void entries_setup() {
  setup<3>();
  world->wide.push(world->access[0], 1);
  world->wide.push(world->access[0], 2);
}
void touch_entries(unsigned limit, bool give_back) {
  Claim claims[2];
  const std::size_t n = world->wide.pop(mine(), std::span<Claim>(claims, limit));
  for (std::size_t i = 0; i < n; ++i) {
    auto& entry = claims[i].segment->extra(claims[i].index);
    const std::uint32_t deliveries = entry.deliveries;
    model::require((deliveries != 0) == claims[i].redelivered, "the entry is not the message's");
    entry.deliveries = deliveries + 1;
    if (give_back && i == 0) {
      world->wide.requeue(mine(), claims[i]);
    } else {
      world->wide.settle(mine(), claims[i].segment, 1);
    }
  }
}
void entries(unsigned t) {
  if (t == 0) {
    touch_entries(1, false);
  } else if (t == 1) {
    touch_entries(2, true);
    touch_entries(1, false);
  } else {
    world->wide.push(mine(), 3);
    touch_entries(2, false);
    flush();
    world->wide.push(mine(), 4);
    world->wide.push(mine(), 5);
  }
}
void entries_check() {
  for (int i = 0; i < 5; ++i) touch_entries(2, false);
  model::require(world->wide.size(mine()) == 0 && world->wide.pinned() == 0, "not all is gone");
}

// With a side that has saturated, "empty" is what the bitmaps say.
void saturated_setup() {
  returns_slowly_setup();
  const Popped out = pop(2, world->a);
  requeue(out.claims[0], world->a);
  settle(out.claims[1], world->a);
}
void saturated_ends(unsigned t) {
  if (t == 0) {
    requeue_first_then_settle(1);
    pop_and_settle(1);
  } else if (t == 1) {
    // Told to the history as a pop that finds nothing: the same may be true then.
    const unsigned look = world->past.pop_begins(&world->a);
    world->closed_empty = world->a.seal_if_empty(mine());
    world->past.pop_ends(look, world->closed_empty ? 0 : 1);
  } else {
    world->a.give_back_if_idle(mine());
    pop_and_settle(1);
    push(3);
  }
}

// Settled by another thread than the one that popped.
void settled_elsewhere(unsigned t) {
  if (t == 0) {
    push(3);
    push(4);
  } else if (t == 1) {
    const Popped out = pop(1, world->a);
    if (out.count != 0) {
      world->mail = out.claims[0];
      world->posted.store(1, std::memory_order_release);
    }
    pop_and_settle(2);
  } else {
    pop_and_settle(2);
    if (world->posted.load(std::memory_order_acquire) == 1) {
      world->posted.store(2, std::memory_order_relaxed);
      settle(world->mail, world->a);
    }
    pop_and_settle(1);
  }
}
void settled_elsewhere_check() {
  if (world->posted.load() == 1) settle(world->mail, world->a);
  check();
}

// Who lost the race to link a segment has had it in the table, where a mask bit that a slow helper set
// late (it holds the slot's last segment by a hazard) leads a receiver to it.
void lost_race_setup() {
  setup<3>();
  push(1);
  push(2);
  const Popped first = pop(2, world->a);
  Claim slow_helper = first.claims[0];
  world->domain.all[0].hazards[3].store(slow_helper.segment);
  for (unsigned i = 0; i < first.count; ++i) settle(first.claims[i], world->a);
  push(3);
  push(4);
  const Popped second = pop(1, world->a);
  requeue(second.claims[0], world->a);
  kelp::broker::BasicSegmentTable<CheckedModel>::mark(*slow_helper.segment);
  world->domain.all[0].hazards[3].store(nullptr);
}
void lost_race(unsigned t) {
  if (t == 0) {
    push(5);
    push(10, world->b);
    const Popped out = pop(1, world->b);
    if (out.count != 0) requeue(out.claims[0], world->b);
  } else if (t == 1) {
    pop_and_settle(1);
    pop_and_settle(2);
  } else {
    push(6);
  }
}

// A queue without a segment: its first producer sleeps half way, the others need not wait.
void first_segment(unsigned t) {
  if (t == 0) {
    push(1);
  } else if (t == 1) {
    push(2);
    push(3);
  } else {
    pop_and_settle(2);
    pop_and_settle(2);
  }
}

// Dekker: a publisher that sees no waiter, and a sleeper that sees no message.
void sleeps(unsigned t) {
  if (t == 0) {
    push(2);
    CheckedModel::light_fence();
    world->accepted = static_cast<unsigned>(world->posted.load());
  } else {
    pop_and_settle(1);
    world->posted.store(1);
    CheckedModel::heavy_fence();
    world->closed_empty = world->a.look(mine()) != Sight::ready;
  }
}
void sleeps_check() {
  model::require(!(world->accepted == 0 && world->closed_empty), "a wake-up is lost");
  check();
}

constexpr model::Scenario scenarios[] = {
    {"two_and_two", 4, setup<4>, two_and_two, check},
    {"holes", 3, setup<3>, holes, check},
    {"landings", 4, setup<4>, landings, check},
    {"returns", 3, returns_setup, returns, check},
    {"returns_two", 3, recycled_setup, returns_two, check},
    {"returns_slowly", 3, returns_slowly_setup, returns, check},
    {"saturates", 3, returns_slowly_setup, saturates, check},
    {"segments", 4, setup<4>, segments, check},
    {"recycled", 3, recycled_setup, recycled, check},
    {"two_queues", 3, recycled_setup, two_queues, check},
    {"batches", 3, setup<3>, batches, check},
    {"seals", 3, setup<3>, seals, seals_check},
    {"seals_if_empty", 3, seals_if_empty_setup, seals_if_empty, check},
    {"goes_idle", 3, seals_if_empty_setup, goes_idle, check},
    {"idle_return", 3, seals_if_empty_setup, idle_return, check},
    {"entries", 3, entries_setup, entries, entries_check},
    {"saturated_ends", 3, saturated_setup, saturated_ends, check},
    {"settled_elsewhere", 3, recycled_setup, settled_elsewhere, settled_elsewhere_check},
    {"lost_race", 3, lost_race_setup, lost_race, check},
    {"first_segment", 3, setup<3>, first_segment, check},
    {"sleeps", 2, seals_if_empty_setup, sleeps, sleeps_check},
};

}  // namespace

int main(int argc, char** argv) { return model::run_all(scenarios, argc, argv); }
