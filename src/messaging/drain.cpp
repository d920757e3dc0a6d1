// drain_events: where a thread takes deliveries from, waits, and calls back.
//
// A channel is drained by itself or with all the others of its connection. Deliveries are fetched up
// to 32 at a time into the channel that they belong to, and dispatched one by one: what a callback
// leaves behind by throwing is there at the next call.
#include <algorithm>
#include <thread>
#include <utility>

#include <kelp/error.hpp>

#include "messaging/channel_core.hpp"
#include "messaging/connection_core.hpp"
#include "messaging/message_access.hpp"

namespace kelp::messaging {
namespace {

[[noreturn]] void throw_interrupted(const ConnectionCore& connection) {
  throw InterruptedError("the wait was interrupted (" + connection.connector().masked_uri + ")");
}

[[noreturn]] void throw_draining(const ConnectionCore& connection) {
  throw MisuseError("drain_events is called by two threads at a time, or from a callback (" +
                    connection.connector().masked_uri + ")");
}

}  // namespace

/// Around one callback.
class DispatchScope {
 public:
  DispatchScope(ChannelCore& core, Message& message, std::shared_ptr<ChannelCore>& kept) noexcept
      : core_(core), message_(message), kept_(kept) {
    core.current_ = &message;
  }
  ~DispatchScope() {
    core_.current_ = nullptr;
    if (DeliveryRecord* record = MessageAccess::take_record(message_)) {
      // Relaxed: only this thread can have torn down the channel that it is inside.
      if (core_.torn_.load(std::memory_order_relaxed) == 0) {
        core_.records_->drop_messages_inside(*record);
      } else {
        record->pool->drop_messages(*record);
      }
    }
    if (core_.kept_ != nullptr) [[unlikely]]
      kept_ = std::move(core_.kept_);
    if (!core_.retired_.empty()) [[unlikely]]
      std::exchange(core_.retired_, {}).clear();
  }
  DispatchScope(const DispatchScope&) = delete;
  DispatchScope& operator=(const DispatchScope&) = delete;

