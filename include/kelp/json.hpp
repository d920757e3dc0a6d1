#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <kelp/export.hpp>

#include <nlohmann/json.hpp>

namespace kelp {

/// A JSON value. Its objects keep the order of insertion, as Python's do: what kelp writes has the
/// order of what Kombu writes, and what is decoded and encoded again does not change.
///
/// Integers that fit neither int64_t nor uint64_t lose nothing: they are binary values of a subtype
/// of their own that holds their decimal digits. See big_integer().
using Json = nlohmann::ordered_json;

/// How deep arrays and objects may be nested, read or written.
inline constexpr std::size_t max_json_depth = 512;

/// Appends `value` to `out` as Kombu writes it: one line, `", "` and `": "` between, only ASCII
/// (`\uXXXX`, surrogate pairs beyond), numbers as Python's repr, NaN and Infinity as bare words.
/// Throws EncodeError for binary values, strings that are not UTF-8 and values nested too deep; `out`
/// may then have been appended to. Allocates only to grow `out`. Threads: any.
KELP_API void write_json(const Json& value, std::string& out);
[[nodiscard]] KELP_API std::string write_json(const Json& value);

/// Reads one JSON text as Kombu does: UTF-8, NaN and Infinity, lone surrogates in `\u` escapes (kept
/// as their three-byte form, which write_json() writes back), integers of any size, numbers too large
/// for a double as Infinity; of equal names the last value stands, at the first one's place. Throws
/// DecodeError with the byte offset of what is wrong. Threads: any.
[[nodiscard]] KELP_API Json read_json(std::string_view text);

/// An integer of any size from `digits`: an optional minus sign and decimal digits, no leading zero.
/// A plain number when it fits 64 bits. Throws InvalidArgument.
[[nodiscard]] KELP_API Json big_integer(std::string_view digits);
/// True for an integer that no plain number can hold.
[[nodiscard]] KELP_API bool is_big_integer(const Json& value) noexcept;
/// Its digits; empty when it is not one.
[[nodiscard]] KELP_API std::string_view big_integer_digits(const Json& value) noexcept;

/// Bytes as a Json value, and back: empty when `value` is not bytes. JSON text cannot hold them; other
/// serializers can, and binary bodies are decoded to them.
[[nodiscard]] KELP_API Json json_bytes(std::span<const std::byte> bytes);
[[nodiscard]] KELP_API std::span<const std::byte> bytes_of(const Json& value) noexcept;

}  // namespace kelp
