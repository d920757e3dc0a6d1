#pragma once

#include <span>
#include <string>

#include <kelp/clock.hpp>
#include <kelp/export.hpp>

namespace kelp {

/// A random UUID (RFC 4122, version 4) in its canonical form of 36 lower-case characters, drawn from
/// the clock, so that a ManualClock repeats it.
[[nodiscard]] KELP_API std::string uuid4(Clock& clock);

/// The same into `out`, without a terminating zero. Does not allocate.
KELP_API void uuid4(Clock& clock, std::span<char, 36> out) noexcept;

}  // namespace kelp
