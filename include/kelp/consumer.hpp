#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kelp/channel.hpp>
#include <kelp/entity.hpp>
#include <kelp/export.hpp>
#include <kelp/json.hpp>
#include <kelp/message.hpp>

namespace kelp {

/// Called with the decoded body.
using Callback = std::function<void(const Json& body, Message& message)>;
/// Called with the message alone; nothing is decoded.
using OnMessage = std::function<void(Message& message)>;
/// Called when a body cannot be decoded or is not accepted; `error` is the exception. The message is
/// not settled.
using OnDecodeError = std::function<void(Message& message, const std::exception& error)>;

struct ConsumerOptions {
  std::optional<bool> no_ack = std::nullopt;  ///< else each queue's own
  std::uint32_t prefetch_count = 0;           ///< unsettled deliveries of each queue; 0: no limit
  /// Serializer names or content types that may be decoded; raw bytes always may. Not set: json,
  /// text and raw.
  std::optional<std::vector<std::string>> accept = std::nullopt;
  OnDecodeError on_decode_error = {};  ///< else drain_events throws
  std::string tag_prefix = {};
  bool auto_declare = true;  ///< declare the queues
  bool exclusive = false;    ///< no other consumer on its queues
  /// Deliveries fetched ahead; 0: up to 32 while nobody shares the queue and it acknowledges, else
  /// 1. What a no_ack consumer has fetched and not seen is lost when it is cancelled.
  std::uint32_t fetch = 0;
};

/// Takes messages from queues and hands them to callbacks, which run inside drain_events.
/// Threads: one at a time, as its channel, whose drain_events counts as use; destroying it is
/// Channel::close() when it owns its channel (Connection::consumer), else cancel().
class KELP_API Consumer {
 public:
  /// Declares the queues; consume() starts.
  Consumer(const Channel& channel, std::vector<Queue> queues, Callback callback,
           ConsumerOptions options = {});
  Consumer(const Channel& channel, std::vector<Queue> queues, OnMessage on_message,
           ConsumerOptions options = {});
  /// No callback yet: see register_callback and on_message.
  Consumer(const Channel& channel, std::vector<Queue> queues, ConsumerOptions options = {});
  Consumer(Consumer&&) noexcept;
  Consumer& operator=(Consumer&&) noexcept;
  ~Consumer();

  /// Starts every queue that is not started. Throws ResourceLocked, AccessRefused, NotFound ...
  void consume(std::optional<bool> no_ack = std::nullopt);
  /// Stops delivery; what was delivered stays unsettled, what was fetched ahead is requeued.
  /// A callback may cancel its own consumer. Idempotent.
  void cancel();
  /// Stops one queue and forgets it.
  void cancel_by_queue(std::string_view queue);
  /// Declares the queue; a later consume() starts it.
  void add_queue(Queue queue);
  [[nodiscard]] bool consuming_from(std::string_view queue) const;

  /// Adds one more callback; each is called for every message, in order.
  void register_callback(Callback callback);
  /// Replaces the callbacks: the message goes here, undecoded.
  void on_message(OnMessage callback);

  /// The number of ready messages dropped from all queues.
  std::uint64_t purge();
  /// The prefetch count of each queue.
  void qos(std::uint32_t prefetch_count);
  /// Requeues what is unsettled on the channel.
  void recover();

  [[nodiscard]] const std::vector<Queue>& queues() const noexcept;
  /// The tag under which `queue` is consumed; empty when it is not.
  [[nodiscard]] std::string_view consumer_tag(std::string_view queue) const;
  /// cancel(), and closes the channel if it belongs to the consumer.
  void close() noexcept;

 private:
  friend class Connection;
  struct State;
  Consumer(std::shared_ptr<messaging::ChannelCore> core, std::vector<Queue> queues, ConsumerOptions options);
  static Consumer owning(std::shared_ptr<messaging::ChannelCore> core, std::vector<Queue> queues,
                         ConsumerOptions options);

  std::shared_ptr<State> state_;
};

}  // namespace kelp
