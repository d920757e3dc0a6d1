// The sizes that blocks come in: 128, 192, 256, 384, 512 ... 64 KiB, powers of two with one step
// between. A block is then never more than a third empty (a fifth on average), every size is a
// multiple of a cache line, and 19 free lists suffice. Finer steps would save little and make an
// arena that sees mixed sizes keep more lists warm.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace kelp::message {

inline constexpr std::size_t smallest_block = 128;
inline constexpr std::size_t largest_block = 64 * 1024;
inline constexpr unsigned size_classes = 19;
/// Marks a block that was allocated exactly.
inline constexpr std::uint8_t exact_class = 0xFF;

/// The class of a block of `bytes`, which is at most `largest_block`.
[[nodiscard]] constexpr unsigned class_of(std::size_t bytes) noexcept {
  if (bytes <= smallest_block) return 0;
  const std::size_t last = bytes - 1;
  const auto width = static_cast<unsigned>(std::bit_width(last));
  return (width - 8) * 2 + 1 + static_cast<unsigned>((last >> (width - 2)) & 1);
}

[[nodiscard]] constexpr std::size_t class_size(unsigned size_class) noexcept {
  return size_class % 2 == 0 ? smallest_block << (size_class / 2)
                             : (smallest_block + smallest_block / 2) << (size_class / 2);
}

static_assert(class_size(0) == smallest_block);
static_assert(class_size(size_classes - 1) == largest_block);
static_assert(class_of(largest_block) == size_classes - 1);
static_assert(class_of(129) == 1 && class_of(192) == 1 && class_of(193) == 2 && class_of(257) == 3);

}  // namespace kelp::message
