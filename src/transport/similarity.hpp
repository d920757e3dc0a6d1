// How alike two short names are, for "did you mean": twice the characters of the matching blocks,
// divided by all characters, as Python's difflib counts (Ratcliff and Obershelp, 1988).
#pragma once

#include <string_view>

namespace kelp::transport {

/// 0 (nothing in common) to 1 (equal). Only the first 64 characters count.
[[nodiscard]] double similarity(std::string_view a, std::string_view b) noexcept;

}  // namespace kelp::transport
