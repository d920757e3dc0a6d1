#pragma once

#include <kelp/capabilities.hpp>

namespace kelp::broker {

[[nodiscard]] const Capabilities& memory_capabilities() noexcept;

}  // namespace kelp::broker
