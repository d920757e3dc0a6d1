#include "messaging/declare.hpp"

namespace kelp::messaging {

void declare(ChannelCore& core, const Exchange& exchange) {
  if (exchange.no_declare || exchange.name.empty() || exchange.name.starts_with("amq.")) return;
  const ChannelCore::Pass pass(core);
  const ExchangeDeclaration declaration{exchange.name,      exchange.type,        exchange.passive,
                                        exchange.durable,   exchange.auto_delete, exchange.internal,
                                        &exchange.arguments};
  core.promises().check_exchange(declaration);
  pass->declare_exchange(declaration);
}

QueueDeclared queue_declare(ChannelCore& core, Queue& queue, bool passive) {
  const FieldTable arguments = queue.declared_arguments();
  FieldTable kept;
  const ChannelCore::Pass pass(core);
  QueueDeclared declared = pass->declare_queue(core.promises().checked(
      {queue.name, passive, queue.durable, queue.exclusive, queue.auto_delete || queue.exclusive, &arguments},
      kept));
  if (queue.name.empty()) queue.name = declared.name;
  return declared;
}

void queue_bind(ChannelCore& core, std::string_view queue, std::string_view exchange, std::string_view key,
                const FieldTable& arguments) {
  ChannelCore::Pass(core)->bind({exchange, queue, key, false, &arguments});
}

void queue_unbind(ChannelCore& core, std::string_view queue, std::string_view exchange, std::string_view key,
                  const FieldTable& arguments) {
  ChannelCore::Pass(core)->unbind({exchange, queue, key, false, &arguments});
}

QueueDeclared declare(ChannelCore& core, Queue& queue, const OnDeclared& on_declared) {
  if (queue.no_declare) return {queue.name, 0, 0};
  declare(core, queue.exchange);
  QueueDeclared declared = queue_declare(core, queue, false);
  if (on_declared) on_declared(declared);
  if (!queue.exchange.name.empty()) {
    queue_bind(core, queue.name, queue.exchange.name, queue.routing_key, queue.binding_arguments);
  }
  for (const Binding& binding : queue.bindings) {
    declare(core, binding.exchange);
    queue_bind(core, queue.name, binding.exchange.name, binding.routing_key, binding.arguments);
  }
  return declared;
}

bool can_cache(const Exchange& exchange) noexcept { return !exchange.auto_delete; }

bool can_cache(const Queue& queue) noexcept {
  return !queue.name.empty() && !queue.auto_delete && !queue.exclusive && !queue.expires &&
         queue.queue_arguments.find("x-expires") == nullptr;
}

bool maybe_declare(ChannelCore& core, EntityRef entity) {
  ConnectionCore& connection = core.connection();
  if (const Exchange* exchange = entity.exchange()) {
    if (connection.is_declared('E', exchange->name)) return false;
    declare(core, *exchange);
    if (can_cache(*exchange)) connection.remember_declared('E', exchange->name);
    return true;
  }
  const Queue& queue = *entity.queue();
  if (connection.is_declared('Q', queue.name)) return false;
  Queue copy = queue;
  declare(core, copy, {});
  if (can_cache(queue)) connection.remember_declared('Q', queue.name);
  return true;
}

}  // namespace kelp::messaging
