#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <kelp/export.hpp>
#include <kelp/json.hpp>

// Bodies to bytes and back, by name and content type, with Kombu's rules. Built in: `json` (the
// default) and `raw`. Everything here is process-wide; threads: any.
namespace kelp {

/// An encoded body. `payload` names the input or the buffer that the caller gave; the other two
/// live as long as the process.
struct Encoded {
  std::string_view content_type;
  std::string_view content_encoding;
  std::span<const std::byte> payload;
};

/// Encodes with `serializer`; an empty name means: text as `text/plain`, bytes as
/// `application/data`, anything else with the default serializer. With a name text and bytes are not
/// special: text in `json` gets its quotes. `raw` passes text and bytes as they are. `buffer` is
/// cleared and written when something must be encoded, so that its memory is reused; text and bytes
/// that travel as they are are not copied. Throws SerializerNotInstalled, which lists what there is,
/// and EncodeError.
[[nodiscard]] KELP_API Encoded dumps(const Json& value, std::string_view serializer, std::string& buffer);
[[nodiscard]] KELP_API Encoded dumps_text(std::string_view text, std::string_view serializer,
                                          std::string& buffer);
[[nodiscard]] KELP_API Encoded dumps_bytes(std::span<const std::byte> bytes, std::string_view serializer,
                                           std::string& buffer);

/// What a consumer lets decode. `application/data` and `application/text` always may.
/// Threads: share for reading.
class KELP_API Accept {
 public:
  /// kelp's default: json, text and raw.
  Accept();
  /// Names of serializers and content types; what contains a `/` is a content type. An empty list
  /// leaves the two types that always may. Throws SerializerNotInstalled for an unknown name.
  explicit Accept(std::span<const std::string> names);
  /// Kombu's `accept=None`: every type but the disabled ones.
  [[nodiscard]] static Accept enabled();
  /// Every type, the disabled ones too.
  [[nodiscard]] static Accept everything();

  /// Throws ContentDisallowed.
  void check(std::string_view content_type) const;

 private:
  enum class Rule : unsigned char { listed, enabled, everything };
  Rule rule_ = Rule::listed;
  std::vector<std::string> types_;
};

/// Decodes a body. No content type means `application/data`, no encoding `utf-8`. Empty data is not
/// decoded, whatever its type: an empty text, or empty bytes when the encoding is `binary`. A type
/// without a decoder gives text when the encoding is a text encoding (utf-8, ascii, latin-1), else
/// bytes: see bytes_of(). Throws ContentDisallowed and DecodeError.
[[nodiscard]] KELP_API Json loads(std::span<const std::byte> data, std::string_view content_type,
                                  std::string_view content_encoding, const Accept& accept = {});

/// A serializer of one's own.
struct Serializer {
  std::string name;
  std::string content_type;
  std::string content_encoding = "utf-8";
  /// Appends the encoded value. Empty: cannot encode. What it throws becomes EncodeError.
  std::function<void(const Json& value, std::string& out)> encode = {};
  /// Empty: content of this type is text or bytes. What it throws becomes DecodeError.
  std::function<Json(std::span<const std::byte> data)> decode = {};
};

/// Adds a serializer, or replaces the one of that name. Throws InvalidArgument when name or content
/// type are empty, the name is `raw`, or either is longer than 255 bytes.
KELP_API void register_serializer(Serializer serializer);
/// Throws SerializerNotInstalled. What was encoded with it before stays valid.
KELP_API void unregister_serializer(std::string_view name);
/// The serializer of values when none is named. Throws SerializerNotInstalled.
KELP_API void set_default_serializer(std::string_view name);
/// Names, sorted; `raw` included.
[[nodiscard]] KELP_API std::vector<std::string> serializers();

/// Whether Accept::enabled() lets a serializer decode. Both take names; unknown ones are ignored.
KELP_API void enable_serializers(std::span<const std::string> names);
KELP_API void disable_serializers(std::span<const std::string> names);

}  // namespace kelp
