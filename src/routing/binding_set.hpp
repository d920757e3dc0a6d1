// Bindings that share a pattern, or need none: which exist (writer) and where they lead (readers).
// A binding is its key, its arguments and its target. Adding and removing cost the same however many
// there are: past a few, an index by the hash of the three finds them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <kelp/field_table.hpp>

#include "routing/binding_table.hpp"
#include "routing/hash_pages.hpp"
#include "routing/word_list.hpp"

namespace kelp::routing {

/// Equal tables have equal hashes, whatever the order of their fields.
[[nodiscard]] std::uint64_t hash_of(const FieldTable& table, std::uint64_t seed) noexcept;

class BindingSet {
 public:
  struct Label {
    std::string key;
    FieldTable arguments;
  };
  /// One binding, writer's side. `label` is null when key and arguments are empty.
  struct Node : Hashed, WordList::Owner {
    Target target = 0;
    std::uintptr_t word = 0;
    std::unique_ptr<const Label> label;

    [[nodiscard]] std::string_view key() const noexcept { return label ? label->key : std::string_view{}; }
    [[nodiscard]] const FieldTable& arguments() const noexcept;
  };

  BindingSet(util::Domain& domain, std::uint64_t seed) noexcept
      : domain_(domain), words_(domain), seed_(seed) {}
  /// No reader may be inside.
  ~BindingSet();
  BindingSet(const BindingSet&) = delete;
  BindingSet& operator=(const BindingSet&) = delete;

  /// Writer. `word` is what readers get for it. False when the binding is there already. Throws
  /// bad_alloc without a change.
  bool add(std::string_view key, const FieldTable& arguments, Target target, std::uintptr_t word);
  /// Writer. Its word, or 0 when there is no such binding. Throws nothing if Domain::reserve() has
  /// made room for 6 retirements.
  std::uintptr_t remove(std::string_view key, const FieldTable& arguments, Target target);
  [[nodiscard]] bool contains(std::string_view key, const FieldTable& arguments, Target target) const {
    return find(key, arguments, target) != nullptr;
  }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// Writer. Calls `f(const Node&)` in the order in which they were made.
  template <class F>
  void for_each(F&& f) const {
    words_.find([&](WordList::Owner& owner) {
      f(static_cast<const Node&>(owner));
      return false;
    });
  }

  /// Readers, inside a Pin.
  [[nodiscard]] const WordList& words() const noexcept { return words_; }

 private:
  static constexpr std::size_t index_from = 16;

  [[nodiscard]] std::uint64_t identity(std::string_view key, const FieldTable& arguments,
                                       Target target) const noexcept;
  [[nodiscard]] Node* find(std::string_view key, const FieldTable& arguments, Target target) const;

  util::Domain& domain_;
  WordList words_;
  std::unique_ptr<HashPages> index_;
  std::size_t size_ = 0;
  std::uint64_t seed_;
};

}  // namespace kelp::routing
