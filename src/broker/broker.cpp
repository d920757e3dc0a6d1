// The public handle, and the brokers that belong to the process.
#include <kelp/broker.hpp>

#include <map>
#include <mutex>
#include <string>
#include <utility>

#include <unistd.h>

#include "broker/capabilities.hpp"
#include "broker/connection.hpp"

namespace kelp {

namespace {

/// Never destroyed: connections may outlive main(). A forked child finds the threads of its parent
/// gone, perhaps in the middle of something, so it starts with an empty registry.
struct Registry {
  std::mutex mutex;
  pid_t owner = getpid();
  std::map<std::string, Broker, std::less<>> brokers;
};

std::atomic<Registry*>& registry_slot() noexcept {
  static constinit std::atomic<Registry*> slot{nullptr};
  return slot;
}

Registry& registry() {
  Registry* current = registry_slot().load(std::memory_order_acquire);
  while (current == nullptr || current->owner != getpid()) {
    auto fresh = std::make_unique<Registry>();
    if (registry_slot().compare_exchange_strong(current, fresh.get(), std::memory_order_acq_rel)) {
      return *fresh.release();
    }
  }
  return *current;
}

}  // namespace

namespace broker {

const Capabilities& memory_capabilities() noexcept {
  static const Capabilities capabilities{
      .exchange_types = {"direct", "topic", "fanout", "headers"},
      .exchange_bindings = true,
      .mandatory = true,
      .requeue_in_place = true,
      .exclusive = true,
      .manual_time = true,
  };
  return capabilities;
}

}  // namespace broker

Broker::Broker(BrokerOptions options) : state_(std::make_shared<broker::State>(std::move(options.clock))) {}
Broker::Broker(std::shared_ptr<broker::State> state) noexcept : state_(std::move(state)) {}
Broker::~Broker() = default;
Broker::Broker(const Broker&) noexcept = default;
Broker::Broker(Broker&&) noexcept = default;
Broker& Broker::operator=(const Broker&) noexcept = default;
Broker& Broker::operator=(Broker&&) noexcept = default;

Broker Broker::named(std::string_view name) {
  Registry& all = registry();
  const std::string_view key = name == "localhost" ? std::string_view() : name;
  const std::lock_guard lock(all.mutex);
  if (const auto found = all.brokers.find(key); found != all.brokers.end()) return found->second;
  return all.brokers.emplace(std::string(key), Broker()).first->second;
}

const Capabilities& Broker::capabilities() noexcept { return broker::memory_capabilities(); }

std::unique_ptr<TransportConnection> Broker::connect() const {
  return std::make_unique<broker::Connection>(state_);
}

const std::shared_ptr<Clock>& Broker::clock() const noexcept { return state_->clock; }

void Broker::trim() const { state_->trim(); }

void Broker::close() const noexcept { state_->close(); }

void testing::reset_brokers() noexcept {
  Registry& all = registry();
  std::map<std::string, Broker, std::less<>> forgotten;
  const std::lock_guard lock(all.mutex);
  all.brokers.swap(forgotten);
}

}  // namespace kelp
