// Counts what the C++ heap is asked for and what of it is alive, in this program, under sanitizers too
// (tests/support counts malloc, and not what is alive).
#pragma once

#include <cstdint>

namespace kelp_test {

/// False in clang's sanitizer builds, whose own operator new cannot be replaced: all counts stay 0.
[[nodiscard]] bool allocations_are_counted() noexcept;

/// Calls of operator new since the program began. Threads: any.
[[nodiscard]] std::uint64_t allocations() noexcept;
/// The same less calls of operator delete: what is alive.
[[nodiscard]] std::int64_t living_allocations() noexcept;

}  // namespace kelp_test
