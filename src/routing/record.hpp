// One pattern (or direct key) and where it leads. Most have one binding without arguments: it lies in the
// record itself, so that a million of them stay small. Others keep a BindingSet.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include <kelp/field_table.hpp>

#include "routing/binding_set.hpp"
#include "routing/binding_table.hpp"
#include "routing/hash_pages.hpp"

namespace kelp::routing {

class Record : public Hashed {
 public:
  struct Destroy {
    void operator()(Record* record) const noexcept { destroy(record); }
  };
  using Ptr = std::unique_ptr<Record, Destroy>;

  /// A record with one binding. `text` is at most max_key_bytes long.
  [[nodiscard]] static Ptr make(std::uint64_t hash, std::string_view text, const FieldTable& arguments,
                                Target target, util::Domain& domain, std::uint64_t seed);
  /// For Domain::retire() as well.
  static void destroy(void* record) noexcept;

  [[nodiscard]] std::string_view text() const noexcept { return {text_, size_}; }

  /// Readers: appends every target.
  void emit(std::vector<Target>& out) const;

  /// Writers: as BindingTable's.
  bool add(const FieldTable& arguments, Target target, util::Domain& domain, std::uint64_t seed);
  enum class Removal : std::uint8_t { none, some, last };
  /// `last`: nothing is left, and the caller unlinks and retires the record.
  Removal remove(const FieldTable& arguments, Target target);
  void for_each(const BindingTable::Visitor& f) const;

 private:
  Record(std::uint64_t hash, std::string_view text, Target target) noexcept;
  ~Record();

  std::atomic<BindingSet*> many_{nullptr};  // never changes back to null
  Target only_;                             // while many_ is null
  std::uint8_t size_;
  char text_[7];  // and on, behind the object
};

}  // namespace kelp::routing
