// A segment of a ready queue: 32 to 1,024 cells and what is known of each.
//
// Invariants
// - base, size, wide and the slot belong to whoever owns the segment while it is private; they are
//   constant from the moment it is linked until its memory is recycled.
// - A cell goes from 0 to its handle once per life, written by the producer that took its index.
// - tail: {closed: 1, closed_at: 31, taken: 32}. Producers add to `taken`; an index is valid when the
//   word before the addition was below `size` (so neither full nor closed). A linked segment has
//   taken at least one index, and that cell was filled before the link.
// - next goes once from 0 to its final value: a segment, gone_idle or gone_sealed, and only when the
//   tail is full or closed. The successor's base is base + end(tail).
// - skip is monotone; done is monotone, and the bit's setter owns the landed message; back is set by
//   the owner of a returned delivery, and who clears the bit owns the delivery.
// - remaining = cells that are not settled + 1 until the head has left + 1 until the tail pointer
//   has left. Indices that a closed segment never gave out are subtracted by who closed it. A cell
//   stepped over as a hole is unsettled until the message that lands in it is. Who brings it to 0
//   retires the segment.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#include "util/asymmetric_fence.hpp"
#include "util/bag.hpp"
#include "util/reclaim.hpp"

namespace kelp::broker {

/// What the queue is built from. A model checker supplies another one: instrumented atomics, fences
/// and hazards, and bounds so small that every boundary is met.
struct RealModel {
  template <class T>
  using atomic = std::atomic<T>;
  template <class T>
  using Bag = util::Bag<T>;
  using Domain = util::Domain;  // for_each_hazard(f)
  using Reader = util::Reader;  // hazards[0..2]

  static constexpr std::uint32_t min_cells = 32;
  static constexpr std::uint32_t max_cells = 1024;
  static constexpr std::uint32_t side_max = 0x7FFF;  // at most 15 bits; there the count sticks
  static constexpr std::uint32_t first_slots = 4;    // of the table inside the queue
  static constexpr std::uint32_t chunk_slots = 64;   // of each later chunk; at most 64
  static constexpr std::uint32_t retire_batch = 16;  // segments per scan of the hazards
  // Kept by a channel, for each size: more than one scan frees, so that a channel which consumes what it
  // publishes never goes to the pool, whose bag may allocate.
  static constexpr std::uint32_t local_spares = 18;

  static void light_fence() noexcept { util::light_fence(); }
  static void heavy_fence() noexcept { util::heavy_fence(); }
  static void* allocate(std::size_t bytes, std::size_t alignment) {
    return ::operator new (bytes, std::align_val_t{alignment});
  }
  static void deallocate(void* memory, std::size_t alignment) noexcept {
    ::operator delete (memory, std::align_val_t{alignment});
  }
};

/// A segment, or why there is none, in one word: segments are even and not 0.
using SegmentLink = std::uint64_t;
inline constexpr SegmentLink gone_idle = 1;
inline constexpr SegmentLink gone_sealed = 3;
[[nodiscard]] constexpr bool is_segment(SegmentLink link) noexcept { return link != 0 && (link & 1) == 0; }

/// What belongs to an entry of a queue with limits, beside the shared message.
struct EntryExtra {
  std::uint64_t expiry = 0;
  std::uint32_t deliveries = 0;
  std::uint32_t reserved = 0;
};
static_assert(sizeof(EntryExtra) == 16);

template <class Model>
struct BasicSegmentChunk;

template <class Model>
class alignas(util::cache_line) BasicSegment {
 public:
  template <class T>
  using atomic = typename Model::template atomic<T>;
  using Cell = atomic<std::uint64_t>;

  // Meaning of the tail word.
  static constexpr std::uint64_t closed_flag = std::uint64_t{1} << 63;
  static constexpr std::uint64_t closed_word(std::uint64_t tail) noexcept {
    return tail | closed_flag | (tail << 32);
  }

  static std::size_t bytes(std::uint32_t size, bool wide) noexcept {
    return sizeof(BasicSegment) + (size + 4 * words(size)) * sizeof(Cell) +
           (wide ? size * sizeof(EntryExtra) : 0);
  }
  static constexpr std::uint32_t words(std::uint32_t size) noexcept { return (size + 63) / 64; }