 private:
  ChannelCore& core_;
  Message& message_;
  std::shared_ptr<ChannelCore>& kept_;
  InCallback in_callback_;
};

void ChannelCore::dispatch_one(std::shared_ptr<ChannelCore>& kept) {
  Delivery& front = fetched_[fetched_at_];
  Source* source = find(front.subscription);
  DeliveryRecord* record = source->no_ack ? nullptr : &records_->open(front.tag);
  Message message;
  MessageAccess::fill(message, std::move(front), record, source->info.get());
  ++fetched_at_;
  // Relaxed, here and below: written inside the gate only.
  fetched_count_.store(fetched_count_.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
  const DispatchScope scope(*this, message, kept);
  source->sink->deliver(message);
}

std::size_t ChannelCore::dispatch_fetched() {
  std::shared_ptr<ChannelCore> kept;  // outlives the pass
  const Pass pass(*this);
  if (!has_fetched()) return 0;
  dispatch_one(kept);
  return 1;
}

void ChannelCore::add_fetched(Delivery&& delivery) noexcept {
  const std::uint32_t count = fetched_count_.load(std::memory_order_relaxed);
  if (count == 0) fetched_at_ = 0;
  fetched_[fetched_at_ + count] = std::move(delivery);
  fetched_count_.store(count + 1, std::memory_order_relaxed);
}

std::size_t ChannelCore::fetch(Patience& patience) {
  std::size_t limit = max_fetch;
  bool any = false;
  for (const auto& source : sources_) {
    if (source->sink == nullptr || !source->subscription->active()) continue;
    any = true;
    limit = std::min(limit, fetch_of({source->subscription.get(), source->fetch}));
  }
  if (!any) return 0;
  fetched_at_ = 0;
  const std::size_t count =
      connection_->receive(callback_subscriptions_, std::span(fetched_).first(limit), patience, [this] {
        return wants_attention() || connection_->interrupted() ||
               interrupted_.load(std::memory_order_seq_cst);
      });
  fetched_count_.store(static_cast<std::uint32_t>(count), std::memory_order_relaxed);
  return count;
}

std::size_t ChannelCore::drain(Timeout timeout) {
  struct Draining {
    std::atomic<bool>& flag;
    // Release: pairs with the next drain's acquire.
    ~Draining() { flag.store(false, std::memory_order_release); }
  };
  std::shared_ptr<ChannelCore> kept;  // outlives the flag
  if (draining_.exchange(true, std::memory_order_acquire)) throw_draining(*connection_);
  const Draining draining{draining_};
  Patience patience(timeout);
  for (;;) {
    bool idle = false;
    {
      const Pass pass(*this);
      if (connection_->take_interrupt() || take_interrupt()) {
        throw_interrupted(*connection_);
      }
      if (has_fetched() || fetch(patience) != 0) {
        dispatch_one(kept);
        return 1;
      }
      idle = std::none_of(sources_.begin(), sources_.end(), [](const auto& source) {
        return source->sink != nullptr && source->subscription->active();
      });
    }
    if (idle) {
      connection_->wait_idly(patience, [this] { return closed() || interrupt_pending(); });
    }
    if (interrupt_pending()) continue;
    if (patience.over(connection_->transport().clock())) return 0;
  }
}

std::size_t ChannelCore::receive(Source& source, std::span<Delivery> out, Timeout timeout) {
  if (out.empty()) return 0;
  Patience patience(timeout);
  for (;;) {
    {
      const Pass pass(*this);
      if (source.subscription == nullptr) throw ConnectionError("the consumer was cancelled");
      if (connection_->take_interrupt() || take_interrupt()) throw_interrupted(*connection_);
      Subscription* const from = source.subscription.get();
      const std::size_t count = connection_->receive({&from, 1}, out, patience, [this] {
        return wants_attention() || connection_->interrupted() ||
               interrupted_.load(std::memory_order_seq_cst);
      });
      if (count != 0) return count;
      if (!from->active()) throw NotFound("queue '" + source.queue + "' is gone: its consumer was cancelled");
    }
    if (interrupt_pending()) continue;
    if (patience.over(connection_->transport().clock())) return 0;
  }
}

// ---- the connection's

class ConnectionCore::Draining {
 public:
  explicit Draining(ConnectionCore& core) : core_(core) {
    ThreadId nobody = 0;
    if (!core.draining_.compare_exchange_strong(nobody, this_thread(), std::memory_order_seq_cst)) {
      throw_draining(core);
    }
  }
  ~Draining() {
    core_.draining_.store(0, std::memory_order_seq_cst);
    if (core_.closing_.load(std::memory_order_seq_cst)) [[unlikely]]
      core_.finish_close();
  }
  Draining(const Draining&) = delete;
  Draining& operator=(const Draining&) = delete;

 private:
  ConnectionCore& core_;
};

/// Inside every channel of the feed. False: one of them is closed.
class ConnectionCore::InsideAll {
 public:
  explicit InsideAll(Feed& feed) : feed_(feed) {
    for (const auto& channel : feed.channels) {
      const Gate::Entry entry = channel->gate().enter();
      if (entry == Gate::Entry::inside) {
        ++entered_;
        channel->settle_late();
        continue;
      }
      all_ = false;
      busy_ = entry == Gate::Entry::busy;
      return;
    }
  }
  ~InsideAll() {
    while (entered_ > 0) feed_.channels[--entered_]->leave();
  }
  InsideAll(const InsideAll&) = delete;
  InsideAll& operator=(const InsideAll&) = delete;
  [[nodiscard]] bool all() const noexcept { return all_; }
  [[nodiscard]] bool busy() const noexcept { return busy_; }

 private:
  Feed& feed_;
  std::size_t entered_ = 0;
  bool all_ = true;
  bool busy_ = false;
};

void ConnectionCore::refresh_feed() {
  const std::lock_guard lock(mutex_);
  feed_version_ = version_.load(std::memory_order_relaxed);  // written under the mutex
  feed_.channels.clear();
  feed_.sources.clear();
  feed_.channel_of.clear();
  for (const Registered& registered : channels_) {
    if (registered.sources.empty()) continue;
    auto channel = registered.channel.lock();
    if (channel == nullptr) continue;
    for (const FeedSource& source : registered.sources) {
      feed_.sources.push_back(source);
      feed_.channel_of.emplace(source.subscription, channel.get());
    }
    feed_.channels.push_back(std::move(channel));
  }
}

std::size_t ConnectionCore::drain_ready() {
  const std::size_t count = feed_.channels.size();
  for (std::size_t looked = 0; looked < count; ++looked) {
    if (feed_.turn >= count) feed_.turn = 0;
    ChannelCore& channel = *feed_.channels[feed_.turn++];
    // A closed channel is out of the feed in a moment; another one's callback may have closed it.
    if (channel.has_fetched() && !channel.closed() && channel.dispatch_fetched() != 0) return 1;
  }
  return 0;
}

void ConnectionCore::take_active() {
  active_.clear();
  limit_ = max_fetch;
  for (const FeedSource& source : feed_.sources) {
    if (!source.subscription->active()) continue;
    active_.push_back(source.subscription);
    limit_ = std::min(limit_, fetch_of(source));
  }
}

bool ConnectionCore::look_again() const noexcept {
  if (interrupted() || closing_.load(std::memory_order_seq_cst)) return true;
  if (version_.load(std::memory_order_seq_cst) != feed_version_) return true;
  for (const auto& channel : feed_.channels) {
    if (channel->wants_attention()) return true;
  }
  return false;
}

void ConnectionCore::fetch(Patience& patience) {
  {
    const InsideAll inside(feed_);
    if (!inside.all()) {
      if (inside.busy())
        throw MisuseError("a channel is used while drain_events runs (" + connector_.masked_uri + ")");
      std::this_thread::yield();  // it leaves the feed in a moment
      return;
    }
    take_active();
    if (!active_.empty()) {
      const auto again = [this] { return look_again(); };
      if (feed_.channels.size() == 1) {
        ChannelCore& channel = *feed_.channels.front();
        channel.landed(receive(active_, channel.landing().first(limit_), patience, again));
        return;
      }
      const std::size_t count = receive(active_, std::span(landed_).first(limit_), patience, again);
      for (std::size_t i = 0; i < count; ++i) {
        feed_.channel_of.find(landed_[i].subscription)->second->add_fetched(std::move(landed_[i]));
      }
      return;
    }
  }
  wait_idly(patience, [this] { return look_again(); });
}

std::size_t ConnectionCore::drain(Timeout timeout) {
  const Draining draining(*this);
  Patience patience(timeout);
  for (;;) {
    if (take_interrupt()) throw_interrupted(*this);
    if (!is_open()) throw_closed();
    TransportConnection& live = transport();
    if (version_.load(std::memory_order_acquire) != feed_version_) refresh_feed();
    if (drain_ready() != 0) return 1;
    fetch(patience);
    if (drain_ready() != 0) return 1;
    if (!look_again() && patience.over(live.clock())) return 0;
  }
}

}  // namespace kelp::messaging
