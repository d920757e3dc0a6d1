// One receive() under way: looks at its subscriptions in turn, and sleeps when they have nothing.
#pragma once

#include <cstddef>
#include <span>

#include "broker/channel.hpp"

namespace kelp::broker {

class Waiter {
 public:
  Waiter(Link& link, std::span<Subscription* const> from, std::size_t turn) noexcept
      : link_(link), from_(from), turn_(turn) {}

  /// What is ready now, beginning with the subscription whose turn it is.
  std::size_t take(std::span<Delivery> out);
  /// take(), waiting for it until `deadline`. 0: the deadline, an interrupt, or no reason.
  std::size_t wait(std::span<Delivery> out, Clock::time_point deadline);

 private:
  class Registration;

  [[nodiscard]] Consumer& consumer(std::size_t i) const noexcept {
    return static_cast<Consumer&>(*from_[(turn_ + i) % from_.size()]);
  }
  [[nodiscard]] Clock& clock() const noexcept { return *link_.state->clock; }
  /// Of a channel that is open: somebody is active.
  [[nodiscard]] Bell& bell() const noexcept;
  /// Every subscription is cancelled: there is nothing to wait for.
  [[nodiscard]] bool nobody_active() const noexcept;
  [[nodiscard]] bool interrupted() noexcept;
  [[nodiscard]] bool interrupt_pending() const noexcept;
  [[nodiscard]] Sight look() noexcept;
  [[nodiscard]] bool spin() noexcept;
  void prepare_to_sleep() noexcept;
  void sleep(Clock::time_point deadline);
  void pass_on() noexcept;

  Link& link_;
  const std::span<Subscription* const> from_;
  const std::size_t turn_;
};

}  // namespace kelp::broker
