// Definitions of ready_queue.hpp: push, and how segments are linked, left, closed and retired.
#pragma once

#include <algorithm>
#include <utility>

#include "broker/ready_queue.hpp"

namespace kelp::broker {

/// Private segments of one push, in the table already, so that linking them cannot fail for lack of
/// memory. What was not linked goes back.
template <class Model>
class BasicReadyQueue<Model>::Fresh {
 public:
  Fresh(BasicReadyQueue& queue, Access& access) noexcept : queue_(queue), access_(access) {}
  ~Fresh() {
    while (first_ != nullptr) {
      Segment& s = *std::exchange(first_, first_->list);
      queue_.table_.remove(s);
      access_.retire(s);  // a mask bit left over may have led a receiver here
    }
  }
  Fresh(const Fresh&) = delete;
  Fresh& operator=(const Fresh&) = delete;

  /// Sees to it that there are so many cells; new segments grow from `size`. Throws bad_alloc.
  void reserve(std::size_t cells, std::uint32_t size) {
    while (cells_ < cells) {
      if (last_ != nullptr) size = grown(*last_);
      Segment& s = access_.take(size, queue_.wide_);
      s.list = nullptr;
      try {
        queue_.table_.add(s);
      } catch (...) {
        access_.give(s);
        throw;
      }
      (last_ == nullptr ? first_ : last_->list) = &s;
      last_ = &s;
      cells_ += size;
    }
  }

  /// Lays the handles, at least one, into the first segments, to follow position `base`. All stores
  /// are relaxed: the link publishes them.
  [[nodiscard]] SegmentLink fill(std::span<const std::uint64_t> handles, std::uint64_t base) noexcept {
    after_ = nullptr;
    for (Segment* s = first_; s != nullptr; s = s->list) {
      const auto n = static_cast<std::uint32_t>(std::min<std::size_t>(handles.size(), s->size));
      const auto before = static_cast<std::uint32_t>(s->tail.load(std::memory_order_relaxed));
      for (std::uint32_t i = 0; i < n; ++i) s->cell(i).store(handles[i], std::memory_order_relaxed);
      for (std::uint32_t i = n; i < before; ++i) s->cell(i).store(0, std::memory_order_relaxed);
      s->tail.store(n, std::memory_order_relaxed);
      s->base = base;
      base += n;
      handles = handles.subspan(n);
      s->next.store(handles.empty() || s->list == nullptr ? 0 : link_to(*s->list), std::memory_order_relaxed);
      if (n == 0 && after_ == nullptr) after_ = s;
    }
    return link_to(*first_);
  }
  /// What was filled belongs to the queue now. Only the segments after it are touched here.
  void linked() noexcept { first_ = after_; }

  static std::uint32_t grown(const Segment& s) noexcept { return std::min(2 * s.size, Model::max_cells); }

