// From an exchange and a key to queues, through exchange-to-exchange bindings. Each queue once, in
// the order in which the queues were declared.
#pragma once

#include <string_view>
#include <vector>

#include <kelp/field_table.hpp>

#include "routing/binding_table.hpp"

namespace kelp::broker {

class Exchange;
class Queue;

class Router {
 public:
  /// Inside a Pin. Allocates only when more is matched than ever before.
  void resolve(const Exchange& exchange, std::string_view key, const FieldTable* headers);

  [[nodiscard]] const std::vector<Queue*>& queues() const noexcept { return queues_; }
  /// False when headers had a say: the key alone does not tell the route.
  [[nodiscard]] bool cacheable() const noexcept { return cacheable_; }
  /// Room for look-ups by name.
  [[nodiscard]] std::vector<routing::Target>& scratch() noexcept { return targets_; }

 private:
  std::vector<routing::Target> targets_;
  std::vector<const Exchange*> exchanges_;
  std::vector<Queue*> queues_;
  bool cacheable_ = true;
};

}  // namespace kelp::broker
