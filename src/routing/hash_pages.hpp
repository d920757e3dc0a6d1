// A hash table that one writer changes while readers look things up without locks.
//
// Extendible hashing (R. Fagin et al., "Extendible Hashing", 1979): a directory, indexed by the top
// bits of the hash, of pointers to pages. A full page is split in two; when its depth is the
// directory's, the directory doubles, which copies pointers only. So the worst insert costs one page
// of items and one directory, however many items there are.
//
// A page has 8 groups of 15 slots. The 16-bit tags of a group (0: free) stand together in front of
// the items, with a sixteenth lane that counts the items which wanted this group and went past it
// (N. Bronson, X. Shi, "F14", 2019). A look-up reads one group, and goes on to the next only while
// that count is not zero. So a slot is freed by clearing its tag, and no tombstones are needed.
//
// Invariants, for a reader at any moment:
// - An item that is there during the whole look-up is found: it never moves within a page, the groups
//   that it went past count it, and a page is replaced by swapping pointers to pages that hold it too.
// - A tag may belong to an item that has gone or been replaced since: the reader compares what it
//   finds with what it wants. Pages and items are freed through the Domain only.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "routing/lanes.hpp"
#include "util/reclaim.hpp"

namespace kelp::routing {

/// What a HashPages holds derives from this. The hash does not change while the item is in a table.
struct Hashed {
  std::uint64_t hash = 0;
};

/// A multiset of items by hash. Owns its pages, never the items.
class HashPages {
 public:
  static constexpr unsigned groups = 8;
  static constexpr unsigned group_slots = 15;
  static constexpr unsigned full = 104;   // of 120: a page with so many is split
  static constexpr unsigned sparse = 24;  // a page with so few may be merged ...
  static constexpr unsigned merged = 48;  // ... into one with at most so many

  explicit HashPages(util::Domain& domain);
  /// No reader may be inside.
  ~HashPages();
  HashPages(const HashPages&) = delete;
  HashPages& operator=(const HashPages&) = delete;

  /// Writer. Throws bad_alloc without a visible change.
  void insert(Hashed& item);
  /// Writer. Removes this very item; false when it is not there. The caller retires the item. Throws
  /// nothing if Domain::reserve() has made room for 4 retirements.
  bool erase(const Hashed& item);
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// Writer. Calls `f(Hashed&)` for each item; `f` must not change the table.
  template <class F>
  void for_each(F&& f) const;

  /// Readers, inside a Pin: where a hash would be. prefetch() and find() may follow at any distance.
  struct Home;
  [[nodiscard]] Home home(std::uint64_t hash) const noexcept;
  static void prefetch(const Home& home) noexcept;
  /// Calls `f(Hashed&)` for items that may have the hash, until it returns true; returns that item.
  template <class F>
  static Hashed* find(const Home& home, F&& f);
  template <class F>
  Hashed* find(std::uint64_t hash, F&& f) const;

  /// Bits of the directory, for tests.
  [[nodiscard]] unsigned depth() const noexcept;

 private:
  struct Page;
  struct Directory;
  struct FreeChain {
    void operator()(Page* head) const noexcept { free_chain(head); }
  };
  using Chain = std::unique_ptr<Page, FreeChain>;

  static unsigned group_of(std::uint64_t hash) noexcept { return (hash >> 16) % groups; }
  static std::uint16_t tag_of(std::uint64_t hash) noexcept {
    const auto tag = static_cast<std::uint16_t>(hash);
    return tag == 0 ? std::uint16_t{1} : tag;
  }
  static void free_chain(void* head) noexcept;
  static void place(Page& head, Hashed& item);
  static void place_or_extend(Page& head, Hashed& item);
  [[nodiscard]] unsigned max_depth() const noexcept;
  void split(Page& page, std::uint64_t hash);
  void merge(Page& page, std::uint64_t hash);
  void replace(std::uint64_t hash, unsigned depth, Page* page) noexcept;

