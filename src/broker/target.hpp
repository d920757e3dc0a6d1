// A binding's target as one word: a queue, or an exchange marked by the lowest bit.
#pragma once

#include "routing/binding_table.hpp"

namespace kelp::broker {

class Exchange;
class Queue;

[[nodiscard]] inline routing::Target target_of(Queue& queue) noexcept {
  return reinterpret_cast<routing::Target>(&queue);
}
[[nodiscard]] inline routing::Target target_of(Exchange& exchange) noexcept {
  return reinterpret_cast<routing::Target>(&exchange) | 1;
}
[[nodiscard]] inline bool is_exchange(routing::Target target) noexcept { return (target & 1) != 0; }
[[nodiscard]] inline Queue& queue_of(routing::Target target) noexcept {
  return *reinterpret_cast<Queue*>(target);
}
[[nodiscard]] inline Exchange& exchange_of(routing::Target target) noexcept {
  return *reinterpret_cast<Exchange*>(target & ~routing::Target{1});
}

}  // namespace kelp::broker
