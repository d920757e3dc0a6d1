// Models of the ready queue for tests: tiny segments, so that every boundary is met often; memory
// that can run out; and a place inside a push where a test can step in.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <new>
#include <numeric>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "broker/ready_queue.hpp"

namespace kelp::testing {

/// Small everything.
struct SmallModel : broker::RealModel {
  static constexpr std::uint32_t min_cells = 2;
  static constexpr std::uint32_t max_cells = 8;
  static constexpr std::uint32_t side_max = 5;
  static constexpr std::uint32_t first_slots = 1;
  static constexpr std::uint32_t chunk_slots = 2;
  static constexpr std::uint32_t retire_batch = 2;
  static constexpr std::uint32_t local_spares = 1;

  static inline std::int64_t allocations_left = -1;  // below 0: without end
  static void* allocate(std::size_t bytes, std::size_t alignment) {
    if (allocations_left == 0) throw std::bad_alloc();
    if (allocations_left > 0) --allocations_left;
    return RealModel::allocate(bytes, alignment);
  }
};

/// Runs `before_store` once, between the two steps of a push: its index is taken, its cell is empty.
struct InterruptedModel : SmallModel {
  static inline std::function<void()> before_store;

  template <class T>
  struct atomic : std::atomic<T> {
    using std::atomic<T>::atomic;
    void store(T value, std::memory_order order = std::memory_order_seq_cst) noexcept {
      if constexpr (std::is_same_v<T, std::uint64_t>) {
        if (order == std::memory_order_release && before_store) std::exchange(before_store, nullptr)();
      }
      std::atomic<T>::store(value, order);
    }
  };
};

/// first, first + 1 ... last
inline std::vector<std::uint64_t> range(std::uint64_t first, std::uint64_t last) {
  std::vector<std::uint64_t> values(last - first + 1);
  std::iota(values.begin(), values.end(), first);
  return values;
}

/// A domain, a pool, one queue and an Access or two.
template <class Model>
struct QueueFixture {
  using Queue = broker::BasicReadyQueue<Model>;
  using Claim = typename Queue::Claim;

  util::Domain domain;
  util::Reader& reader = domain.open_reader();
  util::Reader& other_reader = domain.open_reader();
  broker::BasicSegmentPool<Model> pool;
  broker::BasicAccess<Model> access{domain, reader, pool};
  broker::BasicAccess<Model> other{domain, other_reader, pool};
  Queue queue;

  explicit QueueFixture(bool wide = false) : queue(pool, wide) {}

  void push(std::uint64_t handle) { queue.push(access, handle); }
  void push_range(std::uint64_t first, std::uint64_t last) {
    for (; first <= last; ++first) push(first);
  }
  std::vector<Claim> pop(std::size_t most) {
    std::vector<Claim> claims(most);
    claims.resize(queue.pop(access, claims));
    return claims;
  }
  /// Handle 0 when there is nothing.
  Claim pop() {
    const auto claims = pop(std::size_t{1});
    return claims.empty() ? Claim{} : claims.front();
  }
  void settle(const Claim& claim) { queue.settle(access, claim.segment, 1); }
  /// Pops and settles one.
  std::uint64_t take() {
    const Claim claim = pop();
    if (claim.handle != 0) settle(claim);
    return claim.handle;
  }
  std::vector<std::uint64_t> drain() {
    std::vector<std::uint64_t> handles;
    while (const std::uint64_t handle = take()) handles.push_back(handle);
    return handles;
  }
};

}  // namespace kelp::testing
