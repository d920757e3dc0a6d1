#include "broker/topology.hpp"

#include <algorithm>
#include <array>
#include <unordered_set>
#include <utility>

#include <kelp/error.hpp>
#include <kelp/uuid.hpp>

#include "broker/consumer.hpp"
#include "broker/refusals.hpp"
#include "broker/state.hpp"

namespace kelp::broker {

namespace {

struct TypeName {
  std::string_view name;
  routing::ExchangeType type;
};
constexpr std::array<TypeName, 4> exchange_types{{
    {"direct", routing::ExchangeType::direct},
    {"topic", routing::ExchangeType::topic},
    {"fanout", routing::ExchangeType::fanout},
    {"headers", routing::ExchangeType::headers},
}};

routing::ExchangeType parse_type(std::string_view name) {
  for (const TypeName& t : exchange_types) {
    if (t.name == name) return t.type;
  }
  throw ChannelError(503, "COMMAND_INVALID - unknown exchange type '" + std::string(name) +
                              "' (known: direct, topic, fanout, headers)");
}

FieldTable copy_of(const FieldTable* arguments) { return arguments != nullptr ? *arguments : FieldTable{}; }

/// Does the key of a binding tell which routing keys it concerns?
bool key_tells(const Exchange& exchange) {
  return exchange.type == routing::ExchangeType::direct || exchange.type == routing::ExchangeType::topic;
}

}  // namespace

/// Generations of an exchange and of everything upstream of it, moved together after a change. Made
/// before the change, because it allocates.
class Topology::Bump {
 public:
  Bump(Exchange& exchange, std::string_view key) {
    changes_.emplace_back(&exchange, exchange.prepare_change(key_tells(exchange) ? &key : nullptr));
    std::unordered_set<Exchange*> seen{&exchange};
    for (std::size_t i = 0; i < changes_.size(); ++i) {
      for (const auto& [source, count] : changes_[i].first->bound_to.sources()) {
        if (seen.insert(source).second) changes_.emplace_back(source, source->prepare_change(nullptr));
      }
    }
  }
  void commit() noexcept {
    for (auto& [exchange, change] : changes_) exchange->commit(std::move(change));
  }

