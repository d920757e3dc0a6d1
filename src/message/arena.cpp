#include "message/arena.hpp"

#include <new>

namespace kelp::message {
namespace {

// Slab header and first block: blocks keep to multiples of a cache line.
constexpr std::size_t slab_header = 64;
static_assert(sizeof(Slab) <= slab_header);

Slab& slab_of(Block& block) noexcept {
  const auto mask = ~(static_cast<std::uintptr_t>(slab_bytes(block.size_class)) - 1);
  return *reinterpret_cast<Slab*>(reinterpret_cast<std::uintptr_t>(&block) & mask);
}

void free_slab(Slab& slab, unsigned size_class) noexcept {
  ::operator delete(static_cast<void*>(&slab), std::align_val_t(slab_bytes(size_class)));
}

}  // namespace

Block& Arena::take_slow(unsigned size_class) {
  Bin& bin = bins_[size_class];
  // Relaxed: only a hint that there is something to exchange for.
  if (returned_ == nullptr && inbox_.load(std::memory_order_relaxed) != 0) {
    // Acquire: what the releasers did to the blocks comes before their next life.
    returned_ = reinterpret_cast<Block*>(inbox_.exchange(0, std::memory_order_acquire));
  }
  while (bin.free == nullptr && sort_returned(sort_at_once)) {
    if (bin.free == nullptr && bin.fresh != bin.end) break;  // carving is cheaper than a longer search
  }
  return bin.free != nullptr ? take(size_class) : carve(size_class);
}

// Moves up to `limit` blocks to their bins; false when there was none.
bool Arena::sort_returned(unsigned limit) noexcept {
  if (returned_ == nullptr) return false;
  for (; returned_ != nullptr && limit > 0; --limit) {
    Block& block = *returned_;
    returned_ = block.next;
    __builtin_prefetch(returned_, 1);
    keep(block);
  }
  return true;
}

void Arena::sort_all() noexcept {
  do {
    while (sort_returned(sort_at_once)) {
    }
    returned_ = reinterpret_cast<Block*>(inbox_.exchange(0, std::memory_order_acquire));  // as in take_slow()
  } while (returned_ != nullptr);
}

Block& Arena::carve(unsigned size_class) {
  Bin& bin = bins_[size_class];
  const std::size_t size = class_size(size_class);
  if (bin.fresh == bin.end) {
    const std::size_t bytes = slab_bytes(size_class);
    auto* memory = static_cast<std::byte*>(::operator new(bytes, std::align_val_t(bytes)));
    bin.slabs = new (memory) Slab{bin.slabs, 0, 0, {}};
    bin.fresh = memory + slab_header;
    bin.end = bin.fresh + (bytes - slab_header) / size * size;
    slab_memory_ += bytes;
  }
  auto* block = new (bin.fresh) Block;
  bin.fresh += size;
  ++bin.slabs->carved;
  ++bin.carved;
  block->home = this;
  block->size_class = static_cast<std::uint8_t>(size_class);
  return *block;
}

void Arena::send_home(Block& block) noexcept {
  if (block.home != pending_.home) {
    send_pending();
    pending_.home = block.home;
  }
  block.next = pending_.first;
  pending_.first = &block;
  if (pending_.last == nullptr) pending_.last = &block;
  if (++pending_.count == chain_length) send_pending();
}

void Arena::send_pending() noexcept {
  if (pending_.first == nullptr) return;
  const Chain chain = pending_;
  pending_ = {};
  chain.home->take_back(*chain.first, *chain.last);
}

void Arena::take_back(Block& first, Block& last) noexcept {
  // Relaxed: nothing is read through the head; the exchange below compares it.
  std::uintptr_t head = inbox_.load(std::memory_order_relaxed);
  while ((head & closed) == 0) {
    last.next = reinterpret_cast<Block*>(head);
    // Release: the owner's exchange sees the links, and our last use of the blocks comes before.
    if (inbox_.compare_exchange_weak(head, reinterpret_cast<std::uintptr_t>(&first),
                                     std::memory_order_release, std::memory_order_relaxed)) {
      return;
    }
  }
  for (Block* block = &first;;) {
    Block* const next = block == &last ? nullptr : block->next;
    came_home_late(*block);
    if (next == nullptr) return;
    block = next;
  }
}

// The arena is closed: the block is only counted. Its slab goes with its last block.
void Arena::came_home_late(Block& block) noexcept {
  Slab& slab = slab_of(block);
  const unsigned size_class = block.size_class;
  // Release: our last use of the block comes before the slab is freed. Acquire: so do the others'.
  if (slab.out.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  free_slab(slab, size_class);
  // Acquire and release as above, for the arena's next owner.
  if (slabs_out_.fetch_sub(1, std::memory_order_acq_rel) == 1) arena_is_empty(*this);
}

void Arena::flush() noexcept {
  send_pending();
  // Relaxed: a request, ordered with nothing.
  if (trim_wanted_.load(std::memory_order_relaxed)) [[unlikely]] {
    trim_wanted_.store(false, std::memory_order_relaxed);
    trim();
  } else if (slab_memory_ > high_water) [[unlikely]] {
    trim_above_high_water();
  }
}

// Trims a class that mostly lies idle, and a lot of it, as after a backlog was worked off. What cannot
// go because of a few living blocks is not looked at again until as much more lies idle.
void Arena::trim_above_high_water() noexcept {
  // Relaxed and acquire as in take_slow().
  if (returned_ == nullptr && inbox_.load(std::memory_order_relaxed) != 0) {
    returned_ = reinterpret_cast<Block*>(inbox_.exchange(0, std::memory_order_acquire));
  }
  static_cast<void>(sort_returned(sort_at_once));
  for (unsigned c = 0; c < size_classes; ++c) {
    Bin& bin = bins_[c];
    if (bin.idle * class_size(c) <= bin.left_idle + high_water || bin.idle < bin.carved / 8 * 7) continue;
    trim(c);
    bin.left_idle = bin.idle * class_size(c);
  }
}

void Arena::trim() noexcept {
  sort_all();
  for (unsigned c = 0; c < size_classes; ++c) {
    if (bins_[c].slabs != nullptr) trim(c);
  }
}

void Arena::trim(unsigned size_class) noexcept {
  Bin& bin = bins_[size_class];
  for (Slab* slab = bin.slabs; slab != nullptr; slab = slab->next) slab->idle = 0;
  for (Block* block = bin.free; block != nullptr; block = block->next) ++slab_of(*block).idle;

  Block** link = &bin.free;
  while (Block* block = *link) {
    Slab& slab = slab_of(*block);
    if (slab.idle == slab.carved) {
      *link = block->next;
      --bin.idle;
    } else {
      link = &block->next;
    }
  }
  if (bin.slabs != nullptr && bin.slabs->idle == bin.slabs->carved) bin.fresh = bin.end = nullptr;
  for (Slab** at = &bin.slabs; Slab* slab = *at;) {
    if (slab->idle != slab->carved) {
      at = &slab->next;
      continue;
    }
    *at = slab->next;
    bin.carved -= slab->carved;
    slab_memory_ -= slab_bytes(size_class);
    free_slab(*slab, size_class);
  }
}

void Arena::open() noexcept {
  trim_wanted_.store(false, std::memory_order_relaxed);  // relaxed: the pool's mutex orders
  slabs_out_.store(0, std::memory_order_relaxed);
  inbox_.store(0, std::memory_order_relaxed);
}

void Arena::close() noexcept {
  send_pending();
  while (sort_returned(sort_at_once)) {
  }
  // Acquire as in take_slow(); release: who sees `closed` sees the slabs.
  returned_ = reinterpret_cast<Block*>(inbox_.exchange(closed, std::memory_order_acq_rel));
  while (sort_returned(sort_at_once)) {
  }
  std::int64_t slabs_out = 0;
  for (unsigned c = 0; c < size_classes; ++c) close_bin(bins_[c], c, slabs_out);
  slab_memory_ = 0;
  // Acquire and release as in came_home_late().
  if (slabs_out_.fetch_add(slabs_out, std::memory_order_acq_rel) + slabs_out == 0) arena_is_empty(*this);
}

void Arena::close_bin(Bin& bin, unsigned size_class, std::int64_t& slabs_out) noexcept {
  for (Slab* slab = bin.slabs; slab != nullptr; slab = slab->next) slab->idle = 0;
  for (Block* block = bin.free; block != nullptr; block = block->next) ++slab_of(*block).idle;
  for (Slab* slab = bin.slabs; slab != nullptr;) {
    Slab* const next = slab->next;
    const std::int64_t out = std::int64_t{slab->carved} - slab->idle;
    // Acquire: who came home late has used its block for the last time. Release: as there.
    if (out == 0 || slab->out.fetch_add(out, std::memory_order_acq_rel) + out == 0) {
      free_slab(*slab, size_class);
    } else {
      ++slabs_out;
    }
    slab = next;
  }
  bin = {};
}

}  // namespace kelp::message
