#include <kelp/bound.hpp>

#include <utility>

#include <kelp/channel.hpp>
#include <kelp/producer.hpp>

#include "messaging/declare.hpp"

namespace kelp {

using messaging::ChannelCore;
using Pass = ChannelCore::Pass;

BoundExchange::BoundExchange(Exchange exchange, const Channel& channel)
    : exchange_(std::move(exchange)), core_(channel.core_) {}

void BoundExchange::declare() { messaging::declare(messaging::live(core_), exchange_); }

void BoundExchange::bind_to(const Exchange& source, std::string_view routing_key,
                            const FieldTable& arguments) {
  ChannelCore& core = messaging::live(core_);
  const Pass pass(core);
  core.promises().check_exchange_bindings();
  pass->bind({source.name, exchange_.name, routing_key, true, &arguments});
}

void BoundExchange::unbind_from(const Exchange& source, std::string_view routing_key,
                                const FieldTable& arguments) {
  ChannelCore& core = messaging::live(core_);
  const Pass pass(core);
  core.promises().check_exchange_bindings();
  pass->unbind({source.name, exchange_.name, routing_key, true, &arguments});
}

void BoundExchange::publish(const Body& body, PublishOptions options) {
  options.exchange = exchange_;
  Producer(core_, {}, false).publish(body, options);
}

void BoundExchange::delete_(DeleteOptions options) {
  ChannelCore& core = messaging::live(core_);
  const Pass pass(core);
  pass->delete_exchange(exchange_.name, options.if_unused);
  core.connection().forget_declared('E', exchange_.name);
}

BoundQueue::BoundQueue(Queue queue, const Channel& channel)
    : queue_(std::move(queue)), core_(channel.core_) {}

QueueDeclared BoundQueue::declare(const OnDeclared& on_declared) {
  return messaging::declare(messaging::live(core_), queue_, on_declared);
}

QueueDeclared BoundQueue::queue_declare(bool passive) {
  return messaging::queue_declare(messaging::live(core_), queue_, passive);
}

void BoundQueue::queue_bind() {
  if (queue_.exchange.name.empty()) return;
  bind_to(queue_.exchange, queue_.routing_key, queue_.binding_arguments);
}

void BoundQueue::queue_unbind() {
  if (queue_.exchange.name.empty()) return;
  unbind_from(queue_.exchange, queue_.routing_key, queue_.binding_arguments);
}

void BoundQueue::bind_to(const Exchange& exchange, std::string_view routing_key,
                         const FieldTable& arguments) {
  messaging::queue_bind(messaging::live(core_), queue_.name, exchange.name, routing_key, arguments);
}

void BoundQueue::unbind_from(const Exchange& exchange, std::string_view routing_key,
                             const FieldTable& arguments) {
  messaging::queue_unbind(messaging::live(core_), queue_.name, exchange.name, routing_key, arguments);
}

std::optional<Message> BoundQueue::get(std::optional<bool> no_ack) {
  return messaging::live(core_).get(queue_.name, no_ack.value_or(queue_.no_ack));
}

std::uint64_t BoundQueue::purge() { return Pass(messaging::live(core_))->purge_queue(queue_.name); }

std::uint64_t BoundQueue::delete_(DeleteOptions options) {
  ChannelCore& core = messaging::live(core_);
  const Pass pass(core);
  const std::uint64_t count = pass->delete_queue(queue_.name, options.if_unused, options.if_empty);
  core.connection().forget_declared('Q', queue_.name);
  return count;
}

}  // namespace kelp
