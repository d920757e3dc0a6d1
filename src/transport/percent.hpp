// Percent-encoding as Python's urllib.parse does it: what is not a valid escape stays as it is.
#pragma once

#include <string>
#include <string_view>

namespace kelp::transport {

/// The result may be any bytes.
[[nodiscard]] std::string percent_decode(std::string_view text, bool plus_is_space = false);

/// Letters, digits, `_.-~` and what is in `safe` stay, everything else becomes `%XX`.
[[nodiscard]] std::string percent_encode(std::string_view text, std::string_view safe);

}  // namespace kelp::transport
