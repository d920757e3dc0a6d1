#include "message/pool.hpp"

#include <mutex>
#include <vector>

#include "message/arena.hpp"

namespace kelp::message {

// Owned by the Pool and by every arena that is open or has blocks outside.
struct Pool::State {
  std::mutex mutex;
  std::vector<std::unique_ptr<Arena>> arenas;
  Arena* idle = nullptr;
  std::atomic<std::size_t> owners{1};

  void release() noexcept {
    // Acquire and release: every owner's last use comes before the end.
    if (owners.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
};

Pool::Pool() : state_(new State) {}
Pool::~Pool() { state_->release(); }

Arena& Pool::open_arena() {
  const std::lock_guard lock(state_->mutex);
  Arena* arena = state_->idle;
  if (arena != nullptr) {
    state_->idle = arena->next;
  } else {
    arena = state_->arenas.emplace_back(std::make_unique<Arena>(*state_)).get();
  }
  // Relaxed: the Pool, which is here, is an owner already.
  state_->owners.fetch_add(1, std::memory_order_relaxed);
  arena->open();
  return *arena;
}

void Pool::close_arena(Arena& arena) noexcept { arena.close(); }

void Pool::trim() noexcept {
  const std::lock_guard lock(state_->mutex);
  for (const auto& arena : state_->arenas) arena->ask_to_trim();
}

void arena_is_empty(Arena& arena) noexcept {
  Pool::State& state = arena.state();
  {
    const std::lock_guard lock(state.mutex);
    arena.next = state.idle;
    state.idle = &arena;
  }
  state.release();
}

namespace {

// True when this was the last reference.
bool drop(Block& block) noexcept {
  // Acquire: the other holders' last uses come before the block's next life. Who reads 1 is the only
  // holder, and nobody else can make that more, so the count need not be written.
  if (block.refs.load(std::memory_order_acquire) == 1) return true;
  // Release: our last use comes before the last holder's; acquire: we may be that one.
  return block.refs.fetch_sub(1, std::memory_order_acq_rel) == 1;
}

[[gnu::noinline]] void free_exact(Block& block) noexcept { ::operator delete(static_cast<void*>(&block)); }

}  // namespace

void add_references(Block& block, std::uint32_t count) noexcept {
  // A holder that reads 1 is the only one: a store will do. Acquire, because the store ends the
  // release sequences of those who left before; what they did must come before us, and so before the
  // block's end.
  if (block.refs.load(std::memory_order_acquire) == 1) {
    // Relaxed: the new references reach their holders by something that orders.
    block.refs.store(1 + count, std::memory_order_relaxed);
  } else {
    // Relaxed: as above, and a read-modify-write continues the release sequences.
    block.refs.fetch_add(count, std::memory_order_relaxed);
  }
}

void release(Block& block) noexcept {
  if (!drop(block)) return;
  if (block.home == nullptr) {
    free_exact(block);
  } else {
    block.home->take_back(block, block);
  }
}

void release(Block& block, Arena& arena) noexcept {
  if (!drop(block)) return;
  if (block.home == nullptr) [[unlikely]] {
    free_exact(block);
  } else {
    arena.put(block);
  }
}

void flush(Arena& arena) noexcept { arena.flush(); }

}  // namespace kelp::message
