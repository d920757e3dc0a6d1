#include <kelp/channel.hpp>

#include <utility>

#include <kelp/error.hpp>

#include "messaging/channel_core.hpp"
#include "messaging/message_access.hpp"

namespace kelp {

using messaging::ChannelCore;
using Pass = ChannelCore::Pass;

namespace messaging {

ChannelCore& live(const std::shared_ptr<ChannelCore>& core) {
  if (core == nullptr) [[unlikely]]
    throw ConnectionError("this channel handle is empty: it was moved from");
  return *core;
}

std::optional<Message> ChannelCore::get(std::string_view queue, bool no_ack) {
  const Pass pass(*this);
  Delivery delivery;
  if (!pass->get(queue, no_ack, delivery)) return std::nullopt;
  DeliveryRecord* record = no_ack ? nullptr : &records_->open(delivery.tag);
  std::optional<Message> message(std::in_place);
  MessageAccess::fill(*message, std::move(delivery), record, nullptr);
  MessageAccess::own(*message);
  return message;
}

}  // namespace messaging

namespace {

std::span<const std::byte> bytes_of_text(std::string_view text) noexcept {
  return std::as_bytes(std::span(text.data(), text.size()));
}

[[noreturn, gnu::cold]] void throw_unroutable(const Address& address) {
  throw ChannelError(312, "NO_ROUTE: no queue takes messages for exchange '" + std::string(address.exchange) +
                              "' with routing key '" + std::string(address.routing_key) + "'");
}

}  // namespace

Channel::Channel(std::shared_ptr<ChannelCore> core) noexcept : core_(std::move(core)) {}
Channel::Channel(Channel&&) noexcept = default;

Channel& Channel::operator=(Channel&& other) noexcept {
  Channel old(std::move(*this));
  core_ = std::move(other.core_);
  return *this;
}

Channel::~Channel() {
  if (core_ == nullptr) return;
  core_->close();
  core_->keep_while_dispatching(core_);
}

PublishOutcome Channel::try_publish(const Address& address, std::span<const std::byte> body,
                                    const Properties& properties, PublishFlags flags) {
  ChannelCore& core = messaging::live(core_);
  const Pass pass(core);
  if (core.promises().needs_check(properties, flags)) [[unlikely]] {
    Properties kept = properties;
    core.promises().check_publish(kept, flags);
    return pass->publish(address, kept, body, flags);
  }
  return pass->publish(address, properties, body, flags);
}

PublishOutcome Channel::try_publish(const Address& address, std::string_view body,
                                    const Properties& properties, PublishFlags flags) {
  return try_publish(address, bytes_of_text(body), properties, flags);
}

void Channel::publish(const Address& address, std::span<const std::byte> body, const Properties& properties,
                      PublishFlags flags) {
  if (try_publish(address, body, properties, flags) == PublishOutcome::unroutable && flags.mandatory) {
    throw_unroutable(address);
  }
}

void Channel::publish(const Address& address, std::string_view body, const Properties& properties,
                      PublishFlags flags) {
  publish(address, bytes_of_text(body), properties, flags);
}

std::optional<Message> Channel::get(std::string_view queue, bool no_ack) {
  return messaging::live(core_).get(queue, no_ack);
}

PullConsumer Channel::subscribe(std::string_view queue, const SubscribeOptions& options) {
  ChannelCore& core = messaging::live(core_);
  return {core_, core.subscribe(queue, options, nullptr, nullptr, 0)};
}

void Channel::exchange_declare(const ExchangeDeclaration& declaration) {
  ChannelCore& core = messaging::live(core_);
  const Pass pass(core);
  core.promises().check_exchange(declaration);
  pass->declare_exchange(declaration);
}

void Channel::exchange_delete(std::string_view name, bool if_unused) {
  ChannelCore& core = messaging::live(core_);
  const Pass pass(core);
  pass->delete_exchange(name, if_unused);
  core.connection().forget_declared('E', name);
}

void Channel::exchange_bind(std::string_view destination, std::string_view source,
                            std::string_view routing_key, const FieldTable& arguments) {
  ChannelCore& core = messaging::live(core_);
  const Pass pass(core);
  core.promises().check_exchange_bindings();
  pass->bind({source, destination, routing_key, true, &arguments});
}

void Channel::exchange_unbind(std::string_view destination, std::string_view source,
                              std::string_view routing_key, const FieldTable& arguments) {
  ChannelCore& core = messaging::live(core_);
  const Pass pass(core);
  core.promises().check_exchange_bindings();
  pass->unbind({source, destination, routing_key, true, &arguments});
}

QueueDeclared Channel::queue_declare(const QueueDeclaration& declaration) {
  ChannelCore& core = messaging::live(core_);
  const Pass pass(core);
  FieldTable arguments;
  return pass->declare_queue(core.promises().checked(declaration, arguments));
}

std::uint64_t Channel::queue_delete(std::string_view name, bool if_unused, bool if_empty) {
  ChannelCore& core = messaging::live(core_);
  const Pass pass(core);
  const std::uint64_t count = pass->delete_queue(name, if_unused, if_empty);
  core.connection().forget_declared('Q', name);
  return count;
}

std::uint64_t Channel::queue_purge(std::string_view name) {
  return Pass(messaging::live(core_))->purge_queue(name);
}

void Channel::queue_bind(std::string_view queue, std::string_view exchange, std::string_view routing_key,
                         const FieldTable& arguments) {
  Pass(messaging::live(core_))->bind({exchange, queue, routing_key, false, &arguments});
}

void Channel::queue_unbind(std::string_view queue, std::string_view exchange, std::string_view routing_key,
                           const FieldTable& arguments) {
  Pass(messaging::live(core_))->unbind({exchange, queue, routing_key, false, &arguments});
}

void Channel::qos(std::uint32_t prefetch_count) {
  Pass(messaging::live(core_))->set_prefetch(prefetch_count);
}

void Channel::ack(std::uint64_t delivery_tag, bool multiple) {
  messaging::live(core_).settle_tag(delivery_tag, Settle::ack, multiple);
}

void Channel::reject(std::uint64_t delivery_tag, bool requeue) {
  messaging::live(core_).settle_tag(delivery_tag, requeue ? Settle::requeue : Settle::reject, false);
}

void Channel::recover() { messaging::live(core_).recover(); }

void Channel::drain_events(Timeout timeout) {
  if (try_drain_events(timeout) == 0) throw TimeoutError("no event arrived in time");
}

std::size_t Channel::try_drain_events(Timeout timeout) { return messaging::live(core_).drain(timeout); }

void Channel::interrupt() noexcept {
  if (core_ != nullptr) core_->interrupt();
}

bool Channel::is_open() const noexcept { return core_ != nullptr && core_->is_open(); }

void Channel::close() noexcept {
  if (core_ != nullptr) core_->close();
}

const Capabilities& Channel::capabilities() const { return messaging::live(core_).promises().capabilities(); }

}  // namespace kelp
