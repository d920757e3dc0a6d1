// What one channel has of one queue: a reference, how much of it is unsettled, and the settled cells
// that were not yet reported to their segment. One per consumer, and one per queue that get() reads.
// It lives until its consumer is gone and everything it delivered is settled.
#pragma once

#include <cstdint>

#include "broker/queue.hpp"

namespace kelp::broker {

struct Lane {
  Queue* queue = nullptr;    // a counted reference
  bool of_consumer = false;  // else of get()
  bool wanted = true;        // its consumer, or get(), may use it again
  std::uint32_t unsettled = 0;
  std::uint32_t prefetch = 0;  // 0: no limit
  Segment* segment = nullptr;  // of the settled cells not yet reported
  std::uint32_t settled = 0;

  void settle(Access& access, Segment* of) noexcept {
    if (of != segment) {
      flush(access);
      segment = of;
    }
    ++settled;
  }
  void flush(Access& access) noexcept {
    if (settled != 0) queue->ready.settle(access, segment, settled);
    settled = 0;
    segment = nullptr;
  }
  [[nodiscard]] bool finished() const noexcept { return !wanted && unsettled == 0; }
};

}  // namespace kelp::broker
