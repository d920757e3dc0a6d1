#include "routing/headers.hpp"

#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include <kelp/error.hpp>

namespace kelp::routing {

namespace {

constexpr std::string_view match_name = "x-match";

// RabbitMQ holds both kinds as binaries.
std::optional<std::string_view> bytes_of(const FieldValue& value) noexcept {
  if (const auto* text = value.get_if<std::string>()) return *text;
  if (const auto* bytes = value.get_if<Bytes>()) {
    return std::string_view(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  }
  return std::nullopt;
}

// RabbitMQ holds a timestamp as a plain integer.
std::optional<FieldValue> timestamp_number(const FieldValue& value) noexcept {
  const auto* timestamp = value.get_if<Timestamp>();
  constexpr auto limit = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (timestamp == nullptr || timestamp->seconds > limit) return std::nullopt;
  return FieldValue(static_cast<std::int64_t>(timestamp->seconds));
}

bool same_value(const FieldValue& a, const FieldValue& b) noexcept {
  if (a == b || same_number(a, b)) return true;
  if (const auto text_a = bytes_of(a), text_b = bytes_of(b); text_a && text_b) return *text_a == *text_b;
  if (const auto number = timestamp_number(a)) return same_number(*number, b);
  if (const auto number = timestamp_number(b)) return same_number(a, *number);
  return false;
}

}  // namespace

HeadersMatch parse_headers_match(const FieldTable& arguments) {
  const FieldValue* value = arguments.find(match_name);
  if (value == nullptr) return {};
  const auto* text = value->get_if<std::string>();
  if (text == nullptr)
    throw InvalidArgument("x-match is not text: expected all, any, all-with-x or any-with-x");
  if (*text == "all") return {.all = true, .with_x = false};
  if (*text == "any") return {.all = false, .with_x = false};
  if (*text == "all-with-x") return {.all = true, .with_x = true};
  if (*text == "any-with-x") return {.all = false, .with_x = true};
  throw InvalidArgument("x-match is '" + *text + "': expected all, any, all-with-x or any-with-x");
}

bool headers_match(HeadersMatch kind, const FieldTable& arguments, const FieldTable* headers) noexcept {
  for (const auto& [name, wanted] : arguments) {
    if (name == match_name || (!kind.with_x && name.starts_with("x-"))) continue;
    const FieldValue* found = headers == nullptr ? nullptr : headers->find(name);
    const bool matches =
        found != nullptr && (wanted.get_if<std::monostate>() != nullptr || same_value(wanted, *found));
    if (matches != kind.all) return matches;
  }
  return kind.all;
}

bool headers_match(const FieldTable& arguments, const FieldTable* headers) {
  return headers_match(parse_headers_match(arguments), arguments, headers);
}

}  // namespace kelp::routing
