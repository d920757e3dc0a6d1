// Everything that belongs to one broker, shared by its handles and connections.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include <kelp/clock.hpp>

#include "broker/topology.hpp"
#include "broker/waiting.hpp"

namespace kelp::broker {

struct Link;

class State final : public Clock::Listener {
 public:
  explicit State(std::shared_ptr<Clock> clock);
  ~State() override;
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // In the order in which they must come to life: a queue that dies returns messages and segments.
  const std::shared_ptr<Clock> clock;
  /// False: deadlines are of a clock that stands still, so nobody may sleep until one.
  const bool real_time;
  message::Pool blocks;
  SegmentPool segments;
  util::Domain domain;
  Topology topology;

  /// A bed for one channel; may allocate.
  [[nodiscard]] Bell& open_bell();
  void close_bell(Bell& bell) noexcept;
  /// For WaiterSets: the order in which sleepers went to sleep.
  [[nodiscard]] std::uint64_t next_ticket() noexcept {
    return tickets_.fetch_add(1, std::memory_order_relaxed);
  }

  [[nodiscard]] std::uint64_t next_connection() noexcept {
    return connections_.fetch_add(1, std::memory_order_relaxed);
  }
  /// Throws ConnectionError when the broker is closed.
  void add_link(std::shared_ptr<Link> link);
  void remove_link(const Link& link) noexcept;
  void close() noexcept;
  void trim();

  void time_moved() noexcept override;

 private:
  std::atomic<Bell*> bells_{nullptr};
  std::atomic<std::uint64_t> tickets_{0};
  std::atomic<std::uint64_t> connections_{1};
  std::mutex links_mutex_;
  std::vector<std::shared_ptr<Link>> links_;
  bool closed_ = false;
};

}  // namespace kelp::broker
