// The comparison of the headers exchange, as RabbitMQ does it.
// Source: RabbitMQ 3.10, rabbit_exchange_type_headers.
#pragma once

#include <kelp/field_table.hpp>

namespace kelp::routing {

/// What a binding's "x-match" asks for. The with_x forms look at arguments whose names begin with
/// "x-" too ("x-match" excepted), the others pass over them.
struct HeadersMatch {
  bool all = true;
  bool with_x = false;
};

/// Reads "x-match": all (also when it is missing), any, all-with-x, any-with-x. Throws
/// InvalidArgument for anything else.
[[nodiscard]] HeadersMatch parse_headers_match(const FieldTable& arguments);

/// Does a message with these headers (null: none) satisfy the binding? An argument without a value
/// asks only that the header is there. Numbers and timestamps compare by value whatever their types,
/// text and bytes by their bytes, everything else exactly. Without any argument to look at, `all`
/// matches and `any` does not.
[[nodiscard]] bool headers_match(HeadersMatch kind, const FieldTable& arguments,
                                 const FieldTable* headers) noexcept;

/// The same, with the kind read from the arguments. Throws InvalidArgument for an unknown "x-match".
[[nodiscard]] bool headers_match(const FieldTable& arguments, const FieldTable* headers);

}  // namespace kelp::routing
