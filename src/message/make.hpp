// Messages outside any pool.
#pragma once

#include <cstddef>
#include <span>

#include <kelp/properties.hpp>

namespace kelp::message {

struct Block;

/// As make() of pool.hpp, in a block of its own that is freed with its last reference.
[[nodiscard]] Block& make_unpooled(const Address& address, const Properties& properties,
                                   std::span<const std::byte> body);

}  // namespace kelp::message
