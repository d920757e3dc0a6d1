// The publishing half of a channel.
#include <algorithm>

#include <kelp/error.hpp>

#include "broker/channel.hpp"
#include "broker/refusals.hpp"
#include "util/xxh3.hpp"

namespace kelp::broker {

namespace {
constexpr std::size_t exchanges_known = 16;
}

PublishOutcome Channel::publish(const Address& address, const Properties& properties,
                                std::span<const std::byte> body, PublishFlags) {
  link_->require_open();
  const util::Pin pin(context_.state.domain, context_.reader);
  const std::span<Queue* const> queues = route(address, properties.headers);
  if (queues.empty()) return PublishOutcome::unroutable;
  enqueue(message::make(context_.arena, address, properties, body), queues);
  return PublishOutcome::accepted;
}

std::span<Queue* const> Channel::route(const Address& address, const FieldTable* headers) {
  Exchange& exchange = exchange_for(address.exchange);
  const std::uint64_t hash = util::xxh3(address.routing_key, exchange.seed);
  Route* known = routes_.find(hash, exchange, address.routing_key);
  if (known != nullptr && known->generation == exchange.generation()) [[likely]]
    return known->queues();
  return resolve(exchange, address.routing_key, headers, hash, known);
}

Exchange& Channel::exchange_for(std::string_view name) {
  if (context_.state.topology.exchanges_deleted() == exchanges_deleted_) [[likely]] {
    if (last_exchange_ < known_.size() && known_[last_exchange_].name == name) [[likely]] {
      return *known_[last_exchange_].exchange;
    }
    for (std::size_t i = 0; i < known_.size(); ++i) {
      if (known_[i].name != name) continue;
      last_exchange_ = i;
      return *known_[i].exchange;
    }
  }
  return look_up_exchange(name);
}

Exchange& Channel::look_up_exchange(std::string_view name) {
  const std::uint64_t deleted = context_.state.topology.exchanges_deleted();
  if (deleted != exchanges_deleted_) {
    known_.clear();
    routes_.clear();
    exchanges_deleted_ = deleted;
  }
  Exchange* found = context_.state.topology.find_exchange(name, router_.scratch());
  if (found == nullptr) refuse_missing("exchange", name);
  if (found->description.internal) refuse_internal(name);
  if (known_.size() == exchanges_known) known_.erase(known_.begin());
  known_.push_back({std::string(name), found});
  last_exchange_ = known_.size() - 1;
  return *found;
}

std::span<Queue* const> Channel::resolve(Exchange& exchange, std::string_view key, const FieldTable* headers,
                                         std::uint64_t hash, Route* stale) {
  // Read before the tables: a change in between makes the route old, never wrongly new.
  const std::uint64_t generation = exchange.generation();
  if (stale != nullptr && exchange.unchanged_for(key, stale->generation, generation)) {
    stale->generation = generation;
    return stale->queues();
  }
  router_.resolve(exchange, key, headers);
  if (!router_.cacheable() || key.size() > Route::longest_key) return router_.queues();
  Route& kept = stale != nullptr ? *stale : routes_.place(hash);
  kept.set(hash, exchange, generation, key, router_.queues());
  return kept.queues();
}

void Channel::enqueue(message::Block& block, std::span<Queue* const> queues) {
  if (queues.size() > 1) message::add_references(block, static_cast<std::uint32_t>(queues.size() - 1));
  const auto handle = reinterpret_cast<std::uint64_t>(&block);
  std::size_t sealed = 0;
  for (std::size_t i = 0; i < queues.size(); ++i) {
    Push outcome = Push::sealed;
    try {
      outcome = queues[i]->ready.push(context_.access, handle);
    } catch (const std::bad_alloc&) {
      fail_publish(block, i - sealed, queues.size());
    }
    if (outcome == Push::ok) [[likely]] {
      queues[i]->wake();
    } else {
      ++sealed;
    }
  }
  if (sealed != 0) [[unlikely]]
    reroute(block, queues, sealed);
}

void Channel::reroute(message::Block& block, std::span<Queue* const> tried, std::size_t sealed) {
  // Some queues were deleted while we published. The message goes where the topology leads now, to
  // queues that it did not meet before; one that is still there and sealed counts as deleted. We
  // hold one reference for each sealed queue.
  const std::vector<Queue*> before(tried.begin(), tried.end());
  const SharedMessage message = SharedMessage::borrow(&block);
  const Address address = message.address();
  const FieldTable headers = message.headers();
  const Exchange* exchange = context_.state.topology.find_exchange(address.exchange, router_.scratch());
  if (exchange != nullptr) router_.resolve(*exchange, address.routing_key, &headers);
  for (Queue* queue : router_.queues()) {
    if (exchange == nullptr || std::find(before.begin(), before.end(), queue) != before.end()) continue;
    message::add_references(block, 1);
    if (queue->ready.push(context_.access, reinterpret_cast<std::uint64_t>(&block)) == Push::ok) {
      queue->wake();
    } else {
      message::release(block, context_.arena);
    }
  }
  for (std::size_t i = 0; i < sealed; ++i) message::release(block, context_.arena);
}

void Channel::fail_publish(message::Block& block, std::size_t done, std::size_t all) {
  for (std::size_t i = done; i < all; ++i) message::release(block, context_.arena);
  throw OperationalError("out of memory: the message is in " + std::to_string(done) + " of the " +
                         std::to_string(all) + " queues that it was routed to");
}

}  // namespace kelp::broker
