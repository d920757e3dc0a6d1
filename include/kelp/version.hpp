#pragma once

#include <string_view>

#include <kelp/export.hpp>

/// The version of these headers, as text and for `#if`.
#define KELP_VERSION "0.1.0"
#define KELP_VERSION_MAJOR 0
#define KELP_VERSION_MINOR 1
#define KELP_VERSION_PATCH 0

namespace kelp {

/// The version of the library that the program runs with; it may be newer than the headers.
/// Does not allocate. Threads: any.
[[nodiscard]] KELP_API std::string_view version() noexcept;

}  // namespace kelp
