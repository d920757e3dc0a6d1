#include "routing/topic.hpp"

#include <string>

#include <kelp/error.hpp>

namespace kelp::routing {

namespace {

// Walks over the words of a text; copies are cheap, so that a matcher can go back.
class Cursor {
 public:
  explicit Cursor(std::string_view text) noexcept : rest_(text), at_end_(text.empty()) { measure(); }

  [[nodiscard]] bool at_end() const noexcept { return at_end_; }
  /// The current word; unset at the end.
  [[nodiscard]] std::string_view word() const noexcept {
    return at_end_ ? std::string_view{} : rest_.substr(0, length_);
  }
  /// Counted from 1.
  [[nodiscard]] std::size_t number() const noexcept { return number_; }
  void next() noexcept {
    ++number_;
    if (length_ == rest_.size()) {
      at_end_ = true;
    } else {
      rest_.remove_prefix(length_ + 1);
      measure();
    }
  }

 private:
  void measure() noexcept {
    const std::size_t dot = rest_.find('.');
    length_ = dot == std::string_view::npos ? rest_.size() : dot;
  }

  std::string_view rest_;
  std::size_t length_ = 0;
  std::size_t number_ = 1;
  bool at_end_;
};

// The usual matcher of wildcards: a mismatch goes back to the last `#` only, and lets it eat one more
// word. Earlier ones need not change, because the last one can make up for whatever they left.
// `mismatch` is told of every pair of words that did not fit.
template <class F>
bool match(std::string_view pattern, std::string_view key, F&& mismatch) noexcept {
  Cursor p(pattern), k(key);
  Cursor after_hash = p, eaten = k;
  bool hash_seen = false;
  for (;;) {
    if (!p.at_end() && p.word() == "#") {
      p.next();
      after_hash = p;
      eaten = k;
      hash_seen = true;
      if (p.at_end()) return true;
      continue;
    }
    if (p.at_end() && k.at_end()) return true;
    if (!p.at_end() && !k.at_end() && (p.word() == "*" || p.word() == k.word())) {
      p.next();
      k.next();
      continue;
    }
    mismatch(p, k);
    // A key that ended before its pattern does not get longer.
    if (!hash_seen || k.at_end()) return false;
    eaten.next();
    p = after_hash;
    k = eaten;
  }
}

}  // namespace

bool topic_matches(std::string_view pattern, std::string_view key) noexcept {
  return match(pattern, key, [](const Cursor&, const Cursor&) {});
}

TopicExplanation explain_topic(std::string_view pattern, std::string_view key) noexcept {
  TopicExplanation furthest;
  const bool matches = match(pattern, key, [&](const Cursor& p, const Cursor& k) {
    if (k.number() <= furthest.key_word) return;
    furthest = {.matches = false,
                .key_word = k.number(),
                .pattern_word = p.number(),
                .expected = p.word(),
                .found = k.word()};
  });
  if (matches) return {.matches = true};
  return furthest;
}

void validate_binding_key(std::string_view key) {
  if (key.size() <= max_key_bytes) return;
  throw InvalidArgument("binding key of " + std::to_string(key.size()) + " bytes, beginning '" +
                        std::string(key.substr(0, 32)) + "': at most " + std::to_string(max_key_bytes) +
                        " are allowed");
}

}  // namespace kelp::routing
