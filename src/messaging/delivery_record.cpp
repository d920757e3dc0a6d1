#include "messaging/delivery_record.hpp"

#include <utility>

namespace kelp::messaging {
namespace {

/// Marks `returned_` of an abandoned pool.
DeliveryRecord* abandoned_mark() noexcept {
  static constinit DeliveryRecord mark{};
  return &mark;
}

}  // namespace

Settle settle_of(MessageState state) noexcept {
  switch (state) {
    case MessageState::acked:
      return Settle::ack;
    case MessageState::rejected:
      return Settle::reject;
    default:
      return Settle::requeue;
  }
}

RecordPool::RecordPool(ChannelCore& core, std::shared_ptr<ConnectionCore> connection)
    : core_(core), connection_(std::move(connection)) {
  unsettled_.next = unsettled_.previous = &unsettled_;
}

RecordPool::~RecordPool() = default;

void RecordPool::grow() {
  // Acquire: the records' last users are done with them.
  free_ = returned_.exchange(nullptr, std::memory_order_acquire);
  if (free_ != nullptr) return;
  slabs_.push_back(std::make_unique<DeliveryRecord[]>(slab_size));
  records_ += slab_size;
  for (std::size_t i = slab_size; i-- > 0;) {
    DeliveryRecord& record = slabs_.back()[i];
    record.pool = this;
    record.link = free_;
    free_ = &record;
  }
}

DeliveryRecord& RecordPool::open(std::uint64_t tag) {
  if (free_ == nullptr) [[unlikely]]
    grow();
  DeliveryRecord& record = *free_;
  free_ = record.link;
  // Relaxed: nobody else knows the record yet.
  record.state.store(MessageState::received, std::memory_order_relaxed);
  record.references.store(2, std::memory_order_relaxed);
  record.tag = tag;
  record.previous = unsettled_.previous;
  record.next = &unsettled_;
  unsettled_.previous->next = &record;
  unsettled_.previous = &record;
  return record;
}

void RecordPool::unlink(DeliveryRecord& record) noexcept {
  record.previous->next = record.next;
  record.next->previous = record.previous;
}

void RecordPool::recycle(DeliveryRecord& record) noexcept {
  record.link = free_;
  free_ = &record;
}

void RecordPool::drop_channels(DeliveryRecord& record) noexcept {
  // Acquire: a Message that is gone was done with the record. Release: it may be the last after us.
  if (record.references.fetch_sub(1, std::memory_order_acq_rel) == 1) recycle(record);
}

void RecordPool::drop_messages_inside(DeliveryRecord& record) noexcept {
  // Both references are held by the thread inside, so nobody can change the count under it.
  const std::uint32_t left = record.references.load(std::memory_order_acquire) - 1;
  if (left == 0) {
    recycle(record);
  } else {
    record.references.store(left, std::memory_order_relaxed);
  }
}

void RecordPool::push_outbox(DeliveryRecord& record) noexcept {
  DeliveryRecord* head = outbox_.load(std::memory_order_relaxed);  // the exchange confirms it
  do {
    record.link = head;
    // seq_cst: the pusher reads next whether the channel waits, the channel the reverse.
  } while (
      !outbox_.compare_exchange_weak(head, &record, std::memory_order_seq_cst, std::memory_order_relaxed));
}

DeliveryRecord* RecordPool::take_outbox() noexcept {
  DeliveryRecord* newest = outbox_.exchange(nullptr, std::memory_order_acquire);  // pairs with push_outbox()
  DeliveryRecord* oldest = nullptr;
  while (newest != nullptr) {
    DeliveryRecord* next = std::exchange(newest->link, oldest);
    oldest = std::exchange(newest, next);
  }
  return oldest;
}

void RecordPool::drop_messages(DeliveryRecord& record) noexcept {
  // As in drop_channels().
  if (record.references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  DeliveryRecord* head = returned_.load(std::memory_order_relaxed);  // the exchange confirms it
  do {
    if (head == abandoned_mark()) {
      // Acquire and release: whoever frees the pool comes after everybody else's last step.
      if (still_out_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
      return;
    }
    record.link = head;
  } while (
      !returned_.compare_exchange_weak(head, &record, std::memory_order_release, std::memory_order_relaxed));
}

void RecordPool::abandon() noexcept {
  std::size_t home = 0;
  for (const DeliveryRecord* record = free_; record != nullptr; record = record->link) ++home;
  // Acquire: as in grow(). Release: the count below is the pool's last change but the returns.
  const DeliveryRecord* record = returned_.exchange(abandoned_mark(), std::memory_order_acq_rel);
  for (; record != nullptr; record = record->link) ++home;
  const auto out = static_cast<std::int64_t>(records_ - home);
  // Those who return later may have counted down already, below zero: the sum is zero for one.
  if (still_out_.fetch_add(out, std::memory_order_acq_rel) + out == 0) delete this;
}

}  // namespace kelp::messaging
