// Topic patterns and keys as large systems have them, the same for every run: 4 to 6 words from 1,000
// names; half of the patterns are literal, 30 % have one `*`, 20 % one `#`.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <unordered_set>
#include <vector>

namespace kelp::testing {

class TopicWorkload {
 public:
  /// How many shapes: 1 star and 1 `#` anywhere make 34; with `mixed`, patterns with two stars or a star
  /// and a `#` make 126.
  enum class Shapes { plain, mixed };

  TopicWorkload(std::size_t patterns, Shapes shapes) {
    for (int i = 0; i < 1000; ++i) names_.push_back(name());
    std::unordered_set<std::string> seen;
    while (patterns_.size() < patterns) {
      std::string pattern = make_pattern(shapes);
      if (seen.insert(pattern).second) patterns_.push_back(std::move(pattern));
    }
  }

  [[nodiscard]] const std::vector<std::string>& patterns() const { return patterns_; }

  /// Distinct keys, half of them made to match a pattern.
  [[nodiscard]] std::vector<std::string> keys(std::size_t count) {
    std::unordered_set<std::string> seen;
    std::vector<std::string> keys;
    while (keys.size() < count) {
      std::string key =
          random_() % 2 == 0 ? words(4 + random_() % 3) : fill(patterns_[random_() % patterns_.size()]);
      if (seen.insert(key).second) keys.push_back(std::move(key));
    }
    return keys;
  }
  /// `count` indices below `of`: uniform, or Zipf with exponent 1.
  [[nodiscard]] std::vector<std::uint32_t> draw(std::size_t count, std::size_t of, bool zipf) {
    std::vector<double> sum(of);
    double total = 0;
    for (std::size_t i = 0; i < of; ++i) sum[i] = total += zipf ? 1.0 / static_cast<double>(i + 1) : 1.0;
    std::vector<std::uint32_t> drawn(count);
    for (auto& d : drawn) {
      const double at = static_cast<double>(random_() >> 11) * 0x1p-53 * total;
      const auto found = std::upper_bound(sum.begin(), sum.end(), at) - sum.begin();
      d = static_cast<std::uint32_t>(std::min(static_cast<std::size_t>(found), of - 1));
    }
    return drawn;
  }

 private:
  std::string name() {
    std::string text;
    for (std::size_t n = 3 + random_() % 7; n > 0; --n) text += static_cast<char>('a' + random_() % 26);
    return text;
  }
  std::string words(std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += (i == 0 ? "" : ".") + names_[random_() % names_.size()];
    return text;
  }
  std::string make_pattern(Shapes shapes) {
    const std::size_t count = 4 + random_() % 3;
    std::vector<std::string> word(count);
    for (auto& w : word) w = names_[random_() % names_.size()];
    const unsigned kind = random_() % 10;
    if (kind >= 5) word[random_() % count] = kind < 8 ? "*" : "#";
    if (kind >= 5 && shapes == Shapes::mixed && random_() % 2 == 0) {
      auto& w = word[random_() % count];
      if (w != "#") w = "*";
    }
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += (i == 0 ? "" : ".") + word[i];
    return text;
  }
  std::string fill(const std::string& pattern) {
    std::string text;
    for (const char c : pattern) {
      if (c == '*') {
        text += names_[random_() % names_.size()];
      } else if (c == '#') {
        text += words(1 + random_() % 2);
      } else {
        text += c;
      }
    }
    return text;
  }

  std::mt19937_64 random_{20240601};
  std::vector<std::string> names_;
  std::vector<std::string> patterns_;
};

}  // namespace kelp::testing
