#include <kelp/entity.hpp>

#include <string_view>

#include <kelp/bound.hpp>
#include <kelp/channel.hpp>

namespace kelp {
namespace {

std::size_t hash_of(char kind, std::string_view name) noexcept {
  const std::size_t hash = std::hash<std::string_view>{}(name);
  return hash ^ (static_cast<std::size_t>(static_cast<unsigned char>(kind)) * 0x9e3779b97f4a7c15u);
}

std::string quoted_if_empty(const std::string& name) { return name.empty() ? "''" : name; }

}  // namespace

bool Exchange::operator==(const Exchange& other) const noexcept {
  return name == other.name && type == other.type && durable == other.durable &&
         auto_delete == other.auto_delete && delivery_mode == other.delivery_mode &&
         arguments == other.arguments;
}

BoundExchange Exchange::operator()(const Channel& channel) const { return {*this, channel}; }

bool Binding::operator==(const Binding& other) const noexcept {
  return exchange == other.exchange && routing_key == other.routing_key && arguments == other.arguments &&
         unbind_arguments == other.unbind_arguments;
}

bool Queue::operator==(const Queue& other) const noexcept {
  return name == other.name && exchange == other.exchange && routing_key == other.routing_key &&
         durable == other.durable && exclusive == other.exclusive && auto_delete == other.auto_delete &&
         queue_arguments == other.queue_arguments && binding_arguments == other.binding_arguments &&
         consumer_arguments == other.consumer_arguments;
}

BoundQueue Queue::operator()(const Channel& channel) const { return {*this, channel}; }

FieldTable Queue::declared_arguments() const {
  FieldTable arguments = queue_arguments;
  const auto set = [&](std::string_view name, std::int64_t value) { arguments.set(name, value); };
  if (expires) set("x-expires", expires->count());
  if (message_ttl) set("x-message-ttl", message_ttl->count());
  if (max_length) set("x-max-length", static_cast<std::int64_t>(*max_length));
  if (max_length_bytes) set("x-max-length-bytes", static_cast<std::int64_t>(*max_length_bytes));
  if (max_priority) set("x-max-priority", *max_priority);
  return arguments;
}

std::string to_string(const Exchange& exchange) {
  return "Exchange " + quoted_if_empty(exchange.name) + "(" + exchange.type + ")";
}

std::string to_string(const Binding& binding) { return binding.exchange.name + "->" + binding.routing_key; }

std::string to_string(const Queue& queue) { return "Queue " + quoted_if_empty(queue.name); }

}  // namespace kelp

std::size_t std::hash<kelp::Exchange>::operator()(const kelp::Exchange& exchange) const noexcept {
  return kelp::hash_of('E', exchange.name);
}

std::size_t std::hash<kelp::Queue>::operator()(const kelp::Queue& queue) const noexcept {
  return kelp::hash_of('Q', queue.name);
}
