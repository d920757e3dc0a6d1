#include <kelp/producer.hpp>

#include <charconv>
#include <optional>
#include <utility>

#include <kelp/compression.hpp>
#include <kelp/error.hpp>
#include <kelp/serialization.hpp>

#include "messaging/declare.hpp"

namespace kelp {

using messaging::ChannelCore;

struct Producer::State {
  std::shared_ptr<ChannelCore> core;
  ProducerOptions options;
  bool owns_channel = false;
  bool exchange_declared = false;
  std::string encoded;     // reused from call to call
  std::string compressed;  // the same

  [[nodiscard]] Encoded encode(const Body& body, const PublishOptions& call);
  void declare(const PublishOptions& call);
  PublishOutcome publish(const Body& body, const PublishOptions& call, bool return_it);
  void give_back(const Address& address, const Properties& properties, std::span<const std::byte> body) const;
};

namespace {

std::string_view either(std::string_view call, const std::string& own) noexcept {
  return call.data() != nullptr ? call : std::string_view(own);
}

std::string_view milliseconds_text(std::chrono::milliseconds duration, std::span<char, 24> room) {
  if (duration < std::chrono::milliseconds::zero()) throw InvalidArgument("an expiration cannot be negative");
  const auto end = std::to_chars(room.data(), room.data() + room.size(), duration.count()).ptr;
  return {room.data(), static_cast<std::size_t>(end - room.data())};
}

Properties properties_of(const PublishOptions& call, const Encoded& encoded, DeliveryMode mode) noexcept {
  Properties properties;
  properties.content_type = encoded.content_type;
  properties.content_encoding = encoded.content_encoding;
  properties.delivery_mode = static_cast<std::uint8_t>(mode);
  properties.priority = call.priority;
  properties.correlation_id = call.correlation_id;
  properties.reply_to = call.reply_to;
  properties.message_id = call.message_id;
  properties.timestamp = call.timestamp;
  properties.type = call.type;
  properties.user_id = call.user_id;
  properties.app_id = call.app_id;
  if (!call.headers.empty()) properties.headers = &call.headers;
  return properties;
}

DeliveryMode mode_of(const PublishOptions& call, const Exchange& own) noexcept {
  if (call.delivery_mode) return *call.delivery_mode;
  if (call.exchange.delivery_mode()) return *call.exchange.delivery_mode();
  return own.delivery_mode.value_or(DeliveryMode::persistent);
}

}  // namespace

Encoded Producer::State::encode(const Body& body, const PublishOptions& call) {
  const std::string_view serializer = either(call.serializer, options.serializer);
  Encoded result;
  switch (body.kind()) {
    case Body::Kind::json:
      result = dumps(body.json(), serializer, encoded);
      break;
    case Body::Kind::text:
      result = call.content_type.data() != nullptr ? Encoded{{}, "utf-8", body.bytes()}
                                                   : dumps_text(body.text(), serializer, encoded);
      break;
    case Body::Kind::bytes:
      result = call.content_type.data() != nullptr ? Encoded{{}, "binary", body.bytes()}
                                                   : dumps_bytes(body.bytes(), serializer, encoded);
      break;
  }
  if (call.content_type.data() != nullptr) result.content_type = call.content_type;
  if (call.content_encoding.data() != nullptr) result.content_encoding = call.content_encoding;
  return result;
}

void Producer::State::declare(const PublishOptions& call) {
  if (options.auto_declare && !exchange_declared && !options.exchange.name.empty()) {
    messaging::maybe_declare(*core, options.exchange);
    exchange_declared = messaging::can_cache(options.exchange);
  }
  for (const EntityRef& entity : call.declare) messaging::maybe_declare(*core, entity);
}

void Producer::State::give_back(const Address& address, const Properties& properties,
                                std::span<const std::byte> body) const {
  if (options.on_return) {
    options.on_return({312, "NO_ROUTE", address.exchange, address.routing_key, body, properties});
    return;
  }
  throw ChannelError(312, "NO_ROUTE: no queue takes messages for exchange '" + std::string(address.exchange) +
                              "' with routing key '" + std::string(address.routing_key) + "'");
}

PublishOutcome Producer::State::publish(const Body& body, const PublishOptions& call, bool return_it) {
  static_cast<void>(messaging::live(core));
  const Encoded plain = encode(body, call);
  Properties properties = properties_of(call, plain, mode_of(call, options.exchange));
  std::span<const std::byte> payload = plain.payload;
  FieldTable headers;
  if (const auto compression = either(call.compression, options.compression); !compression.empty()) {
    headers = call.headers;
    headers.set("compression", compress(payload, compression, compressed));
    properties.headers = &headers;
    payload = std::as_bytes(std::span(compressed));
  }
  char room[24];
  if (call.expiration) properties.expiration = milliseconds_text(*call.expiration, room);
  declare(call);
  const Address address{
      call.exchange.is_set() ? call.exchange.name() : std::string_view(options.exchange.name),
      either(call.routing_key, options.routing_key)};
  PublishFlags flags{call.mandatory};
  PublishOutcome outcome{};
  {
    const ChannelCore::Pass pass(*core);
    if (core->promises().needs_check(properties, flags)) [[unlikely]] {
      core->promises().check_publish(properties, flags);
    }
    outcome = pass->publish(address, properties, payload, flags);
  }
  if (return_it && flags.mandatory && outcome == PublishOutcome::unroutable)
    give_back(address, properties, payload);
  return outcome;
}

Producer::Producer(const Channel& channel, ProducerOptions options) : state_(std::make_unique<State>()) {
  state_->core = channel.core_;
  state_->options = std::move(options);
}

Producer::Producer(std::shared_ptr<ChannelCore> core, ProducerOptions options, bool owns_channel)
    : state_(std::make_unique<State>()) {
  state_->core = std::move(core);
  state_->options = std::move(options);
  state_->owns_channel = owns_channel;
}

Producer::Producer(Producer&&) noexcept = default;

Producer& Producer::operator=(Producer&& other) noexcept {
  Producer old(std::move(*this));
  state_ = std::move(other.state_);
  return *this;
}

Producer::~Producer() { close(); }

namespace {

template <class State>
State& require(const std::unique_ptr<State>& state) {
  if (state == nullptr) throw ConnectionError("this producer is empty: it was moved from");
  return *state;
}

}  // namespace

void Producer::publish(const Body& body, const PublishOptions& options) {
  static_cast<void>(require(state_).publish(body, options, true));
}

PublishOutcome Producer::try_publish(const Body& body, const PublishOptions& options) {
  return require(state_).publish(body, options, false);
}

bool Producer::maybe_declare(EntityRef entity) {
  return messaging::maybe_declare(messaging::live(require(state_).core), entity);
}

const ProducerOptions& Producer::options() const noexcept { return state_->options; }

void Producer::close() noexcept {
  if (state_ == nullptr || state_->core == nullptr) return;
  if (state_->owns_channel) {
    state_->core->close();
    state_->core->keep_while_dispatching(state_->core);
  }
  state_->core.reset();
}

}  // namespace kelp
