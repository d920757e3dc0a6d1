// A trie of topic patterns, word by word, for the patterns that tuple space search is bad at. Readers
// walk it without locks while one writer changes it.
//
// The edges of all nodes lie in one hash table, by the node and the word. A match does not follow one
// reading of the key after the other, which patterns such as "#.a.#.a.#" make exponentially many. It
// visits each node once, with the set of all positions in the key at which the node's path can end: at
// most (nodes) x (words of the key) steps, whatever the patterns. That is what memoising every
// (node, position) would give, without the memory for it.
//
// Invariants, for a reader at any moment: a node whose pattern is there during the whole match stays
// linked; unlinked nodes keep their own links and are freed through the Domain.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "routing/hash_pages.hpp"
#include "routing/record.hpp"
#include "routing/shapes.hpp"
#include "routing/topic_key.hpp"

namespace kelp::routing {

class TopicTrie {
 public:
  /// How many retirements one change makes at most; Domain::reserve() them first.
  static constexpr std::size_t retirements = 8 * (max_words + 1);

  TopicTrie(util::Domain& domain, const WordHash& hash, std::uint64_t seed);
  /// No reader may be inside.
  ~TopicTrie();
  TopicTrie(const TopicTrie&) = delete;
  TopicTrie& operator=(const TopicTrie&) = delete;

  /// Writers, as BindingTable's.
  bool add(const ParsedPattern& pattern, const FieldTable& arguments, Target target);
  bool remove(const ParsedPattern& pattern, const FieldTable& arguments, Target target);
  void for_each(const BindingTable::Visitor& f) const;
  /// Nodes, the root not counted; for tests.
  [[nodiscard]] std::size_t nodes() const noexcept { return nodes_; }

  /// Readers, inside a Pin: nothing to look for.
  [[nodiscard]] bool empty() const noexcept;
  /// Readers, inside a Pin. Returns the number of nodes visited and edges looked up.
  std::size_t match(const TopicWords& key, std::vector<Target>& out) const;

 private:
  struct Node;
  template <unsigned W>
  struct Walk;

  [[nodiscard]] static std::uint64_t edge_hash(const Node& parent, std::uint64_t word) noexcept;
  [[nodiscard]] Node* child(const Node& parent, const TopicWords& words, std::size_t i, char kind) const;
  Node* add_child(Node& parent, const TopicWords& words, std::size_t i, char kind);
  [[nodiscard]] Node* find(const ParsedPattern& pattern) const;
  void prune(Node* node);
  static void free_nodes(Node* node, const HashPages& edges);

  util::Domain& domain_;
  const WordHash& hash_;
  std::uint64_t seed_;
  HashPages edges_;
  Node* root_;
  std::size_t nodes_ = 0;
  std::atomic<std::size_t> patterns_{0};
};

}  // namespace kelp::routing
