#include "broker/unacked.hpp"

namespace kelp::broker {

void Unacked::make_room() {
  const std::size_t in_ring = static_cast<std::size_t>(
      std::count_if(ring_.begin(), ring_.end(), [](const Unsettled& u) { return u.block != nullptr; }));
  // A ring that is mostly holes is held open by its oldest entries.
  if (!ring_.empty() && in_ring <= ring_.size() / 4) {
    move_stragglers();
  } else {
    grow();
  }
}

void Unacked::move_stragglers() {
  std::erase_if(stragglers_, [](const Straggler& s) { return s.delivery.block == nullptr; });
  stragglers_.reserve(stragglers_.size() + ring_.size() / 4);
  // The older half of the window: the holes in it come free.
  const std::uint64_t until = base_ + ring_.size() / 2;
  for (; base_ != until; ++base_) {
    Unsettled& delivery = ring_[base_ & mask_];
    if (delivery.block == nullptr) continue;
    stragglers_.push_back({base_, delivery});
    delivery.block = nullptr;
  }
  while (base_ != next_ && ring_[base_ & mask_].block == nullptr) ++base_;
}

void Unacked::grow() {
  std::vector<Unsettled> larger(ring_.empty() ? 64 : ring_.size() * 2);
  const std::uint64_t mask = larger.size() - 1;
  for (std::uint64_t tag = base_; tag != next_; ++tag) larger[tag & mask] = ring_[tag & mask_];
  ring_ = std::move(larger);
  mask_ = mask;
}

}  // namespace kelp::broker
