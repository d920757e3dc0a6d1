#include "routing/word_list.hpp"

#include <algorithm>
#include <new>

namespace kelp::routing {

WordList::Chunk* WordList::Chunk::make(std::uint32_t capacity) {
  static_assert(sizeof(Chunk) % alignof(std::uintptr_t) == 0);
  void* memory = ::operator new(sizeof(Chunk) + capacity * (sizeof(std::uintptr_t) + sizeof(Owner*)));
  auto* chunk = new (memory) Chunk{.capacity = capacity};
  for (std::uint32_t i = 0; i < capacity; ++i) {
    new (chunk->words() + i) std::atomic<std::uintptr_t>(0);
    new (chunk->owners() + i) Owner*(nullptr);
  }
  return chunk;
}

void WordList::Chunk::free(void* chunk) noexcept { ::operator delete(chunk); }

void WordList::Chunk::push(std::uintptr_t word, Owner& owner) noexcept {
  const std::uint32_t place = used.load(std::memory_order_relaxed);
  owners()[place] = &owner;
  owner = {this, place};
  ++live;
  words()[place].store(word, std::memory_order_relaxed);
  used.store(place + 1, std::memory_order_release);  // publishes the word and what it points to
}

WordList::~WordList() {
  for (Chunk* c = head_.load(std::memory_order_acquire); c != nullptr;) {
    Chunk* next = c->next.load(std::memory_order_acquire);
    Chunk::free(c);
    c = next;
  }
}

void WordList::append(std::uintptr_t word, Owner& owner) {
  if (tail_ == nullptr) {
    Chunk* first = Chunk::make(smallest);
    link(nullptr, first, nullptr);
  } else if (tail_->used.load(std::memory_order_relaxed) == tail_->capacity) {
    if (2 * tail_->live <= tail_->capacity) {
      domain_.reserve(1);
      replace(*tail_, *tail_, Chunk::make(tail_->capacity));
    } else {
      link(tail_, Chunk::make(std::min(2 * tail_->capacity, largest)), nullptr);
    }
  }
  tail_->push(word, owner);
}

void WordList::remove(Owner& owner) {
  Chunk& chunk = *owner.chunk;
  // Relaxed: whoever must not see the word any more has synchronised with this writer since.
  chunk.words()[owner.place].store(0, std::memory_order_relaxed);
  chunk.owners()[owner.place] = nullptr;
  owner.chunk = nullptr;
  --chunk.live;
  Chunk* next = chunk.next.load(std::memory_order_relaxed);
  if (chunk.live == 0) {
    link(chunk.previous, next, next == nullptr ? nullptr : next->next.load(std::memory_order_relaxed));
    domain_.retire(&chunk, Chunk::free);
    return;
  }
  if (4 * chunk.live > chunk.capacity) return;
  for (Chunk* neighbour : {next, chunk.previous}) {
    if (neighbour == nullptr) continue;
    const std::uint32_t capacity = std::max(chunk.capacity, neighbour->capacity);
    if (2 * (chunk.live + neighbour->live) > capacity) continue;
    try {
      Chunk* fresh = Chunk::make(capacity);
      if (neighbour == next) {
        replace(chunk, *next, fresh);
      } else {
        replace(*neighbour, chunk, fresh);
      }
    } catch (const std::bad_alloc&) {
      // They stay apart: sparse, but right.
    }
    return;
  }
}

void WordList::replace(Chunk& first, Chunk& last, Chunk* fresh) {
  Chunk* const after = last.next.load(std::memory_order_relaxed);
  for (Chunk* c = &first; c != after; c = c->next.load(std::memory_order_relaxed)) {
    for (std::uint32_t i = 0; i < c->used.load(std::memory_order_relaxed); ++i) {
      if (Owner* owner = c->owners()[i]) {
        fresh->push(c->words()[i].load(std::memory_order_relaxed), *owner);
      }
    }
  }
  link(first.previous, fresh, after);
  // A reader inside one of them goes on along its old pointers, to chunks that are kept for it.
  Chunk* const second = &first == &last ? nullptr : &last;
  domain_.retire(&first, Chunk::free);
  if (second != nullptr) domain_.retire(second, Chunk::free);
}

// Makes `previous` and `next` the neighbours of `chunk`; a null chunk makes the list end at `previous`.
void WordList::link(Chunk* previous, Chunk* chunk, Chunk* next) noexcept {
  if (chunk != nullptr) {
    chunk->previous = previous;
    // Relaxed: not linked yet, or unchanged.
    if (chunk->next.load(std::memory_order_relaxed) != next)
      chunk->next.store(next, std::memory_order_relaxed);
  }
  (previous == nullptr ? head_ : previous->next).store(chunk, std::memory_order_release);
  if (chunk != nullptr && next != nullptr) next->previous = chunk;
  if (chunk == nullptr) {
    tail_ = previous;
  } else if (next == nullptr) {
    tail_ = chunk;
  }
}

}  // namespace kelp::routing
