// The text encodings that bodies without a decoder may have.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace kelp::codec {

enum class TextEncoding { binary, utf8, ascii, latin1, unknown };

/// What a content encoding means, in any case and with Python's aliases; empty is utf-8.
[[nodiscard]] TextEncoding text_encoding(std::string_view name);

/// The text as UTF-8. `name` is for errors. Throws DecodeError with the offset of what is wrong, or for
/// an unknown encoding.
[[nodiscard]] std::string decode_text(std::span<const std::byte> data, TextEncoding encoding,
                                      std::string_view name);

}  // namespace kelp::codec
