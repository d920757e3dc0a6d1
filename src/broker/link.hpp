// What a connection shares with its channels, so that they may be destroyed in any order.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include <kelp/error.hpp>

#include "broker/state.hpp"

namespace kelp::broker {

struct Link {
  Link(std::shared_ptr<State> s) : state(std::move(s)), id(state->next_connection()) {}

  const std::shared_ptr<State> state;
  const std::uint64_t id;
  std::atomic<bool> closed{false};
  /// The connection's exclusive queues went with it.
  std::atomic<bool> exclusive_deleted{false};
  /// Grows with every interrupt(). Each channel sees each value once, at its next wait.
  std::atomic<std::uint32_t> interrupts{0};
  /// Everybody who waits in this connection.
  WaiterSet waiters;

  void interrupt() noexcept {
    interrupts.fetch_add(1, std::memory_order_seq_cst);
    waiters.wake_all();
  }
  void close() noexcept {
    closed.store(true, std::memory_order_seq_cst);
    waiters.wake_all();
  }
  void require_open() const {
    if (closed.load(std::memory_order_acquire)) [[unlikely]]
      throw_closed();
  }

 private:
  [[noreturn]] [[gnu::cold]] static void throw_closed() { throw ConnectionError("the connection is closed"); }
};

}  // namespace kelp::broker
