// What the scenarios of queue_check.cpp are made of: two queues and a wide one over one pool, an access
// for each thread, and the operations, each told to the history.
#pragma once

#include <new>

#include "queue_model.hpp"
// The queue itself, a copy of src/broker (see run.py).
#include "broker/ready_queue.hpp"
#include "history.hpp"

namespace world_of_queues {

using kelp::broker::CheckedModel;
using Queue = kelp::broker::BasicReadyQueue<CheckedModel>;
using Pool = kelp::broker::BasicSegmentPool<CheckedModel>;
using Access = kelp::broker::BasicAccess<CheckedModel>;
using Claim = kelp::broker::BasicClaim<CheckedModel>;
using history::most_messages;
using kelp::broker::CheckedDomain;
using kelp::broker::Push;
using kelp::broker::Sight;

// The objects live in the execution's arena and are never destroyed one by one, unless a scenario
// says so: the next execution lays fresh ones over them.
struct World {
  CheckedDomain domain;
  Pool pool;
  Access access[5]{{domain, domain.all[0], pool},
                   {domain, domain.all[1], pool},
                   {domain, domain.all[2], pool},
                   {domain, domain.all[3], pool},
                   {domain, domain.all[4], pool}};
  Queue a{pool, false};
  Queue b{pool, false};
  Queue wide{pool, true};
  history::History past;
  model::plain<unsigned> body[most_messages + 1];
  Claim mail;
  model::atomic<int> posted{0};
  unsigned accepted = 0;
  bool closed_empty = false;
};
inline World* world;

inline void make_world(unsigned threads) {
  world = new (model::allocate(sizeof(World), alignof(World))) World;
  world->domain.used = threads + 1;
}

inline Access& mine() { return world->access[model::this_thread()]; }

inline bool push(unsigned message, Queue& queue) {
  world->past.publish_begins(message, &queue);
  world->body[message].set(message);
  const bool accepted = queue.push(mine(), message) == Push::ok;
  world->past.publish_ends(message, accepted);
  return accepted;
}
inline bool push(unsigned message) { return push(message, world->a); }

// Messages first .. first + count - 1 in one call.
inline void push_batch(unsigned first, unsigned count) {
  std::uint64_t handles[8];
  for (unsigned i = 0; i < count; ++i) {
    world->past.publish_begins(first + i, &world->a);
    world->body[first + i].set(first + i);
    handles[i] = first + i;
  }
  const std::size_t pushed = world->a.push(mine(), std::span<const std::uint64_t>(handles, count));
  for (unsigned i = 0; i < count; ++i) world->past.publish_ends(first + i, i < pushed);
}

struct Popped {
  Claim claims[4];
  unsigned count = 0;
};

inline Popped pop(unsigned limit, Queue& queue) {
  Popped out;
  const unsigned id = world->past.pop_begins(&queue);
  out.count = static_cast<unsigned>(queue.pop(mine(), std::span<Claim>(out.claims, limit)));
  model::require(out.count <= limit, "pop gave more than it may");
  for (unsigned i = 0; i < out.count; ++i) {
    const auto message = static_cast<unsigned>(out.claims[i].handle);
    world->past.popped(id, message, i);
    model::require(world->body[message].get() == message, "the body is not what was published");
  }
  world->past.pop_ends(id, out.count);
  return out;
}

inline void settle(const Claim& claim, Queue& queue) {
  world->past.settles(static_cast<unsigned>(claim.handle));
  queue.settle(mine(), claim.segment, 1);
}

inline void requeue(const Claim& claim, Queue& queue) {
  const unsigned stay = world->past.requeue_begins(static_cast<unsigned>(claim.handle));
  queue.requeue(mine(), claim);
  world->past.requeue_ends(stay);
}

inline unsigned pop_and_settle(unsigned limit, Queue& queue) {
  const Popped out = pop(limit, queue);
  for (unsigned i = 0; i < out.count; ++i) settle(out.claims[i], queue);
  return out.count;
}
inline unsigned pop_and_settle(unsigned limit = 1) { return pop_and_settle(limit, world->a); }

inline void requeue_first_then_settle(unsigned limit) {
  const Popped out = pop(limit, world->a);
  for (unsigned i = 0; i < out.count; ++i) {
    if (i == 0) {
      requeue(out.claims[i], world->a);
    } else {
      settle(out.claims[i], world->a);
    }
  }
}

// The others go on until they end or do the same.
inline void stand_aside() { model::yield(); }
// All that no hazard names starts its next life.
inline void flush() { mine().flush(); }

inline void drain(Queue& queue) {
  while (pop_and_settle(2, queue) != 0) {
  }
  const Sight sight = queue.look(mine());
  // A side that has saturated may hide something, until the head comes to the base of a segment.
  model::require(sight == Sight::empty || (sight == Sight::in_flight && CheckedModel::side_max == 1),
                 "a drained queue does not look empty");
  model::require(queue.size(mine()) == 0, "a drained queue has a size");
  model::require(queue.open_holes(mine()) == 0, "a drained queue has open holes");
  model::require(queue.pinned() == 0, "a drained queue pins segments");
}

inline void check() {
  drain(world->a);
  drain(world->b);
  world->past.judge();
}

template <unsigned Threads>
inline void setup() {
  CheckedModel::side_max = 0x7FFF;
  make_world(Threads);
}

}  // namespace world_of_queues
