#include "broker/waiter.hpp"

#include <algorithm>

#include "util/pause.hpp"

namespace kelp::broker {

namespace {

// How long to look before sleeping: some 5 us in all, less than a sleep costs. The looks become
// rarer, because each one takes the queue's tail away from its publishers.
constexpr int looks = 10;
constexpr int longest_pause = 64;

}  // namespace

/// While it lives, the channel's bell hangs at every queue that could give us something, and at the
/// connection.
class Waiter::Registration {
 public:
  explicit Registration(Waiter& waiter) : waiter_(waiter), bell_(waiter.bell()) {
    // Relaxed: read only as a hint of who has slept longest.
    bell_.ticket.store(waiter.link_.state->next_ticket(), std::memory_order_relaxed);
    bell_.parker.announce();
    try {
      waiter.link_.waiters.add(bell_);
      for (; count_ < waiter.from_.size(); ++count_) {
        if (WaiterSet* set = set_of(waiter.consumer(count_))) set->add(bell_);
      }
    } catch (...) {
      leave();
      throw;
    }
  }
  ~Registration() { leave(); }
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;

  [[nodiscard]] util::Parker& parker() noexcept { return bell_.parker; }

 private:
  static WaiterSet* set_of(const Consumer& consumer) noexcept {
    return consumer.lane_ != nullptr && consumer.active() && consumer.channel_->credit(consumer) != 0
               ? &consumer.lane_->queue->waiters
               : nullptr;
  }
  void leave() noexcept {
    for (std::size_t i = 0; i < count_; ++i) {
      const Consumer& c = waiter_.consumer(i);
      if (c.lane_ != nullptr) c.lane_->queue->waiters.remove(bell_);
    }
    waiter_.link_.waiters.remove(bell_);
    bell_.parker.retract();
    // A waker that found us registered stored its message before: we see it when we look now.
    util::full_fence();
  }

  Waiter& waiter_;
  Bell& bell_;
  std::size_t count_ = 0;
};

std::size_t Waiter::take(std::span<Delivery> out) {
  std::size_t got = 0;
  for (std::size_t i = 0; i < from_.size() && got < out.size(); ++i) {
    Consumer& c = consumer(i);
    if (c.channel_ != nullptr) got += c.channel_->take(c, out.subspan(got));
  }
  return got;
}

Bell& Waiter::bell() const noexcept {
  std::size_t i = 0;
  while (consumer(i).lane_ == nullptr) ++i;
  return consumer(i).channel_->bell();
}

bool Waiter::nobody_active() const noexcept {
  return std::none_of(from_.begin(), from_.end(), [](const Subscription* s) { return s->active(); });
}

bool Waiter::interrupt_pending() const noexcept {
  for (std::size_t i = 0; i < from_.size(); ++i) {
    const Consumer& c = consumer(i);
    if (c.channel_ != nullptr && c.channel_->interrupt_pending()) return true;
  }
  return false;
}

bool Waiter::interrupted() noexcept {
  bool any = false;
  for (std::size_t i = 0; i < from_.size(); ++i) {
    Consumer& c = consumer(i);
    if (c.channel_ != nullptr && c.channel_->take_interrupt()) any = true;
  }
  return any;
}

Sight Waiter::look() noexcept {
  Sight sight = Sight::empty;
  for (std::size_t i = 0; i < from_.size(); ++i) {
    Consumer& c = consumer(i);
    if (c.lane_ == nullptr || !c.active() || c.channel_->credit(c) == 0) continue;
    sight = std::max(sight, c.lane_->queue->ready.look(c.channel_->context().access));
    if (sight == Sight::ready) break;
  }
  return sight;
}

bool Waiter::spin() noexcept {
  for (int i = 0, pauses = 1; i < looks; ++i, pauses = std::min(2 * pauses, longest_pause)) {
    for (int p = 0; p < pauses; ++p) util::pause();
    if (look() == Sight::ready) return true;
  }
  return false;
}

void Waiter::prepare_to_sleep() noexcept {
  for (std::size_t i = 0; i < from_.size(); ++i) {
    Consumer& c = consumer(i);
    if (c.lane_ == nullptr) continue;
    c.channel_->flush();
    c.lane_->queue->ready.give_back_if_idle(c.channel_->context().access);
  }
}

std::size_t Waiter::wait(std::span<Delivery> out, Clock::time_point deadline) {
  for (bool first = true;; first = false) {
    if (interrupted() || (deadline != Clock::never && clock().now() >= deadline)) return 0;
    if (nobody_active()) return 0;
    if (!first || !spin()) {
      if (deadline != Clock::never && clock().jump_to(deadline)) return take(out);
      sleep(deadline);
    }
    const std::size_t got = take(out);
    pass_on();
    if (got != 0) return got;
    link_.require_open();
  }
}

void Waiter::sleep(Clock::time_point deadline) {
  prepare_to_sleep();
  Registration registration(*this);
  // Pairs with the publisher, who stores its message and then reads whether somebody waits.
  util::heavy_fence();
  if (link_.closed.load(std::memory_order_seq_cst) || interrupt_pending() || nobody_active()) return;
  if (!link_.state->real_time && deadline != Clock::never && clock().now() >= deadline) return;
  if (look() == Sight::ready) return;
  registration.parker().park(link_.state->real_time ? deadline : Clock::never);
}

void Waiter::pass_on() noexcept {
  // The wake that we had may have been for a message that we did not take.
  for (std::size_t i = 0; i < from_.size(); ++i) {
    Consumer& c = consumer(i);
    if (c.lane_ == nullptr || !c.lane_->queue->waiters.any()) continue;
    if (c.lane_->queue->ready.maybe_ready(c.channel_->context().access)) c.lane_->queue->waiters.wake_one();
  }
}

}  // namespace kelp::broker
