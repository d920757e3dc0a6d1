#include "broker/router.hpp"

#include <algorithm>

#include "broker/exchange.hpp"
#include "broker/queue.hpp"
#include "broker/target.hpp"

namespace kelp::broker {

void Router::resolve(const Exchange& exchange, std::string_view key, const FieldTable* headers) {
  queues_.clear();
  exchanges_.assign(1, &exchange);
  cacheable_ = true;
  for (std::size_t i = 0; i < exchanges_.size(); ++i) {
    if (exchanges_[i]->type == routing::ExchangeType::headers) cacheable_ = false;
    targets_.clear();
    exchanges_[i]->table->match(key, headers, targets_);
    for (const routing::Target target : targets_) {
      if (!is_exchange(target)) {
        queues_.push_back(&queue_of(target));
      } else if (const Exchange* next = &exchange_of(target);
                 std::find(exchanges_.begin(), exchanges_.end(), next) == exchanges_.end()) {
        exchanges_.push_back(next);
      }
    }
  }
  targets_.clear();
  if (queues_.size() < 2) return;
  std::sort(queues_.begin(), queues_.end(), [](const Queue* a, const Queue* b) { return a->id < b->id; });
  queues_.erase(std::unique(queues_.begin(), queues_.end()), queues_.end());
}

}  // namespace kelp::broker
