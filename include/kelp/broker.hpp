#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <kelp/capabilities.hpp>
#include <kelp/clock.hpp>
#include <kelp/export.hpp>

namespace kelp {

class TransportConnection;

namespace broker {
class State;
}

struct BrokerOptions {
  /// Null: system_clock(). Everything in the broker that reads time or chooses at random uses it.
  std::shared_ptr<Clock> clock = nullptr;
};

/// An in-memory broker: exchanges, queues and bindings with AMQP's semantics, inside this process.
///
/// A handle on shared state: copies are the same broker, and connections keep it alive. Messages are
/// gone with the last of them. A default-constructed Broker is private to who holds it;
/// `memory://NAME` is Broker::named(NAME).
/// Threads: any.
class KELP_API Broker {
 public:
  explicit Broker(BrokerOptions options = {});
  ~Broker();
  Broker(const Broker&) noexcept;
  Broker(Broker&&) noexcept;
  Broker& operator=(const Broker&) noexcept;
  Broker& operator=(Broker&&) noexcept;

  /// The process-wide broker of that name; the empty name and `localhost` are the default one. It is
  /// created at its first use and never destroyed; a forked child starts with empty ones.
  [[nodiscard]] static Broker named(std::string_view name);

  /// What every in-memory broker can do.
  [[nodiscard]] static const Capabilities& capabilities() noexcept;

  /// A connection for the layer above. Throws ConnectionError when the broker is closed.
  [[nodiscard]] std::unique_ptr<TransportConnection> connect() const;

  [[nodiscard]] const std::shared_ptr<Clock>& clock() const noexcept;

  /// Returns idle memory (spare segments and message blocks, retired tables) to the system.
  void trim() const;

  /// Wakes everybody who waits on this broker and makes every later call on its connections throw
  /// ConnectionError. Idempotent.
  void close() const noexcept;

  bool operator==(const Broker&) const noexcept = default;

 private:
  explicit Broker(std::shared_ptr<broker::State> state) noexcept;
  std::shared_ptr<broker::State> state_;
};

namespace testing {
/// Forgets the process-wide brokers: the next `memory://` starts empty. Brokers that are in use live
/// on until their last connection goes. For tests.
KELP_API void reset_brokers() noexcept;
}  // namespace testing

}  // namespace kelp