  BasicSegment(std::uint32_t cells, bool has_extra) : size(cells), wide(has_extra) {
    std::uninitialized_value_construct_n(&cell(0), size + 4 * words(size));
    if (wide) std::uninitialized_value_construct_n(&extra(0), size);
  }
  ~BasicSegment() { std::destroy_n(&cell(0), size + 4 * words(size)); }
  BasicSegment(const BasicSegment&) = delete;
  BasicSegment& operator=(const BasicSegment&) = delete;

  [[nodiscard]] Cell& cell(std::uint32_t index) noexcept { return reinterpret_cast<Cell*>(this + 1)[index]; }
  [[nodiscard]] Cell& skip(std::uint32_t word) noexcept { return cell(size + word); }
  [[nodiscard]] Cell& done(std::uint32_t word) noexcept { return cell(size + words(size) + word); }
  [[nodiscard]] Cell& back(std::uint32_t word) noexcept { return cell(size + 2 * words(size) + word); }
  [[nodiscard]] Cell& redelivered(std::uint32_t word) noexcept { return cell(size + 3 * words(size) + word); }
  /// Wide segments only. Belongs to the owner of the entry.
  [[nodiscard]] EntryExtra& extra(std::uint32_t index) noexcept {
    return reinterpret_cast<EntryExtra*>(&cell(size + 4 * words(size)))[index];
  }

  /// The index after the last one given out. Not above size.
  [[nodiscard]] std::uint32_t end(std::uint64_t tail_word) const noexcept {
    if ((tail_word & closed_flag) != 0) return static_cast<std::uint32_t>(tail_word >> 32) & 0x7FFFFFFF;
    return static_cast<std::uint32_t>(tail_word < size ? tail_word : size);
  }
  /// No more indices will be given out.
  [[nodiscard]] bool ended(std::uint64_t tail_word) const noexcept { return tail_word >= size; }

  /// Skipped, not taken, and (landed or not, as asked): the bits of one word. Acquire: see ready_queue.hpp.
  [[nodiscard]] std::uint64_t holes(std::uint32_t word, bool landed) noexcept {
    std::uint64_t bits = skip(word).load(std::memory_order_acquire);
    if (bits == 0) return 0;
    bits &= ~done(word).load(std::memory_order_acquire);
    std::uint64_t result = 0;
    for (std::uint64_t rest = bits; rest != 0; rest &= rest - 1) {
      const auto bit = static_cast<std::uint32_t>(std::countr_zero(rest));
      const bool filled = cell(word * 64 + bit).load(std::memory_order_acquire) != 0;
      if (filled == landed) result |= std::uint64_t{1} << bit;
    }
    return result;
  }

  /// Makes a private segment as good as new. All stores are relaxed: it will be published by a
  /// release, and nobody else looks at it before.
  void reset() noexcept {
    const auto filled = end(tail.load(std::memory_order_relaxed));
    for (std::uint32_t i = 0; i < filled; ++i) cell(i).store(0, std::memory_order_relaxed);
    for (std::uint32_t i = 0; i < 4 * words(size); ++i) skip(i).store(0, std::memory_order_relaxed);
    for (std::uint32_t i = 0; wide && i < filled; ++i) extra(i) = EntryExtra{};
    tail.store(0, std::memory_order_relaxed);
    next.store(0, std::memory_order_relaxed);
    remaining.store(size + 2, std::memory_order_relaxed);
  }

  const std::uint32_t size;
  const bool wide;
  bool named = false;      // by a hazard; used while it is scanned
  std::uint32_t slot = 0;  // where the queue's table has it
  BasicSegmentChunk<Model>* chunk = nullptr;
  std::uint64_t base = 0;        // position of cell 0; never wraps
  BasicSegment* list = nullptr;  // of whoever owns a private or retired segment
  atomic<SegmentLink> next{0};
  alignas(util::cache_line) atomic<std::uint64_t> tail{0};
  alignas(util::cache_line) atomic<std::uint32_t> remaining{size + 2};
};

}  // namespace kelp::broker
