#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <kelp/export.hpp>
#include <kelp/transport.hpp>

// Which transports there are. Process-wide; threads: any.
namespace kelp {

using TransportFactory = std::function<std::unique_ptr<Transport>()>;

/// Adds a transport for URLs of `scheme` (lower-cased), or replaces one, built in or not. Connections
/// that exist keep theirs. Throws InvalidArgument when the scheme is not a letter followed by
/// letters, digits, `-` and `.`, or the factory is empty.
KELP_API void register_transport(std::string_view scheme, TransportFactory factory);
/// The transport of `scheme`. Throws InvalidArgument that lists the schemes there are, and asks "Did
/// you mean" when one is similar.
[[nodiscard]] KELP_API std::unique_ptr<Transport> make_transport(std::string_view scheme);
/// Schemes, sorted.
[[nodiscard]] KELP_API std::vector<std::string> transports();

}  // namespace kelp
