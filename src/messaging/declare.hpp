// Declaring entities in Kombu's order, and remembering what has been declared.
#pragma once

#include <kelp/bound.hpp>
#include <kelp/entity.hpp>

#include "messaging/channel_core.hpp"

namespace kelp::messaging {

/// Nothing for names that are not to be declared.
void declare(ChannelCore& core, const Exchange& exchange);
/// Exchange, queue, binding, then `bindings`. An unnamed queue takes over the broker's name.
QueueDeclared declare(ChannelCore& core, Queue& queue, const OnDeclared& on_declared);
QueueDeclared queue_declare(ChannelCore& core, Queue& queue, bool passive);
void queue_bind(ChannelCore& core, std::string_view queue, std::string_view exchange, std::string_view key,
                const FieldTable& arguments);
void queue_unbind(ChannelCore& core, std::string_view queue, std::string_view exchange, std::string_view key,
                  const FieldTable& arguments);

/// False when this connection has declared it before.
bool maybe_declare(ChannelCore& core, EntityRef entity);
/// Entities that can vanish by themselves are never taken for declared.
[[nodiscard]] bool can_cache(const Exchange& exchange) noexcept;
[[nodiscard]] bool can_cache(const Queue& queue) noexcept;

}  // namespace kelp::messaging
