// The two kinds of value that JSON's types do not cover: integers of any size, and bytes. Both are
// nlohmann's binary type; the subtype tells them apart.
#include <charconv>
#include <cstdint>

#include <kelp/error.hpp>
#include <kelp/json.hpp>

#include "codec/json_numbers.hpp"

namespace kelp {
namespace {

// "int" in ASCII: no serializer of the library uses subtypes that large.
constexpr std::uint64_t big_integer_subtype = 0x696E74;

Json binary_of(const char* data, std::size_t size) {
  return Json::binary(Json::binary_t::container_type(data, data + size));
}

std::string_view text_of(const Json::binary_t& binary) noexcept {
  return {reinterpret_cast<const char*>(binary.data()), binary.size()};
}

template <class T>
bool fits(std::string_view digits, T& value) noexcept {
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return result.ec == std::errc();
}

}  // namespace

namespace codec {

Json json_integer(std::string_view digits) {
  if (digits.front() == '-') {
    if (std::int64_t value = 0; fits(digits, value)) return value;
  } else if (std::uint64_t value = 0; fits(digits, value)) {
    return value;
  }
  Json result = binary_of(digits.data(), digits.size());
  result.get_binary().set_subtype(big_integer_subtype);
  return result;
}

}  // namespace codec

Json big_integer(std::string_view digits) {
  const std::string_view magnitude = digits.starts_with('-') ? digits.substr(1) : digits;
  const bool all_digits = magnitude.find_first_not_of("0123456789") == std::string_view::npos;
  if (magnitude.empty() || !all_digits || (magnitude.front() == '0' && magnitude.size() > 1)) {
    throw InvalidArgument("big_integer: \"" + std::string(digits.substr(0, 40)) +
                          "\" is not a decimal integer without leading zeros");
  }
  return codec::json_integer(digits);
}

bool is_big_integer(const Json& value) noexcept {
  if (!value.is_binary()) return false;
  const auto& binary = value.get_ref<const Json::binary_t&>();
  return binary.has_subtype() && binary.subtype() == big_integer_subtype;
}

std::string_view big_integer_digits(const Json& value) noexcept {
  return is_big_integer(value) ? text_of(value.get_ref<const Json::binary_t&>()) : std::string_view{};
}

Json json_bytes(std::span<const std::byte> bytes) {
  return binary_of(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

std::span<const std::byte> bytes_of(const Json& value) noexcept {
  if (!value.is_binary() || is_big_integer(value)) return {};
  const auto& binary = value.get_ref<const Json::binary_t&>();
  return {reinterpret_cast<const std::byte*>(binary.data()), binary.size()};
}

}  // namespace kelp
