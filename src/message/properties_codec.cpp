#include "message/properties_codec.hpp"

#include <string>

#include <kelp/error.hpp>

namespace kelp::message {

void refuse_properties(const Properties& p) {
  const struct {
    const char* name;
    std::string_view value;
  } texts[] = {
      {"content_type", p.content_type},
      {"content_encoding", p.content_encoding},
      {"correlation_id", p.correlation_id},
      {"reply_to", p.reply_to},
      {"expiration", p.expiration},
      {"message_id", p.message_id},
      {"type", p.type},
      {"user_id", p.user_id},
      {"app_id", p.app_id},
      {"cluster_id", p.cluster_id},
  };
  for (const auto& text : texts) {
    if (text.value.size() > 255) {
      throw InvalidArgument(std::string("property ") + text.name + " has " +
                            std::to_string(text.value.size()) + " bytes; AMQP's limit is 255");
    }
  }
  throw InvalidArgument("a property is longer than AMQP's limit of 255 bytes");
}

DecodedProperties decode_properties(std::span<const std::byte> bytes) noexcept {
  DecodedProperties result;
  Properties& p = result.properties;
  const std::byte* at = bytes.data();
  const unsigned flags = get<std::uint16_t>(at);
  at += 2;
  const auto has = [&](unsigned which) { return (flags >> which & 1) != 0; };
  const auto text = [&](unsigned which, std::string_view& value) {
    if (!has(which)) return;
    const auto size = std::to_integer<std::size_t>(*at);
    value = {reinterpret_cast<const char*>(at + 1), size};
    at += 1 + size;
  };
  text(bit::content_type, p.content_type);
  text(bit::content_encoding, p.content_encoding);
  if (has(bit::headers)) {
    result.headers = {at, 4 + std::size_t{get<std::uint32_t>(at)}};
    at += result.headers.size();
  }
  if (has(bit::delivery_mode)) p.delivery_mode = std::to_integer<std::uint8_t>(*at++);
  if (has(bit::priority)) p.priority = std::to_integer<std::uint8_t>(*at++);
  text(bit::correlation_id, p.correlation_id);
  text(bit::reply_to, p.reply_to);
  text(bit::expiration, p.expiration);
  text(bit::message_id, p.message_id);
  if (has(bit::timestamp)) {
    p.timestamp = get<std::uint64_t>(at);
    at += 8;
  }
  text(bit::type, p.type);
  text(bit::user_id, p.user_id);
  text(bit::app_id, p.app_id);
  text(bit::cluster_id, p.cluster_id);
  return result;
}

}  // namespace kelp::message
