#pragma once

#include <chrono>

namespace kelp {

/// How long a call may wait. Zero or less: only what is there already.
using Timeout = std::chrono::nanoseconds;

/// No limit.
inline constexpr Timeout forever = Timeout::max();

}  // namespace kelp
