// The two random sources behind Clock::random(). Neither locks.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace kelp::values {

/// One number of the machine's source: a generator per thread (xoshiro256**), seeded with 256 bits
/// from the system, anew after a fork, so that no two processes or threads share a sequence.
[[nodiscard]] std::uint64_t system_random() noexcept;

/// A repeatable sequence that several threads may draw from: which thread gets which number is then
/// up to them. Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
class SplitMix64 {
 public:
  explicit SplitMix64(std::uint64_t seed) noexcept : state_(seed) {}

  [[nodiscard]] std::uint64_t next() noexcept {
    constexpr std::uint64_t step = 0x9E3779B97F4A7C15ull;
    // Relaxed: each draw needs a state of its own and orders nothing else.
    return mix(state_.fetch_add(step, std::memory_order_relaxed) + step);
  }

 private:
  static constexpr std::uint64_t mix(std::uint64_t z) noexcept {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
  }

  std::atomic<std::uint64_t> state_;
};

}  // namespace kelp::values
