// Where segments come from and where they go.
//
// A SegmentPool is shared by a broker. An Access is one channel's way to the ready queues: its
// hazard slots, a few clean segments, and those that it has retired but that a hazard may still name.
// A channel pays for the scan of all hazards once per retire_batch segments.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "broker/segment.hpp"

namespace kelp::broker {

/// Any thread. Outlives every Access and every queue that uses it.
template <class Model>
class BasicSegmentPool {
 public:
  using Segment = BasicSegment<Model>;
  static constexpr std::uint32_t sizes = std::countr_zero(Model::max_cells / Model::min_cells) + 1;

  BasicSegmentPool() = default;
  ~BasicSegmentPool();
  BasicSegmentPool(const BasicSegmentPool&) = delete;
  BasicSegmentPool& operator=(const BasicSegmentPool&) = delete;

  /// A clean segment. Throws bad_alloc.
  [[nodiscard]] Segment& take(std::uint32_t cells, bool wide);
  /// Takes a clean segment; frees it when there is no room.
  void give(Segment& segment) noexcept;
  /// Takes retired segments that hazards still name, for the next channel that scans.
  void leave(Segment* list) noexcept;
  /// All that was left, as a list.
  [[nodiscard]] Segment* take_left() noexcept;
  /// Frees what is spare.
  void trim() noexcept;

  /// Segments that exist: in queues, in channels and spare.
  [[nodiscard]] std::size_t allocated() const noexcept {
    return allocated_.load(std::memory_order_relaxed);  // relaxed: a figure, it orders nothing
  }
  /// Of those, the spare ones here. A guess while others work.
  [[nodiscard]] std::size_t spare() const noexcept;

  static std::uint32_t class_of(std::uint32_t cells, bool wide) noexcept {
    return static_cast<std::uint32_t>(std::countr_zero(cells / Model::min_cells)) + (wide ? sizes : 0);
  }

 private:
  template <class T>
  using atomic = typename Model::template atomic<T>;
  struct Spares : Model::template Bag<Segment*> {
    // As many as two channels leave when they close: nothing is allocated to give memory back.
    Spares() : Model::template Bag<Segment*>(128) {}
  };

  void free(Segment& segment) noexcept;

  std::array<Spares, 2 * sizes> spares_;
  atomic<std::size_t> allocated_{0};
  atomic<Segment*> left_{nullptr};
};

/// One thread at a time. Does not own the reader; its slots 0 to 2 are used here.
template <class Model>
class BasicAccess {
 public:
  using Segment = BasicSegment<Model>;
  using Pool = BasicSegmentPool<Model>;
  template <class T>
  using atomic = typename Model::template atomic<T>;

  BasicAccess(typename Model::Domain& domain, typename Model::Reader& reader, Pool& pool) noexcept
      : domain_(domain), reader_(reader), pool_(pool) {}
  /// Hands everything back.
  ~BasicAccess();
  BasicAccess(const BasicAccess&) = delete;
  BasicAccess& operator=(const BasicAccess&) = delete;

  /// Recycles what no hazard names and gives the clean segments to the pool. Before a long sleep.
  void flush() noexcept;
  /// Retired segments that wait for the hazards.
  [[nodiscard]] std::size_t retired() const noexcept { return retired_count_; }

  // For the queues.

  /// A clean private segment. Throws bad_alloc.
  [[nodiscard]] Segment& take(std::uint32_t cells, bool wide);
  /// A clean segment comes back.
  void give(Segment& segment) noexcept;
  /// A segment that nobody can reach any more, though hazards may name it.
  void retire(Segment& segment) noexcept;

  /// What `source` has; a segment is protected by `slot` until that slot is used or cleared again.
  [[nodiscard]] SegmentLink protect(std::uint32_t slot, const atomic<SegmentLink>& source) noexcept {
    SegmentLink link = source.load(std::memory_order_acquire);
    while (is_segment(link)) {
      // Release, so that a scan that reads this value has what this thread did with the slot's last
      // segment before it. Not seq_cst: light_fence() orders it before the second load, as the
      // scan's heavy_fence() expects.
      reader_.hazards[slot].store(reinterpret_cast<void*>(link), std::memory_order_release);
      Model::light_fence();
      const SegmentLink again = source.load(std::memory_order_acquire);
      if (again == link) break;
      link = again;
    }
    return link;
  }
  /// Release: what was done with the segment comes before its next life.
  void unprotect(std::uint32_t slot) noexcept {
    reader_.hazards[slot].store(nullptr, std::memory_order_release);
  }

 private:
  void scan() noexcept;

  typename Model::Domain& domain_;
  typename Model::Reader& reader_;
  Pool& pool_;
  std::array<Segment*, 2 * Pool::sizes> spares_{};
  std::array<std::uint32_t, 2 * Pool::sizes> spare_counts_{};
  Segment* retired_ = nullptr;
  std::uint32_t retired_count_ = 0;
  std::uint32_t scan_at_ = Model::retire_batch;
};

/// Clears the slot at the end of an operation.
template <class Model>
class HazardScope {
 public:
  HazardScope(BasicAccess<Model>& access, std::uint32_t slot) noexcept : access_(access), slot_(slot) {}
  ~HazardScope() { access_.unprotect(slot_); }
  HazardScope(const HazardScope&) = delete;
  HazardScope& operator=(const HazardScope&) = delete;

 private:
  BasicAccess<Model>& access_;
  const std::uint32_t slot_;
};

using Segment = BasicSegment<RealModel>;
using SegmentPool = BasicSegmentPool<RealModel>;
using Access = BasicAccess<RealModel>;

extern template class BasicSegmentPool<RealModel>;
extern template class BasicAccess<RealModel>;

}  // namespace kelp::broker

#include "broker/segment_pool_impl.hpp"
