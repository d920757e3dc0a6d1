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

/// Throws InvalidArgument: the text names the property of `properties` that is longer than 255 bytes.
[[noreturn]] void refuse_properties(const Properties& properties);

/// What encode_properties() will write. Throws InvalidArgument for texts and header tables beyond
/// AMQP's limits. Does not allocate unless it throws.
[[nodiscard, gnu::always_inline]] inline PropertyPlan plan_properties(const Properties& p) {
  std::size_t size = 2, longest = 0;
  unsigned flags = 0;
  // Without branches: an unset view has size 0.
  const auto text = [&](std::string_view value, unsigned at) {
    const bool set = value.data() != nullptr;
    flags |= static_cast<unsigned>(set) << at;
    size += value.size() + set;
    longest |= value.size();
  };
  text(p.content_type, bit::content_type);
  text(p.content_encoding, bit::content_encoding);
  text(p.correlation_id, bit::correlation_id);
  text(p.reply_to, bit::reply_to);
  text(p.expiration, bit::expiration);
  text(p.message_id, bit::message_id);
  text(p.type, bit::type);
  text(p.user_id, bit::user_id);
  text(p.app_id, bit::app_id);
  text(p.cluster_id, bit::cluster_id);
  if (longest > 255) [[unlikely]]
    refuse_properties(p);
  flags |= static_cast<unsigned>(p.delivery_mode.has_value()) << bit::delivery_mode |
           static_cast<unsigned>(p.priority.has_value()) << bit::priority |
           static_cast<unsigned>(p.timestamp.has_value()) << bit::timestamp;
  size += p.delivery_mode.has_value() + p.priority.has_value() + 8 * p.timestamp.has_value();
  if (p.headers != nullptr) {
    flags |= 1u << bit::headers;
    size += encoded_size(*p.headers);
  }
  return {flags, size};
}

/// Writes `plan.size` bytes and returns their end.
[[gnu::always_inline]] inline std::byte* encode_properties(const Properties& p, const PropertyPlan& plan,
                                                           std::byte* out) noexcept {
  const unsigned flags = plan.flags;
  const auto has = [&](unsigned at) { return (flags >> at & 1) != 0; };
  out = put(out, static_cast<std::uint16_t>(flags));
  if (has(bit::content_type)) out = put_short(out, p.content_type);
  if (has(bit::content_encoding)) out = put_short(out, p.content_encoding);
  // Most messages have nothing else.
  if ((flags & ((1u << bit::content_encoding) - 1)) == 0) return out;
  if (has(bit::headers)) out = encode_table(*p.headers, out);
  if (has(bit::delivery_mode)) out = put(out, *p.delivery_mode);
  if (has(bit::priority)) out = put(out, *p.priority);
  if (has(bit::correlation_id)) out = put_short(out, p.correlation_id);
  if (has(bit::reply_to)) out = put_short(out, p.reply_to);
  if (has(bit::expiration)) out = put_short(out, p.expiration);
  if (has(bit::message_id)) out = put_short(out, p.message_id);
  if (has(bit::timestamp)) out = put(out, *p.timestamp);
  if (has(bit::type)) out = put_short(out, p.type);
  if (has(bit::user_id)) out = put_short(out, p.user_id);
  if (has(bit::app_id)) out = put_short(out, p.app_id);
  if (has(bit::cluster_id)) out = put_short(out, p.cluster_id);
  return out;
}

struct DecodedProperties {
  Properties properties;               ///< without headers
  std::span<const std::byte> headers;  ///< the encoded table; empty: not set
};

/// Reads what encode_properties() wrote; the bytes are trusted. Does not allocate.
[[nodiscard]] DecodedProperties decode_properties(std::span<const std::byte> bytes) noexcept;

}  // namespace kelp::message
