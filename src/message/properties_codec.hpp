// Basic properties to and from AMQP's wire form: a word of flags, then the values that are set, in
// the order of their bits (AMQP 0-9-1 sections 4.2.6.1 and 1.8.3).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <kelp/properties.hpp>

#include "message/field_codec.hpp"
#include "message/wire.hpp"

namespace kelp::message {

namespace bit {
enum : unsigned {
  cluster_id = 2,
  app_id,
  user_id,
  type,
  timestamp,
  message_id,
  expiration,
  reply_to,
  correlation_id,
  priority,
  delivery_mode,
  headers,
  content_encoding,
  content_type,
};
}  // namespace bit

struct PropertyPlan {
  unsigned flags;
  std::size_t size;
};

/// True when nothing but content_type, content_encoding and delivery_mode is set, as in most messages.
[[nodiscard, gnu::always_inline]] inline bool only_common(const Properties& p) noexcept {
  const auto word = [](std::string_view text) { return reinterpret_cast<std::uintptr_t>(text.data()); };
  const std::uintptr_t texts = word(p.correlation_id) | word(p.reply_to) | word(p.expiration) |
                               word(p.message_id) | word(p.type) | word(p.user_id) | word(p.app_id) |
                               word(p.cluster_id) | reinterpret_cast<std::uintptr_t>(p.headers);
  const int numbers = int{p.priority.has_value()} | int{p.timestamp.has_value()};
  return texts == 0 && numbers == 0;
}

/// For any properties. Throws InvalidArgument naming the one that is longer than 255 bytes.
[[nodiscard]] PropertyPlan plan_all_properties(const Properties& properties);
std::byte* encode_all_properties(const Properties& properties, const PropertyPlan& plan,
                                 std::byte* out) noexcept;

/// What encode_properties() will write. Throws InvalidArgument for texts and header tables beyond
/// AMQP's limits. Does not allocate unless it throws.
[[nodiscard, gnu::always_inline]] inline PropertyPlan plan_properties(const Properties& p) {
  if (!only_common(p) || (p.content_type.size() | p.content_encoding.size()) > 255) {
    return plan_all_properties(p);
  }
  const unsigned type = p.content_type.data() != nullptr, encoding = p.content_encoding.data() != nullptr;
  const unsigned mode = p.delivery_mode.has_value();
  return {type << bit::content_type | encoding << bit::content_encoding | mode << bit::delivery_mode,
          2 + p.content_type.size() + type + p.content_encoding.size() + encoding + mode};
}

/// Writes `plan.size` bytes and returns their end.
[[gnu::always_inline]] inline std::byte* encode_properties(const Properties& p, const PropertyPlan& plan,
                                                           std::byte* out) noexcept {
  constexpr unsigned common =
      1u << bit::content_type | 1u << bit::content_encoding | 1u << bit::delivery_mode;
  if ((plan.flags & ~common) != 0) return encode_all_properties(p, plan, out);
  out = put(out, static_cast<std::uint16_t>(plan.flags));
  if (p.content_type.data() != nullptr) out = put_short(out, p.content_type);
  if (p.content_encoding.data() != nullptr) out = put_short(out, p.content_encoding);
  if (p.delivery_mode.has_value()) *out++ = std::byte{*p.delivery_mode};
  return out;
}

struct DecodedProperties {
  Properties properties;               ///< without headers
  std::span<const std::byte> headers;  ///< the encoded table; empty: not set
};

/// Reads what encode_properties() wrote; the bytes are trusted. Does not allocate.
[[nodiscard]] DecodedProperties decode_properties(std::span<const std::byte> bytes) noexcept;

}  // namespace kelp::message