 private:
  std::vector<std::pair<Exchange*, Exchange::PreparedChange>> changes_;
};

Topology::Topology(State& state)
    : state_(state),
      exchange_names_(
          routing::make_binding_table(routing::ExchangeType::direct, state.domain, state.clock->random())) {
  default_exchange_ =
      &create_exchange({.name = "", .type = "direct", .durable = true}, routing::ExchangeType::direct);
  for (const TypeName& t : exchange_types) {
    create_exchange({.name = "amq." + std::string(t.name), .type = std::string(t.name), .durable = true},
                    t.type);
  }
  create_exchange({.name = "amq.match", .type = "headers", .durable = true}, routing::ExchangeType::headers);
}

Topology::~Topology() {
  for (const auto& [name, queue] : queues_) queue->release();
}

// --- Look-ups ---

Exchange* Topology::find_exchange(std::string_view name, std::vector<routing::Target>& scratch) const {
  scratch.clear();
  exchange_names_->match(name, nullptr, scratch);
  Exchange* found = scratch.empty() ? nullptr : &exchange_of(scratch.front());
  scratch.clear();
  return found;
}

Queue* Topology::find_queue(std::string_view name, std::vector<routing::Target>& scratch) const {
  scratch.clear();
  default_exchange_->table->match(name, nullptr, scratch);
  Queue* found = scratch.empty() ? nullptr : &queue_of(scratch.front());
  scratch.clear();
  return found;
}

Exchange& Topology::require_exchange(std::string_view name) const {
  const auto found = exchanges_.find(name);
  if (found == exchanges_.end()) refuse_missing("exchange", name);
  return *found->second;
}

Queue& Topology::require_queue(std::string_view name, std::uint64_t connection) const {
  const auto found = queues_.find(name);
  if (found == queues_.end()) refuse_missing("queue", name);
  if (found->second->owner != 0 && found->second->owner != connection) refuse_locked(name);
  return *found->second;
}

// --- Exchanges ---

void Topology::declare_exchange(const ExchangeDeclaration& d) {
  check_name("exchange", d.name);
  const std::lock_guard lock(mutex_);
  const auto found = exchanges_.find(d.name);
  if (d.passive) {
    if (found == exchanges_.end()) refuse_missing("exchange", d.name);
    return;
  }
  if (d.name.empty()) refuse_default_exchange();
  const routing::ExchangeType type = parse_type(d.type);
  const FieldTable arguments = copy_of(d.arguments);
  if (found != exchanges_.end()) {
    const ExchangeDescription& current = found->second->description;
    const Inequivalence what{"exchange", d.name};
    what.check("type", d.type, current.type);
    what.check("durable", d.durable, current.durable);
    what.check("auto_delete", d.auto_delete, current.auto_delete);
    what.check("internal", d.internal, current.internal);
    what.check_arguments(arguments, current.arguments);
    return;
  }
  refuse_reserved("exchange", d.name);
  refuse_unsupported_arguments("exchange", d.name, arguments);
  create_exchange({.name = std::string(d.name),
                   .type = std::string(d.type),
                   .durable = d.durable,
                   .auto_delete = d.auto_delete,
                   .internal = d.internal,
                   .arguments = arguments},
                  type);
}

Exchange& Topology::create_exchange(ExchangeDescription description, routing::ExchangeType type) {
  auto exchange =
      std::make_unique<Exchange>(std::move(description), type, state_.domain, state_.clock->random());
  const std::string& name = exchange->description.name;
  const auto [place, inserted] = exchanges_.emplace(name, std::move(exchange));
  try {
    exchange_names_->add(name, {}, target_of(*place->second));
  } catch (...) {
    exchanges_.erase(place);
    throw;
  }
  return *place->second;
}

void Topology::delete_exchange(std::string_view name, bool if_unused) {
  const std::lock_guard lock(mutex_);
  if (name.empty()) refuse_default_exchange();
  refuse_reserved("exchange", name);
  const auto found = exchanges_.find(name);
  if (found == exchanges_.end()) return;  // idempotent, as in RabbitMQ
  Exchange& exchange = *found->second;
  if (if_unused && exchange.table->size() != 0) refuse_in_use("exchange", name);
  remove_exchange(exchange);
}

void Topology::remove_exchange(Exchange& exchange) { auto_delete(unlink_exchange(exchange)); }

std::vector<std::string> Topology::unlink_exchange(Exchange& exchange) {
  Bump bump(exchange, {});
  exchange_names_->remove(exchange.description.name, {}, target_of(exchange));
  std::vector<std::string> sources = remove_bindings_to(exchange.bound_to, target_of(exchange));
  exchange.table->for_each([&](std::string_view, const FieldTable&, routing::Target target) {
    (is_exchange(target) ? exchange_of(target).bound_to : queue_of(target).bound_to).forget(exchange);
  });
  bump.commit();
  const auto found = exchanges_.find(exchange.description.name);
  Exchange* removed = found->second.release();
  exchanges_.erase(found);
  exchanges_deleted_.fetch_add(1, std::memory_order_release);
  state_.domain.retire(removed);
  return sources;
}

void Topology::auto_delete(std::vector<std::string> names) {
  // By name and one after the other: bindings may form rings, in which one takes another along.
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto found = exchanges_.find(names[i]);
    if (found == exchanges_.end()) continue;
    Exchange& exchange = *found->second;
    if (!exchange.description.auto_delete || exchange.table->size() != 0) continue;
    for (std::string& source : unlink_exchange(exchange)) names.push_back(std::move(source));
  }
}

// --- Bindings ---

void Topology::bind(const BindingDeclaration& b, std::uint64_t connection) {
  const std::lock_guard lock(mutex_);
  if (b.source.empty() || (b.to_exchange && b.destination.empty())) refuse_default_exchange();
  const routing::Target target = b.to_exchange ? target_of(require_exchange(b.destination))
                                               : target_of(require_queue(b.destination, connection));
  add_binding(require_exchange(b.source), b.routing_key, copy_of(b.arguments), target);
}

