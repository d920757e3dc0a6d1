// What exists in a broker: exchanges, queues, bindings, consumers. The control plane.
//
// Every function that changes something holds `mutex_` and may allocate; none of them is on the path
// of a publish or a delivery. Errors are AMQP's: NotFound 404, ResourceLocked 405, PreconditionFailed
// 406, AccessRefused 403, with RabbitMQ's wording.
//
// The data plane only looks names up, inside a util::Pin, in two direct binding tables: names of
// exchanges, and the default exchange, in which every queue is bound by its name.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <kelp/transport.hpp>

#include "broker/exchange.hpp"
#include "broker/queue.hpp"
#include "broker/target.hpp"

namespace kelp::broker {

class State;

class Topology {
 public:
  explicit Topology(State& state);
  ~Topology();
  Topology(const Topology&) = delete;
  Topology& operator=(const Topology&) = delete;

  void declare_exchange(const ExchangeDeclaration& declaration);
  void delete_exchange(std::string_view name, bool if_unused);
  QueueDeclared declare_queue(Context& context, const QueueDeclaration& declaration,
                              std::uint64_t connection);
  std::uint64_t delete_queue(Context& context, std::string_view name, bool if_unused, bool if_empty,
                             std::uint64_t connection);
  std::uint64_t purge_queue(Context& context, std::string_view name, std::uint64_t connection);
  void bind(const BindingDeclaration& binding, std::uint64_t connection);
  void unbind(const BindingDeclaration& binding, std::uint64_t connection);

  /// Takes a reference on the queue for the consumer's lane.
  Queue& add_consumer(std::string_view queue, Consumer& consumer, bool exclusive, std::uint64_t connection);
  /// An auto-delete queue goes with its last consumer.
  void remove_consumer(Context& context, Queue& queue, Consumer& consumer) noexcept;
  /// The connection is gone: its exclusive queues go with it.
  void delete_exclusive(Context& context, std::uint64_t connection) noexcept;

  // --- Readers, inside a Pin ---

  /// Null: there is none. `scratch` is used and left empty.
  [[nodiscard]] Exchange* find_exchange(std::string_view name, std::vector<routing::Target>& scratch) const;
  [[nodiscard]] Queue* find_queue(std::string_view name, std::vector<routing::Target>& scratch) const;
  /// Grows when an exchange was deleted: whoever kept a pointer to one must forget it.
  [[nodiscard]] std::uint64_t exchanges_deleted() const noexcept {
    return exchanges_deleted_.load(std::memory_order_acquire);
  }

 private:
  [[nodiscard]] Exchange& require_exchange(std::string_view name) const;
  [[nodiscard]] Queue& require_queue(std::string_view name, std::uint64_t connection) const;
  Exchange& create_exchange(ExchangeDescription description, routing::ExchangeType type);
  Queue& create_queue(QueueDescription description, std::uint64_t connection);
  void add_binding(Exchange& source, std::string_view key, const FieldTable& arguments,
                   routing::Target target);
  bool remove_binding(Exchange& source, std::string_view key, const FieldTable& arguments,
                      routing::Target target);
  /// The names of the exchanges that they led from: candidates of auto_delete().
  std::vector<std::string> remove_bindings_to(BoundTo& bound_to, routing::Target target);
  void remove_exchange(Exchange& exchange);
  std::vector<std::string> unlink_exchange(Exchange& exchange);
  /// Removes those of the named exchanges that are auto-delete and have lost their last binding, and
  /// those that lose it through this.
  void auto_delete(std::vector<std::string> names);
  /// The number of ready messages dropped.
  std::uint64_t remove_queue(Context& context, Queue& queue);
  void try_remove_queue(Context& context, Queue& queue) noexcept;
  /// A change in `exchange` that concerns keys like `pattern` (null: all), there and upstream.
  class Bump;

  State& state_;
  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Exchange>, std::less<>> exchanges_;
  std::map<std::string, Queue*, std::less<>> queues_;
  std::unique_ptr<routing::BindingTable> exchange_names_;
  Exchange* default_exchange_ = nullptr;
  std::uint64_t next_queue_id_ = 1;
  std::atomic<std::uint64_t> exchanges_deleted_{0};
};

}  // namespace kelp::broker
