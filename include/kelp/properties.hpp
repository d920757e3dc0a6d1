#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace kelp {

class FieldTable;

/// The properties of one message (AMQP 0-9-1, class basic), borrowed: what the views and `headers`
/// name must outlive their use. A view whose data() is null means "not set".
struct Properties {
  std::string_view content_type = {};
  std::string_view content_encoding = {};
  const FieldTable* headers = nullptr;
  std::optional<std::uint8_t> delivery_mode = std::nullopt;  ///< 1 transient, 2 persistent
  std::optional<std::uint8_t> priority = std::nullopt;
  std::string_view correlation_id = {};
  std::string_view reply_to = {};
  std::string_view expiration = {};  ///< decimal milliseconds, as text
  std::string_view message_id = {};
  std::optional<std::uint64_t> timestamp = std::nullopt;  ///< seconds since 1970
  std::string_view type = {};
  std::string_view user_id = {};
  std::string_view app_id = {};
  std::string_view cluster_id = {};
};

/// Where a message goes, or came from. Borrowed.
struct Address {
  std::string_view exchange = {};     ///< empty: the default exchange
  std::string_view routing_key = {};  ///< at most 255 bytes
};

}  // namespace kelp
