#include "broker/route_cache.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace kelp::broker {

void Route::set(std::uint64_t h, const Exchange& of, std::uint64_t g, std::string_view k,
                std::span<Queue* const> to) {
  exchange = nullptr;  // unused until it is whole
  if (k.size() > inline_key && long_key == nullptr) long_key = std::make_unique<char[]>(longest_key);
  if (to.size() > inline_queues) many.assign(to.begin(), to.end());
  std::copy_n(to.begin(), std::min(to.size(), inline_queues), few.begin());
  std::memcpy(k.size() <= inline_key ? key.data() : long_key.get(), k.data(), k.size());
  key_size = static_cast<std::uint16_t>(k.size());
  count = static_cast<std::uint32_t>(to.size());
  generation = g;
  hash = h;
  exchange = &of;
}

Route& RouteCache::place(std::uint64_t hash) {
  const std::size_t sets = routes_.size() / ways;
  if (sets == 0 || (pushed_out_ > sets && sets < most_sets)) grow();
  Route* set = &routes_[(hash & mask_) * ways];
  for (std::size_t way = 0; way < ways; ++way) {
    if (set[way].exchange == nullptr) return set[way];
  }
  ++pushed_out_;
  // The high bits of the hash choose the victim: no clock, no bookkeeping on a hit.
  return set[(hash >> 63) % ways];
}

void RouteCache::grow() {
  const std::size_t sets = routes_.empty() ? first_sets : routes_.size() / ways * 4;
  std::vector<Route> old(std::min(sets, most_sets) * ways);
  old.swap(routes_);
  mask_ = routes_.size() / ways - 1;
  pushed_out_ = 0;
  for (Route& route : old) {
    if (route.exchange == nullptr) continue;
    Route* set = &routes_[(route.hash & mask_) * ways];
    for (std::size_t way = 0; way < ways; ++way) {
      if (set[way].exchange != nullptr) continue;
      set[way] = std::move(route);
      break;
    }
  }
}

}  // namespace kelp::broker
