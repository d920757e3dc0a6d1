// What the layer may do to a Message that its user may not.
#pragma once

#include <memory>
#include <string>

#include <kelp/message.hpp>
#include <kelp/serialization.hpp>

#include "messaging/channel_core.hpp"

namespace kelp::messaging {

/// What a Message has worked out about itself.
struct Decoded {
  std::shared_ptr<const Json> payload;
  std::unique_ptr<FieldTable> headers;
  bool decompressed = false;
  std::string body;  // when decompressed
};

class MessageAccess {
 public:
  static void fill(Message& message, Delivery&& delivery, DeliveryRecord* record,
                   const ConsumerInfo* consumer) noexcept {
    message.shared_ = std::move(delivery.message);
    message.record_ = record;
    message.tag_ = delivery.tag;
    message.consumer_ = consumer;
    message.redelivered_ = delivery.redelivered;
  }
  /// Makes it independent of the transport and of its consumer.
  static void own(Message& message) noexcept { message.shared_.own(); }
  /// The decoded body, kept alive even if a callback moves the message away.
  static std::shared_ptr<const Json> payload(Message& message) {
    static_cast<void>(message.payload());
    return message.decoded_->payload;
  }
  static DeliveryRecord* take_record(Message& message) noexcept {
    return std::exchange(message.record_, nullptr);
  }
};

}  // namespace kelp::messaging