 private:
  BasicReadyQueue& queue_;
  Access& access_;
  Segment* first_ = nullptr;
  Segment* last_ = nullptr;
  Segment* after_ = nullptr;  // the first that was not filled
  std::size_t cells_ = 0;
};

template <class Model>
std::size_t BasicReadyQueue<Model>::push(Access& access, std::span<const std::uint64_t> handles) {
  const HazardScope scope(access, 0);
  Fresh fresh(*this, access);
  std::size_t pushed = 0;
  while (pushed < handles.size()) {
    const auto rest = handles.subspan(pushed);
    SegmentLink link = access.protect(0, tail_);
    if (is_sealed(link)) break;
    if (!is_segment(link)) {
      const std::uint64_t base = link >> 2;
      fresh.reserve(rest.size(), Model::min_cells);
      const SegmentLink first = fresh.fill(rest, base);
      if (tail_.compare_exchange_strong(link, first, std::memory_order_seq_cst)) {
        fresh.linked();
        // Who finds the head idle helps, so a failure means that it is done.
        SegmentLink empty = idle(base);
        head_.compare_exchange_strong(empty, first, std::memory_order_seq_cst);
        return handles.size();
      }
      continue;
    }
    Segment& s = at(link);
    std::uint64_t tail = s.tail.load(std::memory_order_acquire);
    if (!s.ended(tail)) {
      const auto n = static_cast<std::uint32_t>(std::min<std::size_t>(rest.size(), s.size - tail));
      // Before the first index is taken there is room for all; from then on the need only shrinks.
      fresh.reserve(rest.size() - n, Fresh::grown(s));
      // Compare-and-swap, not fetch-and-add: no more than these may have to go elsewhere.
      if (!s.tail.compare_exchange_strong(tail, tail + n, std::memory_order_seq_cst)) continue;
      for (std::uint32_t i = 0; i < n; ++i) {
        // Release: the message is complete for who claims it.
        s.cell(static_cast<std::uint32_t>(tail) + i).store(rest[i], std::memory_order_release);
      }
      pushed += n;
      continue;
    }
    SegmentLink next = s.next.load(std::memory_order_acquire);
    if (next == 0) {
      fresh.reserve(rest.size(), Fresh::grown(s));
      const SegmentLink first = fresh.fill(rest, s.base + s.end(tail));
      if (s.next.compare_exchange_strong(next, first, std::memory_order_seq_cst)) {
        fresh.linked();
        leave_tail(access, s, first);
        return handles.size();
      }
    }
    if (next == gone_sealed) break;
    if (next == gone_idle) {
      finish_idle(access, s);
    } else {
      leave_tail(access, s, next);
    }
  }
  return pushed;
}

template <class Model>
BasicReadyQueue<Model>::~BasicReadyQueue() {
  table_.for_each([this](Segment& s) {
    s.reset();
    pool_.give(s);
  });
}

template <class Model>
void BasicReadyQueue<Model>::retire(Access& access, Segment& segment) noexcept {
  table_.remove(segment);
  // Last: who reads the count as 0 has everything that was done with the older segments.
  older_unretired_.fetch_sub(1, std::memory_order_seq_cst);
  access.retire(segment);
}

/// `segment` is protected and was head_ when it was; the head stands at its end, not pending.
template <class Model>
void BasicReadyQueue<Model>::leave_head(Access& access, Segment& segment, SegmentLink to) noexcept {
  if (is_segment(to) && tail_.load(std::memory_order_acquire) == link_to(segment)) {
    leave_tail(access, segment, to);  // a linker that sleeps before this step must not pin the segment
  }
  // Before the head leaves, so that the count is never too low.
  older_unretired_.fetch_add(1, std::memory_order_seq_cst);
  SegmentLink from = link_to(segment);
  if (head_.compare_exchange_strong(from, to, std::memory_order_seq_cst)) {
    drop(access, segment, 1);
  } else {
    older_unretired_.fetch_sub(1, std::memory_order_seq_cst);
  }
}

/// `segment` is protected; `to` is its next, or idle.
template <class Model>
void BasicReadyQueue<Model>::leave_tail(Access& access, Segment& segment, SegmentLink to) noexcept {
  SegmentLink empty = idle(segment.base);
  if (head_.load(std::memory_order_acquire) == empty) {
    head_.compare_exchange_strong(empty, link_to(segment), std::memory_order_seq_cst);
  }
  SegmentLink from = link_to(segment);
  if (tail_.compare_exchange_strong(from, to, std::memory_order_seq_cst)) drop(access, segment, 1);
}

/// `segment` is protected and its next is gone_idle. Any helper; the head goes first.
template <class Model>
void BasicReadyQueue<Model>::finish_idle(Access& access, Segment& segment) noexcept {
  const SegmentLink none = idle(segment.base + segment.end(segment.tail.load(std::memory_order_acquire)));
  if (head_.load(std::memory_order_acquire) == link_to(segment)) leave_head(access, segment, none);
  if (tail_.load(std::memory_order_acquire) == link_to(segment)) leave_tail(access, segment, none);
}

/// Lets no index be taken at or after `tail`, unless one has been. `segment` is protected.
template <class Model>
bool BasicReadyQueue<Model>::close(Access& access, Segment& segment, std::uint64_t tail) noexcept {
  const auto unused = segment.size - static_cast<std::uint32_t>(tail);
  if (!segment.tail.compare_exchange_strong(tail, Segment::closed_word(tail), std::memory_order_seq_cst)) {
    return false;
  }
  drop(access, segment, unused);
  return true;
}

template <class Model>
void BasicReadyQueue<Model>::seal(Access& access) noexcept {
  const HazardScope scope(access, 0);
  while (!sealed()) {
    SegmentLink link = access.protect(0, tail_);
    if (!is_segment(link)) {
      if (is_sealed(link) ||
          tail_.compare_exchange_strong(link, sealed_at(link), std::memory_order_seq_cst)) {
        sealed_.store(true, std::memory_order_release);
      }
      continue;
    }
    Segment& s = at(link);
    const std::uint64_t tail = s.tail.load(std::memory_order_acquire);
    if (!s.ended(tail) && !close(access, s, tail)) continue;
    SegmentLink next = 0;
    if (s.next.compare_exchange_strong(next, gone_sealed, std::memory_order_seq_cst) || next == gone_sealed) {
      sealed_.store(true, std::memory_order_release);
    } else if (next == gone_idle) {
      finish_idle(access, s);
    } else {
      leave_tail(access, s, next);
    }
  }
}

template <class Model>
bool BasicReadyQueue<Model>::seal_if_empty(Access& access) noexcept {
  const HazardScope scope(access, 0);
  for (;;) {
    SegmentLink link = access.protect(0, tail_);
    if (is_sealed(link)) return true;
    const bool in_segment = is_segment(link);
    const std::uint64_t tail = in_segment ? at(link).tail.load(std::memory_order_seq_cst) : 0;
    const SegmentLink next_seen = in_segment ? at(link).next.load(std::memory_order_acquire) : 0;
    if (next_seen == gone_sealed) return true;
    if (next_seen == gone_idle) {
      finish_idle(access, at(link));
      continue;
    }
    if (is_segment(next_seen)) {
      leave_tail(access, at(link), next_seen);
      continue;
    }
    const std::uint64_t end = in_segment ? at(link).base + at(link).end(tail) : link >> 2;
    // Between the read of the tail and its exchange below nothing was pushed, and the head cannot
    // pass it: the queue is empty when the head is read.
    if (!nothing_ready(access, end)) return false;
    if (in_segment) {
      Segment& s = at(link);
      if (!s.ended(tail) && !close(access, s, tail)) continue;
      link = 0;
      if (!s.next.compare_exchange_strong(link, gone_sealed, std::memory_order_seq_cst)) continue;
    } else if (!tail_.compare_exchange_strong(link, sealed_at(link), std::memory_order_seq_cst)) {
      continue;
    }
    sealed_.store(true, std::memory_order_release);
    return true;
  }
}

template <class Model>
bool BasicReadyQueue<Model>::give_back_if_idle(Access& access) noexcept {
  const HazardScope scope(access, 0);
  const SegmentLink link = access.protect(0, tail_);
  if (!is_segment(link)) return true;
  Segment& s = at(link);
  if (head_.load(std::memory_order_acquire) != link) return false;
  const std::uint64_t tail = s.tail.load(std::memory_order_seq_cst);
  if (!nothing_ready(access, s.base + s.end(tail))) return false;
  if (!s.ended(tail) && !close(access, s, tail)) return false;
  SegmentLink next = 0;
  if (!s.next.compare_exchange_strong(next, gone_idle, std::memory_order_seq_cst) && next != gone_idle) {
    return false;
  }
  finish_idle(access, s);
  return true;
}

}  // namespace kelp::broker
