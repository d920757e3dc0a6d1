// Where a channel's recent messages went, so that the common publish is one hash and one compare.
//
// Two-way sets of routes, keyed by XXH3 of the routing key under the exchange's seed; the key itself
// is compared. A route carries the exchange's generation; one that is behind is either proved still
// right (Exchange::unchanged_for) or resolved again. Starts small and grows while live routes push
// each other out; after that nothing is allocated, but for keys longer than `inline_key`, whose
// room is kept.
// Threads: one. Queues in a route may be read only under a Pin and after its generation was checked.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace kelp::broker {

class Exchange;
class Queue;

struct alignas(64) Route {
  static constexpr std::size_t inline_queues = 4;
  static constexpr std::size_t inline_key = 64;
  static constexpr std::size_t longest_key = 255;

  std::uint64_t hash = 0;
  const Exchange* exchange = nullptr;  // null: unused
  std::uint64_t generation = 0;
  std::uint32_t count = 0;
  std::uint16_t key_size = 0;
  std::array<Queue*, inline_queues> few{};
  std::array<char, inline_key> key{};
  std::unique_ptr<char[]> long_key = {};
  std::vector<Queue*> many = {};

  [[nodiscard]] std::span<Queue* const> queues() const noexcept {
    return count <= inline_queues ? std::span<Queue* const>(few.data(), count)
                                  : std::span<Queue* const>(many);
  }
  [[nodiscard]] std::string_view key_view() const noexcept {
    return {key_size <= inline_key ? key.data() : long_key.get(), key_size};
  }
  /// May allocate.
  void set(std::uint64_t h, const Exchange& of, std::uint64_t g, std::string_view k,
           std::span<Queue* const> to);
};

class RouteCache {
 public:
  /// The route of that key, or null.
  [[nodiscard]] Route* find(std::uint64_t hash, const Exchange& exchange, std::string_view key) noexcept {
    if (routes_.empty()) [[unlikely]]
      return nullptr;
    Route* set = &routes_[(hash & mask_) * ways];
    for (std::size_t way = 0; way < ways; ++way) {
      Route& route = set[way];
      if (route.hash == hash && route.exchange == &exchange && route.key_view() == key) return &route;
    }
    return nullptr;
  }

  /// A place for a route with that hash, at the cost of an older one. May allocate.
  [[nodiscard]] Route& place(std::uint64_t hash);

  /// Forgets everything: an exchange was deleted.
  void clear() noexcept {
    for (Route& route : routes_) route.exchange = nullptr;
  }

 private:
  static constexpr std::size_t ways = 2;
  static constexpr std::size_t first_sets = 16;
  static constexpr std::size_t most_sets = 8192;

  void grow();

  std::vector<Route> routes_;
  std::uint64_t mask_ = 0;
  std::size_t pushed_out_ = 0;
};

}  // namespace kelp::broker
