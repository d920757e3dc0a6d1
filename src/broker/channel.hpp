// One channel of the in-memory broker: what one thread at a time publishes, receives and settles
// through. ARCHITECTURE.md follows a message through it.
//
// publish() and take() are the hot functions: a pin of the topology, a cached route, a pooled block,
// one fetch-and-add per queue; one compare-and-swap per claimed run.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <kelp/transport.hpp>

#include "broker/consumer.hpp"
#include "broker/context.hpp"
#include "broker/link.hpp"
#include "broker/route_cache.hpp"
#include "broker/router.hpp"
#include "broker/unacked.hpp"

namespace kelp::broker {

class Channel final : public TransportChannel {
 public:
  explicit Channel(std::shared_ptr<Link> link);
  ~Channel() override;
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  void declare_exchange(const ExchangeDeclaration& declaration) override;
  void delete_exchange(std::string_view name, bool if_unused) override;
  QueueDeclared declare_queue(const QueueDeclaration& declaration) override;
  std::uint64_t delete_queue(std::string_view name, bool if_unused, bool if_empty) override;
  std::uint64_t purge_queue(std::string_view name) override;
  void bind(const BindingDeclaration& binding) override;
  void unbind(const BindingDeclaration& binding) override;

  PublishOutcome publish(const Address& address, const Properties& properties,
                         std::span<const std::byte> body, PublishFlags flags) override;
  bool get(std::string_view queue, bool no_ack, Delivery& out) override;
  [[nodiscard]] std::unique_ptr<Subscription> subscribe(std::string_view queue,
                                                        const SubscribeOptions& options) override;
  void settle(std::span<const Settlement> settlements) override;
  void set_prefetch(std::uint32_t count) override { prefetch_ = count; }
  void recover() override;
  void close() override;

  // --- For Connection::receive ---

  /// Takes what `consumer` may have now; never waits.
  std::size_t take(Consumer& consumer, std::span<Delivery> out);
  /// Deliveries that `consumer` may still be given; 0: it waits for settlements.
  [[nodiscard]] std::uint32_t credit(const Consumer& consumer) const noexcept;
  /// Before a sleep: reports settled cells and sends blocks home.
  void flush() noexcept;
  /// True once for every interrupt of the connection.
  [[nodiscard]] bool take_interrupt() noexcept;
  [[nodiscard]] bool interrupt_pending() const noexcept {
    return link_->interrupts.load(std::memory_order_seq_cst) != seen_interrupts_;
  }

  Link& link() noexcept { return *link_; }
  Context& context() noexcept { return context_; }
  Bell& bell() noexcept { return bell_; }
  /// Ends the consumer; what it delivered stays unsettled. Idempotent.
  void cancel(Consumer& consumer) noexcept;
  /// The consumer is being destroyed.
  void forget(Consumer& consumer) noexcept;

 private:
  struct KnownExchange {
    std::string name;
    Exchange* exchange;
  };

  Exchange& exchange_for(std::string_view name);
  [[gnu::cold]] Exchange& look_up_exchange(std::string_view name);
  [[gnu::cold]] std::span<Queue* const> resolve(Exchange& exchange, std::string_view key,
                                                const FieldTable* headers, std::uint64_t hash, Route* stale);
  [[nodiscard]] std::span<Queue* const> route(const Address& address, const FieldTable* headers);
  void enqueue(message::Block& block, std::span<Queue* const> queues);
  [[gnu::cold]] void reroute(message::Block& block, std::span<Queue* const> tried, std::size_t sealed);
  [[gnu::cold, noreturn]] void fail_publish(message::Block& block, std::size_t done, std::size_t all);

  void hand_out(const Claim& claim, Lane& lane, bool no_ack, Delivery& out);
  void finish(Unsettled& delivery, Settle outcome, SharedMessage* keep);
  void requeue(Unsettled& delivery) noexcept;
  Lane& lane_for_get(std::string_view name);
  void drop_finished_lanes() noexcept;

  const std::shared_ptr<Link> link_;
  Context context_;
  Bell& bell_;
  std::uint32_t seen_interrupts_;
  bool closed_ = false;

  std::uint64_t exchanges_deleted_ = 0;  // when known_ and routes_ were last cleared
  std::size_t last_exchange_ = 0;
  std::vector<KnownExchange> known_;
  RouteCache routes_;
  Router router_;

  static constexpr std::size_t run_length = 32;  // messages that one claim takes at the most
  std::array<Claim, run_length>
      claims_;  // scratch of take(): clearing it each time would cost more than a claim
  std::uint32_t prefetch_ = 0;
  Unacked unacked_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::vector<Consumer*> consumers_;
  std::uint64_t next_tag_ = 1;  // of consumers
};

}  // namespace kelp::broker
