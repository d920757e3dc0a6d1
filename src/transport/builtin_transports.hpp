// The transports that this library was built with: a table that the build writes from the folders of
// transports/. Nothing registers itself at start-up, so no link mode can lose one.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include <kelp/transport.hpp>

namespace kelp::transport {

struct BuiltinTransport {
  std::string_view scheme;
  std::unique_ptr<Transport> (*make)();
};

/// Sorted by scheme. Does not allocate. Threads: any.
[[nodiscard]] std::span<const BuiltinTransport> builtin_transports() noexcept;

}  // namespace kelp::transport
