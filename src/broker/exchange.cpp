#include "broker/exchange.hpp"

#include "routing/topic.hpp"

namespace kelp::broker {

Exchange::Exchange(ExchangeDescription d, routing::ExchangeType t, util::Domain& domain, std::uint64_t random)
    : description(std::move(d)),
      type(t),
      table(routing::make_binding_table(t, domain, random)),
      seed(random),
      domain_(domain) {}

Exchange::~Exchange() {
  if (Ring* ring = changes_.load(std::memory_order_acquire)) {
    for (auto& slot : *ring) delete slot.load(std::memory_order_acquire);
    delete ring;
  }
}

Exchange::PreparedChange Exchange::prepare_change(const std::string_view* pattern) {
  if (changes_.load(std::memory_order_acquire) == nullptr) {
    changes_.store(new Ring{}, std::memory_order_release);
  }
  auto change = std::make_unique<Change>();
  change->every_key = pattern == nullptr;
  if (pattern != nullptr) change->pattern = *pattern;
  return PreparedChange(std::move(change));
}

void Exchange::commit(PreparedChange&& prepared) noexcept {
  // Relaxed: only writers, who hold the mutex, change it.
  const std::uint64_t next = generation_.load(std::memory_order_relaxed) + 1;
  prepared.change_->generation = next;
  auto& slot = (*changes_.load(std::memory_order_acquire))[next % changes_kept];
  // The change is there before its generation is: who reads the generation finds it.
  const Change* old = slot.exchange(prepared.change_.release(), std::memory_order_acq_rel);
  generation_.store(next, std::memory_order_release);
  if (old != nullptr) domain_.retire(old);
}

bool Exchange::concerns(const Change& change, std::string_view key) const noexcept {
  if (change.every_key) return true;
  switch (type) {
    case routing::ExchangeType::direct:
      return change.pattern == key;
    case routing::ExchangeType::topic:
      return routing::topic_matches(change.pattern, key);
    case routing::ExchangeType::fanout:
    case routing::ExchangeType::headers:
      break;
  }
  return true;
}

bool Exchange::unchanged_for(std::string_view key, std::uint64_t then, std::uint64_t now) const noexcept {
  if (now - then > changes_kept) return false;
  const Ring* ring = changes_.load(std::memory_order_acquire);
  if (ring == nullptr) return false;
  for (std::uint64_t g = then + 1; g <= now; ++g) {
    const Change* change = (*ring)[g % changes_kept].load(std::memory_order_acquire);
    // Another generation: it was overwritten while we looked.
    if (change == nullptr || change->generation != g || concerns(*change, key)) return false;
  }
  return true;
}

}  // namespace kelp::broker
