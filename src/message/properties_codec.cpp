#include "message/properties_codec.hpp"

#include <string>

#include <kelp/error.hpp>

namespace kelp::message {

namespace {

struct NamedText {
  const char* name;
  std::string_view Properties::*text;
  unsigned at;
};

constexpr NamedText texts[] = {
    {"content_type", &Properties::content_type, bit::content_type},
    {"content_encoding", &Properties::content_encoding, bit::content_encoding},
    {"correlation_id", &Properties::correlation_id, bit::correlation_id},
    {"reply_to", &Properties::reply_to, bit::reply_to},
    {"expiration", &Properties::expiration, bit::expiration},
    {"message_id", &Properties::message_id, bit::message_id},
    {"type", &Properties::type, bit::type},
    {"user_id", &Properties::user_id, bit::user_id},
    {"app_id", &Properties::app_id, bit::app_id},
    {"cluster_id", &Properties::cluster_id, bit::cluster_id},
};

[[noreturn, gnu::cold]] void refuse(const char* name, std::size_t size) {
  throw InvalidArgument(std::string("property ") + name + " has " + std::to_string(size) +
                        " bytes; AMQP's limit is 255");
}

}  // namespace

PropertyPlan plan_all_properties(const Properties& p) {
  PropertyPlan plan{
      static_cast<unsigned>(p.delivery_mode.has_value()) << bit::delivery_mode |
          static_cast<unsigned>(p.priority.has_value()) << bit::priority |
          static_cast<unsigned>(p.timestamp.has_value()) << bit::timestamp,
      std::size_t{2} + p.delivery_mode.has_value() + p.priority.has_value() + 8 * p.timestamp.has_value()};
  for (const NamedText& named : texts) {
    const std::string_view text = p.*named.text;
    const bool set = text.data() != nullptr;
    if (text.size() > 255) [[unlikely]]
      refuse(named.name, text.size());
    plan.flags |= static_cast<unsigned>(set) << named.at;
    plan.size += text.size() + set;
  }
  if (p.headers != nullptr) {
    plan.flags |= 1u << bit::headers;
    plan.size += encoded_size(*p.headers);
  }
  return plan;
}

std::byte* encode_all_properties(const Properties& p, const PropertyPlan& plan, std::byte* out) noexcept {
  const auto text = [&](std::string_view value) {
    if (value.data() != nullptr) out = put_short(out, value);
  };
  out = put(out, static_cast<std::uint16_t>(plan.flags));
  text(p.content_type);
  text(p.content_encoding);
  if (p.headers != nullptr) out = encode_table(*p.headers, out);
  if (p.delivery_mode) out = put(out, *p.delivery_mode);
  if (p.priority) out = put(out, *p.priority);
  text(p.correlation_id);
  text(p.reply_to);
  text(p.expiration);
  text(p.message_id);
  if (p.timestamp) out = put(out, *p.timestamp);
  text(p.type);
  text(p.user_id);
  text(p.app_id);
  text(p.cluster_id);
  return out;
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
