#include "routing/binding_set.hpp"

#include <type_traits>
#include <utility>
#include <variant>

#include "util/xxh3.hpp"

namespace kelp::routing {

namespace {

// Looks at scalars, text and bytes; what is nested counts by its kind only.
std::uint64_t hash_of(const FieldValue& value, std::uint64_t seed) noexcept {
  seed += value.variant().index();
  return std::visit(
      [&](const auto& v) -> std::uint64_t {
        using T = std::remove_cvref_t<decltype(v)>;
        if constexpr (std::is_same_v<T, std::string>) {
          return util::xxh3(v, seed);
        } else if constexpr (std::is_same_v<T, Bytes>) {
          return util::xxh3({reinterpret_cast<const char*>(v.data()), v.size()}, seed);
        } else if constexpr (std::is_integral_v<T>) {
          return util::xxh3({reinterpret_cast<const char*>(&v), sizeof v}, seed);
        } else if constexpr (std::is_same_v<T, Timestamp>) {
          return util::xxh3({reinterpret_cast<const char*>(&v.seconds), sizeof v.seconds}, seed);
        } else {
          return seed;  // floating-point numbers too: 0.0 equals -0.0
        }
      },
      value.variant());
}

}  // namespace

std::uint64_t hash_of(const FieldTable& table, std::uint64_t seed) noexcept {
  std::uint64_t sum = 0;
  for (const auto& [name, value] : table) sum += hash_of(value, util::xxh3(name, seed));
  return sum;
}

const FieldTable& BindingSet::Node::arguments() const noexcept {
  static const FieldTable none;
  return label ? label->arguments : none;
}

BindingSet::~BindingSet() {
  words_.find([](WordList::Owner& owner) {
    delete static_cast<Node*>(&owner);
    return false;
  });
}

std::uint64_t BindingSet::identity(std::string_view key, const FieldTable& arguments,
                                   Target target) const noexcept {
  const std::uint64_t words[3] = {util::xxh3(key, seed_), arguments.empty() ? 0 : hash_of(arguments, seed_),
                                  target};
  return util::xxh3({reinterpret_cast<const char*>(words), sizeof words}, seed_);
}

BindingSet::Node* BindingSet::find(std::string_view key, const FieldTable& arguments, Target target) const {
  if (size_ == 0) return nullptr;
  const std::uint64_t hash = identity(key, arguments, target);
  const auto same = [&](const Node& n) {
    return n.hash == hash && n.target == target && n.key() == key && n.arguments() == arguments;
  };
  if (index_) {
    return static_cast<Node*>(
        index_->find(hash, [&](Hashed& item) { return same(static_cast<Node&>(item)); }));
  }
  return static_cast<Node*>(
      words_.find([&](WordList::Owner& owner) { return same(static_cast<const Node&>(owner)); }));
}

bool BindingSet::add(std::string_view key, const FieldTable& arguments, Target target, std::uintptr_t word) {
  if (contains(key, arguments, target)) return false;
  auto node = std::make_unique<Node>();
  node->hash = identity(key, arguments, target);
  node->target = target;
  node->word = word;
  if (!key.empty() || !arguments.empty()) {
    node->label = std::make_unique<const Label>(Label{std::string(key), arguments});
  }
  if (!index_ && size_ + 1 == index_from) {
    auto index = std::make_unique<HashPages>(domain_);
    for_each([&](const Node& n) { index->insert(const_cast<Node&>(n)); });
    index_ = std::move(index);
  }
  domain_.reserve(6);
  if (index_) index_->insert(*node);
  try {
    words_.append(word, *node);
  } catch (...) {
    if (index_) index_->erase(*node);
    throw;
  }
  node.release();  // listed now
  ++size_;
  return true;
}

std::uintptr_t BindingSet::remove(std::string_view key, const FieldTable& arguments, Target target) {
  std::unique_ptr<Node> node(find(key, arguments, target));
  if (!node) return 0;
  if (index_) index_->erase(*node);
  words_.remove(*node);
  --size_;
  return node->word;  // readers never look at nodes: this one goes at once
}

}  // namespace kelp::routing
