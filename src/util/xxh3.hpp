// XXH3 with the implementation inlined, so that short keys cost a few nanoseconds.
#pragma once

#include <cstdint>
#include <string_view>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace kelp::util {

[[nodiscard]] inline std::uint64_t xxh3(std::string_view text, std::uint64_t seed = 0) noexcept {
  return XXH3_64bits_withSeed(text.data(), text.size(), seed);
}

}  // namespace kelp::util
