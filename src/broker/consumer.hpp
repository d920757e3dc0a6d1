// One consumer on one queue.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include <kelp/transport.hpp>

#include "broker/lane.hpp"

namespace kelp::broker {

class Channel;

class Consumer final : public Subscription {
 public:
  Consumer(Channel& channel, std::string_view queue, std::string tag, const SubscribeOptions& options);
  ~Consumer() override;
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  [[nodiscard]] std::string_view consumer_tag() const noexcept override { return tag_; }
  [[nodiscard]] std::string_view queue() const noexcept override { return queue_; }
  [[nodiscard]] TransportChannel& channel() noexcept override;
  [[nodiscard]] bool active() const noexcept override { return active_.load(std::memory_order_acquire); }
  void set_prefetch(std::uint32_t count) override;
  [[nodiscard]] std::uint32_t fetch_hint() const noexcept override;

  /// Under the topology's mutex: the queue is gone.
  void cancelled_by_broker() noexcept { active_.store(false, std::memory_order_release); }

 private:
  friend class Channel;
  friend class Waiter;
  Channel* channel_;  // null when the channel is gone
  const std::string queue_;
  const std::string tag_;
  const bool no_ack_;
  std::atomic<bool> active_{true};
  Lane* lane_ = nullptr;  // null when it is cancelled
};

}  // namespace kelp::broker
