// One channel's memory for messages.
//
// The owner's part (bins, `returned_`, `pending_`) is touched by the owner alone. Everybody else
// only pushes chains of dead blocks on `inbox_` with one compare-and-swap; the owner takes all of it
// with one exchange, so there is no ABA (Treiber, "Systems programming: coping with parallelism",
// 1986). What was taken is sorted into the bins a bounded number of blocks at a time.
//
// Closing puts `closed` into the inbox. From then on a block that comes home is only counted, in its
// slab; the last one frees the slab, and the last slab gives the arena to its next owner. The closer
// and the releasers race: every count starts at 0, releasers subtract, the closer adds what was out,
// so zero is reached by an addition or subtraction exactly once.
//
// Arenas are type-stable: they live until the pool's state dies, and the state lives until no arena
// has a block outside.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "message/block.hpp"
#include "message/pool.hpp"
#include "message/size_class.hpp"

namespace kelp::message {

/// A run of blocks of one class, aligned to its own size, so that a block finds its slab.
struct Slab {
  Slab* next;
  std::uint32_t carved;           ///< blocks that were ever handed out
  std::uint32_t idle;             ///< scratch of trimming and closing
  std::atomic<std::int64_t> out;  ///< of a closed arena: blocks not yet home
};

[[nodiscard]] constexpr std::size_t slab_bytes(unsigned size_class) noexcept {
  return class_size(size_class) <= 4096 ? 64 * 1024 : 1024 * 1024;
}

class Arena {
 public:
  explicit Arena(Pool::State& state) noexcept : state_(state) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// Owner. A block of that class, its home and class set. Throws bad_alloc.
  [[nodiscard]] Block& take(unsigned size_class) {
    Bin& bin = bins_[size_class];
    Block* block = bin.free;
    if (block == nullptr) [[unlikely]]
      return take_slow(size_class);
    bin.free = block->next;
    // It may have come from another core's cache, and will be wanted next.
    __builtin_prefetch(bin.free, 1);
    --bin.idle;
    return *block;
  }

  /// Owner. A dead block comes home, or joins the chain on its way there.
  void put(Block& block) noexcept {
    if (block.home == this) [[likely]] {
      keep(block);
    } else {
      send_home(block);
    }
  }

  /// Owner: sends the pending chain home and gives back memory when asked to, or when very much lies idle.
  void flush() noexcept;
  /// Owner, or nobody has it: gives every slab without a living block back to the system.
  void trim() noexcept;
  /// Owner, for the last time. The arena may be gone or reused when it returns.
  void close() noexcept;
  /// Before a new owner gets it.
  void open() noexcept;
  /// Any thread: the owner trims at its next flush().
  void ask_to_trim() noexcept {
    // Relaxed: a request, ordered with nothing.
    trim_wanted_.store(true, std::memory_order_relaxed);
  }

  /// Any thread: a chain of `first` to `last`, linked by next, all of this arena.
  void take_back(Block& first, Block& last) noexcept;

  [[nodiscard]] Pool::State& state() noexcept { return state_; }
  /// Owner: bytes of slabs.
  [[nodiscard]] std::size_t slab_memory() const noexcept { return slab_memory_; }

  Arena* next = nullptr;  ///< in the pool's lists, under its mutex

 private:
  struct Bin {
    Block* free = nullptr;
    std::byte* fresh = nullptr;  ///< the next block to carve from the first slab
    std::byte* end = nullptr;
    Slab* slabs = nullptr;
    std::size_t idle = 0;       ///< blocks in `free`
    std::size_t carved = 0;     ///< blocks in all slabs
    std::size_t left_idle = 0;  ///< bytes that the last automatic trim could not give back
  };
  struct Chain {
    Arena* home = nullptr;
    Block* first = nullptr;
    Block* last = nullptr;
    unsigned count = 0;
  };

  static constexpr std::uintptr_t closed = 1;
  static constexpr unsigned chain_length = 32;
  static constexpr unsigned sort_at_once = 256;
  static constexpr std::size_t high_water = 8 * 1024 * 1024;

  void keep(Block& block) noexcept {
    Bin& bin = bins_[block.size_class];
    block.next = bin.free;
    bin.free = &block;
    ++bin.idle;
  }
  void send_home(Block& block) noexcept;
  void send_pending() noexcept;
  [[nodiscard]] Block& take_slow(unsigned size_class);
  [[nodiscard]] bool sort_returned(unsigned limit) noexcept;
  void sort_all() noexcept;
  [[nodiscard]] Block& carve(unsigned size_class);
  void trim(unsigned size_class) noexcept;
  void trim_above_high_water() noexcept;
  void close_bin(Bin& bin, unsigned size_class, std::int64_t& slabs_out) noexcept;
  void came_home_late(Block& block) noexcept;

  std::array<Bin, size_classes> bins_{};
  Block* returned_ = nullptr;  // taken from the inbox, not yet in a bin
  Chain pending_{};
  std::size_t slab_memory_ = 0;
  Pool::State& state_;

  // What other threads write has a line of its own.
  alignas(64) std::atomic<std::uintptr_t> inbox_{closed};
  std::atomic<bool> trim_wanted_{false};
  std::atomic<std::int64_t> slabs_out_{0};
};

/// The pool's shared state gets an arena back of which every block is home.
void arena_is_empty(Arena& arena) noexcept;

}  // namespace kelp::message
