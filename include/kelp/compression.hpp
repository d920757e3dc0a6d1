#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <kelp/export.hpp>

// Compressed bodies, by name and content type. Built in when libzstd is there: `zstd`. Everything
// here is process-wide; threads: any.
namespace kelp {

/// What a body may grow to when it is decompressed, unless the caller says otherwise: 256 MiB, twice
/// what RabbitMQ lets a message have. A body is never trusted to say how large it is.
inline constexpr std::size_t default_decompressed_limit = std::size_t{256} << 20;

/// Compresses into `out`, whose memory is reused, and returns the content type that goes into the
/// header `compression`; it lives as long as the process. `name` is a name or a content type. Throws
/// SerializerNotInstalled, which lists what there is, and EncodeError.
KELP_API std::string_view compress(std::span<const std::byte> body, std::string_view name, std::string& out);

/// The reverse, into `out`. Throws SerializerNotInstalled, and DecodeError when the body is damaged
/// or would be larger than `limit`.
KELP_API void decompress(std::span<const std::byte> body, std::string_view name, std::string& out,
                         std::size_t limit = default_decompressed_limit);

/// A compression of one's own. Both functions replace what `out` holds.
struct Compression {
  std::vector<std::string> names;
  std::string content_type;
  std::function<void(std::span<const std::byte> body, std::string& out)> compress = {};
  std::function<void(std::span<const std::byte> body, std::string& out, std::size_t limit)> decompress = {};
};

/// Adds a compression under all its names, replacing others of these names or this type. Throws
/// InvalidArgument when a name, the type or a function is missing, or longer than 255 bytes.
KELP_API void register_compression(Compression compression);
/// Names, sorted.
[[nodiscard]] KELP_API std::vector<std::string> compressions();

}  // namespace kelp
