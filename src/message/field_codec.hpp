// FieldTable to and from AMQP's wire form (AMQP 0-9-1 section 4.2.5.5, with the type letters that
// RabbitMQ and its clients use: the errata at rabbitmq.com/amqp-0-9-1-errata section 3).
#pragma once

#include <cstddef>
#include <span>

#include <kelp/field_table.hpp>

namespace kelp::message {

/// How deep tables and arrays may be nested.
inline constexpr unsigned max_field_depth = 64;

/// The bytes that encode_table() writes, its length word included. Throws InvalidArgument when a name
/// is longer than 255 bytes, a value longer than 4 GiB, or the nesting too deep. Does not allocate
/// unless it throws.
[[nodiscard]] std::size_t encoded_size(const FieldTable& table);
/// Writes encoded_size(table) bytes, which the caller has asked for, and returns their end.
std::byte* encode_table(const FieldTable& table, std::byte* out) noexcept;

/// Reads a table with its length word. `bytes` is exactly the table. Of two fields with one name the
/// later value stands. Throws DecodeError with the offset of what is wrong; bad_alloc.
[[nodiscard]] FieldTable decode_table(std::span<const std::byte> bytes);

}  // namespace kelp::message
