#include "broker/queue.hpp"

#include <algorithm>
#include <array>

#include "broker/state.hpp"

namespace kelp::broker {

Queue::Queue(State& state, QueueDescription d, std::uint64_t i, std::uint64_t o)
    : description(std::move(d)), id(i), owner(o), ready(state.segments, false), state_(state) {}

Queue::~Queue() {
  Context context(state_);
  drop_ready(context, UINT64_MAX);
}

bool Queue::try_acquire() noexcept {
  // Relaxed: the pin or the reference that allows the attempt orders everything.
  std::uint32_t count = references_.load(std::memory_order_relaxed);
  while (count != 0) {
    if (references_.compare_exchange_weak(count, count + 1, std::memory_order_relaxed)) return true;
  }
  return false;
}

void Queue::release() noexcept {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) state_.domain.retire(this);
}

std::uint64_t Queue::drop_ready(Context& context, std::uint64_t limit) {
  std::array<Claim, 32> claims;
  std::uint64_t dropped = 0;
  while (dropped < limit) {
    const std::size_t want = std::min<std::uint64_t>(claims.size(), limit - dropped);
    const std::size_t got = ready.pop(context.access, std::span(claims).first(want));
    if (got == 0) break;
    for (std::size_t i = 0; i < got; ++i) {
      message::release(*reinterpret_cast<message::Block*>(claims[i].handle), context.arena);
      ready.settle(context.access, claims[i].segment, 1);
    }
    dropped += got;
  }
  return dropped;
}

}  // namespace kelp::broker
