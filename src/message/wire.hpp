// Bytes in network order, and copies of short texts without a call. Nothing here checks bounds.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace kelp::message {

template <std::unsigned_integral T>
[[nodiscard]] constexpr T network_order(T value) noexcept {
  if constexpr (std::endian::native == std::endian::big || sizeof(T) == 1) {
    return value;
  } else if constexpr (sizeof(T) == 2) {
    return __builtin_bswap16(value);
  } else if constexpr (sizeof(T) == 4) {
    return __builtin_bswap32(value);
  } else {
    return __builtin_bswap64(value);
  }
}

template <std::unsigned_integral T>
[[nodiscard]] inline std::byte* put(std::byte* out, T value) noexcept {
  value = network_order(value);
  std::memcpy(out, &value, sizeof value);
  return out + sizeof value;
}

template <std::unsigned_integral T>
[[nodiscard]] inline T get(const std::byte* in) noexcept {
  T value;
  std::memcpy(&value, in, sizeof value);
  return network_order(value);
}

/// Copies `size` bytes; up to 64 of them with two or four moves that overlap in the middle, because a
/// call to memcpy costs as much as the rest of making a small message.
[[gnu::always_inline]] inline void copy(std::byte* out, const void* from, std::size_t size) noexcept {
  const auto* in = static_cast<const std::byte*>(from);
  const auto ends = [&]<class Word>(Word*) {
    Word first, last;
    std::memcpy(&first, in, sizeof first);
    std::memcpy(&last, in + size - sizeof last, sizeof last);
    std::memcpy(out, &first, sizeof first);
    std::memcpy(out + size - sizeof last, &last, sizeof last);
  };
  struct Words16 {
    std::uint64_t a, b;
  };
  struct Words32 {
    std::uint64_t a, b, c, d;
  };
  if (size <= 16) {
    if (size >= 8) {
      ends(static_cast<std::uint64_t*>(nullptr));
    } else if (size >= 4) {
      ends(static_cast<std::uint32_t*>(nullptr));
    } else if (size >= 2) {
      ends(static_cast<std::uint16_t*>(nullptr));
    } else if (size == 1) {
      *out = *in;
    }
  } else if (size <= 32) {
    ends(static_cast<Words16*>(nullptr));
  } else if (size <= 64) {
    ends(static_cast<Words32*>(nullptr));
  } else {
    std::memcpy(out, in, size);
  }
}

[[nodiscard, gnu::always_inline]] inline std::byte* put_text(std::byte* out, std::string_view text) noexcept {
  copy(out, text.data(), text.size());
  return out + text.size();
}

/// AMQP's short string; the caller has checked that it is at most 255 bytes.
[[nodiscard, gnu::always_inline]] inline std::byte* put_short(std::byte* out,
                                                              std::string_view text) noexcept {
  *out = static_cast<std::byte>(text.size());
  return put_text(out + 1, text);
}

}  // namespace kelp::message
