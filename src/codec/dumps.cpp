// Choosing the encoding of a body: kombu/serialization.py, dumps().
#include <new>

#include <kelp/error.hpp>
#include <kelp/serialization.hpp>

#include "codec/registries.hpp"

namespace kelp {
namespace {

std::span<const std::byte> bytes_in(std::string_view text) noexcept {
  return std::as_bytes(std::span(text.data(), text.size()));
}

[[noreturn]] void refuse_name(std::string_view name) {
  throw SerializerNotInstalled("no encoder \"" + std::string(name) + "\" is installed; there are " +
                               codec::quoted_list(serializers()));
}

// Whatever an encoder throws becomes EncodeError, but for what already says it.
void call(const Serializer& serializer, const Json& value, std::string& out) {
  try {
    serializer.encode(value, out);
  } catch (const EncodeError&) {
    throw;
  } catch (const SerializerNotInstalled&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    throw EncodeError(serializer.name + ": " + error.what());
  }
}

Encoded encode(const Json& value, std::string_view name, std::string& buffer) {
  const codec::SerializerTable& table = codec::serializer_table();
  const Serializer* serializer = table.by_name(name.empty() ? std::string_view(table.default_name) : name);
  if (serializer == nullptr || !serializer->encode) {
    refuse_name(name.empty() ? std::string_view(table.default_name) : name);
  }
  buffer.clear();
  call(*serializer, value, buffer);
  return {serializer->content_type, serializer->content_encoding, bytes_in(buffer)};
}

Encoded raw_text(std::string_view text) noexcept { return {codec::raw_type, "utf-8", bytes_in(text)}; }
Encoded raw_bytes(std::span<const std::byte> bytes) noexcept { return {codec::raw_type, "binary", bytes}; }

}  // namespace

Encoded dumps(const Json& value, std::string_view serializer, std::string& buffer) {
  if (serializer != codec::raw_name) return encode(value, serializer, buffer);
  if (value.is_string()) return raw_text(value.get_ref<const Json::string_t&>());
  if (value.is_binary() && !is_big_integer(value)) return raw_bytes(bytes_of(value));
  throw EncodeError(std::string("raw: takes text or bytes, not ") + value.type_name());
}

Encoded dumps_text(std::string_view text, std::string_view serializer, std::string& buffer) {
  if (serializer.empty()) return {codec::text_type, "utf-8", bytes_in(text)};
  if (serializer == codec::raw_name) return raw_text(text);
  return encode(Json(text), serializer, buffer);
}

Encoded dumps_bytes(std::span<const std::byte> bytes, std::string_view serializer, std::string& buffer) {
  if (serializer.empty() || serializer == codec::raw_name) return raw_bytes(bytes);
  return encode(json_bytes(bytes), serializer, buffer);
}

namespace codec {

Serializer json_serializer() {
  return {.name = "json",
          .content_type = "application/json",
          .content_encoding = "utf-8",
          .encode = [](const Json& value, std::string& out) { write_json(value, out); },
          .decode =
              [](std::span<const std::byte> data) {
                return read_json({reinterpret_cast<const char*>(data.data()), data.size()});
              }};
}

}  // namespace codec
}  // namespace kelp
