// What the portable layer remembers of one delivery until it is settled, and how threads agree on
// who settles it.
//
// `state` is decided once, by compare-and-swap: who wins settles. The thread inside the channel does
// so at once. Any other pushes the record to the pool's outbox, which the channel empties at its next
// entry. A record has two references, the Message's and the channel's; the last to go returns it, to
// the owner's free list or, from other threads, to `returned_`. A pool outlives its channel while
// Messages hold records: the last one returned frees it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <kelp/message.hpp>
#include <kelp/transport.hpp>

namespace kelp::messaging {

class ChannelCore;
class ConnectionCore;
class RecordPool;

struct DeliveryRecord {
  std::atomic<MessageState> state{MessageState::received};
  bool multiple = false;  // written by who decided `state`, before the outbox
  std::atomic<std::uint32_t> references{0};
  std::uint64_t tag = 0;
  RecordPool* pool = nullptr;
  DeliveryRecord* link = nullptr;      // of the outbox, the free list or `returned_`
  DeliveryRecord* previous = nullptr;  // of the channel's unsettled records, its owner's
  DeliveryRecord* next = nullptr;

  /// True for the one caller that decides.
  [[nodiscard]] bool decide(MessageState outcome) noexcept {
    MessageState received = MessageState::received;
    // Release: a winner in another thread has finished with the message. Acquire: for symmetry at
    // close. Relaxed on failure: nothing is read through it.
    return state.compare_exchange_strong(received, outcome, std::memory_order_acq_rel,
                                         std::memory_order_relaxed);
  }
};

/// The settlement that a decided state stands for.
[[nodiscard]] Settle settle_of(MessageState state) noexcept;

class RecordPool {
 public:
  /// `core` is what inside threads settle through; it must stay valid until abandon().
  RecordPool(ChannelCore& core, std::shared_ptr<ConnectionCore> connection);
  RecordPool(const RecordPool&) = delete;
  RecordPool& operator=(const RecordPool&) = delete;

  // The owner's side: the thread inside the channel.

  /// A record with two references, in the list of the unsettled. Allocates only to grow.
  [[nodiscard]] DeliveryRecord& open(std::uint64_t tag);
  /// Takes it out of the list; the channel's reference stays.
  void unlink(DeliveryRecord& record) noexcept;
  /// The channel's reference goes.
  void drop_channels(DeliveryRecord& record) noexcept;
  /// The Message's reference goes, inside the channel.
  void drop_messages_inside(DeliveryRecord& record) noexcept;
  /// The oldest unsettled record or null; follow `next`.
  [[nodiscard]] DeliveryRecord* first() noexcept {
    return unsettled_.next == &unsettled_ ? nullptr : unsettled_.next;
  }
  [[nodiscard]] DeliveryRecord* after(const DeliveryRecord& record) noexcept {
    return record.next == &unsettled_ ? nullptr : record.next;
  }
  /// Everything in the outbox, oldest first, linked by `link`.
  [[nodiscard]] DeliveryRecord* take_outbox() noexcept;
  /// Nobody is inside any more and the list is empty: frees the pool, now or with its last record.
  void abandon() noexcept;

  // Any thread's side.

  [[nodiscard]] bool outbox_empty() const noexcept {
    return outbox_.load(std::memory_order_seq_cst) == nullptr;
  }
  /// As outbox_empty(), for an owner that will look again before it waits.
  [[nodiscard]] bool outbox_seems_empty() const noexcept {
    return outbox_.load(std::memory_order_relaxed) == nullptr;  // relaxed: a hint
  }
  void push_outbox(DeliveryRecord& record) noexcept;
  /// The Message's reference goes.
  void drop_messages(DeliveryRecord& record) noexcept;

  /// Only for who has decided a record of this pool, or is inside.
  [[nodiscard]] ChannelCore& core() noexcept { return core_; }
  [[nodiscard]] ConnectionCore& connection() noexcept { return *connection_; }

 private:
  ~RecordPool();
  void grow();
  void recycle(DeliveryRecord& record) noexcept;

  static constexpr std::size_t slab_size = 64;

  ChannelCore& core_;
  std::shared_ptr<ConnectionCore> connection_;
  std::vector<std::unique_ptr<DeliveryRecord[]>> slabs_;
  DeliveryRecord* free_ = nullptr;
  std::size_t records_ = 0;   // in all slabs
  DeliveryRecord unsettled_;  // the list's head
  alignas(64) std::atomic<DeliveryRecord*> outbox_{nullptr};
  std::atomic<DeliveryRecord*> returned_{nullptr};
  std::atomic<std::int64_t> still_out_{0};  // see abandon()
};

}  // namespace kelp::messaging
