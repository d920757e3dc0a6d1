// Numbers between text and Json.
#pragma once

#include <string>
#include <string_view>

#include <kelp/json.hpp>

namespace kelp::codec {

/// An integer of JSON's grammar: a plain number when it fits, else a big integer.
[[nodiscard]] Json json_integer(std::string_view digits);

/// A number of JSON's grammar with a fraction or an exponent; too large is infinite, too small is 0.
[[nodiscard]] double json_double(std::string_view text) noexcept;

/// Appends `value` as Python's repr does, NaN, Infinity and -Infinity as JSON words.
void append_double(double value, std::string& out);

}  // namespace kelp::codec
