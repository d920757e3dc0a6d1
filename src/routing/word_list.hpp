// An ordered list of words that one writer changes while readers walk it without locks: the targets of
// one pattern, of a fanout or of a headers exchange. Words lie side by side in chunks, so that a fan-out
// to thousands reads memory in a row.
//
// Invariants, for a reader at any moment:
// - A word that is listed during the whole walk is seen. Words never move within a chunk; a chunk is
//   replaced by swapping the pointer to it for one to a chunk that holds the same living words.
// - `used` words of a chunk are written, each once; a removed word becomes 0.
// A change costs at most one chunk (512 words) of copying, and sparse neighbours are joined, so the walk
// stays proportional to the words listed.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "util/reclaim.hpp"

namespace kelp::routing {

class WordList {
 public:
  struct Chunk;
  /// Who put a word into the list, and where it is. Writer's side.
  struct Owner {
    Chunk* chunk = nullptr;
    std::uint32_t place = 0;
  };

  explicit WordList(util::Domain& domain) noexcept : domain_(domain) {}
  /// No reader may be inside. Does not free the owners.
  ~WordList();
  WordList(const WordList&) = delete;
  WordList& operator=(const WordList&) = delete;

  /// Writer. Appends `word`, which is not 0. Throws bad_alloc without a change.
  void append(std::uintptr_t word, Owner& owner);
  /// Writer. Throws nothing if Domain::reserve() has made room for 2 retirements.
  void remove(Owner& owner);
  /// Writer. Calls `f(Owner&)` in the order of the list until it returns true; returns that owner.
  template <class F>
  Owner* find(F&& f) const;

  /// Readers, inside a Pin. Calls `f(word)` in the order of the list.
  template <class F>
  void for_each(F&& f) const;

  struct Chunk {
    std::atomic<Chunk*> next{nullptr};
    std::atomic<std::uint32_t> used{0};
    std::uint32_t capacity;
    std::uint32_t live = 0;     // writer
    Chunk* previous = nullptr;  // writer

    static Chunk* make(std::uint32_t capacity);
    static void free(void* chunk) noexcept;
    [[nodiscard]] std::atomic<std::uintptr_t>* words() noexcept {
      return reinterpret_cast<std::atomic<std::uintptr_t>*>(this + 1);
    }
    [[nodiscard]] Owner** owners() noexcept { return reinterpret_cast<Owner**>(words() + capacity); }
    void push(std::uintptr_t word, Owner& owner) noexcept;
  };

 private:
  static constexpr std::uint32_t smallest = 4;
  static constexpr std::uint32_t largest = 512;

  /// Puts a copy of the living words of `first` .. `last` (neighbours) into their place.
  void replace(Chunk& first, Chunk& last, Chunk* fresh);
  void link(Chunk* previous, Chunk* chunk, Chunk* next) noexcept;

  util::Domain& domain_;
  std::atomic<Chunk*> head_{nullptr};
  Chunk* tail_ = nullptr;
};

template <class F>
WordList::Owner* WordList::find(F&& f) const {
  // Relaxed: only the writer, who wrote all of it, calls this.
  for (Chunk* c = head_.load(std::memory_order_relaxed); c != nullptr;
       c = c->next.load(std::memory_order_relaxed)) {
    for (std::uint32_t i = 0; i < c->used.load(std::memory_order_relaxed); ++i) {
      Owner* owner = c->owners()[i];
      if (owner != nullptr && f(*owner)) return owner;
    }
  }
  return nullptr;
}

template <class F>
void WordList::for_each(F&& f) const {
  // Acquire: a chunk's words are there before it is linked, and before `used` counts them.
  for (Chunk* c = head_.load(std::memory_order_acquire); c != nullptr;
       c = c->next.load(std::memory_order_acquire)) {
    const std::uint32_t used = c->used.load(std::memory_order_acquire);
    for (std::uint32_t i = 0; i < used; ++i) {
      // Relaxed: written before `used`, and afterwards only set to 0.
      const std::uintptr_t word = c->words()[i].load(std::memory_order_relaxed);
      if (word != 0) f(word);
    }
  }
}

}  // namespace kelp::routing
