// The registries of serializers and compressions, for the rest of the part.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <kelp/compression.hpp>
#include <kelp/serialization.hpp>

namespace kelp::codec {

inline constexpr std::string_view raw_name = "raw";
inline constexpr std::string_view raw_type = "application/data";
inline constexpr std::string_view trusted_text_type = "application/text";
inline constexpr std::string_view text_type = "text/plain";

struct SerializerEntry {
  std::shared_ptr<const Serializer> serializer;
  bool enabled = true;
};

/// One version of the serializers, in the order of registration.
struct SerializerTable {
  std::vector<SerializerEntry> entries;
  std::string default_name = "json";

  /// Null when there is none.
  [[nodiscard]] const Serializer* by_name(std::string_view name) const noexcept;
  /// The one registered last.
  [[nodiscard]] const SerializerEntry* by_type(std::string_view content_type) const noexcept;
};

/// The current version: lives as long as the process. Does not lock.
[[nodiscard]] const SerializerTable& serializer_table();

/// The serializers and compressions are as they were at the start.
void reset_registries();
void reset_compressions();

/// What the library brings along.
[[nodiscard]] Serializer json_serializer();
#ifdef KELP_HAVE_ZSTD
[[nodiscard]] Compression zstd_compression();
#endif

/// `"a", "b"`, or `none`: for errors.
[[nodiscard]] std::string quoted_list(const std::vector<std::string>& names);
/// Throws InvalidArgument unless `text` has 1 to 255 bytes.
void check_registered_text(const char* what, std::string_view text);

}  // namespace kelp::codec
