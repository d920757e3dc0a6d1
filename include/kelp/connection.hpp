#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <kelp/capabilities.hpp>
#include <kelp/channel.hpp>
#include <kelp/clock.hpp>
#include <kelp/consumer.hpp>
#include <kelp/export.hpp>
#include <kelp/producer.hpp>
#include <kelp/timeout.hpp>

namespace kelp {

class Broker;

namespace messaging {
class ConnectionCore;
}

/// What becomes of a promise (time to live, limits, priority, exclusive, mandatory ...) that the
/// transport cannot keep.
enum class Unsupported { refuse, warn, ignore };

struct ConnectionOptions {
  /// Time and randomness; null: the transport's own choice.
  std::shared_ptr<Clock> clock = nullptr;
  Unsupported unsupported = Unsupported::refuse;
  /// Gets the warnings of Unsupported::warn; else they go to the standard error stream.
  std::function<void(std::string_view)> on_warning = {};
};

/// A connection to a broker, made on first use. A move-only handle on shared state: destroying it
/// closes everything that hangs on it, and whoever uses that later gets ConnectionError.
/// Threads: any, except that drain_events counts as use of all its channels with consumers: one
/// thread at a time. After fork a child may not use it: it gets ConnectionError.
class KELP_API Connection {
 public:
  /// `memory://` is the process's default broker, `memory://name` another one. Throws
  /// InvalidArgument for a URL that means nothing; does not connect.
  explicit Connection(std::string_view url = "memory://", ConnectionOptions options = {});
  /// To a private broker. Keeps its state alive, not the broker open.
  explicit Connection(const Broker& broker, ConnectionOptions options = {});
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  ~Connection();

  /// Connects unless it is connected. Everything below does so by itself.
  void connect();
  [[nodiscard]] bool connected() const noexcept;
  [[nodiscard]] Channel channel();
  /// Kombu's shared channel; lives with the connection. One thread at a time.
  [[nodiscard]] Channel& default_channel();
  /// A producer with a channel of its own.
  [[nodiscard]] Producer producer(ProducerOptions options = {});
  /// A started consumer with a channel of its own: cancelled when the result is destroyed.
  [[nodiscard]] Consumer consumer(std::vector<Queue> queues, Callback callback, ConsumerOptions options = {});
  [[nodiscard]] Consumer consumer(std::vector<Queue> queues, OnMessage on_message,
                                  ConsumerOptions options = {});

  /// Waits for one event on any consumer of any channel and dispatches it: its callbacks run here.
  /// Throws TimeoutError when nothing came, InterruptedError after interrupt(), MisuseError when
  /// called by two threads or from a callback, and what a callback throws, unchanged: its message
  /// stays unsettled. Deliveries that were fetched ahead stay for the next call.
  void drain_events(Timeout timeout = forever);
  /// The same with an outcome: the number of events dispatched, 0 or 1.
  [[nodiscard]] std::size_t try_drain_events(Timeout timeout = forever);
  /// Ends the current or the next drain_events or receive with InterruptedError. Any thread.
  void interrupt() noexcept;

  /// Closes every channel as Channel::close() does, then the connection. Any thread. Idempotent.
  void close() noexcept;
  [[nodiscard]] bool is_open() const noexcept;

  /// The URL; its password as `**` unless asked for.
  [[nodiscard]] std::string as_uri(bool include_password = false) const;
  [[nodiscard]] const Capabilities& capabilities();
  [[nodiscard]] Clock& clock();

 private:
  std::shared_ptr<messaging::ConnectionCore> core_;
  std::unique_ptr<Channel> default_channel_;
};

}  // namespace kelp