void Topology::unbind(const BindingDeclaration& b, std::uint64_t connection) {
  const std::lock_guard lock(mutex_);
  if (b.source.empty() || (b.to_exchange && b.destination.empty())) refuse_default_exchange();
  const routing::Target target = b.to_exchange ? target_of(require_exchange(b.destination))
                                               : target_of(require_queue(b.destination, connection));
  Exchange& source = require_exchange(b.source);
  if (remove_binding(source, b.routing_key, copy_of(b.arguments), target))
    auto_delete({source.description.name});
}

void Topology::add_binding(Exchange& source, std::string_view key, const FieldTable& arguments,
                           routing::Target target) {
  BoundTo& bound_to = is_exchange(target) ? exchange_of(target).bound_to : queue_of(target).bound_to;
  Bump bump(source, key);
  if (!source.table->add(key, arguments, target)) return;
  bound_to.add(source, key, arguments);
  bump.commit();
}

bool Topology::remove_binding(Exchange& source, std::string_view key, const FieldTable& arguments,
                              routing::Target target) {
  BoundTo& bound_to = is_exchange(target) ? exchange_of(target).bound_to : queue_of(target).bound_to;
  Bump bump(source, key);
  if (!source.table->remove(key, arguments, target)) return false;
  bound_to.remove(source, key, arguments);
  bump.commit();
  return true;
}

std::vector<std::string> Topology::remove_bindings_to(BoundTo& bound_to, routing::Target target) {
  std::vector<BoundTo::Binding> bindings;
  if (const auto* all = bound_to.all()) {
    bindings = *all;
  } else {
    for (const auto& [source, count] : bound_to.sources()) {
      source->table->for_each(
          [&, s = source](std::string_view key, const FieldTable& arguments, routing::Target t) {
            if (t == target) bindings.push_back({s, std::string(key), arguments});
          });
    }
  }
  std::unordered_set<Exchange*> sources;
  for (const auto& b : bindings) {
    remove_binding(*b.source, b.key, b.arguments, target);
    sources.insert(b.source);
  }
  std::vector<std::string> names;
  for (const Exchange* source : sources) names.push_back(source->description.name);
  return names;
}

// --- Queues ---

QueueDeclared Topology::declare_queue(Context& context, const QueueDeclaration& d, std::uint64_t connection) {
  check_name("queue", d.name);
  const std::lock_guard lock(mutex_);
  const auto answer = [&](Queue& q) {
    return QueueDeclared{q.description.name, q.ready.size(context.access),
                         static_cast<std::uint32_t>(q.consumers.size())};
  };
  if (d.passive) return answer(require_queue(d.name, connection));
  const FieldTable arguments = copy_of(d.arguments);
  const auto found = d.name.empty() ? queues_.end() : queues_.find(d.name);
  if (found != queues_.end()) {
    Queue& current = require_queue(d.name, connection);
    if (d.exclusive != current.description.exclusive) refuse_locked(d.name);  // before all else, as RabbitMQ
    const Inequivalence what{"queue", d.name};
    what.check("durable", d.durable, current.description.durable);
    what.check("auto_delete", d.auto_delete, current.description.auto_delete);
    what.check_arguments(arguments, current.description.arguments);
    return answer(current);
  }
  if (!d.name.empty()) refuse_reserved("queue", d.name);
  refuse_unsupported_arguments("queue", d.name, arguments);
  return answer(
      create_queue({.name = d.name.empty() ? "amq.gen-" + uuid4(*state_.clock) : std::string(d.name),
                    .durable = d.durable,
                    .exclusive = d.exclusive,
                    .auto_delete = d.auto_delete,
                    .arguments = arguments},
                   connection));
}

