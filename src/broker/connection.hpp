// A connection to the in-memory broker, and how it waits.
#pragma once

#include <memory>

#include <kelp/transport.hpp>

#include "broker/link.hpp"

namespace kelp::broker {

class Connection final : public TransportConnection {
 public:
  explicit Connection(std::shared_ptr<State> state);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] const Capabilities& capabilities() const noexcept override;
  [[nodiscard]] Clock& clock() noexcept override { return *link_->state->clock; }
  [[nodiscard]] std::unique_ptr<TransportChannel> open_channel() override;
  [[nodiscard]] std::size_t receive(std::span<Subscription* const> from, std::span<Delivery> out,
                                    Clock::time_point deadline) override;
  void interrupt() noexcept override { link_->interrupt(); }
  Clock::time_point service(Clock::time_point) override { return Clock::never; }
  void close() override;

 private:
  const std::shared_ptr<Link> link_;
  std::atomic<std::size_t> turn_{0};  // where the next receive() begins to look, for fairness
};

}  // namespace kelp::broker
