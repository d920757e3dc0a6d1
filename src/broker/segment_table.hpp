// Where a queue finds the segments that its head has passed but that still hold something.
//
// Every segment has a slot from before it is linked until it is retired. `used` gives out slots;
// `mask` has a bit for each slot whose segment may hold returned messages or holes.
// - A mask bit is set before a requeue returns and before a hole's `pending` is cleared, and is
//   cleared only by the segment's retirement: who must see the message sees the bit.
// - A bit set late, by a helper that was slow, may name a slot's next segment: it has nothing to take.
// - Chunks are never freed while the queue lives, so a segment's chunk may be touched without a
//   hazard, even after the segment has been retired.
#pragma once

#include <bit>
#include <cstdint>
#include <new>

#include "broker/segment.hpp"

namespace kelp::broker {

template <class Model>
struct BasicSegmentChunk {
  template <class T>
  using atomic = typename Model::template atomic<T>;

  atomic<std::uint64_t> used;
  atomic<std::uint64_t> mask{0};
  atomic<BasicSegmentChunk*> next{nullptr};
  atomic<SegmentLink>* const slots;

  BasicSegmentChunk(atomic<SegmentLink>* array, std::uint32_t count)
      : used(count == 64 ? 0 : ~std::uint64_t{0} << count), slots(array) {}
};

template <class Model>
class BasicSegmentTable {
 public:
  using Segment = BasicSegment<Model>;
  using Chunk = BasicSegmentChunk<Model>;
  template <class T>
  using atomic = typename Model::template atomic<T>;

  BasicSegmentTable() = default;
  ~BasicSegmentTable() {
    for (Chunk* c = first_.next.load(std::memory_order_acquire); c != nullptr;) {
      auto* large = static_cast<LargeChunk*>(c);
      c = c->next.load(std::memory_order_acquire);
      large->~LargeChunk();
      Model::deallocate(large, alignof(LargeChunk));
    }
  }
  BasicSegmentTable(const BasicSegmentTable&) = delete;
  BasicSegmentTable& operator=(const BasicSegmentTable&) = delete;

  /// Gives a private segment its slot. Throws bad_alloc; nothing is changed then.
  void add(Segment& segment) {
    for (Chunk* c = &first_;; c = &following(*c)) {
      // Relaxed: the exchange below decides.
      std::uint64_t used = c->used.load(std::memory_order_relaxed);
      while (~used != 0) {
        const auto slot = static_cast<std::uint32_t>(std::countr_one(used));
        // Acquire: the slot's last owner has cleared its mask bit before. Relaxed on failure: retried.
        if (c->used.compare_exchange_weak(used, used | std::uint64_t{1} << slot, std::memory_order_acquire,
                                          std::memory_order_relaxed)) {
          segment.chunk = c;
          segment.slot = slot;
          // Release: who finds it here, by a mask bit left over, sees a clean segment.
          c->slots[slot].store(reinterpret_cast<SegmentLink>(&segment), std::memory_order_release);
          return;
        }
      }
    }
  }

  /// Takes a private or retiring segment out. Nothing in it waits any more.
  void remove(Segment& segment) noexcept {
    Chunk& c = *segment.chunk;
    const std::uint64_t bit = std::uint64_t{1} << segment.slot;
    // Relaxed: the release of `used` orders all of this before the slot's next life; who sees less
    // of it finds a segment with nothing to take.
    if ((c.mask.load(std::memory_order_relaxed) & bit) != 0)
      c.mask.fetch_and(~bit, std::memory_order_relaxed);
    c.slots[segment.slot].store(0, std::memory_order_release);
    c.used.fetch_and(~bit, std::memory_order_release);
  }

  /// Any helper may call it, as often as it likes, for a segment that it holds by a hazard or an
  /// unsettled claim.
  static void mark(Segment& segment) noexcept {
    const std::uint64_t bit = std::uint64_t{1} << segment.slot;
    // Relaxed: the bit only goes away with the segment; a thread that sees it passes it on to
    // whoever is ordered after it.
    if ((segment.chunk->mask.load(std::memory_order_relaxed) & bit) == 0) {
      segment.chunk->mask.fetch_or(bit, std::memory_order_seq_cst);
    }
  }

  /// Calls f(slot) for every marked slot.
  template <class F>
  void for_each_marked(F&& f) const {
    for (const Chunk* c = &first_; c != nullptr; c = c->next.load(std::memory_order_acquire)) {
      // Acquire: pairs with mark().
      for (std::uint64_t bits = c->mask.load(std::memory_order_acquire); bits != 0; bits &= bits - 1) {
        f(c->slots[std::countr_zero(bits)]);
      }
    }
  }

  /// Calls f(segment) for every segment. Quiescent.
  template <class F>
  void for_each(F&& f) const {
    for (const Chunk* c = &first_; c != nullptr; c = c->next.load(std::memory_order_acquire)) {
      const std::uint32_t count = c == &first_ ? Model::first_slots : Model::chunk_slots;
      for (std::uint32_t i = 0; i < count; ++i) {
        const SegmentLink link = c->slots[i].load(std::memory_order_acquire);
        if (link != 0) f(*reinterpret_cast<Segment*>(link));
      }
    }
  }

 private:
  struct FirstChunk : Chunk {
    FirstChunk() : Chunk(array, Model::first_slots) {}
    atomic<SegmentLink> array[Model::first_slots]{};
  };
  struct LargeChunk : Chunk {
    LargeChunk() : Chunk(array, Model::chunk_slots) {}
    atomic<SegmentLink> array[Model::chunk_slots]{};
  };

  static Chunk& following(Chunk& chunk) {
    Chunk* next = chunk.next.load(std::memory_order_acquire);
    if (next != nullptr) return *next;
    auto* fresh = new (Model::allocate(sizeof(LargeChunk), alignof(LargeChunk))) LargeChunk;
    if (chunk.next.compare_exchange_strong(next, fresh, std::memory_order_acq_rel,
                                           std::memory_order_acquire)) {
      return *fresh;
    }
    fresh->~LargeChunk();
    Model::deallocate(fresh, alignof(LargeChunk));
    return *next;
  }

  FirstChunk first_;
};

}  // namespace kelp::broker
