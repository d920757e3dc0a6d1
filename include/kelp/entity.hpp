#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <kelp/export.hpp>
#include <kelp/field_table.hpp>

namespace kelp {

class BoundExchange;
class BoundQueue;
class Channel;

/// Whether a message survives the end of a broker that can keep it (AMQP's delivery_mode).
enum class DeliveryMode : std::uint8_t { transient = 1, persistent = 2 };

/// An exchange, described: a plain value. An operation needs a bound one, `media(channel).declare()`.
/// The empty name is the default exchange, which is never declared or bound; neither are names that
/// start with `amq.` declared.
struct KELP_API Exchange {
  std::string name = {};
  std::string type = "direct";  ///< direct, topic, fanout, headers
  bool durable = true;
  bool auto_delete = false;
  bool passive = false;                                      ///< declare only checks that it exists
  bool no_declare = false;                                   ///< declare does nothing
  bool internal = false;                                     ///< reached through bindings only
  std::optional<DeliveryMode> delivery_mode = std::nullopt;  ///< for what is published to it
  FieldTable arguments = {};

  /// By name, type, arguments, durable, auto_delete and delivery_mode, as in Kombu.
  [[nodiscard]] bool operator==(const Exchange& other) const noexcept;
  /// A copy of this exchange with operations on `channel`.
  [[nodiscard]] BoundExchange operator()(const Channel& channel) const;
};

/// One way into a queue besides `Queue::exchange`. Text form: `EXCHANGE->KEY`.
struct KELP_API Binding {
  Exchange exchange = {};
  std::string routing_key = {};
  FieldTable arguments = {};
  FieldTable unbind_arguments = {};

  [[nodiscard]] bool operator==(const Binding& other) const noexcept;
};

/// A queue, described: a plain value. An operation needs a bound one, `video(channel).declare()`.
struct KELP_API Queue {
  std::string name = {};   ///< empty: the broker chooses, and the bound queue takes the name over
  Exchange exchange = {};  ///< bound when it has a name
  std::string routing_key = {};
  bool durable = true;
  bool exclusive = false;    ///< of this connection alone; implies auto_delete
  bool auto_delete = false;  ///< deleted with its last consumer
  bool no_ack = false;       ///< the default of get() and of consumers
  std::string alias = {};    ///< a label, no more
  FieldTable queue_arguments = {};
  FieldTable binding_arguments = {};
  FieldTable consumer_arguments = {};
  std::vector<Binding> bindings = {};                                   ///< besides `exchange`
  bool no_declare = false;                                              ///< declare does nothing
  std::optional<std::chrono::milliseconds> expires = std::nullopt;      ///< x-expires
  std::optional<std::chrono::milliseconds> message_ttl = std::nullopt;  ///< x-message-ttl
  std::optional<std::uint64_t> max_length = std::nullopt;               ///< x-max-length
  std::optional<std::uint64_t> max_length_bytes = std::nullopt;         ///< x-max-length-bytes
  std::optional<std::uint8_t> max_priority = std::nullopt;              ///< x-max-priority

  /// By name, exchange, routing_key, the argument tables, durable, exclusive and auto_delete, as in
  /// Kombu: neither by the bindings nor by the five attributes that become arguments.
  [[nodiscard]] bool operator==(const Queue& other) const noexcept;
  /// A copy of this queue with operations on `channel`.
  [[nodiscard]] BoundQueue operator()(const Channel& channel) const;
  /// queue_arguments with expires, message_ttl, max_length, max_length_bytes and max_priority added.
  [[nodiscard]] FieldTable declared_arguments() const;
};

/// Refers to an Exchange or a Queue. Borrowed.
class EntityRef {
 public:
  EntityRef(const Exchange& exchange) noexcept : exchange_(&exchange) {}
  EntityRef(const Queue& queue) noexcept : queue_(&queue) {}

  [[nodiscard]] const Exchange* exchange() const noexcept { return exchange_; }
  [[nodiscard]] const Queue* queue() const noexcept { return queue_; }

 private:
  const Exchange* exchange_ = nullptr;
  const Queue* queue_ = nullptr;
};

/// `Exchange NAME(TYPE)` and `Queue NAME`, for logs.
[[nodiscard]] KELP_API std::string to_string(const Exchange& exchange);
[[nodiscard]] KELP_API std::string to_string(const Binding& binding);
[[nodiscard]] KELP_API std::string to_string(const Queue& queue);

}  // namespace kelp

/// By kind and name, as in Kombu.
template <>
struct KELP_API std::hash<kelp::Exchange> {
  [[nodiscard]] std::size_t operator()(const kelp::Exchange& exchange) const noexcept;
};
template <>
struct KELP_API std::hash<kelp::Queue> {
  [[nodiscard]] std::size_t operator()(const kelp::Queue& queue) const noexcept;
};
