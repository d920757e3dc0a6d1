// Records by hash: the direct exchange's keys, and the patterns of the tuple space.
#pragma once

#include <cstdint>
#include <string_view>

#include <kelp/field_table.hpp>

#include "routing/binding_table.hpp"
#include "routing/hash_pages.hpp"
#include "routing/record.hpp"

namespace kelp::routing {

class RecordTable {
 public:
  /// How many retirements one change makes at most; Domain::reserve() them first.
  static constexpr std::size_t retirements = 8;

  RecordTable(util::Domain& domain, std::uint64_t seed) : domain_(domain), pages_(domain), seed_(seed) {}
  /// No reader may be inside.
  ~RecordTable();
  RecordTable(const RecordTable&) = delete;
  RecordTable& operator=(const RecordTable&) = delete;

  /// Writers, as BindingTable's. `hash` is a function of `text`.
  bool add(std::uint64_t hash, std::string_view text, const FieldTable& arguments, Target target);
  bool remove(std::uint64_t hash, std::string_view text, const FieldTable& arguments, Target target);
  void for_each(const BindingTable::Visitor& f) const;

  /// Readers, inside a Pin.
  [[nodiscard]] const Record* find(std::uint64_t hash, std::string_view text) const;
  [[nodiscard]] const HashPages& pages() const noexcept { return pages_; }

 private:
  util::Domain& domain_;
  HashPages pages_;
  std::uint64_t seed_;
};

}  // namespace kelp::routing