Queue& Topology::create_queue(QueueDescription description, std::uint64_t connection) {
  const std::uint64_t owner = description.exclusive ? connection : 0;
  auto queue = std::make_unique<Queue>(state_, std::move(description), next_queue_id_, owner);
  const std::string& name = queue->description.name;
  Bump bump(*default_exchange_, name);
  const auto [place, inserted] = queues_.emplace(name, queue.get());
  try {
    default_exchange_->table->add(name, {}, target_of(*queue));
  } catch (...) {
    queues_.erase(place);
    throw;
  }
  bump.commit();
  ++next_queue_id_;
  return *queue.release();
}

std::uint64_t Topology::delete_queue(Context& context, std::string_view name, bool if_unused, bool if_empty,
                                     std::uint64_t connection) {
  const std::lock_guard lock(mutex_);
  if (queues_.find(name) == queues_.end()) return 0;  // idempotent, as in RabbitMQ
  Queue& queue = require_queue(name, connection);
  if (if_unused && !queue.consumers.empty()) refuse_in_use("queue", name);
  if (if_empty && !queue.ready.seal_if_empty(context.access)) refuse_not_empty(name);
  return remove_queue(context, queue);
}

std::uint64_t Topology::remove_queue(Context& context, Queue& queue) {
  Bump bump(*default_exchange_, queue.description.name);
  const std::vector<std::string> sources = remove_bindings_to(queue.bound_to, target_of(queue));
  default_exchange_->table->remove(queue.description.name, {}, target_of(queue));
  queue.mark_deleted();
  bump.commit();
  // From here on a publisher that still holds a route to the queue finds it sealed.
  queue.ready.seal(context.access);
  const std::uint64_t dropped = queue.drop_ready(context, UINT64_MAX);
  for (Consumer* consumer : queue.consumers) consumer->cancelled_by_broker();
  queue.consumers.clear();
  queue.consumer_count.store(0, std::memory_order_relaxed);
  queue.waiters.wake_all();
  queues_.erase(queues_.find(queue.description.name));
  queue.release();
  auto_delete(sources);
  return dropped;
}

std::uint64_t Topology::purge_queue(Context& context, std::string_view name, std::uint64_t connection) {
  const std::lock_guard lock(mutex_);
  Queue& queue = require_queue(name, connection);
  return queue.drop_ready(context, queue.ready.size(context.access));
}

// --- Consumers ---

Queue& Topology::add_consumer(std::string_view name, Consumer& consumer, bool exclusive,
                              std::uint64_t connection) {
  const std::lock_guard lock(mutex_);
  Queue& queue = require_queue(name, connection);
  if (queue.exclusive_consumer || (exclusive && !queue.consumers.empty())) refuse_exclusive_use(name);
  queue.consumers.push_back(&consumer);
  queue.consumer_count.store(static_cast<std::uint32_t>(queue.consumers.size()), std::memory_order_relaxed);
  queue.exclusive_consumer = exclusive;
  [[maybe_unused]] const bool alive = queue.try_acquire();
  return queue;
}

void Topology::remove_consumer(Context& context, Queue& queue, Consumer& consumer) noexcept {
  const std::lock_guard lock(mutex_);
  const auto found = std::find(queue.consumers.begin(), queue.consumers.end(), &consumer);
  if (found == queue.consumers.end()) return;  // the queue was deleted
  queue.consumers.erase(found);
  queue.consumer_count.store(static_cast<std::uint32_t>(queue.consumers.size()), std::memory_order_relaxed);
  if (!queue.consumers.empty()) return;
  queue.exclusive_consumer = false;
  if (queue.description.auto_delete) try_remove_queue(context, queue);
}

void Topology::delete_exclusive(Context& context, std::uint64_t connection) noexcept {
  const std::lock_guard lock(mutex_);
  for (auto it = queues_.begin(); it != queues_.end();) {
    Queue& queue = *it++->second;  // the next one is kept before this one goes
    if (queue.owner == connection) try_remove_queue(context, queue);
  }
}

void Topology::try_remove_queue(Context& context, Queue& queue) noexcept {
  try {
    remove_queue(context, queue);
  } catch (const std::bad_alloc&) {
    // Nobody is there to be told: the queue stays, and can be deleted by its name.
  }
}

}  // namespace kelp::broker
