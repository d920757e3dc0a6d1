// One exchange: its bindings, and what changed in them lately.
//
// `generation` grows with every change that can alter a route through this exchange, here or in an
// exchange that it leads to. A cached route carries the generation at which it was resolved. The
// last 256 changes are kept as patterns, so that a route which is a few changes behind is proved to
// be still right by matching its key against them instead of being resolved again.
//
// Writers hold the topology's mutex. Readers are inside a util::Pin.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <kelp/field_table.hpp>

#include "broker/bound_to.hpp"
#include "routing/binding_table.hpp"

namespace kelp::broker {

struct ExchangeDescription {
  std::string name;
  std::string type;
  bool durable = false;
  bool auto_delete = false;
  bool internal = false;
  FieldTable arguments = {};
};

class Exchange {
 public:
  static constexpr std::size_t changes_kept = 256;

  Exchange(ExchangeDescription description, routing::ExchangeType type, util::Domain& domain,
           std::uint64_t seed);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  const ExchangeDescription description;
  const routing::ExchangeType type;
  const std::unique_ptr<routing::BindingTable> table;
  /// Of the hashes under which channels cache this exchange's routes.
  const std::uint64_t seed;

  /// The exchanges whose bindings lead here. Writers only.
  BoundTo bound_to;

  [[nodiscard]] std::uint64_t generation() const noexcept {
    return generation_.load(std::memory_order_acquire);
  }

  /// A change that concerns the keys which `pattern` matches; null: every key. Throws bad_alloc
  /// before anything changed.
  class PreparedChange;
  [[nodiscard]] PreparedChange prepare_change(const std::string_view* pattern);
  void commit(PreparedChange&& change) noexcept;

  /// Is a route for `key` that was resolved at `then` still right at `now`?
  [[nodiscard]] bool unchanged_for(std::string_view key, std::uint64_t then,
                                   std::uint64_t now) const noexcept;

 private:
  struct Change {
    std::uint64_t generation = 0;
    bool every_key = false;
    std::string pattern = {};
  };
  using Ring = std::array<std::atomic<const Change*>, changes_kept>;

  [[nodiscard]] bool concerns(const Change& change, std::string_view key) const noexcept;

  util::Domain& domain_;
  std::atomic<std::uint64_t> generation_{1};
  std::atomic<Ring*> changes_{nullptr};  // made at the first change
};

class Exchange::PreparedChange {
 public:
  explicit PreparedChange(std::unique_ptr<Change> change) noexcept : change_(std::move(change)) {}

 private:
  friend class Exchange;
  std::unique_ptr<Change> change_;
};

}  // namespace kelp::broker
