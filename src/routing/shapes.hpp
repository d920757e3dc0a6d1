// The shapes of a topic table's patterns: which words are literal, where `*` and `#` stand. All patterns
// of one shape with at most one `#` are one hash table (a "tuple"), so that a key needs one look-up per
// shape that its number of words allows, however many patterns there are.
//
// The hash of a pattern, or of a key as a shape sees it, is the shape's own hash plus, for every literal
// word, the word's hash times an odd constant of its position: counted from the left before the `#`,
// from the right behind it. So every shape's hash of a key comes from two prefix sums, less the words
// under its stars.
// Source: V. Srinivasan et al., "Packet Classification using Tuple Space Search", SIGCOMM 1999.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "routing/hash_pages.hpp"
#include "routing/topic_key.hpp"
#include "util/reclaim.hpp"

namespace kelp::routing {

/// Where the trie starts to be the cheaper way. With patterns of 126 shapes it cost as much as 150 shapes
/// at 100,000 patterns and as 600 at a million, in the same run.
inline constexpr std::size_t default_shapes_per_key = 256;

/// The partial sums of a key; about 9 KiB, of which a short key touches little.
class KeySums {
 public:
  KeySums(const TopicWords& words, const WordHash& hash) noexcept;

  std::array<std::uint64_t, max_words + 1> left;   // of the first n words
  std::array<std::uint64_t, max_words + 1> right;  // of the last n words
  std::array<std::uint64_t, 2 * max_words> part;   // word n from the left; max_words + n from the right
};

/// How a shape hashes a key.
struct ShapeProbe {
  static constexpr std::size_t stars_here = 4;

  std::uint64_t seed;
  std::uint16_t left;   // words before the `#`, or all
  std::uint16_t right;  // words behind it
  std::uint16_t stars;
  bool literal;                                // neither `*` nor `#`
  std::array<std::uint16_t, stars_here> star;  // indices into KeySums::part
  const std::uint16_t* more_stars;             // all of them, when there are more than stars_here

  [[nodiscard]] std::uint64_t hash(const KeySums& key) const noexcept {
    std::uint64_t sum = seed + key.left[left] + key.right[right];
    if (stars != 0) {
      const std::uint16_t* index = stars <= stars_here ? star.data() : more_stars;
      for (unsigned i = 0; i < stars; ++i) sum -= key.part[index[i]];
    }
    return WordHash::mixed(sum);
  }
};

/// An immutable array of probes.
struct ProbeList {
  std::vector<ShapeProbe> probes;
};

/// A pattern, cut up; kinds has `L`, `*` or `#` per word.
struct ParsedPattern {
  explicit ParsedPattern(std::string_view pattern) noexcept;

  TopicWords words;
  std::size_t hashes = 0;  // number of `#`
  std::array<char, max_words> kind;
  [[nodiscard]] std::string_view kinds() const noexcept { return {kind.data(), words.count()}; }
};

struct Shape : Hashed {
  std::string kinds;
  std::size_t patterns = 0;  // bindings of this shape
  bool in_trie = false;      // decided when the shape comes up, kept until it is gone
  bool has_hash = false;
  ShapeProbe probe{};
  std::vector<std::uint16_t> stars;
};

class Shapes {
 public:
  /// How many retirements remove() makes at most; Domain::reserve() them first.
  static constexpr std::size_t retirements = 8;

  Shapes(util::Domain& domain, const WordHash& hash, std::size_t per_key);
  /// No reader may be inside.
  ~Shapes();
  Shapes(const Shapes&) = delete;
  Shapes& operator=(const Shapes&) = delete;

  /// Writers. The pattern has at most one `#`.
  [[nodiscard]] Shape* find(const ParsedPattern& pattern) const;
  /// A new shape, which readers try from now on unless it is for the trie. Throws bad_alloc without a change.
  Shape& add(const ParsedPattern& pattern);
  /// Removes a shape without patterns. Without memory for that it stays, and costs readers a probe.
  void remove(Shape& shape);
  [[nodiscard]] std::size_t size() const noexcept { return registry_.size(); }

  /// Readers, inside a Pin: calls `f(const ShapeProbe&)` for every shape that a key of so many words may
  /// have in the tuple space.
  template <class F>
  void for_each(std::size_t words, F&& f) const;

 private:
  static ProbeList* with(const ProbeList* list, const ShapeProbe& probe);
  static ProbeList* without(const ProbeList* list, const ShapeProbe& probe);
  [[nodiscard]] std::atomic<const ProbeList*>& list_of(const Shape& shape) noexcept;
  [[nodiscard]] bool crowded(const Shape& shape) const noexcept;

  util::Domain& domain_;
  const WordHash& hash_;
  std::size_t per_key_;
  HashPages registry_;
  // Null: empty. Shapes without `#` by their number of words; those with one together, the fewest
  // other words first.
  std::array<std::atomic<const ProbeList*>, max_words + 1> exact_{};
  std::atomic<const ProbeList*> with_hash_{nullptr};
};

template <class F>
void Shapes::for_each(std::size_t words, F&& f) const {
  // Acquire: pairs with the release that publishes a list.
  if (const ProbeList* list = exact_[words].load(std::memory_order_acquire)) {
    for (const ShapeProbe& probe : list->probes) f(probe);
  }
  if (const ProbeList* list = with_hash_.load(std::memory_order_acquire)) {
    for (const ShapeProbe& probe : list->probes) {
      if (std::size_t{probe.left} + probe.right > words) break;
      f(probe);
    }
  }
}

}  // namespace kelp::routing
