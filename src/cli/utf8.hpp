// UTF-8, as strict as Unicode wants it.
#pragma once

#include <cstddef>

namespace kelp::cli {

/// The length of the well-formed UTF-8 sequence at `at`, before `end` (Unicode 15, table 3-7);
/// 0: there is none.
[[nodiscard]] inline std::size_t utf8_length(const char* at, const char* end) noexcept {
  const auto byte = [&](int i) { return static_cast<unsigned char>(at[i]); };
  const auto tail = [&](int i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned char c = byte(0);
  if (c < 0x80) return 1;
  const auto left = end - at;
  if (c >= 0xC2 && c <= 0xDF) return left >= 2 && tail(1) ? 2 : 0;
  if (c >= 0xE0 && c <= 0xEF) {
    if (left < 3 || !tail(1) || !tail(2)) return 0;
    if (c == 0xE0 && byte(1) < 0xA0) return 0;
    if (c == 0xED && byte(1) > 0x9F) return 0;
    return 3;
  }
  if (c >= 0xF0 && c <= 0xF4) {
    if (left < 4 || !tail(1) || !tail(2) || !tail(3)) return 0;
    if (c == 0xF0 && byte(1) < 0x90) return 0;
    if (c == 0xF4 && byte(1) > 0x8F) return 0;
    return 4;
  }
  return 0;
}

}  // namespace kelp::cli
