#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <kelp/capabilities.hpp>
#include <kelp/clock.hpp>
#include <kelp/export.hpp>
#include <kelp/field_table.hpp>
#include <kelp/properties.hpp>
#include <kelp/shared_message.hpp>

// What a transport's author implements. Narrow, pull-based, in batches: serialization, retry,
// callbacks, accept rules and acknowledgements from other threads are written once, above it.
//
// A transport never retries, never runs user code, never starts threads, and throws only kelp's
// errors. Unless it says otherwise, every function of a channel and its subscriptions is called by
// one thread at a time; the caller makes sure of it.
namespace kelp {

struct Url;
class TransportChannel;
class Subscription;

struct ExchangeDeclaration {
  std::string_view name = {};
  std::string_view type = "direct";
  bool passive = false;
  bool durable = false;
  bool auto_delete = false;
  bool internal = false;
  const FieldTable* arguments = nullptr;
};

struct QueueDeclaration {
  std::string_view name = {};  ///< empty: the broker chooses one
  bool passive = false;
  bool durable = false;
  bool exclusive = false;
  bool auto_delete = false;
  const FieldTable* arguments = nullptr;
};

/// What queue.declare answers.
struct QueueDeclared {
  std::string name;
  std::uint64_t message_count = 0;  ///< ready messages, without the unacknowledged
  std::uint32_t consumer_count = 0;
};

struct BindingDeclaration {
  std::string_view source = {};       ///< an exchange
  std::string_view destination = {};  ///< a queue, or an exchange when `to_exchange`
  std::string_view routing_key = {};
  bool to_exchange = false;
  const FieldTable* arguments = nullptr;
};

struct SubscribeOptions {
  std::string_view consumer_tag = {};  ///< empty: the transport chooses one
  bool no_ack = false;
  bool exclusive = false;
  std::uint32_t prefetch_count = 0;  ///< unsettled deliveries of this subscription; 0: no limit
  const FieldTable* arguments = nullptr;
};

enum class PublishOutcome {
  accepted,    ///< it is in every queue that it was routed to
  unroutable,  ///< it matched no queue; without `mandatory` that is not an error
};

struct PublishFlags {
  bool mandatory = false;
};

/// One message handed to a consumer. With acknowledgements `message` is borrowed until the delivery
/// is settled; without (`no_ack`) it is owned and there is nothing to settle.
struct Delivery {
  SharedMessage message;
  std::uint64_t tag = 0;                 ///< ascending within the channel, from 1
  Subscription* subscription = nullptr;  ///< null for TransportChannel::get
  bool redelivered = false;
};

enum class Settle : std::uint8_t { ack, reject, requeue };

struct Settlement {
  std::uint64_t tag = 0;
  Settle outcome = Settle::ack;
  /// Every unsettled delivery of the channel up to and including `tag`.
  bool multiple = false;
  /// With ack and reject: when set, this borrowed handle on the delivery's message becomes its
  /// owner, so that the body can be read after settling. Not with `multiple`.
  SharedMessage* keep = nullptr;
};

/// One consumer on one queue. Destroying it cancels it; what it delivered stays unsettled.
class KELP_API Subscription {
 public:
  virtual ~Subscription() = default;

  [[nodiscard]] virtual std::string_view consumer_tag() const noexcept = 0;
  [[nodiscard]] virtual std::string_view queue() const noexcept = 0;
  [[nodiscard]] virtual TransportChannel& channel() noexcept = 0;
  /// False when the broker cancelled it (its queue was deleted).
  [[nodiscard]] virtual bool active() const noexcept = 0;
  /// 0: no limit.
  virtual void set_prefetch(std::uint32_t count) = 0;
  /// How many deliveries to ask for at a time, at the most: 1 where several consumers share a queue
  /// and would otherwise hoard.
  [[nodiscard]] virtual std::uint32_t fetch_hint() const noexcept { return 1; }
};

class KELP_API TransportChannel {
 public:
  /// Closes as close() does; errors are swallowed.
  virtual ~TransportChannel() = default;

  virtual void declare_exchange(const ExchangeDeclaration& declaration) = 0;
  virtual void delete_exchange(std::string_view name, bool if_unused) = 0;
  virtual QueueDeclared declare_queue(const QueueDeclaration& declaration) = 0;
  /// The number of ready messages that went with it.
  virtual std::uint64_t delete_queue(std::string_view name, bool if_unused, bool if_empty) = 0;
  /// The number of ready messages dropped.
  virtual std::uint64_t purge_queue(std::string_view name) = 0;
  virtual void bind(const BindingDeclaration& binding) = 0;
  virtual void unbind(const BindingDeclaration& binding) = 0;

  /// Throws when the message was not accepted. Copies what it needs.
  virtual PublishOutcome publish(const Address& address, const Properties& properties,
                                 std::span<const std::byte> body, PublishFlags flags) = 0;

  /// Takes one ready message; false: there is none.
  virtual bool get(std::string_view queue, bool no_ack, Delivery& out) = 0;

  [[nodiscard]] virtual std::unique_ptr<Subscription> subscribe(std::string_view queue,
                                                                const SubscribeOptions& options) = 0;
  /// Throws ChannelError 406 for a tag that is not unsettled.
  virtual void settle(std::span<const Settlement> settlements) = 0;
  /// Unsettled deliveries of the whole channel; 0: no limit.
  virtual void set_prefetch(std::uint32_t count) = 0;
  /// Requeues every unsettled delivery of the channel, in order.
  virtual void recover() = 0;
  /// Cancels, requeues what is unsettled in its original order, and forgets. Idempotent.
  virtual void close() = 0;
};

class KELP_API TransportConnection {
 public:
  virtual ~TransportConnection() = default;

  [[nodiscard]] virtual const Capabilities& capabilities() const noexcept = 0;
  [[nodiscard]] virtual Clock& clock() noexcept = 0;
  [[nodiscard]] virtual std::unique_ptr<TransportChannel> open_channel() = 0;

  /// Takes what is ready from `from`, fairly, in each queue's order, and waits until `deadline` when
  /// nothing is. Returns the number of deliveries: 0 at the deadline, after interrupt(), or for no
  /// reason at all. Threads: several may receive at a time if their subscriptions belong to
  /// different channels. Throws ConnectionError when the connection is lost or closed.
  [[nodiscard]] virtual std::size_t receive(std::span<Subscription* const> from, std::span<Delivery> out,
                                            Clock::time_point deadline) = 0;
  /// Ends every receive() under way, or the next one. Any thread, never blocks.
  virtual void interrupt() noexcept = 0;
  /// Heartbeats and the like; the time at which it wants to be called next. Any thread.
  virtual Clock::time_point service(Clock::time_point now) = 0;
  /// Ends the connection; every later call but close() throws ConnectionError. Channels must be
  /// closed first. Idempotent.
  virtual void close() = 0;
};

class KELP_API Transport {
 public:
  virtual ~Transport() = default;
  [[nodiscard]] virtual const Capabilities& capabilities() const noexcept = 0;
  /// `clock` may be null: the transport's own choice.
  [[nodiscard]] virtual std::unique_ptr<TransportConnection> connect(const Url& url,
                                                                     std::shared_ptr<Clock> clock) = 0;
};

}  // namespace kelp
