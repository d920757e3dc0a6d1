// Counts heap allocations, and makes them fail on purpose. A test program that links
// `allocation_counter` replaces malloc and its family, and with it what operator new calls.
//
// Under a sanitizer, and without glibc, nothing is replaced: counts stay 0 and nothing fails, so the same
// test runs and proves less. `allocations_are_counted()` tells which it is.
#pragma once

#include <cstddef>

namespace kelp::testing {

[[nodiscard]] bool allocations_are_counted() noexcept;

/// How often this thread has called malloc, calloc, realloc or an aligned form of them.
[[nodiscard]] std::size_t allocations_of_this_thread() noexcept;
/// The same for all threads together.
[[nodiscard]] std::size_t allocations_of_all_threads() noexcept;

/// Is this thread in the middle of an allocation, perhaps with a lock of the allocator's? For signal
/// handlers. Always false where nothing is replaced.
[[nodiscard]] bool inside_allocator() noexcept;

/// While it lives, this thread's allocations fail after the first `allowed` ones.
class FailingAllocations {
 public:
  explicit FailingAllocations(std::size_t allowed) noexcept;
  ~FailingAllocations();
  FailingAllocations(const FailingAllocations&) = delete;
  FailingAllocations& operator=(const FailingAllocations&) = delete;
};

}  // namespace kelp::testing
