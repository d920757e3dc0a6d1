// Topic routing at 1,000, 10,000 and 100,000 bindings, beside a hash table that only knows exact
// keys. Half of the patterns are exact, three tenths have a `*`, two tenths a `#`; 4 to 6 words out of
// 1,000; uniform and Zipf keys.
#include <cmath>
#include <random>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bench/harness.hpp"
#include "routing/binding_table.hpp"
#include "util/xxh3.hpp"

namespace {

class Words {
 public:
  std::string key(std::string_view wildcard) {
    const std::size_t count = 4 + random_() % 3;
    const std::size_t at = random_() % count;
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
      if (i != 0) text += '.';
      if (i == at && !wildcard.empty()) {
        text += wildcard;
      } else {
        text += "word" + std::to_string(random_() % 1000);
      }
    }
    return text;
  }
  std::string pattern() {
    const std::size_t kind = random_() % 10;
    return key(kind < 5 ? "" : kind < 8 ? "*" : "#");
  }
  std::mt19937_64& random() { return random_; }

 private:
  std::mt19937_64 random_{1};
};

struct Hash {
  std::size_t operator()(std::string_view key) const { return kelp::util::xxh3(key); }
};

std::vector<std::string_view> zipf(const std::vector<std::string>& keys, std::size_t count,
                                   std::mt19937_64& random) {
  std::vector<double> weights;
  for (std::size_t i = 0; i < keys.size(); ++i) weights.push_back(1.0 / static_cast<double>(i + 1));
  std::discrete_distribution<std::size_t> choose(weights.begin(), weights.end());
  std::vector<std::string_view> chosen;
  for (std::size_t i = 0; i < count; ++i) chosen.push_back(keys[choose(random)]);
  return chosen;
}

void measure(std::size_t bindings) {
  Words words;
  kelp::util::Domain domain;
  kelp::util::Reader& reader = domain.open_reader();
  {
    const auto table = kelp::routing::make_binding_table(kelp::routing::ExchangeType::topic, domain, 1);
    std::vector<std::string> patterns;
    for (std::size_t i = 0; i < bindings; ++i) patterns.push_back(words.pattern());
    const double start = bench::now();
    for (std::size_t i = 0; i < bindings; ++i) table->add(patterns[i], {}, (i + 1) * 8);
    const std::string suffix = " at " + std::to_string(bindings) + " bindings";
    bench::report("bind" + suffix, (bench::now() - start) / static_cast<double>(bindings), "ns");

    std::vector<std::string> keys;
    for (std::size_t i = 0; i < 100'000; ++i) {
      keys.push_back(i % 2 == 0 && patterns[i % bindings].find_first_of("*#") == std::string::npos
                         ? patterns[i % bindings]
                         : words.key(""));
    }
    std::unordered_map<std::string_view, std::size_t, Hash> exact;
    for (const std::string& pattern : patterns) exact.emplace(pattern, 1);

    const std::size_t count = bench::scaled(400'000);
    std::vector<std::string_view> uniform;
    for (std::size_t i = 0; i < count; ++i) uniform.push_back(keys[words.random()() % keys.size()]);
    const auto compare = [&](const char* name, const std::vector<std::string_view>& asked, double target) {
      std::vector<kelp::routing::Target> out;
      bench::compare(
          name + suffix + " / exact-only hash table", "ns", target,
          [&] {
            const double begin = bench::now();
            for (const std::string_view key : asked) {
              out.clear();
              const kelp::util::Pin pin(domain, reader);
              table->match(key, nullptr, out);
            }
            return (bench::now() - begin) / static_cast<double>(asked.size());
          },
          [&] {
            std::size_t found = 0;
            const double begin = bench::now();
            for (const std::string_view key : asked) found += exact.count(key);
            bench::keep(found);
            return (bench::now() - begin) / static_cast<double>(asked.size());
          });
    };
    compare("topic match, uniform keys", uniform, 0);
    compare("topic match, Zipf keys", zipf(keys, count, words.random()), 0);
  }
  domain.close_reader(reader);
}

}  // namespace

int main() {
  for (const std::size_t bindings : {1'000, 10'000, 100'000}) measure(bindings);
}
