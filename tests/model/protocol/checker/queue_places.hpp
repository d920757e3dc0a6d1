// Scenarios within a segment: order, holes, returned messages and a side that saturates.
#pragma once

#include "queue_world.hpp"

namespace world_of_queues {

// Order, runs and emptiness with two producers and two consumers.
inline void two_and_two(unsigned t) {
  if (t == 0) {
    push(1);
    push(2);
  } else if (t == 1) {
    push(3);
  } else {
    pop_and_settle(2);
    pop_and_settle(2);
  }
}

// A late producer leaves a hole; a later message overtakes it; the hole is found when it has landed.
inline void holes(unsigned t) {
  if (t == 0) {
    push(1);
  } else if (t == 1) {
    push(2);
    push(3);
  } else {
    pop_and_settle(1);
    pop_and_settle(1);
    pop_and_settle(1);
  }
}

// Two that look for the same landed hole.
inline void landings(unsigned t) {
  if (t == 0) {
    push(1);
  } else if (t == 1) {
    push(2);
    push(3);
  } else {
    pop_and_settle(1);
    stand_aside();
    pop_and_settle(1);
    pop_and_settle(1);
  }
}

// Messages go back to their places while others are taken.
inline void returns_setup() {
  setup<3>();
  push(1);
  push(2);
}
inline void returns(unsigned t) {
  if (t == 0) {
    push(3);
  } else if (t == 1) {
    requeue_first_then_settle(2);
    pop_and_settle(1);
  } else {
    pop_and_settle(1);
    pop_and_settle(2);
  }
}
inline void returns_slowly_setup() {
  returns_setup();
  CheckedModel::side_max = 1;
}
// Two returned at once, and taken at once.
inline void returns_two(unsigned t) {
  if (t == 0) {
    const Popped out = pop(2, world->a);
    for (unsigned i = 0; i < out.count; ++i) requeue(out.claims[i], world->a);
  } else {
    pop_and_settle(2);
    pop_and_settle(2);
  }
}
// side saturates, sticks, and is left where nothing can be open.
inline void saturates(unsigned t) {
  if (t == 0) {
    push(3);
    push(4);
  } else if (t == 1) {
    const Popped out = pop(2, world->a);
    for (unsigned i = 0; i < out.count; ++i) requeue(out.claims[i], world->a);
    pop_and_settle(2);
  } else {
    pop_and_settle(2);
    pop_and_settle(2);
  }
}

}  // namespace world_of_queues
