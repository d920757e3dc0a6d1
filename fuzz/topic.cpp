// Topic patterns and keys: the table, in every form, and topic_matches() must agree with the naive matcher.
// Input: the first byte chooses the table's form, then lines. A line `+PATTERN` or `-PATTERN` binds or
// unbinds, any other line is a key to match.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <kelp/error.hpp>

#include "../tests/support/naive_topic.hpp"
#include "routing/topic.hpp"
#include "routing/topic_table.hpp"

namespace {

using namespace kelp;
using namespace kelp::routing;

void require(bool holds, const char* what, std::string_view text) {
  if (holds) return;
  std::fprintf(stderr, "%s: '%.*s'\n", what, static_cast<int>(text.size()), text.data());
  std::abort();
}

class Comparison {
 public:
  explicit Comparison(std::size_t shapes_per_key)
      : reader_(domain_.open_reader()),
        table_(make_topic_table(domain_, 1, {.shapes_per_key = shapes_per_key})) {}
  ~Comparison() { domain_.close_reader(reader_); }

  void bind(const std::string& pattern) {
    if (pattern.size() > max_key_bytes) {
      bool refused = false;
      try {
        table_->add(pattern, {}, 1);
      } catch (const InvalidArgument&) {
        refused = true;
      }
      require(refused, "a pattern too long was accepted", pattern);
      return;
    }
    const bool fresh = patterns_.insert(pattern).second;
    require(table_->add(pattern, {}, 1) == fresh, "bind", pattern);
  }
  void unbind(const std::string& pattern) {
    const bool there = patterns_.erase(pattern) == 1;
    require(table_->remove(pattern, {}, 1) == there, "unbind", pattern);
  }
  void match(const std::string& key) {
    if (key.size() > max_key_bytes) return;
    std::size_t expected = 0;
    for (const std::string& pattern : patterns_) {
      const bool matches = testing::naive_topic_matches(pattern, key);
      require(topic_matches(pattern, key) == matches, "topic_matches", pattern + "' and '" + key);
      require(explain_topic(pattern, key).matches == matches, "explain_topic", pattern + "' and '" + key);
      expected += matches;
    }
    const util::Pin pin(domain_, reader_);
    out_.clear();
    table_->match(key, nullptr, out_);
    require(out_.size() == expected, "the table", key);
  }
  void clear() {
    while (!patterns_.empty()) unbind(std::string(*patterns_.begin()));
    require(table_->size() == 0 && table_->shapes() == 0, "something is left", "");
  }

 private:
  util::Domain domain_;
  util::Reader& reader_;
  std::unique_ptr<TopicTable> table_;
  std::set<std::string> patterns_;
  std::vector<Target> out_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 4096) return 0;
  constexpr std::size_t forms[] = {default_shapes_per_key, 0, 2, 5};
  Comparison comparison(forms[data[0] % 4]);
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  for (bool more = true; more;) {
    const std::size_t end = rest.find('\n');
    const std::string line(rest.substr(0, end));
    more = end != std::string_view::npos;
    rest.remove_prefix(more ? end + 1 : rest.size());
    if (line.starts_with('+')) {
      comparison.bind(line.substr(1));
    } else if (line.starts_with('-')) {
      comparison.unbind(line.substr(1));
    } else {
      comparison.match(line);
    }
  }
  comparison.clear();
  return 0;
}
