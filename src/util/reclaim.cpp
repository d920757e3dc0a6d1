#include "util/reclaim.hpp"

#include <algorithm>

namespace kelp::util {

Domain::~Domain() {
  while (!retired_.empty()) {  // a deleter may retire more
    std::vector<Retired> last;
    last.swap(retired_);
    for (const Retired& r : last) r.deleter(r.object);
  }
  for (Reader* r = readers_.load(std::memory_order_acquire); r != nullptr;) {
    Reader* next = r->next_;
    delete r;
    r = next;
  }
}

Reader& Domain::open_reader() {
  detail::decide_asymmetric_fence();  // before the first light_fence() counts
  for (Reader* r = readers_.load(std::memory_order_acquire); r != nullptr; r = r->next_) {
    bool free = false;
    // Relaxed on failure: we only go on to the next one.
    if (r->in_use_.compare_exchange_strong(free, true, std::memory_order_acq_rel,
                                           std::memory_order_relaxed)) {
      return *r;
    }
  }
  auto* fresh = new Reader;
  fresh->next_ = readers_.load(std::memory_order_relaxed);
  // Release: a scan that finds the reader sees its next_. Relaxed on failure: next_ is set again.
  while (!readers_.compare_exchange_weak(fresh->next_, fresh, std::memory_order_seq_cst,
                                         std::memory_order_relaxed)) {
  }
  return *fresh;
}

void Domain::close_reader(Reader& reader) noexcept {
  reader.epoch.store(0, std::memory_order_release);
  for (auto& slot : reader.hazards) slot.store(nullptr, std::memory_order_release);
  reader.in_use_.store(false, std::memory_order_release);
}

void Domain::retire(void* object, void (*deleter)(void*)) {
  bool due = false;
  {
    const std::lock_guard lock(mutex_);
    // A reader that entered with this epoch or an older one may hold the object; one that enters
    // with a newer epoch read it after the object was unlinked.
    const std::uint64_t now = epoch_.load(std::memory_order_relaxed);
    retired_.push_back({object, deleter, now});
    // Relaxed would do for the value; release so that a newer epoch implies the unlinking.
    epoch_.store(now + 1, std::memory_order_release);
    due = retired_.size() % collect_every == 0;  // a heavy fence for each would make binding slow
  }
  if (due) collect();
}

void Domain::reserve(std::size_t count) {
  const std::lock_guard lock(mutex_);
  const std::size_t wanted = retired_.size() + count;
  if (wanted > retired_.capacity()) retired_.reserve(std::max(wanted, 2 * retired_.capacity()));
}

void Domain::collect() {
  std::array<Retired, 256> batch;  // on the stack: retire() must not fail for want of memory
  std::size_t count;
  do {
    count = 0;
    {
      const std::lock_guard lock(mutex_);
      if (retired_.empty()) return;
      heavy_fence();
      std::uint64_t oldest = epoch_.load(std::memory_order_relaxed);
      for (const Reader* r = readers_.load(std::memory_order_acquire); r != nullptr; r = r->next_) {
        const std::uint64_t e = r->epoch.load(std::memory_order_acquire);
        if (e != 0) oldest = std::min(oldest, e);
      }
      // In the order of their epochs, so what may go stands in front.
      const auto end =
          retired_.begin() + static_cast<std::ptrdiff_t>(std::min(retired_.size(), batch.size()));
      const auto kept =
          std::find_if(retired_.begin(), end, [&](const Retired& r) { return r.epoch >= oldest; });
      count = static_cast<std::size_t>(kept - retired_.begin());
      std::copy(retired_.begin(), kept, batch.begin());
      retired_.erase(retired_.begin(), kept);
    }
    for (std::size_t i = 0; i < count; ++i) batch[i].deleter(batch[i].object);
  } while (count == batch.size());
}

std::size_t Domain::retired() const {
  const std::lock_guard lock(mutex_);
  return retired_.size();
}

}  // namespace kelp::util
