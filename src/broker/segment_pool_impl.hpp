// Definitions of segment_pool.hpp.
#pragma once

#include <utility>

#include "broker/segment_pool.hpp"

namespace kelp::broker {

template <class Model>
BasicSegmentPool<Model>::~BasicSegmentPool() {
  for (Segment* s = take_left(); s != nullptr;) free(*std::exchange(s, s->list));
  trim();
}

template <class Model>
auto BasicSegmentPool<Model>::take(std::uint32_t cells, bool wide) -> Segment& {
  Segment* spare = nullptr;
  if (spares_[class_of(cells, wide)].take(spare)) return *spare;
  void* memory = Model::allocate(Segment::bytes(cells, wide), alignof(Segment));
  allocated_.fetch_add(1, std::memory_order_relaxed);  // relaxed: a figure
  return *new (memory) Segment(cells, wide);
}

template <class Model>
void BasicSegmentPool<Model>::give(Segment& segment) noexcept {
  if (!spares_[class_of(segment.size, segment.wide)].put(&segment)) free(segment);
}

template <class Model>
void BasicSegmentPool<Model>::leave(Segment* list) noexcept {
  if (list == nullptr) return;
  Segment* last = list;
  while (last->list != nullptr) last = last->list;
  // Relaxed: only compared and stored; who takes the list acquires it from the release below.
  Segment* before = left_.load(std::memory_order_relaxed);
  do {
    last->list = before;
  } while (!left_.compare_exchange_weak(before, list, std::memory_order_release, std::memory_order_relaxed));
}

template <class Model>
auto BasicSegmentPool<Model>::take_left() noexcept -> Segment* {
  // Relaxed: a look that spares the exchange; a list missed now is taken by a later scan.
  if (left_.load(std::memory_order_relaxed) == nullptr) return nullptr;
  return left_.exchange(nullptr, std::memory_order_acquire);
}

template <class Model>
void BasicSegmentPool<Model>::trim() noexcept {
  for (auto& spares : spares_) {
    for (Segment* s = nullptr; spares.take(s);) free(*s);
  }
}

template <class Model>
std::size_t BasicSegmentPool<Model>::spare() const noexcept {
  std::size_t sum = 0;
  for (const auto& spares : spares_) sum += spares.size_hint();
  return sum;
}

template <class Model>
void BasicSegmentPool<Model>::free(Segment& segment) noexcept {
  segment.~Segment();
  Model::deallocate(&segment, alignof(Segment));
  allocated_.fetch_sub(1, std::memory_order_relaxed);  // relaxed: a figure
}

template <class Model>
BasicAccess<Model>::~BasicAccess() {
  flush();
  pool_.leave(retired_);
}

template <class Model>
void BasicAccess<Model>::flush() noexcept {
  if (retired_ != nullptr) scan();
  for (std::size_t i = 0; i < spares_.size(); ++i) {
    while (spares_[i] != nullptr) pool_.give(*std::exchange(spares_[i], spares_[i]->list));
    spare_counts_[i] = 0;
  }
}

template <class Model>
auto BasicAccess<Model>::take(std::uint32_t cells, bool wide) -> Segment& {
  const std::uint32_t c = Pool::class_of(cells, wide);
  if (spares_[c] == nullptr) return pool_.take(cells, wide);
  --spare_counts_[c];
  return *std::exchange(spares_[c], spares_[c]->list);
}

template <class Model>
void BasicAccess<Model>::give(Segment& segment) noexcept {
  const std::uint32_t c = Pool::class_of(segment.size, segment.wide);
  if (spare_counts_[c] == Model::local_spares) {
    pool_.give(segment);
    return;
  }
  segment.list = std::exchange(spares_[c], &segment);
  ++spare_counts_[c];
}

template <class Model>
void BasicAccess<Model>::retire(Segment& segment) noexcept {
  segment.list = std::exchange(retired_, &segment);
  if (++retired_count_ >= scan_at_) scan();
}

template <class Model>
void BasicAccess<Model>::scan() noexcept {
  for (Segment* s = pool_.take_left(); s != nullptr; ++retired_count_) {
    Segment* next = s->list;
    s->list = std::exchange(retired_, s);
    s = next;
  }
  Model::heavy_fence();
  domain_.for_each_hazard([this](void* hazard) {
    for (Segment* s = retired_; s != nullptr; s = s->list) {
      if (s == hazard) s->named = true;
    }
  });
  Segment* list = std::exchange(retired_, nullptr);
  retired_count_ = 0;
  while (list != nullptr) {
    Segment* s = std::exchange(list, list->list);
    if (s->named) {
      s->named = false;
      s->list = std::exchange(retired_, s);
      ++retired_count_;
    } else {
      s->reset();
      give(*s);
    }
  }
  // Those that are named now cost no further scan by themselves.
  scan_at_ = retired_count_ + Model::retire_batch;
}

}  // namespace kelp::broker
