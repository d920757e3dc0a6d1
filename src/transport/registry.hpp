// What only kelp itself does with the registry of transports.
#pragma once

namespace kelp::transport {

/// Forgets what register_transport() added. Threads: any.
void reset_registry();

}  // namespace kelp::transport
