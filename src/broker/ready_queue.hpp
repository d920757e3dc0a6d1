// The ready queue: many producers, many consumers, first in first out in happens-before order,
// lock-free, with a place to return to for every message that was handed out.
//
// A message has a position: its segment's base plus its index. One word says where the head stands:
// {position: 48, side: 15, pending: 1}, changed only by locked operations. `side` counts open holes
// plus returned messages; it is never less than what lies there.
//
// push: take an index by fetch-and-add, store the handle. Past the end: link a segment that has the
// message in it already.
// pop: 1. Read the head. If pending, note the hole at position - 1 in `skip`, clear pending, restart.
//      2. Acquire-load the run of filled cells from position on.
//      3. Then, if side is not 0, take the lowest position that is returned, or a hole that has
//         landed. Who wins the bit subtracts from side and has the message; who loses restarts.
//      4. If there is a run, compare-and-swap {position, side, 0} to {position + k, side, 0}.
//      5. If there is none but a later cell is filled (this was looked at with 2), compare-and-swap to
//         {position + 1, side + 1, 1} and restart: the cell is a hole now; its publish has not
//         returned and may be overtaken.
//      6. Else the queue is empty.
// requeue: count it in side, then set its `back` bit.
//
// Invariants
// - 3 comes after 2 and after 5's look at later cells: if a message found there was published after a
//   hole had landed, the acquire that found it makes the landed hole visible.
// - side is inside the compare-and-swap of 4 and 5: a claim fails when something was returned since 1.
// - A hole is counted and pending in one step; nobody passes on before its skip bit is set, nor leaves
//   its segment. So the hole at position - 1 lies in the head's segment.
// - The head never passes the tail. So head = base + tail, read between two equal reads of the tail,
//   means that nothing is in the run; the tail may be closed then.
// - head_ and tail_ are a segment, or idle(p): none, the next one begins at p; tail_ may be sealed(p).
//   Every segment is linked with its first cell filled, so a closed one ends above its base and no p
//   comes twice. head_ goes idle before tail_ does; tail_ gets the next segment before head_ does, and
//   does not leave it before.
// - `next` is followed only from a segment that was validated as head_ or tail_. While head_ is the
//   segment, its successor is not retired, because the head has not left it.
// - A segment is reached through head_, tail_ or the table, each time with a hazard; or by who owns an
//   unsettled cell of it.
// - side at its maximum sticks: nobody adds or subtracts. It is reset when the head stands at the base
//   of its segment (or is idle) and every older one is retired: a message returned or on its way
//   there, an open hole, a taker that has not subtracted: each holds an unsettled cell of a segment
//   that the head has entered.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "broker/segment.hpp"
#include "broker/segment_pool.hpp"
#include "broker/segment_table.hpp"

namespace kelp::broker {

/// A message handed out. It keeps its cell until it is settled or requeued.
template <class Model>
struct BasicClaim {
  std::uint64_t handle = 0;
  BasicSegment<Model>* segment = nullptr;
  std::uint32_t index = 0;
  bool redelivered = false;
};

enum class Push { ok, sealed };

enum class Sight {
  empty,      // nothing, and nothing has begun
  in_flight,  // a push or a requeue may have begun and not ended
  ready,      // a pop would have found something
};

/// Any thread, each with its own Access. No operation but push() allocates or throws.
template <class Model = RealModel>
class BasicReadyQueue {
 public:
  using Segment = BasicSegment<Model>;
  using SegmentPool = BasicSegmentPool<Model>;
  using Access = BasicAccess<Model>;
  using Claim = BasicClaim<Model>;
  using Push = broker::Push;

  /// A wide queue's segments have an EntryExtra for each cell. Allocates nothing.
  BasicReadyQueue(SegmentPool& pool, bool wide) noexcept : pool_(pool), wide_(wide) {}
  /// Nobody is inside, and no claim will be settled or requeued any more. Handles that are still in
  /// the queue are the caller's: drain it before.
  ~BasicReadyQueue();
  BasicReadyQueue(const BasicReadyQueue&) = delete;
  BasicReadyQueue& operator=(const BasicReadyQueue&) = delete;

  /// Appends a handle, which is not 0. Throws bad_alloc; nothing is changed then. Allocates only when
  /// it goes over to a segment and neither the channel nor the pool has one.
  Push push(Access& access, std::uint64_t handle) {
    const SegmentLink link = access.protect(0, tail_);
    if (is_segment(link)) [[likely]] {
      Segment& s = at(link);
      // seq_cst: a sleeper without membarrier relies on seeing the tail.
      const std::uint64_t tail = s.tail.fetch_add(1, std::memory_order_seq_cst);
      if (tail < s.size) [[likely]] {
        // Release: the message is complete for who claims it.
        s.cell(static_cast<std::uint32_t>(tail)).store(handle, std::memory_order_release);
        access.unprotect(0);
        return Push::ok;
      }
    }
    return push(access, std::span(&handle, 1)) == 1 ? Push::ok : Push::sealed;
  }
  /// Appends in order, though others may come between. How many went in before the queue was sealed.
  /// Throws bad_alloc; none went in then.
  std::size_t push(Access& access, std::span<const std::uint64_t> handles);

  /// Hands out up to out.size() messages of one segment, lowest positions first; 0 when the queue is empty.
  std::size_t pop(Access& access, std::span<Claim> out) noexcept;
  /// Returns a claimed message to its place; `redelivered` is set on its next claim, unless the
  /// consumer never saw it.
  void requeue(Access& access, const Claim& claim, bool seen = true) noexcept;
  /// n claims of this segment are done with. The queue must live until then.
  void settle(Access& access, Segment* segment, std::uint32_t n) noexcept { drop(access, *segment, n); }

