#include "routing/shapes.hpp"

#include <new>

namespace kelp::routing {

namespace {

// Odd, so that multiplying by one loses nothing (splitmix64: G. Steele et al., "Fast Splittable
// Pseudorandom Number Generators", OOPSLA 2014). Public constants will do: the word hashes are keyed.
constexpr auto position_factors = [] {
  std::array<std::uint64_t, 2 * max_words> factors{};
  std::uint64_t state = 0;
  for (auto& factor : factors) {
    state += 0x9e37'79b9'7f4a'7c15;
    std::uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9;
    z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11eb;
    factor = (z ^ (z >> 31)) | 1;
  }
  return factors;
}();

}  // namespace

KeySums::KeySums(const TopicWords& words, const WordHash& hash) noexcept {
  const std::size_t n = words.count();
  left[0] = right[0] = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint64_t word = words.hash(i, hash);
    part[i] = word * position_factors[i];
    left[i + 1] = left[i] + part[i];
    const std::size_t from_right = max_words + (n - 1 - i);
    part[from_right] = word * position_factors[from_right];
  }
  for (std::size_t i = 0; i < n; ++i) right[i + 1] = right[i] + part[max_words + i];
}

ParsedPattern::ParsedPattern(std::string_view pattern) noexcept : words(pattern) {
  for (std::size_t i = 0; i < words.count(); ++i) {
    const std::string_view word = words[i];
    kind[i] = word == "*" || word == "#" ? word[0] : 'L';
    hashes += kind[i] == '#';
  }
}

Shapes::Shapes(util::Domain& domain, const WordHash& hash, std::size_t per_key)
    : domain_(domain), hash_(hash), per_key_(per_key), registry_(domain) {}

Shapes::~Shapes() {
  for (auto& list : exact_) delete list.load(std::memory_order_acquire);
  delete with_hash_.load(std::memory_order_acquire);
  registry_.for_each([](Hashed& item) { delete static_cast<Shape*>(&item); });
}

Shape* Shapes::find(const ParsedPattern& pattern) const {
  const std::string_view kinds = pattern.kinds();
  return static_cast<Shape*>(registry_.find(
      hash_.shape(kinds), [&](Hashed& item) { return static_cast<Shape&>(item).kinds == kinds; }));
}

std::atomic<const ProbeList*>& Shapes::list_of(const Shape& shape) noexcept {
  return shape.has_hash ? with_hash_ : exact_[shape.probe.left];
}

// A shape with `#` counts for every number of words, though short keys pass it over.
bool Shapes::crowded(const Shape& shape) const noexcept {
  const auto size = [](const std::atomic<const ProbeList*>& list) {
    // Relaxed: the writer reads what it wrote.
    const ProbeList* probes = list.load(std::memory_order_relaxed);
    return probes == nullptr ? 0 : probes->probes.size();
  };
  std::size_t most = 0;
  if (shape.has_hash) {
    for (const auto& list : exact_) most = std::max(most, size(list));
  } else {
    most = size(exact_[shape.probe.left]);
  }
  return most + size(with_hash_) >= per_key_;
}

ProbeList* Shapes::with(const ProbeList* list, const ShapeProbe& probe) {
  auto fresh = std::make_unique<ProbeList>();
  fresh->probes.reserve((list == nullptr ? 0 : list->probes.size()) + 1);
  if (list != nullptr) fresh->probes = list->probes;
  const auto place = std::upper_bound(
      fresh->probes.begin(), fresh->probes.end(), probe,
      [](const ShapeProbe& a, const ShapeProbe& b) { return a.left + a.right < b.left + b.right; });
  fresh->probes.insert(place, probe);
  return fresh.release();
}

ProbeList* Shapes::without(const ProbeList* list, const ShapeProbe& probe) {
  if (list->probes.size() == 1) return nullptr;
  auto fresh = std::make_unique<ProbeList>();
  fresh->probes.reserve(list->probes.size() - 1);
  for (const ShapeProbe& p : list->probes) {
    if (p.seed != probe.seed) fresh->probes.push_back(p);
  }
  return fresh.release();
}

Shape& Shapes::add(const ParsedPattern& pattern) {
  auto shape = std::make_unique<Shape>();
  const std::size_t n = pattern.words.count();
  const std::size_t hash_at = pattern.kinds().find('#');
  shape->kinds = pattern.kinds();
  shape->hash = hash_.shape(shape->kinds);
  shape->has_hash = hash_at != std::string_view::npos;
  ShapeProbe& probe = shape->probe;
  probe.seed = shape->hash;
  probe.left = static_cast<std::uint16_t>(shape->has_hash ? hash_at : n);
  probe.right = static_cast<std::uint16_t>(shape->has_hash ? n - 1 - hash_at : 0);
  for (std::size_t i = 0; i < n; ++i) {
    if (pattern.kind[i] != '*') continue;
    shape->stars.push_back(static_cast<std::uint16_t>(i < probe.left ? i : max_words + (n - 1 - i)));
  }
  probe.stars = static_cast<std::uint16_t>(shape->stars.size());
  probe.literal = !shape->has_hash && probe.stars == 0;
  std::copy_n(shape->stars.begin(), std::min(shape->stars.size(), ShapeProbe::stars_here),
              probe.star.begin());
  probe.more_stars = shape->stars.data();
  shape->in_trie = crowded(*shape);
  domain_.reserve(1);
  std::unique_ptr<ProbeList> fresh;
  std::atomic<const ProbeList*>& list = list_of(*shape);
  const ProbeList* old = list.load(std::memory_order_relaxed);
  if (!shape->in_trie) fresh.reset(with(old, probe));
  registry_.insert(*shape);
  if (fresh) {
    list.store(fresh.release(), std::memory_order_release);  // publishes the list and the shape's stars
    if (old != nullptr) domain_.retire(old);
  }
  return *shape.release();
}

void Shapes::remove(Shape& shape) {
  if (!shape.in_trie) {
    std::atomic<const ProbeList*>& list = list_of(shape);
    const ProbeList* old = list.load(std::memory_order_relaxed);
    const ProbeList* fresh = nullptr;
    try {
      fresh = without(old, shape.probe);
    } catch (const std::bad_alloc&) {
      return;
    }
    list.store(fresh, std::memory_order_release);  // publishes the list
    domain_.retire(old);
  }
  registry_.erase(shape);
  domain_.retire(&shape);
}

}  // namespace kelp::routing
