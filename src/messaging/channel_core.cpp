#include "messaging/channel_core.hpp"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include <kelp/error.hpp>

#include "messaging/message_access.hpp"

namespace kelp::messaging {

ChannelCore::ChannelCore(std::shared_ptr<ConnectionCore> connection,
                         std::unique_ptr<TransportChannel> transport)
    : connection_(std::move(connection)),
      promises_(connection_->transport().capabilities(), connection_->options()),
      transport_(std::move(transport)),
      records_(new RecordPool(*this, connection_)) {}

ChannelCore::~ChannelCore() {
  close();
  // In a forked child the transport is the parent's: nothing may be said over it.
  if (connection_->forked()) static_cast<void>(transport_.release());
}

bool ChannelCore::is_open() const noexcept { return !gate_.is_closed() && connection_->is_open(); }

void ChannelCore::throw_refused() {
  if (gate_.is_closed() || connection_->forked()) {
    if (!connection_->is_open()) connection_->throw_closed();
    throw ConnectionError("the channel is closed (" + connection_->connector().masked_uri + ")");
  }
  throw MisuseError("a channel is used by two threads at a time (" + connection_->connector().masked_uri +
                    ")");
}

void ChannelCore::leave() noexcept {
  if (gate_.leave()) [[unlikely]]
    tear_down();
}

// ---- consumers

std::shared_ptr<Source> ChannelCore::subscribe(std::string_view queue, const SubscribeOptions& options,
                                               std::shared_ptr<Sink> sink,
                                               std::shared_ptr<const Accept> accept, std::uint32_t fetch) {
  const Pass pass(*this);
  auto source = std::make_shared<Source>();
  auto info = std::make_shared<ConsumerInfo>();
  source->subscription = pass->subscribe(queue, options);
  info->tag = source->subscription->consumer_tag();
  info->accept = std::move(accept);
  source->info = std::move(info);
  source->sink = std::move(sink);
  source->queue = queue;
  source->no_ack = options.no_ack;
  source->fetch = fetch != 0 ? fetch : (options.no_ack ? 1 : 0);
  sources_.push_back(source);
  if (source->sink != nullptr) callback_subscriptions_.push_back(source->subscription.get());
  return source;
}

void ChannelCore::unsubscribe(const std::shared_ptr<Source>& source) {
  const auto keep = source;
  const Pass pass(*this);
  const auto found = std::find(sources_.begin(), sources_.end(), source);
  if (found == sources_.end()) return;
  sources_.erase(found);
  std::erase(callback_subscriptions_, keep->subscription.get());
  last_source_ = nullptr;
  drop_fetched(keep.get(), true);
  publish_sources();
  keep->subscription.reset();
  if (current_ != nullptr) retired_.push_back(keep);
}

void ChannelCore::publish_sources() {
  std::vector<FeedSource> feed;
  {
    const Pass pass(*this);
    for (const auto& source : sources_) {
      if (source->sink != nullptr) feed.push_back({source->subscription.get(), source->fetch});
    }
  }
  connection_->update_subscriptions(*this, std::move(feed));
}

Source* ChannelCore::find(const Subscription* subscription) noexcept {
  if (last_source_ != nullptr && last_source_->subscription.get() == subscription) return last_source_;
  for (const auto& source : sources_) {
    if (source->subscription.get() == subscription) return last_source_ = source.get();
  }
  return nullptr;
}

// ---- settling

void ChannelCore::settle(DeliveryRecord& record, SharedMessage& message, bool multiple) {
  const MessageState state = record.state.load(std::memory_order_relaxed);  // decided by this thread
  if (!gate_.enter_to_settle()) {
    // Another thread is, or may come, inside: it settles when it passes the gate next.
    message.own();
    record.multiple = multiple;
    ConnectionCore& connection = *connection_;  // this channel may be gone once the record is pushed
    records_->push_outbox(record);
    connection.wake_waiters();
    return;
  }
  struct Leave {
    ChannelCore& core;
    ~Leave() { core.leave(); }
  } const leave{*this};
  settle_late();
  records_->unlink(record);
  const std::uint64_t tag = record.tag;
  // The Message has the other reference, and it is in this thread's hands.
  record.references.store(1, std::memory_order_relaxed);
  if (multiple) settle_up_to(tag, state);
  const bool borrowed = !message.owns();
  if (state == MessageState::requeued && borrowed) message.own();
  const Settlement settlement{tag, settle_of(state), false,
                              borrowed && state != MessageState::requeued ? &message : nullptr};
  transport_->settle({&settlement, 1});
}

void ChannelCore::settle_quietly(std::span<const Settlement> batch) noexcept {
  try {
    transport_->settle(batch);
  } catch (const std::exception&) {
    // The acks of these messages have returned long ago. A lost connection shows at the next
    // operation; one tag that the transport does not know must not take the others with it.
    if (batch.size() == 1) return;
    for (const Settlement& one : batch) settle_quietly({&one, 1});
  }
}

void ChannelCore::flush_outbox() noexcept {
  std::array<Settlement, 64> batch;
  std::size_t count = 0;
  for (DeliveryRecord* record = records_->take_outbox(); record != nullptr;) {
    DeliveryRecord* next = record->link;
    // Relaxed: taking the outbox was the acquire.
    const MessageState state = record->state.load(std::memory_order_relaxed);
    if (record->multiple) settle_up_to(record->tag, state);
    batch[count++] = {record->tag, settle_of(state), false, nullptr};
    record->multiple = false;
    records_->unlink(*record);
    records_->drop_channels(*record);
    if (count == batch.size() || next == nullptr) settle_quietly({batch.data(), std::exchange(count, 0)});
    record = next;
  }
}

void ChannelCore::settle_up_to(std::uint64_t tag, MessageState outcome) {
  // One by one, and not with the transport's `multiple`: that would include what was fetched ahead
  // and never seen, and what other threads have just decided otherwise.
  if (current_ != nullptr && current_->delivery_tag() < tag) MessageAccess::own(*current_);
  for (DeliveryRecord* record = records_->first(); record != nullptr;) {
    DeliveryRecord* next = records_->after(*record);
    if (record->tag < tag && record->decide(outcome)) {
      const Settlement settlement{record->tag, settle_of(outcome), false, nullptr};
      records_->unlink(*record);
      records_->drop_channels(*record);
      settle_quietly({&settlement, 1});
    }
    record = next;
  }
}

void ChannelCore::settle_tag(std::uint64_t tag, Settle outcome, bool multiple) {
  const Pass pass(*this);
  const MessageState state = outcome == Settle::ack      ? MessageState::acked
                             : outcome == Settle::reject ? MessageState::rejected
                                                         : MessageState::requeued;
  for (DeliveryRecord* record = records_->first(); record != nullptr; record = records_->after(*record)) {
    if (record->tag != tag) continue;
    if (!record->decide(state)) break;  // the transport says what it thinks of the tag
    if (current_ != nullptr && current_->delivery_tag() == tag) MessageAccess::own(*current_);
    if (multiple) settle_up_to(tag, state);
    records_->unlink(*record);
    records_->drop_channels(*record);
    multiple = false;
    break;
  }
  const Settlement settlement{tag, outcome, multiple, nullptr};
  pass->settle({&settlement, 1});
}

void ChannelCore::resolve_all(MessageState outcome) noexcept {
  // What another thread has decided arrives in the outbox in a moment; it is settled as it said.
  for (;;) {
    flush_outbox();
    bool waiting = false;
    for (DeliveryRecord* record = records_->first(); record != nullptr;) {
      DeliveryRecord* next = records_->after(*record);
      if (record->decide(outcome)) {
        records_->unlink(*record);
        records_->drop_channels(*record);
      } else {
        waiting = true;
      }
      record = next;
    }
    if (!waiting) return;
    std::this_thread::yield();
  }
}

void ChannelCore::recover() {
  const Pass pass(*this);
  resolve_all(MessageState::requeued);
  drop_fetched(nullptr, false);
  if (current_ != nullptr) MessageAccess::own(*current_);
  pass->recover();
}

// ---- closing

void ChannelCore::drop_fetched(const Source* of, bool requeue) noexcept {
  std::array<Delivery, max_fetch> kept;
  std::array<Settlement, max_fetch> back;
  std::uint32_t kept_count = 0;
  std::size_t back_count = 0;
  const std::uint32_t count = fetched_count_.load(std::memory_order_relaxed);  // inside
  for (std::uint32_t i = 0; i < count; ++i) {
    Delivery& delivery = fetched_[fetched_at_ + i];
    const bool ours =
        of == nullptr || (of->subscription != nullptr && delivery.subscription == of->subscription.get());
    if (!ours) {
      kept[kept_count++] = std::move(delivery);
      continue;
    }
    if (requeue && !delivery.message.owns())
      back[back_count++] = {delivery.tag, Settle::requeue, false, nullptr};
    delivery = {};
  }
  std::move(kept.begin(), kept.begin() + kept_count, fetched_.begin());
  fetched_at_ = 0;
  fetched_count_.store(kept_count, std::memory_order_relaxed);
  if (back_count != 0) settle_quietly({back.data(), back_count});
}

void ChannelCore::close() noexcept {
  if (connection_->forked()) {
    torn_.store(2, std::memory_order_release);
    return;
  }
  gate_.close();
  if (gate_.mine() || !gate_.occupied()) {
    tear_down();
  } else {
    connection_->wake();
    if (callback_depth() != 0) return;  // it must not wait: whoever is inside tears down when it leaves
  }
  if (torn_.load(std::memory_order_acquire) == 2 || gate_.mine()) return;
  std::unique_lock lock(torn_mutex_);
  while (torn_.load(std::memory_order_acquire) != 2) {
    torn_changed_.wait_for(lock, std::chrono::milliseconds(1));
    // A thread that only looked in as the gate closed tears nothing down.
    if (torn_.load(std::memory_order_acquire) == 0 && !gate_.occupied()) {
      lock.unlock();
      tear_down();
      lock.lock();
    }
  }
}

void ChannelCore::tear_down() noexcept {
  int untouched = 0;
  if (!torn_.compare_exchange_strong(untouched, 1, std::memory_order_acq_rel)) return;
  if (current_ != nullptr) MessageAccess::own(*current_);
  resolve_all(MessageState::closed);
  drop_fetched(nullptr, false);
  try {
    transport_->close();
  } catch (const std::exception&) {
    // It is closed or lost already: the broker requeues by itself.
  }
  records_->abandon();
  release_sources();
  connection_->channel_closed(*this);
}

void ChannelCore::release_sources() noexcept {
  auto sources = std::move(sources_);
  sources_.clear();
  callback_subscriptions_.clear();
  last_source_ = nullptr;
  for (const auto& source : sources) source->subscription.reset();
  if (current_ != nullptr) {
    for (auto& source : sources) retired_.push_back(std::move(source));
  }
  {
    const std::lock_guard lock(torn_mutex_);
    torn_.store(2, std::memory_order_release);
    torn_changed_.notify_all();
  }
  // `sources` goes now: what callbacks have captured may close this channel again.
}

bool ChannelCore::keep_while_dispatching(std::shared_ptr<ChannelCore>& self) noexcept {
  if (current_ == nullptr || !gate_.mine()) return false;
  kept_ = std::move(self);
  return true;
}

void ChannelCore::interrupt() noexcept {
  interrupted_.store(true, std::memory_order_seq_cst);
  connection_->wake_waiters();
}

}  // namespace kelp::messaging
