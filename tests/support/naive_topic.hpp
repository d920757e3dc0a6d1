// The meaning of topic patterns, written down as directly as possible, to judge the real matchers by.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace kelp::testing {

inline std::vector<std::string> topic_words(std::string_view text) {
  std::vector<std::string> words;
  if (text.empty()) return words;
  words.emplace_back();
  for (const char c : text) {
    if (c == '.') {
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  return words;
}

// Row by row instead of by recursion, so that it is quick for any pattern: fits[j] tells whether the
// pattern's words so far match the first j words of the key.
inline bool naive_topic_matches(std::string_view pattern, std::string_view key) {
  const auto p = topic_words(pattern), k = topic_words(key);
  std::vector<bool> fits(k.size() + 1);
  fits[0] = true;
  for (const std::string& word : p) {
    std::vector<bool> next(k.size() + 1);
    for (std::size_t j = 0; j <= k.size(); ++j) {
      if (word == "#") {
        next[j] = fits[j] || (j > 0 && next[j - 1]);
      } else {
        next[j] = j > 0 && fits[j - 1] && (word == "*" || word == k[j - 1]);
      }
    }
    fits = next;
  }
  return fits[k.size()];
}

/// Every text of at most `longest` words over an alphabet, the empty text first, each once.
inline std::vector<std::string> all_topics(const std::vector<std::string>& alphabet, std::size_t longest) {
  std::vector<std::string> all{""}, previous{""};
  for (std::size_t n = 1; n <= longest; ++n) {
    std::vector<std::string> longer;
    for (const std::string& text : previous) {
      for (const std::string& word : alphabet) longer.push_back(n == 1 ? word : text + "." + word);
    }
    // One empty word is the empty text, which has no words.
    for (const std::string& text : longer) {
      if (!text.empty()) all.push_back(text);
    }
    previous = longer;
  }
  return all;
}

}  // namespace kelp::testing
