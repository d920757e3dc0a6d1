// A set of positions in a topic key: position i is the place in front of its word i. A key of n words has
// n + 1 of them. W words of 64 bits hold 64 * W positions.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace kelp::routing {

template <unsigned W>
class PositionSet {
 public:
  PositionSet() noexcept = default;

  [[nodiscard]] static PositionSet only(std::size_t position) noexcept {
    PositionSet set;
    set.add(position);
    return set;
  }
  void add(std::size_t position) noexcept { bits_[position / 64] |= std::uint64_t{1} << (position % 64); }
  void remove(std::size_t position) noexcept {
    bits_[position / 64] &= ~(std::uint64_t{1} << (position % 64));
  }
  [[nodiscard]] bool has(std::size_t position) const noexcept {
    return (bits_[position / 64] >> (position % 64) & 1) != 0;
  }
  [[nodiscard]] bool empty() const noexcept {
    std::uint64_t any = 0;
    for (const std::uint64_t b : bits_) any |= b;
    return any == 0;
  }
  /// The set is not empty.
  [[nodiscard]] std::size_t lowest() const noexcept {
    std::size_t i = 0;
    while (bits_[i] == 0) ++i;
    return 64 * i + static_cast<std::size_t>(std::countr_zero(bits_[i]));
  }
  /// Every position one word further on. None may be the last that the set can hold.
  [[nodiscard]] PositionSet advanced() const noexcept {
    PositionSet set;
    std::uint64_t carry = 0;
    for (unsigned i = 0; i < W; ++i) {
      set.bits_[i] = bits_[i] << 1 | carry;
      carry = bits_[i] >> 63;
    }
    return set;
  }
  /// `first` and all after it, up to `last`.
  [[nodiscard]] static PositionSet range(std::size_t first, std::size_t last) noexcept {
    PositionSet set;
    for (unsigned i = 0; i < W; ++i) set.bits_[i] = below(last + 1, i) & ~below(first, i);
    return set;
  }
  PositionSet& operator&=(const PositionSet& other) noexcept {
    for (unsigned i = 0; i < W; ++i) bits_[i] &= other.bits_[i];
    return *this;
  }
  PositionSet& operator-=(const PositionSet& other) noexcept {
    for (unsigned i = 0; i < W; ++i) bits_[i] &= ~other.bits_[i];
    return *this;
  }

 private:
  // The part in word i of all positions before `end`.
  static std::uint64_t below(std::size_t end, std::size_t i) noexcept {
    if (end <= 64 * i) return 0;
    return end >= 64 * (i + 1) ? ~std::uint64_t{0} : (std::uint64_t{1} << (end % 64)) - 1;
  }

  std::array<std::uint64_t, W> bits_{};
};

}  // namespace kelp::routing