  /// Refuses every push from now on; what is inside, and what is returned, can still be popped.
  void seal(Access& access) noexcept;
  /// The same if nothing is ready; false, and nothing has changed, if something is.
  bool seal_if_empty(Access& access) noexcept;
  [[nodiscard]] bool sealed() const noexcept { return sealed_.load(std::memory_order_acquire); }
  /// Lets the last segment go if the queue is empty. True when the queue has no current segment now.
  bool give_back_if_idle(Access& access) noexcept;

  /// What a pop would find. Between setting one's waiters' mark and sleeping: after heavy_fence(), sleep
  /// unless `ready`; without membarrier sleep only on `empty`.
  [[nodiscard]] Sight look(Access& access) noexcept;
  [[nodiscard]] bool maybe_ready(Access& access) noexcept { return look(access) == Sight::ready; }

  /// Ready messages. Exact when nobody is inside.
  [[nodiscard]] std::uint64_t size(Access& access) noexcept;
  /// Publishes that consumers have overtaken and that have not ended. Exact when nobody is inside.
  [[nodiscard]] std::uint64_t open_holes(Access& access) noexcept;
  /// Segments that the head has left and that something unsettled keeps. Exact when nobody is inside.
  [[nodiscard]] std::uint64_t pinned() const noexcept {
    return older_unretired_.load(std::memory_order_seq_cst);
  }
  [[nodiscard]] bool wide() const noexcept { return wide_; }

 private:
  template <class T>
  using atomic = typename Model::template atomic<T>;
  class Fresh;
  struct View {
    std::uint64_t head;
    Segment* segment;  // null: idle
    std::uint32_t index;
  };
  enum class Beyond { nothing, in_flight, hole, moved };
  static constexpr std::uint32_t lost = ~std::uint32_t{0};

  // The head word.
  static constexpr std::uint64_t pending_bit = 1;
  static constexpr std::uint64_t side_one = 2;
  static constexpr std::uint64_t position_one = std::uint64_t{1} << 16;
  static constexpr std::uint64_t position_mask = (std::uint64_t{1} << 48) - 1;
  static std::uint32_t side(std::uint64_t head) noexcept {
    return static_cast<std::uint32_t>(head >> 1) & 0x7FFF;
  }
  static std::uint64_t position(std::uint64_t head) noexcept { return head >> 16; }
  static std::uint64_t side_plus_one(std::uint64_t head) noexcept {
    return side(head) == Model::side_max ? head : head + side_one;
  }

  static SegmentLink idle(std::uint64_t p) noexcept { return p << 2 | gone_idle; }
  static SegmentLink sealed_at(SegmentLink idle_link) noexcept { return idle_link | gone_sealed; }
  static bool is_sealed(SegmentLink link) noexcept { return (link & 3) == gone_sealed; }
  static SegmentLink link_to(const Segment& segment) noexcept {
    return reinterpret_cast<SegmentLink>(&segment);
  }
  static Segment& at(SegmentLink link) noexcept { return *reinterpret_cast<Segment*>(link); }

  // ready_queue_ends.hpp: how segments come and go.
  void drop(Access& access, Segment& segment, std::uint32_t n) noexcept {
    // Release: our use of the segment comes before its next life; acquire: and everybody else's, for
    // who retires it.
    if (segment.remaining.fetch_sub(n, std::memory_order_acq_rel) == n) retire(access, segment);
  }
  void retire(Access& access, Segment& segment) noexcept;
  void leave_head(Access& access, Segment& segment, SegmentLink to) noexcept;
  void leave_tail(Access& access, Segment& segment, SegmentLink to) noexcept;
  void finish_idle(Access& access, Segment& segment) noexcept;
  bool close(Access& access, Segment& segment, std::uint64_t tail) noexcept;

  // ready_queue_pop.hpp
  View view(Access& access) noexcept;
  static std::uint32_t filled_run(const View& view, std::span<Claim> out) noexcept;
  Beyond beyond(Access& access, const View& view) noexcept;
  Segment* lowest_side(Access& access) noexcept;
  std::uint32_t take_side(Access& access, std::span<Claim> out) noexcept;
  void subtract_side(std::uint32_t n) noexcept;
  bool leave_slow_mode(std::uint64_t head) noexcept;
  bool nothing_ready(Access& access, std::uint64_t end) noexcept;
  template <class F>
  std::uint64_t count_side(Access& access, F&& bits) noexcept;
  std::uint64_t tail_position(Access& access) noexcept;

  SegmentPool& pool_;
  const bool wide_;
  atomic<bool> sealed_{false};
  alignas(util::cache_line) atomic<std::uint64_t> head_word_{0};
  atomic<SegmentLink> head_{gone_idle};
  alignas(util::cache_line) atomic<SegmentLink> tail_{gone_idle};
  // Segments that the head has left or is about to leave, and that are not retired.
  atomic<std::uint64_t> older_unretired_{0};
  BasicSegmentTable<Model> table_;
};

using Claim = BasicClaim<RealModel>;
using ReadyQueue = BasicReadyQueue<>;

extern template class BasicReadyQueue<RealModel>;

}  // namespace kelp::broker

#include "broker/ready_queue_ends.hpp"
#include "broker/ready_queue_pop.hpp"
