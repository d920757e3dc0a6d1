// The shared state behind Channel: the transport's channel, its gate, its consumers, and what has
// been delivered and not settled.
//
// Whoever touches the transport's channel holds a Pass. A Pass settles first what other threads have
// acknowledged, so that an ack that returned comes before any later operation of the channel. Who
// closes from outside tears down when nobody is inside; else the thread inside does, when it leaves.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <kelp/message.hpp>
#include <kelp/serialization.hpp>
#include <kelp/transport.hpp>

#include "messaging/connection_core.hpp"
#include "messaging/delivery_record.hpp"
#include "messaging/feed.hpp"
#include "messaging/gate.hpp"
#include "messaging/promises.hpp"

namespace kelp::messaging {

/// What a Message knows of its consumer. Immutable.
struct ConsumerInfo : std::enable_shared_from_this<ConsumerInfo> {
  std::string tag;
  std::shared_ptr<const Accept> accept;
};

/// Who is called with a delivery.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void deliver(Message& message) = 0;
};

/// One subscription of the channel, with callbacks or pulled.
struct Source {
  std::unique_ptr<Subscription> subscription;
  std::shared_ptr<const ConsumerInfo> info;
  std::shared_ptr<Sink> sink;  // null: pulled
  std::string queue;
  std::uint32_t fetch = 0;
  bool no_ack = false;
};

class ChannelCore : public std::enable_shared_from_this<ChannelCore> {
 public:
  ChannelCore(std::shared_ptr<ConnectionCore> connection, std::unique_ptr<TransportChannel> transport);
  ~ChannelCore();

  /// Being inside. Throws ConnectionError when closed, MisuseError when another thread is inside.
  class Pass {
   public:
    explicit Pass(ChannelCore& core) : core_(core) {
      if (core.gate_.enter() != Gate::Entry::inside) [[unlikely]]
        core.throw_refused();
      core.settle_late();
    }
    ~Pass() {
      if (core_.gate_.leave()) [[unlikely]]
        core_.tear_down();
    }
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    TransportChannel* operator->() const noexcept { return core_.transport_.get(); }

   private:
    ChannelCore& core_;
  };

  [[nodiscard]] ConnectionCore& connection() noexcept { return *connection_; }
  [[nodiscard]] const Promises& promises() const noexcept { return promises_; }
  [[nodiscard]] bool is_open() const noexcept;
  [[nodiscard]] bool closed() const noexcept { return gate_.is_closed(); }

  // Everything down to close() passes the gate.

  [[nodiscard]] std::optional<Message> get(std::string_view queue, bool no_ack);
  [[nodiscard]] std::shared_ptr<Source> subscribe(std::string_view queue, const SubscribeOptions& options,
                                                  std::shared_ptr<Sink> sink,
                                                  std::shared_ptr<const Accept> accept, std::uint32_t fetch);
  /// Cancels; what was fetched ahead for it is requeued.
  void unsubscribe(const std::shared_ptr<Source>& source);
  /// Inside no more: lets the connection's drain see what subscribe() and unsubscribe() have done.
  void publish_sources();
  void settle_tag(std::uint64_t tag, Settle outcome, bool multiple);
  void recover();
  std::size_t drain(Timeout timeout);
  std::size_t receive(Source& source, std::span<Delivery> out, Timeout timeout);
  void interrupt() noexcept;

  /// See Channel::close().
  void close() noexcept;
  /// Keeps this alive until the dispatch under way has ended. False: there is none in this thread.
  bool keep_while_dispatching(std::shared_ptr<ChannelCore>& self) noexcept;

  // For Message. `record` has been decided by the caller.

  void settle(DeliveryRecord& record, SharedMessage& message, bool multiple);

  // For the connection's drain.

  [[nodiscard]] Gate& gate() noexcept { return gate_; }
  void leave() noexcept;
  [[nodiscard]] bool has_fetched() const noexcept {
    return fetched_count_.load(std::memory_order_relaxed) != 0;  // relaxed: a hint, the gate orders the rest
  }
  /// Does a wait have something better to do? Inside.
  [[nodiscard]] bool wants_attention() const noexcept {
    return gate_.is_closed() || !records_->outbox_empty();
  }
  /// Settles what other threads have acknowledged.
  void settle_late() noexcept {
    if (!records_->outbox_seems_empty()) [[unlikely]]
      flush_outbox();
  }
  /// Inside, while has_fetched() is false: room for what receive() brings, and how much it was.
  [[nodiscard]] std::span<Delivery> landing() noexcept { return fetched_; }
  void landed(std::size_t count) noexcept {
    fetched_at_ = 0;
    fetched_count_.store(static_cast<std::uint32_t>(count), std::memory_order_relaxed);  // inside
  }
  /// Inside. Room for max_fetch when has_fetched() is false.
  void add_fetched(Delivery&& delivery) noexcept;
  /// Passes the gate; dispatches one delivery that was fetched ahead, if there is one.
  std::size_t dispatch_fetched();

 private:
  friend class DispatchScope;
  [[nodiscard]] bool take_interrupt() noexcept {
    // Relaxed first look: interrupt() wakes those who have missed it.
    return interrupted_.load(std::memory_order_relaxed) &&
           interrupted_.exchange(false, std::memory_order_seq_cst);
  }
  [[nodiscard]] bool interrupt_pending() const noexcept {
    return connection_->interrupted() || interrupted_.load(std::memory_order_seq_cst);
  }
  [[noreturn]] void throw_refused();
  void dispatch_one(std::shared_ptr<ChannelCore>& kept);
  std::size_t fetch(Patience& patience);
  [[nodiscard]] Source* find(const Subscription* subscription) noexcept;
  void flush_outbox() noexcept;
  void settle_quietly(std::span<const Settlement> batch) noexcept;
  void settle_up_to(std::uint64_t tag, MessageState outcome);
  void resolve_all(MessageState outcome) noexcept;
  void drop_fetched(const Source* of, bool requeue) noexcept;
  void tear_down() noexcept;
  void release_sources() noexcept;

  std::shared_ptr<ConnectionCore> connection_;
  Gate gate_;
  const Promises promises_;
  std::unique_ptr<TransportChannel> transport_;
  RecordPool* records_;  // frees itself: see abandon()

  std::array<Delivery, max_fetch> fetched_;
  std::uint32_t fetched_at_ = 0;
  std::atomic<std::uint32_t> fetched_count_{0};

  std::vector<std::shared_ptr<Source>> sources_;
  std::vector<Subscription*> callback_subscriptions_;
  Source* last_source_ = nullptr;
  std::vector<std::shared_ptr<Source>> retired_;  // while a callback may still run in one
  Message* current_ = nullptr;                    // in a callback, on the stack of dispatch_one()
  std::shared_ptr<ChannelCore> kept_;             // see keep_while_dispatching()

  std::atomic<bool> draining_{false};
  std::atomic<bool> interrupted_{false};

  std::atomic<int> torn_{0};  // 0 no, 1 under way, 2 done
  std::mutex torn_mutex_;
  std::condition_variable torn_changed_;
};

/// The channel behind a handle; ConnectionError when there is none.
[[nodiscard]] ChannelCore& live(const std::shared_ptr<ChannelCore>& core);

}  // namespace kelp::messaging
