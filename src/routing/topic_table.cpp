#include "routing/topic_table.hpp"

#include <array>
#include <string>

#include <kelp/error.hpp>

#include "routing/record_table.hpp"
#include "routing/topic.hpp"
#include "routing/topic_key.hpp"
#include "routing/topic_trie.hpp"

namespace kelp::routing {

namespace {

// A pattern with at most one `#` against the key that its hash fits. The text decides, so that equal
// hashes of different words do no harm.
bool pattern_fits(std::string_view pattern, const ShapeProbe& probe, const TopicWords& key) noexcept {
  return probe.literal ? pattern == key.text() : topic_matches(pattern, key.text());
}

class TupleTrieTable final : public TopicTable {
 public:
  TupleTrieTable(util::Domain& domain, std::uint64_t seed, TopicOptions options)
      : domain_(domain),
        hash_(seed),
        shapes_(domain, hash_, options.shapes_per_key),
        records_(domain, seed),
        trie_(domain, hash_, seed) {}

  bool add(std::string_view key, const FieldTable& arguments, Target target) override;
  bool remove(std::string_view key, const FieldTable& arguments, Target target) override;
  void for_each(const Visitor& f) const override {
    records_.for_each(f);
    trie_.for_each(f);
  }
  [[nodiscard]] std::size_t size() const noexcept override { return size_; }
  [[nodiscard]] std::size_t shapes() const noexcept override { return shapes_.size(); }
  void match(std::string_view key, const FieldTable*, std::vector<Target>& out) const override {
    match_counting(key, out);
  }
  std::size_t match_counting(std::string_view key, std::vector<Target>& out) const override;

 private:
  // Look-ups that are under way at a time: enough to hide the memory, few enough for the stack.
  static constexpr std::size_t batch = 32;
  struct Pending {
    const ShapeProbe* probe;
    std::uint64_t hash;
    HashPages::Home home;
  };

  static std::uint64_t hash_of(const Shape& shape, const ParsedPattern& pattern,
                               const WordHash& hash) noexcept {
    return shape.probe.hash(KeySums(pattern.words, hash));
  }
  std::size_t search_shapes(const TopicWords& key, std::vector<Target>& out) const;
  static void finish(const Pending& pending, const TopicWords& key, std::vector<Target>& out);

  util::Domain& domain_;
  const WordHash hash_;
  Shapes shapes_;
  RecordTable records_;
  TopicTrie trie_;
  std::size_t size_ = 0;
};

bool TupleTrieTable::add(std::string_view key, const FieldTable& arguments, Target target) {
  validate_topic_pattern(key);
  const ParsedPattern pattern(key);
  if (pattern.hashes > 1) {
    const bool added = trie_.add(pattern, arguments, target);
    size_ += added;
    return added;
  }
  domain_.reserve(Shapes::retirements);
  Shape* shape = shapes_.find(pattern);
  if (shape == nullptr) shape = &shapes_.add(pattern);
  try {
    const bool added = shape->in_trie ? trie_.add(pattern, arguments, target)
                                      : records_.add(hash_of(*shape, pattern, hash_), key, arguments, target);
    shape->patterns += added;
    size_ += added;
    return added;
  } catch (...) {
    if (shape->patterns == 0) shapes_.remove(*shape);
    throw;
  }
}

bool TupleTrieTable::remove(std::string_view key, const FieldTable& arguments, Target target) {
  if (key.size() > max_key_bytes) return false;
  const ParsedPattern pattern(key);
  domain_.reserve(TopicTrie::retirements + RecordTable::retirements + Shapes::retirements);
  if (pattern.hashes > 1) {
    const bool removed = trie_.remove(pattern, arguments, target);
    size_ -= removed;
    return removed;
  }
  Shape* shape = shapes_.find(pattern);
  if (shape == nullptr) return false;
  const bool removed = shape->in_trie
                           ? trie_.remove(pattern, arguments, target)
                           : records_.remove(hash_of(*shape, pattern, hash_), key, arguments, target);
  shape->patterns -= removed;
  size_ -= removed;
  if (shape->patterns == 0) shapes_.remove(*shape);
  return removed;
}

std::size_t TupleTrieTable::match_counting(std::string_view key, std::vector<Target>& out) const {
  if (key.size() > max_key_bytes) {
    throw InvalidArgument("routing key of " + std::to_string(key.size()) + " bytes: at most " +
                          std::to_string(max_key_bytes) + " are allowed");
  }
  const TopicWords words(key);
  std::size_t steps = search_shapes(words, out);
  if (!trie_.empty()) steps += trie_.match(words, out);
  return steps;
}

std::size_t TupleTrieTable::search_shapes(const TopicWords& key, std::vector<Target>& out) const {
  const KeySums sums(key, hash_);
  std::array<Pending, batch> pending;
  std::size_t waiting = 0;
  std::size_t steps = 0;
  const auto finish_all = [&] {
    for (std::size_t i = 0; i < waiting; ++i) finish(pending[i], key, out);
    steps += waiting;
    waiting = 0;
  };
  shapes_.for_each(key.count(), [&](const ShapeProbe& probe) {
    const std::uint64_t hash = probe.hash(sums);
    const HashPages::Home home = records_.pages().home(hash);
    HashPages::prefetch(home);
    pending[waiting++] = {&probe, hash, home};
    if (waiting == batch) finish_all();
  });
  finish_all();
  return steps;
}

inline void TupleTrieTable::finish(const Pending& pending, const TopicWords& key, std::vector<Target>& out) {
  HashPages::find(pending.home, [&](Hashed& item) {
    if (item.hash != pending.hash) return false;
    const auto& record = static_cast<const Record&>(item);
    if (!pattern_fits(record.text(), *pending.probe, key)) return false;
    record.emit(out);
    return true;
  });
}

}  // namespace

std::unique_ptr<TopicTable> make_topic_table(util::Domain& domain, std::uint64_t seed, TopicOptions options) {
  return std::make_unique<TupleTrieTable>(domain, seed, options);
}

}  // namespace kelp::routing
