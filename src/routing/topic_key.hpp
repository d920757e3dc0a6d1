// A topic key or pattern cut into words, and the hash of each word.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "routing/topic.hpp"
#include "util/xxh3.hpp"

namespace kelp::routing {

inline constexpr std::size_t max_words = max_key_bytes + 1;

/// The hash function of one table. Without knowing the seed nobody can choose words that collide.
class WordHash {
 public:
  explicit WordHash(std::uint64_t seed) noexcept
      : xxh3_(seed), low_(mixed(seed + 1)), high_(mixed(seed + 2)) {}

  /// `word` may be followed by 16 more readable bytes, whose values do not matter.
  [[nodiscard]] std::uint64_t operator()(const char* word, std::size_t length) const noexcept {
    if (length > 16) [[unlikely]]
      return util::xxh3({word, length}, xxh3_);
    const std::uint64_t low = load(word) & first_bytes[length < 8 ? length : 8];
    const std::uint64_t high = load(word + 8) & first_bytes[length < 8 ? 0 : length - 8];
    // The length tells "a" from "a\0".
    return fold(low ^ low_, high ^ high_ ^ (length * 0x9e37'79b9'7f4a'7c15));
  }
  [[nodiscard]] std::uint64_t shape(std::string_view kinds) const noexcept {
    return util::xxh3(kinds, xxh3_);
  }

  /// Spreads a sum of products over all bits (Stafford's variant of MurmurHash3's finaliser, shortened:
  /// the addends are random already).
  [[nodiscard]] static std::uint64_t mixed(std::uint64_t x) noexcept {
    x = (x ^ (x >> 32)) * 0x9e37'79b9'7f4a'7c15;
    return x ^ (x >> 29);
  }

 private:
  // Entry n keeps the first n bytes of a word loaded as load() does.
  static constexpr std::array<std::uint64_t, 9> first_bytes = {
      0,
      0xff,
      0xffff,
      0xff'ffff,
      0xffff'ffff,
      0xff'ffff'ffff,
      0xffff'ffff'ffff,
      0xff'ffff'ffff'ffff,
      0xffff'ffff'ffff'ffff,
  };
  static std::uint64_t load(const char* from) noexcept {
    std::uint64_t word;
    std::memcpy(&word, from, sizeof word);
    if constexpr (std::endian::native == std::endian::big) word = reversed(word);
    return word;
  }
  static constexpr std::uint64_t reversed(std::uint64_t x) noexcept {
    std::uint64_t y = 0;
    for (int i = 0; i < 8; ++i, x >>= 8) y = y << 8 | (x & 0xff);
    return y;
  }
  // The halves of the 128-bit product, as in wyhash and XXH3.
  static std::uint64_t fold(std::uint64_t a, std::uint64_t b) noexcept { return XXH3_mul128_fold64(a, b); }

  std::uint64_t xxh3_;
  std::uint64_t low_;
  std::uint64_t high_;
};

/// The words of a text, which is copied so that words can be read 16 bytes at a time. About 1 KiB.
class TopicWords {
 public:
  /// `text` is at most max_key_bytes long.
  explicit TopicWords(std::string_view text) noexcept : size_(text.size()) {
    std::memcpy(text_.data(), text.data(), text.empty() ? 0 : text.size());
    std::memset(text_.data() + size_, 0, padding);
    begin_[0] = 0;
    if (text.empty()) return;
    for (std::size_t at = 0; at < size_; at += 8) find_dots(at);
    begin_[++count_] = static_cast<std::uint16_t>(size_ + 1);
  }

  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  [[nodiscard]] std::string_view text() const noexcept { return {text_.data(), size_}; }
  [[nodiscard]] std::size_t begin(std::size_t i) const noexcept { return begin_[i]; }
  [[nodiscard]] std::string_view operator[](std::size_t i) const noexcept {
    return {text_.data() + begin_[i], std::size_t{begin_[i + 1]} - begin_[i] - 1};
  }
  [[nodiscard]] std::uint64_t hash(std::size_t i, const WordHash& hash) const noexcept {
    return hash(text_.data() + begin_[i], std::size_t{begin_[i + 1]} - begin_[i] - 1);
  }

 private:
  static constexpr std::size_t padding = 16;

  // Marks the dots among eight bytes (H. Warren, "Hacker's Delight", 6-1, the exact test). The padding
  // has no dots.
  void find_dots(std::size_t at) noexcept {
    if constexpr (std::endian::native == std::endian::little) {
      std::uint64_t x;
      std::memcpy(&x, text_.data() + at, sizeof x);
      x ^= 0x2e2e'2e2e'2e2e'2e2e;
      constexpr std::uint64_t low = 0x7f7f'7f7f'7f7f'7f7f;
      for (std::uint64_t dots = ~(((x & low) + low) | x | low); dots != 0; dots &= dots - 1) {
        begin_[++count_] =
            static_cast<std::uint16_t>(at + static_cast<unsigned>(std::countr_zero(dots)) / 8 + 1);
      }
    } else {
      for (std::size_t i = at; i < at + 8; ++i) {
        if (text_[i] == '.') begin_[++count_] = static_cast<std::uint16_t>(i + 1);
      }
    }
  }

  std::size_t size_;
  std::size_t count_ = 0;
  // Word i is [begin_[i], begin_[i + 1] - 1).
  std::array<std::uint16_t, max_words + 1> begin_;
  std::array<char, max_key_bytes + 1 + padding> text_;
};

}  // namespace kelp::routing
