// Memory that lock-free readers may still be reading: who says so, and when it may go.
//
// One Domain per broker. Every channel owns a Reader: an epoch word and a few hazard slots, on
// cache lines of its own, written with plain stores. Readers are type-stable: they live until the
// domain dies and are reused, so a scan may look at any of them at any time.
//
// Epochs protect the topology (exchanges, binding tables, queue objects): a reader inside a Pin may
// follow any pointer that it loads; what a writer has unlinked and retired is freed when every
// reader that was inside at that time has left. A suspended reader delays topology garbage only.
//
// Hazards protect segments of ready queues: a reader stores the pointer, passes light_fence(), and
// reads the source again; while the source still has it, it will not be recycled. A suspended reader
// pins the segments that its slots name and nothing else.
//
// Source: K. Fraser, "Practical lock-freedom", 2004 (epochs); M. Michael, "Hazard Pointers", 2004.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <type_traits>
#include <vector>

#include "util/asymmetric_fence.hpp"

namespace kelp::util {

inline constexpr std::size_t cache_line = 64;

/// One channel's marks. Used by one thread at a time, scanned by any.
class alignas(2 * cache_line) Reader {
 public:
  static constexpr std::size_t hazard_slots = 4;

  std::atomic<std::uint64_t> epoch{0};  // 0: outside
  std::array<std::atomic<void*>, hazard_slots> hazards{};

 private:
  friend class Domain;
  std::atomic<bool> in_use_{true};
  Reader* next_ = nullptr;  // written once, before the reader is published
};

class Domain {
 public:
  Domain() = default;
  /// Nobody may be inside. Frees what is still retired.
  ~Domain();
  Domain(const Domain&) = delete;
  Domain& operator=(const Domain&) = delete;

  /// A reader for one channel; may allocate. Give it back with close_reader().
  [[nodiscard]] Reader& open_reader();
  void close_reader(Reader& reader) noexcept;

  /// Frees `object` with `deleter` once every reader inside now has left. The caller has unlinked
  /// it before. Throws bad_alloc unless reserve() made room. Takes a mutex: control plane only.
  void retire(void* object, void (*deleter)(void*));
  template <class T>
  void retire(T* object) {
    retire(const_cast<std::remove_const_t<T>*>(object), [](void* p) { delete static_cast<T*>(p); });
  }
  /// Makes room, so that the next `count` calls of retire() do not throw: a writer calls it before it
  /// changes anything. Throws bad_alloc. Control plane only.
  void reserve(std::size_t count);
  /// Frees what may be freed now; retire() calls it now and then. Control plane only.
  void collect();
  /// Objects retired and not yet freed.
  [[nodiscard]] std::size_t retired() const;

  /// Calls `f(void*)` for every hazard that is set. The caller has passed heavy_fence() after it
  /// unlinked what it looks for. Any thread, lock-free.
  template <class F>
  void for_each_hazard(F&& f) const {
    for (const Reader* r = readers_.load(std::memory_order_acquire); r != nullptr; r = r->next_) {
      for (const auto& slot : r->hazards) {
        // Acquire: pairs with the release that clears the slot, so that what the reader did comes
        // before the memory's next life.
        if (void* p = slot.load(std::memory_order_acquire)) f(p);
      }
    }
  }

  [[nodiscard]] std::uint64_t epoch() const noexcept { return epoch_.load(std::memory_order_acquire); }

 private:
  friend class Pin;
  struct Retired {
    void* object;
    void (*deleter)(void*);
    std::uint64_t epoch;
  };

  static constexpr std::size_t collect_every = 64;

  std::atomic<Reader*> readers_{nullptr};
  std::atomic<std::uint64_t> epoch_{1};
  mutable std::mutex mutex_;
  std::vector<Retired> retired_;
};

/// Keeps the topology readable while it lives. Not re-entrant on one Reader.
class Pin {
 public:
  Pin(const Domain& domain, Reader& reader) noexcept : reader_(reader) {
    // Release, not seq_cst: the fence orders it before the loads of topology pointers, as the
    // collector's heavy_fence() expects; a collector that reads it must have this reader's former
    // visits behind it. An older epoch only keeps more memory alive; a newer one was read with
    // acquire, so what was unlinked before it is not seen any more.
    reader_.epoch.store(domain.epoch(), std::memory_order_release);
    light_fence();
  }
  ~Pin() { reader_.epoch.store(0, std::memory_order_release); }
  Pin(const Pin&) = delete;
  Pin& operator=(const Pin&) = delete;

 private:
  Reader& reader_;
};

}  // namespace kelp::util
