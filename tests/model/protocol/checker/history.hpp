// What happened to the messages of one execution, and whether a queue may do that.
//
// - A message is handed out only while it is in the queue, and in the end exactly once more often than
//   it was returned.
// - Order: if the publish of A happened before the publish of B, no pop that began after B had been
//   handed out has A, unless A had been handed out before. If A was returned before the pop or the
//   publish of B began, the same.
// - "Empty" is answered only if no message was there throughout: published or returned before the pop
//   began, and handed out by a pop that began after it had answered.
#pragma once

#include "atomic.hpp"

namespace history {

using model::Event;

inline constexpr unsigned most_messages = 12;
inline constexpr unsigned most_events = 64;

struct Pop {
  Event begin, end;
  const void* queue;
};
struct Publish {
  Event begin, end;
  unsigned stay = 0;
};
// One stay in a queue: from a publish or a requeue to a pop.
struct Stay {
  const void* queue;
  unsigned message;
  bool first;
  bool entered = false;  // the publish or requeue has returned
  Event since;
  int pop = -1;  // who took it
  unsigned rank = 0;
};

class History {
 public:
  void publish_begins(unsigned message, const void* queue);
  void publish_ends(unsigned message, bool accepted);
  unsigned pop_begins(const void* queue);
  void popped(unsigned pop, unsigned message, unsigned rank);
  void pop_ends(unsigned pop, unsigned count);
  unsigned requeue_begins(unsigned message);
  void requeue_ends(unsigned stay);
  void settles(unsigned message);
  // After all threads have ended and the queue was drained.
  void judge() const;

  [[nodiscard]] const Publish& of(unsigned message) const { return publishes_[message]; }

 private:
  enum class Where : unsigned char { outside, queue, held, settled };
  void judge_order(const Stay& a, const Stay& b) const;
  void judge_empty(const Pop& pop) const;
  Stay& stay_of(unsigned message) { return stays_[current_[message]]; }

  Publish publishes_[most_messages + 1]{};
  Where where_[most_messages + 1]{};
  unsigned current_[most_messages + 1]{};
  Stay stays_[most_events]{};
  unsigned stay_count_ = 0;
  Pop pops_[most_events]{};
  bool empty_[most_events]{};
  unsigned pop_count_ = 0;
};

inline void History::publish_begins(unsigned message, const void* queue) {
  model::note("publish", message);
  publishes_[message].begin = model::event();
  where_[message] = Where::queue;  // a consumer may be faster than the publisher's return
  publishes_[message].stay = current_[message] = stay_count_++;
  stay_of(message) = Stay{queue, message, true, false, {}, -1, 0};
}

inline void History::publish_ends(unsigned message, bool accepted) {
  model::note(accepted ? "published" : "refused", message);
  Publish& publish = publishes_[message];
  publish.end = model::event();
  Stay& first = stays_[publish.stay];
  if (!accepted) {
    model::require(first.pop < 0, "a refused message was handed out");
    where_[message] = Where::settled;
  }
  first.since = publish.end;
  first.entered = accepted;
}

inline unsigned History::pop_begins(const void* queue) {
  const unsigned pop = pop_count_++;
  model::require(pop_count_ < most_events, "the history is too long");
  pops_[pop].begin = model::event();
  pops_[pop].queue = queue;
  return pop;
}

inline void History::popped(unsigned pop, unsigned message, unsigned rank) {
  model::note("popped", message);
  model::require(message >= 1 && message <= most_messages, "a handle that nobody has published");
  model::require(where_[message] != Where::held, "a message is handed out twice");
  model::require(where_[message] != Where::settled, "a settled message is handed out");
  model::require(where_[message] == Where::queue, "a message is handed out before its publish");
  model::require(stay_of(message).queue == pops_[pop].queue, "a message is handed out by another queue");
  where_[message] = Where::held;
  stay_of(message).pop = static_cast<int>(pop);
  stay_of(message).rank = rank;
}

inline void History::pop_ends(unsigned pop, unsigned count) {
  if (count == 0) model::note("empty");
  pops_[pop].end = model::event();
  empty_[pop] = count == 0;
}

inline unsigned History::requeue_begins(unsigned message) {
  model::note("requeue", message);
  where_[message] = Where::queue;
  const void* queue = stay_of(message).queue;
  current_[message] = stay_count_++;
  model::require(stay_count_ < most_events, "the history is too long");
  stay_of(message) = Stay{queue, message, false, false, {}, -1, 0};
  return current_[message];
}

inline void History::requeue_ends(unsigned stay) {
  model::note("requeued", stays_[stay].message);
  stays_[stay].entered = true;
  stays_[stay].since = model::event();
}

inline void History::settles(unsigned message) { where_[message] = Where::settled; }

inline void History::judge_order(const Stay& a, const Stay& b) const {
  if (!a.entered || a.pop < 0 || b.pop < 0) return;
  const bool publish_order =
      a.first && happens_before(publishes_[a.message].end, publishes_[b.message].begin);
  // A returned message is ahead only of what was published after it.
  const bool ahead = happens_before(publishes_[a.message].end, publishes_[b.message].begin);
  const bool returned_before =
      ahead && !a.first &&
      (happens_before(a.since, pops_[b.pop].begin) || happens_before(a.since, publishes_[b.message].begin));
  if (!publish_order && !returned_before) return;
  const bool later = pops_[a.pop].begin.at > pops_[b.pop].end.at;
  const bool behind = a.pop == b.pop && a.rank > b.rank;
  model::require(!later && !behind, "a message was overtaken by one that was published after it");
}

inline void History::judge_empty(const Pop& pop) const {
  for (unsigned i = 0; i < stay_count_; ++i) {
    const Stay& stay = stays_[i];
    if (stay.queue != pop.queue || !stay.entered || !happens_before(stay.since, pop.begin)) continue;
    const bool still = stay.pop < 0 || pops_[stay.pop].begin.at > pop.end.at;
    model::require(!still, "empty was answered while a message was there");
  }
}

inline void History::judge() const {
  for (unsigned m = 1; m <= most_messages; ++m) {
    model::require(where_[m] != Where::queue, "a message is lost");
    model::require(where_[m] != Where::held, "the scenario holds a message at its end");
  }
  for (unsigned i = 0; i < stay_count_; ++i) {
    for (unsigned j = 0; j < stay_count_; ++j) {
      if (stays_[i].message != stays_[j].message && stays_[i].queue == stays_[j].queue)
        judge_order(stays_[i], stays_[j]);
    }
  }
  for (unsigned p = 0; p < pop_count_; ++p) {
    if (empty_[p]) judge_empty(pops_[p]);
  }
}

}  // namespace history
