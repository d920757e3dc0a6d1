// A channel's control operations and its end. publish.cpp and deliver.cpp have the rest.
#include "broker/channel.hpp"

#include <algorithm>

#include <kelp/error.hpp>

#include "broker/refusals.hpp"

namespace kelp::broker {

Channel::Channel(std::shared_ptr<Link> link)
    : link_(std::move(link)),
      context_(*link_->state),
      bell_(link_->state->open_bell()),
      seen_interrupts_(link_->interrupts.load(std::memory_order_seq_cst)) {}

Channel::~Channel() {
  close();
  for (Consumer* consumer : consumers_) consumer->channel_ = nullptr;
  link_->state->close_bell(bell_);
}

void Channel::declare_exchange(const ExchangeDeclaration& declaration) {
  link_->require_open();
  context_.state.topology.declare_exchange(declaration);
}

void Channel::delete_exchange(std::string_view name, bool if_unused) {
  link_->require_open();
  context_.state.topology.delete_exchange(name, if_unused);
}

QueueDeclared Channel::declare_queue(const QueueDeclaration& declaration) {
  link_->require_open();
  return context_.state.topology.declare_queue(context_, declaration, link_->id);
}

std::uint64_t Channel::delete_queue(std::string_view name, bool if_unused, bool if_empty) {
  link_->require_open();
  return context_.state.topology.delete_queue(context_, name, if_unused, if_empty, link_->id);
}

std::uint64_t Channel::purge_queue(std::string_view name) {
  link_->require_open();
  return context_.state.topology.purge_queue(context_, name, link_->id);
}

void Channel::bind(const BindingDeclaration& binding) {
  link_->require_open();
  context_.state.topology.bind(binding, link_->id);
}

void Channel::unbind(const BindingDeclaration& binding) {
  link_->require_open();
  context_.state.topology.unbind(binding, link_->id);
}

std::unique_ptr<Subscription> Channel::subscribe(std::string_view queue, const SubscribeOptions& options) {
  link_->require_open();
  std::string tag(options.consumer_tag);
  if (tag.empty()) tag = "ctag" + std::to_string(link_->id) + "." + std::to_string(next_tag_++);
  if (std::any_of(consumers_.begin(), consumers_.end(), [&](const Consumer* c) { return c->tag_ == tag; })) {
    throw ChannelError(530, "NOT_ALLOWED - attempt to reuse consumer tag '" + tag + "'");
  }
  consumers_.reserve(consumers_.size() + 1);
  lanes_.reserve(lanes_.size() + 1);
  auto lane = std::make_unique<Lane>();
  auto consumer = std::make_unique<Consumer>(*this, queue, std::move(tag), options);
  lane->queue = &context_.state.topology.add_consumer(queue, *consumer, options.exclusive, link_->id);
  lane->of_consumer = true;
  lane->prefetch = options.prefetch_count;
  consumer->lane_ = lane.get();
  lanes_.push_back(std::move(lane));
  consumers_.push_back(consumer.get());
  return consumer;
}

void Channel::cancel(Consumer& consumer) noexcept {
  if (consumer.lane_ == nullptr) return;
  consumer.lane_->wanted = false;
  context_.state.topology.remove_consumer(context_, *consumer.lane_->queue, consumer);
  consumer.lane_ = nullptr;
  consumer.active_.store(false, std::memory_order_release);  // as cancelled_by_broker()
  drop_finished_lanes();
}

void Channel::forget(Consumer& consumer) noexcept {
  cancel(consumer);
  std::erase(consumers_, &consumer);
}

void Channel::drop_finished_lanes() noexcept {
  std::erase_if(lanes_, [&](const std::unique_ptr<Lane>& lane) {
    if (!lane->finished()) return false;
    lane->flush(context_.access);
    lane->queue->release();
    return true;
  });
}

void Channel::flush() noexcept {
  for (const auto& lane : lanes_) lane->flush(context_.access);
  message::flush(context_.arena);
}

bool Channel::take_interrupt() noexcept {
  const std::uint32_t now = link_->interrupts.load(std::memory_order_seq_cst);
  if (now == seen_interrupts_) return false;
  seen_interrupts_ = now;
  return true;
}

void Channel::recover() {
  link_->require_open();
  unacked_.for_each(UINT64_MAX, [&](Unsettled& delivery) { requeue(delivery); });
}

void Channel::close() {
  if (std::exchange(closed_, true)) return;
  // Back in their places before the consumers go: an auto-delete queue goes with its last one.
  unacked_.for_each(UINT64_MAX, [&](Unsettled& delivery) { requeue(delivery); });
  for (Consumer* consumer : consumers_) cancel(*consumer);
  for (const auto& lane : lanes_) lane->wanted = false;
  drop_finished_lanes();
  flush();
}

// --- Consumer ---

Consumer::Consumer(Channel& channel, std::string_view queue, std::string tag, const SubscribeOptions& options)
    : channel_(&channel), queue_(queue), tag_(std::move(tag)), no_ack_(options.no_ack) {}

Consumer::~Consumer() {
  if (channel_ != nullptr) channel_->forget(*this);
}

TransportChannel& Consumer::channel() noexcept { return *channel_; }

void Consumer::set_prefetch(std::uint32_t count) {
  if (lane_ != nullptr) lane_->prefetch = count;
}

std::uint32_t Consumer::fetch_hint() const noexcept {
  return lane_ != nullptr && lane_->queue->shared() ? 1 : 32;
}

}  // namespace kelp::broker
