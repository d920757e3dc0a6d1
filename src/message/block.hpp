// One message in memory: a header of 32 bytes, then exchange, routing key, the AMQP basic properties
// in wire form (property flags and list, AMQP 0-9-1 section 4.2.6.1; headers as a field table), and
// the body at a multiple of 8.
//
// A block is immutable from the moment it is published until its last reference goes. `home` and
// `size_class` belong to the memory and survive from message to message; `next` links dead blocks.
// Blocks lie on multiples of 16, so a pointer has four spare low bits.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace kelp::message {

class Arena;

struct Block {
  std::atomic<std::uint32_t> refs;
  std::uint32_t properties_size;
  Arena* home;  ///< null: allocated exactly, freed with its last reference
  union {
    std::uint64_t body_size;  ///< while it lives
    Block* next;              ///< while it is free, or on its way home
  };
  std::uint32_t body_offset;  ///< from the start of the block
  std::uint8_t size_class;
  std::uint8_t exchange_size;
  std::uint8_t key_size;
  std::uint8_t reserved;

  [[nodiscard]] const std::byte* bytes() const noexcept {
    return reinterpret_cast<const std::byte*>(this) + sizeof(Block);
  }
  [[nodiscard]] std::byte* bytes() noexcept { return reinterpret_cast<std::byte*>(this) + sizeof(Block); }

  [[nodiscard]] std::string_view exchange() const noexcept {
    return {reinterpret_cast<const char*>(bytes()), exchange_size};
  }
  [[nodiscard]] std::string_view routing_key() const noexcept {
    return {reinterpret_cast<const char*>(bytes()) + exchange_size, key_size};
  }
  /// Property flags and property list.
  [[nodiscard]] std::span<const std::byte> properties() const noexcept {
    return {bytes() + exchange_size + key_size, properties_size};
  }
  [[nodiscard]] std::span<const std::byte> body() const noexcept {
    return {reinterpret_cast<const std::byte*>(this) + body_offset, body_size};
  }
};

static_assert(sizeof(Block) == 32);

}  // namespace kelp::message
