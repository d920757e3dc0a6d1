// Sixteen 16-bit lanes, compared with one value in a few instructions: the tags of a group of a hash
// page. The caller loads the words, so that they may be atomic.
#pragma once

#include <array>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace kelp::routing {

/// Lane i is bits 16 * (i % 4) of word i / 4.
using Lanes = std::array<std::uint64_t, 4>;

/// Bit i is set when lane i equals `value`. Any machine.
/// Source: H. Warren, "Hacker's Delight", 6-1 (exact zero-lane test), then a multiplication that
/// gathers bits 0, 16, 32 and 48.
[[nodiscard]] inline std::uint32_t equal_lanes_portable(const Lanes& lanes, std::uint16_t value) noexcept {
  constexpr std::uint64_t low = 0x7fff'7fff'7fff'7fff;
  std::uint32_t mask = 0;
  for (unsigned i = 0; i < 4; ++i) {
    const std::uint64_t x = lanes[i] ^ (value * std::uint64_t{0x0001'0001'0001'0001});
    const std::uint64_t zero = ~(((x & low) + low) | x | low) >> 15;
    mask |= static_cast<std::uint32_t>((zero * 0x0001'0002'0004'0008) >> 48 & 0xf) << (4 * i);
  }
  return mask;
}

#if defined(__SSE2__)
[[nodiscard]] inline std::uint32_t equal_lanes(const Lanes& lanes, std::uint16_t value) noexcept {
  const auto half = [&](unsigned i) {
    return _mm_set_epi64x(static_cast<long long>(lanes[i + 1]), static_cast<long long>(lanes[i]));
  };
  const __m128i wanted = _mm_set1_epi16(static_cast<short>(value));
  const __m128i found = _mm_packs_epi16(_mm_cmpeq_epi16(half(0), wanted), _mm_cmpeq_epi16(half(2), wanted));
  return static_cast<std::uint32_t>(_mm_movemask_epi8(found));
}
#else
[[nodiscard]] inline std::uint32_t equal_lanes(const Lanes& lanes, std::uint16_t value) noexcept {
  return equal_lanes_portable(lanes, value);
}
#endif

}  // namespace kelp::routing
