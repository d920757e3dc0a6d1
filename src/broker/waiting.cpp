#include "broker/waiting.hpp"

#include "util/asymmetric_fence.hpp"

namespace kelp::broker {

WaiterSet::~WaiterSet() {
  for (Chunk* c = first_.next.load(std::memory_order_acquire); c != nullptr;) {
    Chunk* next = c->next.load(std::memory_order_acquire);
    delete c;
    c = next;
  }
}

template <class F>
void WaiterSet::for_each_slot(F&& f) noexcept {
  for (Chunk* c = &first_; c != nullptr; c = c->next.load(std::memory_order_acquire)) {
    for (auto& slot : c->slots) f(slot);
  }
}

void WaiterSet::add(Bell& bell) {
  for (Chunk* c = &first_;;) {
    for (auto& slot : c->slots) {
      Bell* empty = nullptr;
      // Relaxed on failure: we only try the next slot.
      if (slot.compare_exchange_strong(empty, &bell, std::memory_order_seq_cst, std::memory_order_relaxed)) {
        count_.fetch_add(1, std::memory_order_seq_cst);
        return;
      }
    }
    Chunk* next = c->next.load(std::memory_order_acquire);
    if (next == nullptr) {
      auto fresh = std::make_unique<Chunk>();
      if (c->next.compare_exchange_strong(next, fresh.get(), std::memory_order_acq_rel))
        next = fresh.release();
    }
    c = next;
  }
}

void WaiterSet::remove(Bell& bell) noexcept {
  for (Chunk* c = &first_; c != nullptr; c = c->next.load(std::memory_order_acquire)) {
    for (auto& slot : c->slots) {
      // Relaxed look first: our own registration is always visible to us.
      if (slot.load(std::memory_order_relaxed) != &bell) continue;
      slot.exchange(nullptr, std::memory_order_seq_cst);
      count_.fetch_sub(1, std::memory_order_seq_cst);
      return;
    }
  }
}

bool WaiterSet::wake_one() noexcept {
  // The message was stored before; a sleeper that unregisters after our look sees it, because it
  // passes a fence between unregistering and looking.
  util::full_fence();
  for (;;) {
    Bell* oldest = nullptr;
    util::Parker::Word observed = 0;
    std::uint64_t ticket = UINT64_MAX;
    for_each_slot([&](std::atomic<Bell*>& slot) {
      Bell* bell = slot.load(std::memory_order_seq_cst);
      if (bell == nullptr) return;
      const auto word = bell->parker.observe();
      // Relaxed: a wrong ticket costs fairness once. The second look at the slot proves that the
      // observed sleep is one on this set (see parker.hpp on generations).
      const auto t = bell->ticket.load(std::memory_order_relaxed);
      if (!util::Parker::sleeps(word) || t >= ticket || slot.load(std::memory_order_seq_cst) != bell) return;
      oldest = bell;
      observed = word;
      ticket = t;
    });
    if (oldest == nullptr) return false;
    if (oldest->parker.unpark(observed)) return true;
  }
}

void WaiterSet::wake_all() noexcept {
  util::full_fence();
  for_each_slot([](std::atomic<Bell*>& slot) {
    if (Bell* bell = slot.load(std::memory_order_seq_cst)) bell->parker.unpark(bell->parker.observe());
  });
}

}  // namespace kelp::broker
