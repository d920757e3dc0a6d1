#include "routing/hash_pages.hpp"

#include <algorithm>
#include <limits>
#include <new>

namespace kelp::routing {

namespace {
constexpr std::uint32_t passed_limit = std::numeric_limits<std::uint16_t>::max();
}

void HashPages::Page::set_lane(unsigned group, unsigned lane, std::uint16_t value) noexcept {
  std::atomic<std::uint64_t>& word = tags[group][lane / 4];
  const unsigned shift = 16 * (lane % 4);
  // Relaxed: only the writer stores. Release: publishes the item behind the tag.
  const std::uint64_t others = word.load(std::memory_order_relaxed) & ~(std::uint64_t{0xffff} << shift);
  word.store(others | std::uint64_t{value} << shift, std::memory_order_release);
}

void HashPages::Page::count_passed(unsigned group, int change) noexcept {
  const std::uint32_t count = passed(load(group));
  // A count that reached its limit says "many" for good.
  if (count == passed_limit) return;
  set_lane(group, group_slots, static_cast<std::uint16_t>(static_cast<int>(count) + change));
}

HashPages::Directory* HashPages::Directory::make(unsigned bits) {
  static_assert(sizeof(Directory) % alignof(std::atomic<Page*>) == 0);
  const std::size_t size = std::size_t{1} << bits;
  void* memory = ::operator new(sizeof(Directory) + size * sizeof(std::atomic<Page*>));
  auto* directory = new (memory) Directory{.bits = bits};
  for (std::size_t i = 0; i < size; ++i) new (directory->pages() + i) std::atomic<Page*>(nullptr);
  return directory;
}

void HashPages::Directory::free(void* directory) noexcept { ::operator delete(directory); }

HashPages::HashPages(util::Domain& domain) : domain_(domain), directory_(nullptr) {
  auto page = std::make_unique<Page>();
  Directory* directory = Directory::make(0);
  directory->pages()[0].store(page.release(), std::memory_order_relaxed);
  directory_.store(directory, std::memory_order_release);
}

HashPages::~HashPages() {
  Directory* directory = directory_.load(std::memory_order_acquire);
  for (std::size_t i = 0; i < directory->size();) {
    Page* page = directory->pages()[i].load(std::memory_order_acquire);
    i += std::size_t{1} << (directory->bits - page->depth);
    free_chain(page);
  }
  Directory::free(directory);
}

void HashPages::free_chain(void* head) noexcept {
  for (auto* page = static_cast<Page*>(head); page != nullptr;) {
    Page* next = page->next.load(std::memory_order_relaxed);
    delete page;
    page = next;
  }
}

unsigned HashPages::depth() const noexcept { return directory_.load(std::memory_order_acquire)->bits; }

// Hashes that were chosen to agree in their top bits must not make the directory explode: past this
// depth a full page is continued instead of split. Honest hashes stay two or three bits below it.
unsigned HashPages::max_depth() const noexcept {
  return std::min(40U, static_cast<unsigned>(std::bit_width(size_ / (full / 4))) + 4);
}

void HashPages::insert(Hashed& item) {
  for (;;) {
    // Relaxed: the writer reads what it wrote.
    Directory* directory = directory_.load(std::memory_order_relaxed);
    Page* page = directory->pages()[directory->index(item.hash)].load(std::memory_order_relaxed);
    if (page->live < full || page->depth >= max_depth()) {
      place_or_extend(*page, item);
      ++size_;
      return;
    }
    split(*page, item.hash);
  }
}

void HashPages::place_or_extend(Page& head, Hashed& item) {
  for (Page* page = &head; page->live >= full; page = page->next.load(std::memory_order_relaxed)) {
    if (page->next.load(std::memory_order_relaxed) != nullptr) continue;
    auto* fresh = new Page;
    fresh->depth = page->depth;
    page->next.store(fresh, std::memory_order_release);
  }
  place(head, item);
}

void HashPages::place(Page& head, Hashed& item) {
  const unsigned home = group_of(item.hash);
  for (Page* page = &head;; page = page->next.load(std::memory_order_relaxed)) {
    for (unsigned i = 0; i < groups; ++i) {
      const unsigned group = (home + i) % groups;
      const std::uint32_t free = Page::slots_equal(page->load(group), 0);
      if (free != 0 && page->live < full) {
        const auto lane = static_cast<unsigned>(std::countr_zero(free));
        // Release: a reader that saw the slot's former tag may load the new item.
        page->items[group * group_slots + lane].store(&item, std::memory_order_release);
        page->set_lane(group, lane, tag_of(item.hash));
        ++page->live;
        return;
      }
      page->count_passed(group, 1);
    }
  }
}

bool HashPages::erase(const Hashed& item) {
  Directory* directory = directory_.load(std::memory_order_relaxed);
  Page* const head = directory->pages()[directory->index(item.hash)].load(std::memory_order_relaxed);
  const unsigned home = group_of(item.hash);
  unsigned steps = 0;  // groups looked at before this one
  for (Page* page = head; page != nullptr; page = page->next.load(std::memory_order_relaxed)) {
    for (unsigned i = 0; i < groups; ++i, ++steps) {
      const unsigned group = (home + i) % groups;
      const Lanes lanes = page->load(group);
      for (std::uint32_t hits = Page::slots_equal(lanes, tag_of(item.hash)); hits != 0; hits &= hits - 1) {
        const auto lane = static_cast<unsigned>(std::countr_zero(hits));
        if (page->items[group * group_slots + lane].load(std::memory_order_relaxed) != &item) continue;
        page->set_lane(group, lane, 0);
        --page->live;
        --size_;
        Page* before = head;
        for (unsigned s = 0; s < steps; ++s) {
          before->count_passed((home + s) % groups, -1);
          if (s % groups == groups - 1) before = before->next.load(std::memory_order_relaxed);
        }
        if (head->live <= sparse && head->depth > 0) merge(*head, item.hash);
        return true;
      }
      if (Page::passed(lanes) == 0) return false;
    }
  }
  return false;
}

// Points every directory entry whose index agrees with `hash` in the top `depth` bits to `page`.
void HashPages::replace(std::uint64_t hash, unsigned depth, Page* page) noexcept {
  Directory* directory = directory_.load(std::memory_order_relaxed);
  const std::size_t count = std::size_t{1} << (directory->bits - depth);
  const std::size_t first = directory->index(hash) & ~(count - 1);
  for (std::size_t i = first; i < first + count; ++i) {
    directory->pages()[i].store(page, std::memory_order_release);  // publishes the page's contents
  }
}

void HashPages::split(Page& page, std::uint64_t hash) {
  const unsigned depth = page.depth + 1U;
  const std::uint64_t bit = std::uint64_t{1} << (64 - depth);
  std::array<Chain, 2> halves{Chain(new Page), Chain(new Page)};
  for (const Chain& half : halves) half->depth = static_cast<std::uint8_t>(depth);
  for (Page* p = &page; p != nullptr; p = p->next.load(std::memory_order_relaxed)) {
    for (unsigned g = 0; g < groups; ++g) {
      for (std::uint32_t used = ~Page::slots_equal(p->load(g), 0) & 0x7fff; used != 0; used &= used - 1) {
        Hashed* item = p->items[g * group_slots + static_cast<unsigned>(std::countr_zero(used))].load(
            std::memory_order_relaxed);
        place_or_extend(*halves[(item->hash & bit) != 0], *item);
      }
    }
  }
  domain_.reserve(2);
  Directory* old = directory_.load(std::memory_order_relaxed);
  if (depth > old->bits) {
    Directory* wide = Directory::make(depth);
    for (std::size_t i = 0; i < wide->size(); ++i) {
      wide->pages()[i].store(old->pages()[i / 2].load(std::memory_order_relaxed), std::memory_order_relaxed);
    }
    directory_.store(wide, std::memory_order_release);  // publishes the directory's contents
    domain_.retire(old, Directory::free);
  }
  replace(hash & ~bit, depth, halves[0].release());
  replace(hash | bit, depth, halves[1].release());
  domain_.retire(&page, free_chain);
}

// Joins a sparse page with its sibling, so that a table that shrinks gives memory back. Without memory
// for it the pages stay as they are.
void HashPages::merge(Page& page, std::uint64_t hash) {
  const std::uint64_t bit = std::uint64_t{1} << (64 - page.depth);
  Directory* directory = directory_.load(std::memory_order_relaxed);
  Page* sibling = directory->pages()[directory->index(hash ^ bit)].load(std::memory_order_relaxed);
  if (sibling->depth != page.depth || page.live + sibling->live > merged ||
      page.next.load(std::memory_order_relaxed) != nullptr ||
      sibling->next.load(std::memory_order_relaxed) != nullptr) {
    return;
  }
  auto* joined = new (std::nothrow) Page;
  if (joined == nullptr) return;
  joined->depth = static_cast<std::uint8_t>(page.depth - 1);
  for (const Page* p : {&page, sibling}) {
    for (unsigned g = 0; g < groups; ++g) {
      for (std::uint32_t used = ~Page::slots_equal(p->load(g), 0) & 0x7fff; used != 0; used &= used - 1) {
        place(*joined, *p->items[g * group_slots + static_cast<unsigned>(std::countr_zero(used))].load(
                           std::memory_order_relaxed));
      }
    }
  }
  replace(hash, joined->depth, joined);
  domain_.retire(&page, free_chain);
  domain_.retire(sibling, free_chain);
}

}  // namespace kelp::routing
