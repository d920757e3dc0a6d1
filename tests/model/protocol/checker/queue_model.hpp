// The Model with which the real ready queue is compiled for the checker: instrumented atomics and
// fences, memory that tells of its use after its end, and bounds so small that a few messages cross
// every one.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>

#include "atomic.hpp"

// A field of a segment that is written while the segment is private; the copies of the headers that the
// checker compiles declare those fields with this type, so that a racing read is told.
template <class T>
class Field {
 public:
  Field() = default;
  Field(T value) : value_(value) {}  // NOLINT(google-explicit-constructor): stands for a plain field
  Field(const Field& other) : value_(other.value_.get()) {}
  Field& operator=(T value) {
    value_.set(value);
    return *this;
  }
  Field& operator=(const Field& other) { return *this = other.value_.get(); }
  operator T() const { return value_.get(); }  // NOLINT(google-explicit-constructor)
  T operator->() const { return value_.get(); }

 private:
  model::plain<T> value_;
};

namespace kelp::broker {

struct CheckedReader {
  std::array<model::atomic<void*>, 4> hazards{};
};

struct CheckedDomain {
  static constexpr unsigned readers = model::max_threads;
  std::array<CheckedReader, readers> all;
  unsigned used = 0;

  template <class F>
  void for_each_hazard(F&& f) const {
    for (unsigned i = 0; i < used; ++i) {
      for (const auto& slot : all[i].hazards) {
        if (void* p = slot.load(std::memory_order_acquire)) f(p);
      }
    }
  }
};

// Orders a put before the take of the same item and nothing else, as a bag may; last in, first out,
// so that a segment comes back as soon as can be.
template <class T>
class CheckedBag {
 public:
  explicit CheckedBag(std::size_t) {}
  bool put(T item) {
    for (auto& slot : slots_) {
      T empty{};
      if (slot.compare_exchange_strong(empty, item, std::memory_order_release, std::memory_order_relaxed)) {
        return true;
      }
    }
    return false;
  }
  bool take(T& item) {
    for (std::size_t i = slots_.size(); i-- > 0;) {
      item = slots_[i].exchange(T{}, std::memory_order_acquire);
      if (item != T{}) return true;
    }
    return false;
  }
  std::size_t size_hint() const {
    std::size_t n = 0;
    for (auto& slot : slots_) n += slot.load(std::memory_order_relaxed) != T{} ? 1 : 0;
    return n;
  }

 private:
  std::array<model::atomic<T>, 2> slots_{};
};

struct CheckedModel {
  template <class T>
  using atomic = model::atomic<T>;
  template <class T>
  using Bag = CheckedBag<T>;
  using Domain = CheckedDomain;
  using Reader = CheckedReader;

  static constexpr std::uint32_t min_cells = 2;
  static constexpr std::uint32_t max_cells = 2;
  static inline std::uint32_t side_max = 0x7FFF;  // a scenario may set it to 1
  static constexpr std::uint32_t first_slots = 2;
  static constexpr std::uint32_t chunk_slots = 2;
  static constexpr std::uint32_t retire_batch = 1;
  static constexpr std::uint32_t local_spares = 1;

  static void light_fence(int line = __builtin_LINE(), const char* file = __builtin_FILE()) {
    model::light_fence(line, file);
  }
  static void heavy_fence(int line = __builtin_LINE(), const char* file = __builtin_FILE()) {
    model::heavy_fence(line, file);
  }
  static void* allocate(std::size_t bytes, std::size_t alignment) {
    return model::allocate(bytes, alignment);
  }
  static void deallocate(void*, std::size_t) noexcept {}
};

}  // namespace kelp::broker
