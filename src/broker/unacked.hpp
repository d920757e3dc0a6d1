// The unsettled deliveries of one channel by delivery tag.
//
// Tags ascend, and most deliveries are settled soon and nearly in order, so a ring indexed by tag
// holds them. When the ring is full because a few old ones stay behind, these move to a sorted list
// and the window goes on: memory follows the number of unsettled deliveries, not the span of tags.
// Allocates only when more are unsettled than ever before, or when stragglers move.
// Threads: one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "broker/lane.hpp"

namespace kelp::message {
struct Block;
}

namespace kelp::broker {

struct Unsettled {
  message::Block* block = nullptr;  // null: settled
  Segment* segment = nullptr;
  Lane* lane = nullptr;
  std::uint32_t index = 0;
  bool redelivered = false;
};

class Unacked {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return live_; }
  [[nodiscard]] std::uint64_t last_tag() const noexcept { return next_ - 1; }

  /// Makes room for `count` more, so that push() cannot fail.
  void reserve(std::size_t count) {
    while (next_ - base_ + count > ring_.size()) [[unlikely]] make_room();
  }
  /// A tag for a delivery that needs no settling.
  std::uint64_t skip() noexcept {
    if (base_ == next_) {
      ++base_;
    } else {
      ring_[next_ & mask_].block = nullptr;
    }
    return next_++;
  }
  std::uint64_t push(const Unsettled& delivery) noexcept {
    ring_[next_ & mask_] = delivery;
    ++live_;
    return next_++;
  }

  /// Null: no such unsettled delivery.
  [[nodiscard]] Unsettled* find(std::uint64_t tag) noexcept {
    if (tag >= base_) [[likely]] {
      if (tag >= next_) return nullptr;
      Unsettled& found = ring_[tag & mask_];
      return found.block != nullptr ? &found : nullptr;
    }
    const auto it = straggler(tag);
    return it != stragglers_.end() && it->tag == tag && it->delivery.block != nullptr ? &it->delivery
                                                                                      : nullptr;
  }

  void erase(Unsettled& delivery) noexcept {
    delivery.block = nullptr;
    --live_;
    while (base_ != next_ && ring_[base_ & mask_].block == nullptr) ++base_;
    if (live_ == 0) stragglers_.clear();
  }

  /// Calls `f(Unsettled&)` for every unsettled delivery up to and including `last`, by ascending tag;
  /// `f` may erase it.
  template <class F>
  void for_each(std::uint64_t last, F&& f) {
    for (std::size_t i = 0; i < stragglers_.size() && stragglers_[i].tag <= last; ++i) {
      if (stragglers_[i].delivery.block != nullptr) f(stragglers_[i].delivery);
    }
    const std::uint64_t end = std::min(next_, last == UINT64_MAX ? next_ : last + 1);
    for (std::uint64_t tag = base_; tag < end; ++tag) {
      Unsettled& delivery = ring_[tag & mask_];
      if (delivery.block != nullptr) f(delivery);
    }
  }

 private:
  struct Straggler {
    std::uint64_t tag;
    Unsettled delivery;
  };
  [[nodiscard]] std::vector<Straggler>::iterator straggler(std::uint64_t tag) noexcept {
    return std::lower_bound(stragglers_.begin(), stragglers_.end(), tag,
                            [](const Straggler& s, std::uint64_t t) { return s.tag < t; });
  }
  void make_room();
  void move_stragglers();
  void grow();

  std::vector<Unsettled> ring_;
  std::uint64_t mask_ = 0;
  std::uint64_t base_ = 1;  // the lowest tag in the ring; everything below is settled or a straggler
  std::uint64_t next_ = 1;  // the next tag
  std::size_t live_ = 0;
  std::vector<Straggler> stragglers_;  // by ascending tag; settled ones stay until they are swept
};

}  // namespace kelp::broker
