// Which of an object's names was seen before: by comparing while there are few, by a hash table when
// there are many, so that an object of a million names is read in linear time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <kelp/clock.hpp>

#include "util/xxh3.hpp"

namespace kelp::codec {

class NameIndex {
 public:
  /// For up to `count` names.
  explicit NameIndex(std::size_t count) {
    if (count <= few) return;
    std::size_t slots = 64;
    while (slots < 2 * count) slots *= 2;
    slots_.assign(slots, 0);
  }

  /// The place of the equal name that was added before, else the place that this one now has: the
  /// number of names before it. `name_at(place)` gives a name added earlier.
  template <class NameAt>
  [[nodiscard]] std::size_t find_or_add(std::string_view name, NameAt&& name_at) {
    if (slots_.empty()) {
      for (std::size_t place = 0; place < size_; ++place) {
        if (name_at(place) == name) return place;
      }
      return size_++;
    }
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t slot = util::xxh3(name, seed()) & mask;; slot = (slot + 1) & mask) {
      if (slots_[slot] == 0) {
        slots_[slot] = ++size_;
        return size_ - 1;
      }
      if (name_at(slots_[slot] - 1) == name) return slots_[slot] - 1;
    }
  }

 private:
  static constexpr std::size_t few = 16;

  // One of the process's own, so that nobody can send names that all collide.
  static std::uint64_t seed() {
    static const std::uint64_t value = system_clock()->random();
    return value;
  }

  std::vector<std::size_t> slots_;  // 1 + place; 0: free
  std::size_t size_ = 0;
};

}  // namespace kelp::codec
