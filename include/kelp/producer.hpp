#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <kelp/body.hpp>
#include <kelp/channel.hpp>
#include <kelp/entity.hpp>
#include <kelp/export.hpp>
#include <kelp/field_table.hpp>
#include <kelp/transport.hpp>

namespace kelp {

/// Names the exchange of one publish: an Exchange, whose delivery mode counts, or its name. Borrowed.
class ExchangeRef {
 public:
  ExchangeRef() noexcept = default;
  ExchangeRef(const Exchange& exchange) noexcept
      : name_(exchange.name.data(), exchange.name.size()),
        delivery_mode_(exchange.delivery_mode),
        set_(true) {}
  template <class T>
  requires std::is_convertible_v<const T&, std::string_view> ExchangeRef(const T& name)
  noexcept : name_(name), set_(true) {}

  /// False: the producer's own exchange.
  [[nodiscard]] bool is_set() const noexcept { return set_; }
  [[nodiscard]] std::string_view name() const noexcept { return name_; }
  [[nodiscard]] std::optional<DeliveryMode> delivery_mode() const noexcept { return delivery_mode_; }

 private:
  std::string_view name_ = {};
  std::optional<DeliveryMode> delivery_mode_ = std::nullopt;
  bool set_ = false;
};

/// How one message is published. Borrows: what it names must live until publish returns. A view
/// that is not set means the producer's default.
struct PublishOptions {
  // Address.
  ExchangeRef exchange = {};
  std::string_view routing_key = {};
  bool mandatory = false;  ///< an unroutable message is returned: see Producer::publish
  // Body.
  std::string_view serializer = {};
  std::string_view compression = {};
  /// When set, nothing is serialized: text and bytes travel as they are under this type.
  std::string_view content_type = {};
  std::string_view content_encoding = {};
  // Properties.
  FieldTable headers = {};
  std::optional<DeliveryMode> delivery_mode = std::nullopt;  ///< else the exchange's, else persistent
  std::optional<std::uint8_t> priority = std::nullopt;
  std::optional<std::chrono::milliseconds> expiration = std::nullopt;
  std::string_view correlation_id = {};
  std::string_view reply_to = {};
  std::string_view message_id = {};
  std::optional<std::uint64_t> timestamp = std::nullopt;  ///< seconds since 1970
  std::string_view type = {};
  std::string_view user_id = {};
  std::string_view app_id = {};
  // Declared before publishing, once for each connection.
  std::initializer_list<EntityRef> declare = {};
};

/// An unroutable mandatory message, on its way back. Views: valid during the callback.
struct Returned {
  std::uint16_t reply_code = 312;
  std::string_view reply_text = "NO_ROUTE";
  std::string_view exchange = {};
  std::string_view routing_key = {};
  std::span<const std::byte> body = {};
  Properties properties = {};
};

struct ProducerOptions {
  Exchange exchange = {};
  std::string routing_key = {};
  std::string serializer = {};  ///< empty: text and bytes as they are, the rest as json
  std::string compression = {};
  bool auto_declare = true;  ///< declare `exchange` when it has a name
  std::function<void(const Returned&)> on_return = {};
};

/// Publishes messages. Encodes the body, compresses it when told to, and declares what is asked.
/// Threads: one at a time, as its channel; producers are cheap, make one for each thread.
class KELP_API Producer {
 public:
  /// Shares `channel`, which may be destroyed first: publishing then throws.
  explicit Producer(const Channel& channel, ProducerOptions options = {});
  Producer(Producer&&) noexcept;
  Producer& operator=(Producer&&) noexcept;
  ~Producer();

  /// Publishes, or throws when the message was not accepted: ChannelError (404 no such exchange),
  /// EncodeError, SerializerNotInstalled, ConnectionError. A mandatory message that no queue takes
  /// goes to on_return, or throws ChannelError 312 when there is none. Text and bytes without headers
  /// and compression do not allocate in the steady state.
  void publish(const Body& body, const PublishOptions& options = {});
  /// The same with an outcome for messages that no queue takes; on_return is not called.
  [[nodiscard]] PublishOutcome try_publish(const Body& body, const PublishOptions& options = {});

  /// Declares unless this connection has done so: false when it had. Entities that can vanish by
  /// themselves (auto_delete, x-expires) are declared every time.
  bool maybe_declare(EntityRef entity);

  [[nodiscard]] const ProducerOptions& options() const noexcept;
  /// Closes the producer; the channel too if it belongs to the producer. Idempotent.
  void close() noexcept;

 private:
  friend class BoundExchange;
  friend class Connection;
  struct State;
  Producer(std::shared_ptr<messaging::ChannelCore> core, ProducerOptions options, bool owns_channel);

  std::unique_ptr<State> state_;
};

}  // namespace kelp
