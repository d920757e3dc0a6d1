#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <kelp/bound.hpp>
#include <kelp/export.hpp>
#include <kelp/message.hpp>
#include <kelp/pull.hpp>
#include <kelp/timeout.hpp>
#include <kelp/transport.hpp>

namespace kelp {

/// A stream of operations on a connection: what declares, publishes and consumes. A move-only
/// handle on shared state; destroying it closes the channel, whatever else still hangs on it. Every
/// operation throws ConnectionError once the channel or its connection is closed, ChannelError with
/// AMQP's reply code when the broker refuses it (the channel stays open), and NotSupported when the
/// transport cannot keep what is promised.
/// Threads: one at a time, but for close() and interrupt(). KELP_CHECK=1 in the environment makes
/// misuse throw MisuseError.
class KELP_API Channel {
 public:
  Channel(Channel&&) noexcept;
  Channel& operator=(Channel&&) noexcept;
  ~Channel();

  /// Publishes bytes as they are; the raw path below Producer. Does not allocate in the steady
  /// state. Copies what it needs before it returns. With `mandatory` see the outcome.
  [[nodiscard]] PublishOutcome try_publish(const Address& address, std::span<const std::byte> body,
                                           const Properties& properties = {}, PublishFlags flags = {});
  [[nodiscard]] PublishOutcome try_publish(const Address& address, std::string_view body,
                                           const Properties& properties = {}, PublishFlags flags = {});
  /// The same without an outcome: with `mandatory` an unroutable message throws ChannelError 312.
  void publish(const Address& address, std::span<const std::byte> body, const Properties& properties = {},
               PublishFlags flags = {});
  void publish(const Address& address, std::string_view body, const Properties& properties = {},
               PublishFlags flags = {});

  /// One ready message, or nothing.
  [[nodiscard]] std::optional<Message> get(std::string_view queue, bool no_ack = false);

  /// A consumer without callbacks: deliveries are pulled in batches, as the transport has them.
  [[nodiscard]] PullConsumer subscribe(std::string_view queue, const SubscribeOptions& options = {});

  void exchange_declare(const ExchangeDeclaration& declaration);
  void exchange_delete(std::string_view name, bool if_unused = false);
  /// Binds and unbinds exchanges to exchanges.
  void exchange_bind(std::string_view destination, std::string_view source, std::string_view routing_key = {},
                     const FieldTable& arguments = {});
  void exchange_unbind(std::string_view destination, std::string_view source,
                       std::string_view routing_key = {}, const FieldTable& arguments = {});
  QueueDeclared queue_declare(const QueueDeclaration& declaration);
  /// The number of ready messages that went with it.
  std::uint64_t queue_delete(std::string_view name, bool if_unused = false, bool if_empty = false);
  /// The number of ready messages dropped.
  std::uint64_t queue_purge(std::string_view name);
  void queue_bind(std::string_view queue, std::string_view exchange, std::string_view routing_key = {},
                  const FieldTable& arguments = {});
  void queue_unbind(std::string_view queue, std::string_view exchange, std::string_view routing_key = {},
                    const FieldTable& arguments = {});

  /// At most `prefetch_count` unsettled deliveries of the whole channel; 0: no limit. Consumers have
  /// limits of their own, see ConsumerOptions.
  void qos(std::uint32_t prefetch_count);
  /// By delivery tag. Throws ChannelError 406 for a tag that is not unsettled.
  void ack(std::uint64_t delivery_tag, bool multiple = false);
  void reject(std::uint64_t delivery_tag, bool requeue = false);
  /// Requeues every unsettled delivery of the channel, in order, those in Message handles too.
  void recover();

  /// Waits for one event on this channel's consumers and dispatches it. Throws TimeoutError when
  /// nothing came, InterruptedError after interrupt(), MisuseError when called by two threads or from
  /// a callback of the same channel, and what the callback throws, unchanged.
  void drain_events(Timeout timeout = forever);
  /// The same with an outcome: the number of events dispatched, 0 or 1.
  [[nodiscard]] std::size_t try_drain_events(Timeout timeout = forever);
  /// Ends the current or the next drain_events of this channel with InterruptedError. Any thread.
  void interrupt() noexcept;

  /// False once the channel or its connection is closed. Any thread.
  [[nodiscard]] bool is_open() const noexcept;
  /// Cancels the consumers and requeues what is unsettled, in order. From another thread it ends a
  /// wait under way and returns when that thread has left the channel, a callback included; from
  /// inside any callback it never waits. Idempotent. Any thread.
  void close() noexcept;

  [[nodiscard]] const Capabilities& capabilities() const;

 private:
  friend class BoundExchange;
  friend class BoundQueue;
  friend class Connection;
  friend class Consumer;
  friend class Producer;
  explicit Channel(std::shared_ptr<messaging::ChannelCore> core) noexcept;

  std::shared_ptr<messaging::ChannelCore> core_;
};

}  // namespace kelp
