// The topic exchange: tuple space search for almost all patterns, a trie for those it is bad at
// (several `#`, and shapes past a bound).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "routing/binding_table.hpp"
#include "routing/shapes.hpp"

namespace kelp::routing {

struct TopicOptions {
  /// Shapes that one key may have to try; the patterns of further shapes go to the trie.
  std::size_t shapes_per_key = default_shapes_per_key;
};

/// A BindingTable that tells how much work a match was.
class TopicTable : public BindingTable {
 public:
  /// As match(); returns the shapes tried, trie nodes visited and trie edges looked up.
  virtual std::size_t match_counting(std::string_view key, std::vector<Target>& out) const = 0;
  /// Shapes known, in the tuple space and in the trie.
  [[nodiscard]] virtual std::size_t shapes() const noexcept = 0;
};

[[nodiscard]] std::unique_ptr<TopicTable> make_topic_table(util::Domain& domain, std::uint64_t seed,
                                                           TopicOptions options = {});

}  // namespace kelp::routing