  util::Domain& domain_;
  std::atomic<Directory*> directory_;
  std::size_t size_ = 0;
};

struct alignas(util::cache_line) HashPages::Page {
  std::array<std::array<std::atomic<std::uint64_t>, 4>, groups> tags{};
  std::array<std::atomic<Hashed*>, groups * group_slots> items{};
  // A page that cannot be split (its hashes agree in too many bits) continues here. Moving on from
  // the last group counts as going past all of them.
  std::atomic<Page*> next{nullptr};
  std::uint8_t depth = 0;  // writer
  std::uint8_t live = 0;   // writer

  [[nodiscard]] Lanes load(unsigned group) const noexcept {
    // Acquire: a tag that is seen makes its item visible.
    return {tags[group][0].load(std::memory_order_acquire), tags[group][1].load(std::memory_order_acquire),
            tags[group][2].load(std::memory_order_acquire), tags[group][3].load(std::memory_order_acquire)};
  }
  static std::uint32_t slots_equal(const Lanes& lanes, std::uint16_t tag) noexcept {
    return equal_lanes(lanes, tag) & 0x7fff;
  }
  static std::uint32_t passed(const Lanes& lanes) noexcept {
    return static_cast<std::uint32_t>(lanes[3] >> 48);
  }
  void set_lane(unsigned group, unsigned lane, std::uint16_t value) noexcept;
  void count_passed(unsigned group, int change) noexcept;
};

struct HashPages::Directory {
  unsigned bits;

  static Directory* make(unsigned bits);
  static void free(void* directory) noexcept;
  [[nodiscard]] std::atomic<Page*>* pages() noexcept {
    return reinterpret_cast<std::atomic<Page*>*>(this + 1);
  }
  [[nodiscard]] std::size_t size() const noexcept { return std::size_t{1} << bits; }
  // In two steps, because a shift by 64 means nothing.
  [[nodiscard]] std::size_t index(std::uint64_t hash) const noexcept { return hash >> 1 >> (63 - bits); }
  unsigned padding = 0;
};

struct HashPages::Home {
  const Page* page;
  unsigned group;
  std::uint16_t tag;
};

inline HashPages::Home HashPages::home(std::uint64_t hash) const noexcept {
  // Acquire, twice: pair with the release stores that publish a directory and a page.
  Directory* directory = directory_.load(std::memory_order_acquire);
  const Page* page = directory->pages()[directory->index(hash)].load(std::memory_order_acquire);
  return {page, group_of(hash), tag_of(hash)};
}

inline void HashPages::prefetch(const Home& home) noexcept {
  __builtin_prefetch(&home.page->tags[home.group]);
}

template <class F>
Hashed* HashPages::find(const Home& home, F&& f) {
  const Page* page = home.page;
  do {
    for (unsigned i = 0; i < groups; ++i) {
      const unsigned group = (home.group + i) % groups;
      const Lanes lanes = page->load(group);
      for (std::uint32_t hits = Page::slots_equal(lanes, home.tag); hits != 0; hits &= hits - 1) {
        const auto slot = group * group_slots + static_cast<unsigned>(std::countr_zero(hits));
        // Acquire: the slot may have a newer item than the tag told.
        Hashed* item = page->items[slot].load(std::memory_order_acquire);
        if (f(*item)) return item;
      }
      if (Page::passed(lanes) == 0) [[likely]]
        return nullptr;
    }
    page = page->next.load(std::memory_order_acquire);
  } while (page != nullptr);
  return nullptr;
}

template <class F>
Hashed* HashPages::find(std::uint64_t hash, F&& f) const {
  return find(home(hash), [&](Hashed& item) { return item.hash == hash && f(item); });
}

template <class F>
void HashPages::for_each(F&& f) const {
  // Relaxed throughout: only the writer, who wrote all of it, calls this.
  Directory* directory = directory_.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < directory->size();) {
    Page* page = directory->pages()[i].load(std::memory_order_relaxed);
    i += std::size_t{1} << (directory->bits - page->depth);
    for (; page != nullptr; page = page->next.load(std::memory_order_relaxed)) {
      for (unsigned g = 0; g < groups; ++g) {
        for (std::uint32_t used = ~Page::slots_equal(page->load(g), 0) & 0x7fff; used != 0;
             used &= used - 1) {
          f(*page->items[g * group_slots + static_cast<unsigned>(std::countr_zero(used))].load(
              std::memory_order_relaxed));
        }
      }
    }
  }
}

}  // namespace kelp::routing
