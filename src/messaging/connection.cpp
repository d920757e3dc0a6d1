#include <kelp/connection.hpp>

#include <utility>

#include <kelp/broker.hpp>
#include <kelp/error.hpp>
#include <kelp/transport_registry.hpp>
#include <kelp/url.hpp>

#include "messaging/channel_core.hpp"
#include "messaging/connection_core.hpp"

namespace kelp {

using messaging::ConnectionCore;

namespace {

messaging::Connector connector_of(std::string_view text, const std::shared_ptr<Clock>& clock) {
  const Url url = Url::parse_list(text).front();
  const std::shared_ptr<Transport> transport = make_transport(url.transport);
  return {[url, transport, clock] { return transport->connect(url, clock); }, url.as_uri(true), url.as_uri()};
}

messaging::Connector connector_of(const Broker& broker, const std::shared_ptr<Clock>& clock) {
  if (clock != nullptr && clock != broker.clock()) {
    throw InvalidArgument("a connection to a Broker takes the broker's clock: give it to the Broker");
  }
  return {[broker] { return broker.connect(); }, "memory://", "memory://"};
}

ConnectionCore& live(const std::shared_ptr<ConnectionCore>& core) {
  if (core == nullptr) throw ConnectionError("this connection handle is empty: it was moved from");
  return *core;
}

}  // namespace

Connection::Connection(std::string_view url, ConnectionOptions options) {
  auto connector = connector_of(url, options.clock);
  core_ = std::make_shared<ConnectionCore>(std::move(connector), std::move(options));
}

Connection::Connection(const Broker& broker, ConnectionOptions options) {
  auto connector = connector_of(broker, options.clock);
  core_ = std::make_shared<ConnectionCore>(std::move(connector), std::move(options));
}

Connection::Connection(Connection&&) noexcept = default;

Connection& Connection::operator=(Connection&& other) noexcept {
  Connection old(std::move(*this));
  core_ = std::move(other.core_);
  default_channel_ = std::move(other.default_channel_);
  return *this;
}

Connection::~Connection() { close(); }

void Connection::connect() { static_cast<void>(live(core_).transport()); }

bool Connection::connected() const noexcept { return core_ != nullptr && core_->connected(); }

Channel Connection::channel() { return Channel(live(core_).open_channel()); }

Channel& Connection::default_channel() {
  const std::lock_guard lock(live(core_).default_channel_mutex());
  if (default_channel_ == nullptr) default_channel_.reset(new Channel(core_->open_channel()));
  return *default_channel_;
}

Producer Connection::producer(ProducerOptions options) {
  return Producer(live(core_).open_channel(), std::move(options), true);
}

Consumer Connection::consumer(std::vector<Queue> queues, Callback callback, ConsumerOptions options) {
  Consumer consumer = Consumer::owning(live(core_).open_channel(), std::move(queues), std::move(options));
  consumer.register_callback(std::move(callback));
  consumer.consume();
  return consumer;
}

Consumer Connection::consumer(std::vector<Queue> queues, OnMessage on_message, ConsumerOptions options) {
  Consumer consumer = Consumer::owning(live(core_).open_channel(), std::move(queues), std::move(options));
  consumer.on_message(std::move(on_message));
  consumer.consume();
  return consumer;
}

void Connection::drain_events(Timeout timeout) {
  if (try_drain_events(timeout) == 0) throw TimeoutError("no event arrived in time");
}

std::size_t Connection::try_drain_events(Timeout timeout) { return live(core_).drain(timeout); }

void Connection::interrupt() noexcept {
  if (core_ != nullptr) core_->interrupt();
}

void Connection::close() noexcept {
  if (core_ != nullptr) core_->close();
}

bool Connection::is_open() const noexcept { return core_ != nullptr && core_->is_open(); }

std::string Connection::as_uri(bool include_password) const {
  const messaging::Connector& connector = live(core_).connector();
  return include_password ? connector.uri : connector.masked_uri;
}

const Capabilities& Connection::capabilities() { return live(core_).transport().capabilities(); }

Clock& Connection::clock() { return live(core_).transport().clock(); }

}  // namespace kelp
