// How exchanges match, told as simply as possible: part of the reference broker.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kelp::model {

/// Headers of a message, or arguments of a binding. No value: the name is enough.
using Headers = std::map<std::string, std::optional<int>>;

using Words = std::vector<std::string>;

inline Words split(std::string_view text) {
  Words words;
  if (text.empty()) return words;
  for (std::size_t dot; (dot = text.find('.')) != text.npos; text.remove_prefix(dot + 1)) {
    words.emplace_back(text.substr(0, dot));
  }
  words.emplace_back(text);
  return words;
}

struct Binding {
  std::string key;
  std::string match;  // x-match
  Headers arguments;
  bool to_exchange;
  std::string destination;
  Words words = split(key);
  bool operator==(const Binding&) const = default;
};

struct Exchange {
  std::string type;
  bool durable, auto_delete, internal;
  std::vector<Binding> bindings;
};

inline bool topic_matches(const Words& pattern, std::size_t p, const Words& key, std::size_t k) {
  if (p == pattern.size()) return k == key.size();
  if (pattern[p] == "#") {
    return topic_matches(pattern, p + 1, key, k) || (k < key.size() && topic_matches(pattern, p, key, k + 1));
  }
  return k < key.size() && (pattern[p] == "*" || pattern[p] == key[k]) &&
         topic_matches(pattern, p + 1, key, k + 1);
}

inline bool headers_match(const Binding& binding, const Headers& headers) {
  const bool any = binding.match.starts_with("any"), with_x = binding.match.ends_with("-with-x");
  int asked = 0, found = 0;
  for (const auto& [name, value] : binding.arguments) {
    if (name.starts_with("x-") && !with_x) continue;
    ++asked;
    const auto header = headers.find(name);
    found += header != headers.end() && (!value || header->second == value);
  }
  return any ? found > 0 : found == asked;
}

inline bool matches(const Exchange& exchange, const Binding& binding, const std::string& key,
                    const Words& words, const Headers& headers) {
  if (exchange.type == "direct") return binding.key == key;
  if (exchange.type == "topic") return topic_matches(binding.words, 0, words, 0);
  return exchange.type == "fanout" || headers_match(binding, headers);
}

}  // namespace kelp::model
