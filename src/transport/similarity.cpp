#include "transport/similarity.hpp"

#include <cstddef>

namespace kelp::transport {
namespace {

// The characters in the longest common block and, again, in what lies on either side of it.
std::size_t matching(std::string_view a, std::string_view b) noexcept {
  std::size_t length = 0, in_a = 0, in_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < b.size(); ++j) {
      std::size_t run = 0;
      while (i + run < a.size() && j + run < b.size() && a[i + run] == b[j + run]) ++run;
      if (run > length) {
        length = run;
        in_a = i;
        in_b = j;
      }
    }
  }
  if (length == 0) return 0;
  return length + matching(a.substr(0, in_a), b.substr(0, in_b)) +
         matching(a.substr(in_a + length), b.substr(in_b + length));
}

}  // namespace

double similarity(std::string_view a, std::string_view b) noexcept {
  a = a.substr(0, 64);
  b = b.substr(0, 64);
  if (a.empty() && b.empty()) return 1;
  return 2.0 * static_cast<double>(matching(a, b)) / static_cast<double>(a.size() + b.size());
}

}  // namespace kelp::transport
