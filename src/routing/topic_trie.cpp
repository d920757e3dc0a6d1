#include "routing/topic_trie.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include "routing/position_set.hpp"

namespace kelp::routing {

struct TopicTrie::Node : Hashed {
  Node* parent = nullptr;
  std::string word;  // of the edge from the parent, when kind is `L`
  char kind = 'L';
  std::size_t children = 0;  // writer
  std::atomic<std::size_t> literals{0};
  std::atomic<Node*> star{nullptr};
  std::atomic<Node*> hash_sign{nullptr};
  std::atomic<Record*> record{nullptr};

  [[nodiscard]] std::atomic<Node*>& wildcard(char of) noexcept { return of == '*' ? star : hash_sign; }
};

TopicTrie::TopicTrie(util::Domain& domain, const WordHash& hash, std::uint64_t seed)
    : domain_(domain), hash_(hash), seed_(seed), edges_(domain), root_(new Node) {
  root_->hash = seed;
}

TopicTrie::~TopicTrie() {
  edges_.for_each([&](Hashed& item) { free_nodes(static_cast<Node*>(&item), edges_); });
  free_nodes(root_, edges_);
}

// Frees a node and the wildcards below it; what hangs below by a word is in the edge table itself. A
// pattern has at most max_words words, so the depth is bounded.
void TopicTrie::free_nodes(Node* node, const HashPages& edges) {
  for (const char kind : {'*', '#'}) {
    if (Node* below = node->wildcard(kind).load(std::memory_order_acquire)) free_nodes(below, edges);
  }
  if (Record* record = node->record.load(std::memory_order_acquire)) Record::destroy(record);
  delete node;
}

std::uint64_t TopicTrie::edge_hash(const Node& parent, std::uint64_t word) noexcept {
  return WordHash::mixed(parent.hash * 0x9e37'79b9'7f4a'7c15 + word);
}

bool TopicTrie::empty() const noexcept {
  // Acquire: who sees the count sees the nodes.
  return patterns_.load(std::memory_order_acquire) == 0;
}

TopicTrie::Node* TopicTrie::child(const Node& parent, const TopicWords& words, std::size_t i,
                                  char kind) const {
  // Acquire: pairs with the release that links the child.
  if (kind != 'L') return const_cast<Node&>(parent).wildcard(kind).load(std::memory_order_acquire);
  const std::string_view word = words[i];
  return static_cast<Node*>(edges_.find(edge_hash(parent, words.hash(i, hash_)), [&](Hashed& item) {
    const Node& node = static_cast<Node&>(item);
    return node.parent == &parent && node.word == word;
  }));
}

TopicTrie::Node* TopicTrie::add_child(Node& parent, const TopicWords& words, std::size_t i, char kind) {
  auto node = std::make_unique<Node>();
  node->parent = &parent;
  node->kind = kind;
  node->hash = edge_hash(parent, kind == 'L' ? words.hash(i, hash_) : static_cast<std::uint64_t>(kind));
  if (kind == 'L') {
    node->word = words[i];
    edges_.insert(*node);
    // Relaxed: a reader that must see the child has synchronised with this writer since.
    parent.literals.fetch_add(1, std::memory_order_relaxed);
  } else {
    parent.wildcard(kind).store(node.get(), std::memory_order_release);  // publishes the node
  }
  ++parent.children;
  ++nodes_;
  return node.release();
}

TopicTrie::Node* TopicTrie::find(const ParsedPattern& pattern) const {
  Node* node = root_;
  for (std::size_t i = 0; i < pattern.words.count() && node != nullptr; ++i) {
    node = child(*node, pattern.words, i, pattern.kind[i]);
  }
  return node;
}

bool TopicTrie::add(const ParsedPattern& pattern, const FieldTable& arguments, Target target) {
  domain_.reserve(retirements);
  Node* node = root_;
  try {
    for (std::size_t i = 0; i < pattern.words.count(); ++i) {
      Node* next = child(*node, pattern.words, i, pattern.kind[i]);
      node = next != nullptr ? next : add_child(*node, pattern.words, i, pattern.kind[i]);
    }
    if (Record* record = node->record.load(std::memory_order_relaxed)) {
      return record->add(arguments, target, domain_, seed_);
    }
    Record::Ptr record = Record::make(node->hash, pattern.words.text(), arguments, target, domain_, seed_);
    node->record.store(record.release(), std::memory_order_release);  // publishes the record
  } catch (...) {
    prune(node);
    throw;
  }
  patterns_.fetch_add(1, std::memory_order_release);  // after the nodes
  return true;
}

bool TopicTrie::remove(const ParsedPattern& pattern, const FieldTable& arguments, Target target) {
  domain_.reserve(retirements);
  Node* node = find(pattern);
  Record* record = node == nullptr ? nullptr : node->record.load(std::memory_order_relaxed);
  if (record == nullptr) return false;
  const Record::Removal removal = record->remove(arguments, target);
  if (removal == Record::Removal::last) {
    // Relaxed, here and in prune(): nothing is published by taking away.
    node->record.store(nullptr, std::memory_order_relaxed);
    patterns_.fetch_sub(1, std::memory_order_relaxed);
    domain_.retire(record, Record::destroy);
    prune(node);
  }
  return removal != Record::Removal::none;
}

// Unlinks the node and its ancestors as far as they carry nothing.
void TopicTrie::prune(Node* node) {
  while (node != root_ && node->children == 0 && node->record.load(std::memory_order_relaxed) == nullptr) {
    Node* parent = node->parent;
    if (node->kind == 'L') {
      parent->literals.fetch_sub(1, std::memory_order_relaxed);
      edges_.erase(*node);
    } else {
      parent->wildcard(node->kind).store(nullptr, std::memory_order_relaxed);
    }
    --parent->children;
    --nodes_;
    domain_.retire(node);
    node = parent;
  }
}

void TopicTrie::for_each(const BindingTable::Visitor& f) const {
  const auto visit = [&](auto&& self, Node* node) -> void {
    if (const Record* record = node->record.load(std::memory_order_relaxed)) record->for_each(f);
    for (const char kind : {'*', '#'}) {
      if (Node* below = node->wildcard(kind).load(std::memory_order_relaxed)) self(self, below);
    }
  };
  visit(visit, root_);
  edges_.for_each([&](Hashed& item) { visit(visit, static_cast<Node*>(&item)); });
}

template <unsigned W>
struct TopicTrie::Walk {
  using Set = PositionSet<W>;

  Walk(const TopicTrie& of, const TopicWords& words, std::vector<Target>& to)
      : trie(of), key(words), out(to) {
    // Equal words are looked up once: `same[first[i]]` has the positions of word i and its equals.
    for (std::size_t i = 0; i < key.count(); ++i) {
      std::size_t j = 0;
      while (j < distinct && key[distinct_at[j]] != key[i]) ++j;
      if (j == distinct) {
        distinct_at[distinct] = static_cast<std::uint16_t>(i);
        same[distinct++] = Set();
      }
      first[i] = static_cast<std::uint16_t>(j);
      same[j].add(i);
    }
  }

  // Visits a node whose path can end at each of `at`, which is not empty.
  void visit(const Node& node, Set at) {
    ++steps;
    const std::size_t end = key.count();
    if (at.has(end)) {
      if (const Record* record = node.record.load(std::memory_order_acquire)) record->emit(out);
    }
    if (const Node* below = node.hash_sign.load(std::memory_order_acquire)) {
      visit(*below, Set::range(at.lowest(), end));
    }
    at.remove(end);
    if (at.empty()) return;
    if (const Node* below = node.star.load(std::memory_order_acquire)) visit(*below, at.advanced());
    // Relaxed: see add_child().
    if (node.literals.load(std::memory_order_relaxed) == 0) return;
    while (!at.empty()) {
      const std::size_t i = at.lowest();
      Set here = at;
      here &= same[first[i]];
      at -= here;
      ++steps;
      if (const Node* below = trie.child(node, key, i, 'L')) visit(*below, here.advanced());
    }
  }

  const TopicTrie& trie;
  const TopicWords& key;
  std::vector<Target>& out;
  std::size_t steps = 0;
  std::size_t distinct = 0;
  std::array<std::uint16_t, 64 * W> distinct_at;
  std::array<std::uint16_t, 64 * W> first;
  std::array<Set, 64 * W> same;
};

std::size_t TopicTrie::match(const TopicWords& key, std::vector<Target>& out) const {
  const auto walk = [&](auto&& w) {
    w.visit(*root_, std::remove_cvref_t<decltype(w)>::Set::only(0));
    return w.steps;
  };
  // n words have n + 1 positions.
  return key.count() < 64 ? walk(Walk<1>(*this, key, out)) : walk(Walk<5>(*this, key, out));
}

}  // namespace kelp::routing
