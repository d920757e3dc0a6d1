#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include <kelp/entity.hpp>
#include <kelp/export.hpp>
#include <kelp/message.hpp>
#include <kelp/transport.hpp>

namespace kelp {

class Body;
struct PublishOptions;

namespace messaging {
class ChannelCore;
}

using OnDeclared = std::function<void(const QueueDeclared&)>;

struct DeleteOptions {
  bool if_unused = false;
  bool if_empty = false;  ///< queues only
};

/// An exchange with operations: `media(channel)`. Every operation throws ChannelError with AMQP's
/// reply code when the broker refuses it, NotSupported when the transport cannot keep what it
/// promises, ConnectionError when the channel is closed.
/// Threads: one at a time, as its channel.
class KELP_API BoundExchange {
 public:
  BoundExchange(Exchange exchange, const Channel& channel);

  [[nodiscard]] const Exchange& entity() const noexcept { return exchange_; }

  /// Nothing for the default exchange, for names in `amq.` and with `no_declare`.
  void declare();
  /// Messages to `source` with the key reach this exchange. Kombu's Exchange.bind_to.
  void bind_to(const Exchange& source, std::string_view routing_key = {}, const FieldTable& arguments = {});
  void unbind_from(const Exchange& source, std::string_view routing_key = {},
                   const FieldTable& arguments = {});
  /// As Producer::publish, to this exchange.
  void publish(const Body& body, PublishOptions options);
  void delete_(DeleteOptions options = {});

 private:
  Exchange exchange_;
  std::shared_ptr<messaging::ChannelCore> core_;
};

/// A queue with operations: `video(channel)`. Errors and threads as BoundExchange.
class KELP_API BoundQueue {
 public:
  BoundQueue(Queue queue, const Channel& channel);

  [[nodiscard]] const Queue& entity() const noexcept { return queue_; }
  /// The declared name, once an unnamed queue has been declared.
  [[nodiscard]] const std::string& name() const noexcept { return queue_.name; }

  /// Declares the exchange, then the queue, binds it, then declares and binds `bindings`.
  /// `on_declared` is called after the queue's own declaration. Nothing with `no_declare`.
  QueueDeclared declare(const OnDeclared& on_declared = {});
  /// The queue alone; passive: only checks that it is there (404 when not).
  QueueDeclared queue_declare(bool passive = false);
  /// Binds to the queue's own exchange; nothing when that has no name.
  void queue_bind();
  void queue_unbind();
  void bind_to(const Exchange& exchange, std::string_view routing_key = {}, const FieldTable& arguments = {});
  void unbind_from(const Exchange& exchange, std::string_view routing_key = {},
                   const FieldTable& arguments = {});

  /// One ready message, or nothing. Without `no_ack` the queue's own is used.
  [[nodiscard]] std::optional<Message> get(std::optional<bool> no_ack = std::nullopt);
  /// Drops the ready messages; returns how many.
  std::uint64_t purge();
  /// Returns the number of ready messages that went with it.
  std::uint64_t delete_(DeleteOptions options = {});

 private:
  Queue queue_;
  std::shared_ptr<messaging::ChannelCore> core_;
};

}  // namespace kelp
