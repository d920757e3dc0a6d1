// AMQP topic patterns, one at a time (AMQP 0-9-1, section 3.1.3.3): words are separated by dots, `*`
// is exactly one word, `#` zero or more. An empty part is a word ("a." has two); the empty text has no
// words. Bytes mean nothing else: any may stand in a word, and letters have a case.
#pragma once

#include <cstddef>
#include <string_view>

namespace kelp::routing {

/// AMQP's limit on a routing key, and so on a pattern.
inline constexpr std::size_t max_key_bytes = 255;

/// Does not allocate. At most as many steps as words of the pattern times words of the key; one pass
/// when the pattern has no `#`.
[[nodiscard]] bool topic_matches(std::string_view pattern, std::string_view key) noexcept;

/// Throws InvalidArgument, naming the number of bytes, when a binding key has more than AMQP can carry.
/// Nothing else can be wrong in one, whatever the exchange's type.
void validate_binding_key(std::string_view key);
/// The same for a topic pattern.
inline void validate_topic_pattern(std::string_view pattern) { validate_binding_key(pattern); }

/// Why a pattern does or does not match. Views point into the arguments.
struct TopicExplanation {
  bool matches = false;
  /// Where it fails, counted from 1, at the furthest word of the key that any reading of the pattern
  /// reaches. One past the last word: there the text ended.
  std::size_t key_word = 0;
  std::size_t pattern_word = 0;
  /// The pattern's word there; no value (data() is null): the pattern had ended.
  std::string_view expected = {};
  /// The key's word there; no value (data() is null): the key had ended.
  std::string_view found = {};
};

/// As topic_matches(), with the reason.
[[nodiscard]] TopicExplanation explain_topic(std::string_view pattern, std::string_view key) noexcept;

}  // namespace kelp::routing
