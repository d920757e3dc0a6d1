// Message blocks and where they come from.
//
// A block is one allocation: a fixed header, then exchange, routing key, AMQP basic properties
// (property flags and list, AMQP 0-9-1 section 4.2.6.1), and the body. It is immutable from the
// moment it is published and counted by references.
//
// Every channel owns an Arena. make() takes from the arena's free lists (one per size class) and is
// the owner's only. release() of a block that came from another arena collects it in a chain, which
// goes to that arena's inbox with one compare-and-swap; the owner takes the whole inbox when a free
// list is empty. Bodies beyond the largest class are allocated exactly and freed at once.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include <kelp/properties.hpp>

namespace kelp::message {

struct Block;
class Arena;

/// Shared by a broker and everybody who holds one of its messages. Any thread.
class Pool {
 public:
  Pool();
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  /// An arena for one channel. May allocate. The pool and its memory outlive the last block.
  [[nodiscard]] Arena& open_arena();
  /// The owner is gone; the arena lives on until its last block has come home, then serves the next
  /// owner.
  void close_arena(Arena& arena) noexcept;
  /// Returns idle memory to the system.
  void trim() noexcept;

  struct State;

 private:
  State* state_;
};

/// Adds references: only somebody who holds one may. Relaxed inside: see block.hpp.
void add_references(Block& block, std::uint32_t count) noexcept;
/// Gives one reference back, from any thread that owns no arena; the last one returns the block to
/// its arena.
void release(Block& block) noexcept;
/// The same from an arena's owner: cheap, collects chains. See flush() below.
void release(Block& block, Arena& arena) noexcept;
/// Sends home what release() collected. Before the owner sleeps, and when it stops.
void flush(Arena& arena) noexcept;

/// Encodes a message with one reference. Throws InvalidArgument when a name, key, property or the
/// header table does not fit AMQP's limits, bad_alloc when there is no memory.
[[nodiscard]] Block& make(Arena& arena, const Address& address, const Properties& properties,
                          std::span<const std::byte> body);

}  // namespace kelp::message
