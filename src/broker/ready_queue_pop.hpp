// Definitions of ready_queue.hpp: pop, requeue, and looking without taking.
#pragma once

#include <algorithm>
#include <bit>
#include <utility>

#include "broker/ready_queue.hpp"

namespace kelp::broker {

template <class Model>
std::size_t BasicReadyQueue<Model>::pop(Access& access, std::span<Claim> out) noexcept {
  if (out.empty()) return 0;
  const HazardScope scope(access, 0);
  for (;;) {
    const View now = view(access);
    const std::uint32_t run = filled_run(now, out);
    // Before the side is looked at, as the run is: a later cell that was published after a hole had
    // landed makes the landed hole visible.
    const Beyond ahead = run != 0 ? Beyond::nothing : beyond(access, now);
    if (ahead == Beyond::moved) continue;
    if (side(now.head) != 0) [[unlikely]] {
      const std::uint32_t taken = take_side(access, out);
      if (taken == lost) continue;
      if (taken != 0) return taken;
    }
    std::uint64_t head = now.head;
    if (run != 0) {
      if (head_word_.compare_exchange_strong(head, head + run * position_one, std::memory_order_seq_cst))
        return run;
    } else if (ahead == Beyond::hole) {
      head_word_.compare_exchange_strong(head, (side_plus_one(head) + position_one) | pending_bit,
                                         std::memory_order_seq_cst);
    } else {
      return 0;
    }
  }
}

/// Where the head stands; not pending. Its segment is protected by slot 0.
template <class Model>
auto BasicReadyQueue<Model>::view(Access& access) noexcept -> View {
  for (;;) {
    SegmentLink link = access.protect(0, head_);
    std::uint64_t head = head_word_.load(std::memory_order_seq_cst);
    // The same segment before and after: the position was read while it lay there.
    if (head_.load(std::memory_order_seq_cst) != link) continue;
    if (!is_segment(link)) {
      const SegmentLink last = access.protect(0, tail_);
      if (is_segment(last)) {
        if (at(last).base == link >> 2) {
          head_.compare_exchange_strong(link, last, std::memory_order_seq_cst);
        } else if (at(last).next.load(std::memory_order_acquire) == gone_idle) {
          finish_idle(access, at(last));
        }
        continue;
      }
      if (side(head) == Model::side_max && leave_slow_mode(head)) continue;
      return {head, nullptr, 0};
    }
    Segment& s = at(link);
    const auto index = static_cast<std::uint32_t>(position(head) - s.base);
    if ((head & pending_bit) != 0) [[unlikely]] {
      const std::uint32_t hole = index - 1;
      s.skip(hole / 64).fetch_or(std::uint64_t{1} << hole % 64, std::memory_order_seq_cst);
      BasicSegmentTable<Model>::mark(s);
      head_word_.compare_exchange_strong(head, head & ~pending_bit, std::memory_order_seq_cst);
      continue;
    }
    if (index == 0 && side(head) == Model::side_max && leave_slow_mode(head)) continue;
    return {head, &s, index};
  }
}

template <class Model>
std::uint32_t BasicReadyQueue<Model>::filled_run(const View& now, std::span<Claim> out) noexcept {
  if (now.segment == nullptr) return 0;
  Segment& s = *now.segment;
  const auto limit = static_cast<std::uint32_t>(std::min<std::size_t>(out.size(), s.size - now.index));
  std::uint32_t n = 0;
  for (; n < limit; ++n) {
    // Acquire: pairs with the push's release.
    const std::uint64_t handle = s.cell(now.index + n).load(std::memory_order_acquire);
    if (handle == 0) break;
    out[n] = {handle, &s, now.index + n, false};
  }
  return n;
}

/// What lies behind the head's empty cell, or its segment's end.
template <class Model>
auto BasicReadyQueue<Model>::beyond(Access& access, const View& now) noexcept -> Beyond {
  if (now.segment == nullptr) return Beyond::nothing;
  Segment& s = *now.segment;
  // seq_cst: a sleeper without membarrier relies on seeing the tail.
  const std::uint64_t tail = s.tail.load(std::memory_order_seq_cst);
  const std::uint32_t end = s.end(tail);
  if (!s.ended(tail) && now.index == end) return Beyond::nothing;
  const SegmentLink next = s.next.load(std::memory_order_acquire);
  if (now.index < end) {
    if (is_segment(next)) return Beyond::hole;  // its first cell is filled
    for (std::uint32_t i = now.index + 1; i < end; ++i) {
      // Acquire: pairs with the push's release.
      if (s.cell(i).load(std::memory_order_acquire) != 0) return Beyond::hole;
    }
    return Beyond::in_flight;
  }
  if (is_segment(next)) {
    leave_head(access, s, next);
    return Beyond::moved;
  }
  if (next == gone_idle) {
    finish_idle(access, s);
    return Beyond::moved;
  }
  return Beyond::nothing;
}

/// The first segment that has returned messages or landed holes; protected by slot 1 or 2.
template <class Model>
auto BasicReadyQueue<Model>::lowest_side(Access& access) noexcept -> Segment* {
  Segment* lowest = nullptr;
  std::uint32_t spare_slot = 1;
  table_.for_each_marked([&](const atomic<SegmentLink>& source) {
    const SegmentLink link = access.protect(spare_slot, source);
    if (link == 0) return;
    Segment& s = at(link);
    for (std::uint32_t w = 0; w < Segment::words(s.size); ++w) {
      // Acquire: pairs with requeue. Only what has a bit was ever linked, so its base may be read.
      if (s.back(w).load(std::memory_order_acquire) == 0 && s.holes(w, true) == 0) continue;
      if (lowest == nullptr || s.base < lowest->base) {
        lowest = &s;
        spare_slot ^= 3;
      }
      return;
    }
  });
  return lowest;
}

/// Takes what has been returned or has landed, lowest positions first, of one segment. 0: there is
/// nothing; lost: others have taken it.
template <class Model>
std::uint32_t BasicReadyQueue<Model>::take_side(Access& access, std::span<Claim> out) noexcept {
  const HazardScope one(access, 1);
  const HazardScope two(access, 2);
  Segment* s = lowest_side(access);
  if (s == nullptr) return 0;
  std::uint32_t taken = 0;
  for (std::uint32_t w = 0; w < Segment::words(s->size) && taken < out.size(); ++w) {
    std::uint64_t back = s->back(w).load(std::memory_order_acquire);  // acquire: pairs with requeue
    std::uint64_t landed = s->holes(w, true);
    std::uint64_t wanted = back | landed;
    while (static_cast<std::size_t>(std::popcount(wanted)) > out.size() - taken) {
      wanted &= ~std::bit_floor(wanted);
    }
    back &= wanted;
    landed &= wanted;
    if (back != 0) back &= s->back(w).fetch_and(~back, std::memory_order_seq_cst);
    if (landed != 0) landed &= ~s->done(w).fetch_or(landed, std::memory_order_seq_cst);
    // Relaxed: set before the back bit that was acquired above.
    const std::uint64_t seen = back & s->redelivered(w).load(std::memory_order_relaxed);
    for (std::uint64_t won = back | landed; won != 0; won &= won - 1) {
      const auto bit = static_cast<std::uint32_t>(std::countr_zero(won));
      const std::uint32_t index = w * 64 + bit;
      // Relaxed: seen filled, or claimed before, with acquire.
      out[taken++] = {s->cell(index).load(std::memory_order_relaxed), s, index, (seen >> bit & 1) != 0};
    }
  }
  if (taken == 0) return lost;
  subtract_side(taken);
  return taken;
}

template <class Model>
void BasicReadyQueue<Model>::requeue(Access&, const Claim& claim, bool seen) noexcept {
  Segment& s = *claim.segment;  // our unsettled claim keeps it
  const std::uint32_t word = claim.index / 64;
  const std::uint64_t bit = std::uint64_t{1} << claim.index % 64;
  // Relaxed: the back bit's release passes it on.
  if (seen) s.redelivered(word).fetch_or(bit, std::memory_order_relaxed);
  BasicSegmentTable<Model>::mark(s);
  // Counted first: or a taker would subtract what nobody has added.
  std::uint64_t head = head_word_.load(std::memory_order_seq_cst);
  while (!head_word_.compare_exchange_weak(head, side_plus_one(head), std::memory_order_seq_cst)) {
  }
  s.back(word).fetch_or(bit, std::memory_order_seq_cst);
}

template <class Model>
void BasicReadyQueue<Model>::subtract_side(std::uint32_t n) noexcept {
  std::uint64_t head = head_word_.load(std::memory_order_seq_cst);
  while (side(head) != Model::side_max &&
         !head_word_.compare_exchange_weak(head, head - n * side_one, std::memory_order_seq_cst)) {
  }
}

/// The head stands at its segment's base, or is idle, and side is at its maximum.
template <class Model>
bool BasicReadyQueue<Model>::leave_slow_mode(std::uint64_t head) noexcept {
  if (older_unretired_.load(std::memory_order_seq_cst) != 0) return false;
  head_word_.compare_exchange_strong(head, position(head) * position_one, std::memory_order_seq_cst);
  return true;  // done, or the head is another one: look again
}

template <class Model>
Sight BasicReadyQueue<Model>::look(Access& access) noexcept {
  const HazardScope scope(access, 0);
  for (;;) {
    const View now = view(access);
    Claim one;
    if (filled_run(now, {&one, 1}) != 0) return Sight::ready;
    const Beyond ahead = beyond(access, now);
    if (ahead == Beyond::moved) continue;
    if (ahead == Beyond::hole) return Sight::ready;
    if (side(now.head) != 0) {
      const HazardScope first(access, 1);
      const HazardScope second(access, 2);
      // Counted but not to be seen: it may be on its way here.
      return lowest_side(access) != nullptr ? Sight::ready : Sight::in_flight;
    }
    return ahead == Beyond::in_flight ? Sight::in_flight : Sight::empty;
  }
}

/// Sums bits(segment, word) over what the table has marked.
template <class Model>
template <class F>
std::uint64_t BasicReadyQueue<Model>::count_side(Access& access, F&& bits) noexcept {
  const HazardScope scope(access, 1);
  std::uint64_t sum = 0;
  table_.for_each_marked([&](const atomic<SegmentLink>& source) {
    const SegmentLink link = access.protect(1, source);
    if (link == 0) return;
    Segment& s = at(link);
    for (std::uint32_t w = 0; w < Segment::words(s.size); ++w) {
      sum += static_cast<std::uint64_t>(std::popcount(bits(s, w)));
    }
  });
  return sum;
}

template <class Model>
std::uint64_t BasicReadyQueue<Model>::open_holes(Access& access) noexcept {
  return count_side(access, [](Segment& s, std::uint32_t w) { return s.holes(w, false); });
}

/// The head stands at `end`, and there is nothing beside.
template <class Model>
bool BasicReadyQueue<Model>::nothing_ready(Access& access, std::uint64_t end) noexcept {
  const std::uint64_t head = head_word_.load(std::memory_order_seq_cst);
  if (position(head) != (end & position_mask) || (head & pending_bit) != 0) return false;
  if (side(head) != Model::side_max) return side(head) == 0;
  return count_side(access, [](Segment& s, std::uint32_t w) {
           return s.back(w).load(std::memory_order_acquire) | s.holes(w, true) | s.holes(w, false);
         }) == 0;
}

template <class Model>
std::uint64_t BasicReadyQueue<Model>::tail_position(Access& access) noexcept {
  const HazardScope scope(access, 0);
  for (;;) {
    const SegmentLink link = access.protect(0, tail_);
    if (!is_segment(link)) return link >> 2;
    Segment& s = at(link);
    const SegmentLink next = s.next.load(std::memory_order_acquire);
    if (!is_segment(next)) return s.base + s.end(s.tail.load(std::memory_order_seq_cst));
    leave_tail(access, s, next);
  }
}

template <class Model>
std::uint64_t BasicReadyQueue<Model>::size(Access& access) noexcept {
  const std::uint64_t tail = tail_position(access);
  const std::uint64_t head = head_word_.load(std::memory_order_seq_cst);
  std::uint64_t ready = (tail - position(head)) & position_mask;
  if (ready > position_mask / 2) ready = 0;  // the head went on since the tail was read
  if (side(head) != 0) {
    ready += count_side(access, [](Segment& s, std::uint32_t w) {
      return s.back(w).load(std::memory_order_acquire) | s.holes(w, true);  // acquire: pairs with requeue
    });
  }
  return ready;
}

}  // namespace kelp::broker
