// The bindings of one exchange, by exchange type. One writer at a time (the broker's control mutex);
// any number of readers, without locks, inside a util::Pin of the table's domain.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include <kelp/field_table.hpp>

#include "util/reclaim.hpp"

namespace kelp::routing {

/// Where a binding leads: an opaque word of the broker's (a queue or an exchange), never 0.
using Target = std::uintptr_t;

enum class ExchangeType : std::uint8_t { direct, topic, fanout, headers };

class BindingTable {
 public:
  using Visitor = std::function<void(std::string_view key, const FieldTable& arguments, Target target)>;

  virtual ~BindingTable() = default;

  /// Writers. False when that very binding (key, arguments, target) was there already. Strong
  /// guarantee: throws InvalidArgument or bad_alloc without having changed anything. A reader that
  /// starts after add() returned sees the binding. The cost does not grow with the table.
  virtual bool add(std::string_view key, const FieldTable& arguments, Target target) = 0;
  /// False when there is no such binding. A reader that starts after remove() returned does not see it.
  virtual bool remove(std::string_view key, const FieldTable& arguments, Target target) = 0;
  /// Writers. Every binding, in the order in which they were made where the table keeps it; `f` must
  /// not change the table.
  virtual void for_each(const Visitor& f) const = 0;
  [[nodiscard]] virtual std::size_t size() const noexcept = 0;

  /// Readers, inside a Pin. Appends the targets of every binding that matches; one target may come
  /// several times. `headers` may be null. Allocates only when `out` must grow. Throws InvalidArgument
  /// when a topic's routing key is over 255 bytes.
  virtual void match(std::string_view routing_key, const FieldTable* headers,
                     std::vector<Target>& out) const = 0;
};

/// `seed` keys the hashes, so that nobody can choose keys that collide: take it from the clock's random
/// source. No reader may be inside when the table is destroyed.
[[nodiscard]] std::unique_ptr<BindingTable> make_binding_table(ExchangeType type, util::Domain& domain,
                                                               std::uint64_t seed);

}  // namespace kelp::routing
