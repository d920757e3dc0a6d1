// One queue: its ready messages, who waits for them, and what the topology knows of it.
//
// Counted by references: one of the topology while it is declared, one of every lane (what a channel
// has of a queue). The last one retires it to the domain, because a publisher that found it in a
// table may still be inside. It drains itself when it dies.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include <kelp/field_table.hpp>

#include "broker/bound_to.hpp"
#include "broker/context.hpp"
#include "broker/waiting.hpp"

namespace kelp::broker {

class Consumer;

struct QueueDescription {
  std::string name;
  bool durable = false;
  bool exclusive = false;
  bool auto_delete = false;
  FieldTable arguments = {};
};

class Queue {
 public:
  Queue(State& state, QueueDescription description, std::uint64_t id, std::uint64_t owner);
  ~Queue();
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  const QueueDescription description;
  const std::uint64_t id;     ///< ascending with declaration: the order of a fan-out
  const std::uint64_t owner;  ///< the connection of an exclusive queue, else 0

  ReadyQueue ready;
  WaiterSet waiters;

  [[nodiscard]] bool deleted() const noexcept { return deleted_.load(std::memory_order_acquire); }
  void mark_deleted() noexcept { deleted_.store(true, std::memory_order_release); }
  /// More than one consumer: a receiver then takes one message at a time.
  [[nodiscard]] bool shared() const noexcept { return consumer_count.load(std::memory_order_relaxed) > 1; }

  /// Only somebody who holds a reference, or a reader that is pinned, may take another; the latter
  /// fails when the last one is gone.
  [[nodiscard]] bool try_acquire() noexcept;
  void release() noexcept;

  /// Wakes one sleeper if there is one. After a message was stored.
  void wake() noexcept {
    // The message before the look; a sleeper pays for it with heavy_fence().
    util::light_fence();
    if (waiters.any()) [[unlikely]]
      waiters.wake_one();
  }

  /// Takes up to `limit` ready messages and drops them; the number dropped.
  std::uint64_t drop_ready(Context& context, std::uint64_t limit);

  // Written under the topology's mutex.
  std::atomic<std::uint32_t> consumer_count{0};  ///< read by anybody, as a hint
  std::vector<Consumer*> consumers;
  bool exclusive_consumer = false;
  BoundTo bound_to;

 private:
  State& state_;
  std::atomic<std::uint32_t> references_{1};
  std::atomic<bool> deleted_{false};
};

}  // namespace kelp::broker
