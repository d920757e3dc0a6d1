#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include <kelp/export.hpp>
#include <kelp/field_table.hpp>
#include <kelp/json.hpp>
#include <kelp/properties.hpp>
#include <kelp/shared_message.hpp>

namespace kelp {

namespace messaging {
class ChannelCore;
class MessageAccess;
struct ConsumerInfo;
struct Decoded;
struct DeliveryRecord;
}  // namespace messaging

/// What became of a message.
enum class MessageState : std::uint8_t {
  received,  ///< not settled
  acked,
  rejected,
  requeued,
  closed,  ///< its channel was closed first: the broker has requeued it
};

/// How a message came here. Views into the message.
struct DeliveryInfo {
  std::string_view exchange = {};
  std::string_view routing_key = {};
  std::string_view consumer_tag = {};  ///< empty for what get() returned
  std::uint64_t delivery_tag = 0;
  bool redelivered = false;
};

/// One received message. It may be moved out of a callback and outlive everything, its connection
/// included: body and headers stay readable, settling then throws MessageStateError. Destroying an
/// unsettled message settles nothing (AMQP): the broker requeues it when the channel closes.
/// Threads: one at a time, except that ack, reject and requeue may race: the first wins, later ones
/// throw MessageStateError. Settling in a callback, or on the only thread that ever used the channel,
/// reaches the broker at once; from elsewhere when the channel is next used, which it wakes for it.
/// What returned is never undone.
class KELP_API Message {
 public:
  Message() noexcept;
  Message(Message&& other) noexcept;
  Message& operator=(Message&& other) noexcept;
  ~Message();

  /// False for a default-constructed or moved-from message.
  [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(shared_); }

  /// The decoded body, decoded once. Throws ContentDisallowed when the consumer's accept rules refuse
  /// the content type, DecodeError when the body is not what its type says.
  [[nodiscard]] const Json& payload();
  /// The body as it was before compression. Throws DecodeError when it cannot be decompressed.
  /// Allocates only for compressed messages, once.
  [[nodiscard]] std::span<const std::byte> body() const;
  /// body() seen as text; not validated.
  [[nodiscard]] std::string_view text() const;
  /// The headers, decoded once; allocates then.
  [[nodiscard]] const FieldTable& headers() const;
  /// Views into the message; `headers` is null: see headers().
  [[nodiscard]] Properties properties() const noexcept { return shared_.properties(); }
  [[nodiscard]] std::string_view content_type() const noexcept { return properties().content_type; }
  [[nodiscard]] std::string_view content_encoding() const noexcept { return properties().content_encoding; }
  [[nodiscard]] DeliveryInfo delivery_info() const noexcept;
  [[nodiscard]] std::uint64_t delivery_tag() const noexcept { return tag_; }

  /// With `multiple` every earlier message of the channel that is not settled, too. Silently nothing
  /// for a no_ack delivery, as in Kombu. Throws MessageStateError when it is settled already or its
  /// channel is closed. Does not allocate.
  void ack(bool multiple = false);
  /// Drops it, or dead-letters it where the queue says so. Errors as ack().
  void reject(bool requeue = false);
  /// Returns it to its place in the queue. Errors as ack().
  void requeue();

  [[nodiscard]] MessageState state() const noexcept;
  /// Settled by ack, reject or requeue. A no_ack delivery never is.
  [[nodiscard]] bool acknowledged() const noexcept;

  /// The message as the transport has it; for forwarding without a copy.
  [[nodiscard]] const SharedMessage& shared() const noexcept { return shared_; }

 private:
  friend class messaging::MessageAccess;
  void settle(MessageState outcome, bool multiple);

  SharedMessage shared_;
  messaging::DeliveryRecord* record_ = nullptr;  // null for no_ack deliveries
  std::uint64_t tag_ = 0;
  const messaging::ConsumerInfo* consumer_ = nullptr;              // null for what get() returned
  std::shared_ptr<const messaging::ConsumerInfo> consumer_owner_;  // set once it has been moved
  mutable std::unique_ptr<messaging::Decoded> decoded_;
  bool redelivered_ = false;
};

}  // namespace kelp
