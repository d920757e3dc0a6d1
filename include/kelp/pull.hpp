#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include <kelp/export.hpp>
#include <kelp/timeout.hpp>
#include <kelp/transport.hpp>

namespace kelp {

class Channel;

namespace messaging {
class ChannelCore;
struct Source;
}  // namespace messaging

/// A consumer whose deliveries are pulled: no callbacks, no decoding, one guard and one virtual call
/// for each batch. Its deliveries are not seen by drain_events. Destroying it cancels it; what it
/// delivered stays unsettled until the channel closes.
/// Threads: one at a time, as its channel.
class KELP_API PullConsumer {
 public:
  PullConsumer(PullConsumer&&) noexcept;
  PullConsumer& operator=(PullConsumer&&) noexcept;
  ~PullConsumer();

  /// Fills `out` with what is ready, at least one unless the deadline passes; returns the number.
  /// Does not allocate in the steady state. Throws InterruptedError after Channel::interrupt() or
  /// Connection::interrupt(), ConnectionError when the channel is closed.
  [[nodiscard]] std::size_t receive(std::span<Delivery> out, Timeout timeout = forever);
  /// Settles deliveries of this channel, in one call of the transport.
  void settle(std::span<const Settlement> settlements);
  void ack(const Delivery& delivery) { settle_one(delivery, Settle::ack); }
  void reject(const Delivery& delivery) { settle_one(delivery, Settle::reject); }
  void requeue(const Delivery& delivery) { settle_one(delivery, Settle::requeue); }

  [[nodiscard]] std::string_view consumer_tag() const noexcept;
  [[nodiscard]] std::string_view queue() const noexcept;
  /// False when it was cancelled, by cancel() or because its queue was deleted.
  [[nodiscard]] bool active() const noexcept;
  void set_prefetch(std::uint32_t count);
  void cancel() noexcept;

 private:
  friend class Channel;
  PullConsumer(std::shared_ptr<messaging::ChannelCore> core,
               std::shared_ptr<messaging::Source> source) noexcept;
  void settle_one(const Delivery& delivery, Settle outcome);

  std::shared_ptr<messaging::ChannelCore> core_;
  std::shared_ptr<messaging::Source> source_;
};

}  // namespace kelp
