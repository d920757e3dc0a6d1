// What every benchmark shares: rounds that alternate between kelp and its peer, medians, and one JSON
// object a line. These machines are noisy and change their clock: the ratio of neighbouring rounds is
// the finding, the nanoseconds are only its scale.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

namespace bench {

/// Nanoseconds of a steady clock.
inline double now() {
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// Keeps `value` from being optimised away.
template <class T>
inline void keep(const T& value) {
  asm volatile("" : : "g"(&value) : "memory");
}

/// Shorter runs for a look: KELP_BENCH_QUICK=1.
inline bool quick() { return std::getenv("KELP_BENCH_QUICK") != nullptr; }
inline std::size_t scaled(std::size_t count) { return quick() ? count / 20 + 32 : count; }

/// Nanoseconds for one message.
using Run = std::function<double()>;

inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// One row without a peer.
inline void report(const std::string& name, double value, const char* unit) {
  std::printf(
      "{\"name\": \"%s\", \"value\": %.4g, \"unit\": \"%s\", \"baseline\": null, \"ratio\": null, "
      "\"target\": null, \"ok\": null}\n",
      name.c_str(), value, unit);
  std::fflush(stdout);
}

/// Runs both in turn and prints kelp's median, the peer's, and the median of the rounds' ratios. A
/// target of 0 means that there is none.
inline void compare(const std::string& name, const char* unit, double target, const Run& kelp,
                    const Run& peer, int rounds = 7) {
  if (quick()) rounds = 3;
  kelp();  // warm-up of both: pools, caches, page tables
  peer();
  std::vector<double> ours, theirs, ratios;
  for (int round = 0; round < rounds; ++round) {
    ours.push_back(kelp());
    theirs.push_back(peer());
    ratios.push_back(ours.back() / theirs.back());
  }
  const double ratio = median(ratios);
  std::printf("{\"name\": \"%s\", \"value\": %.4g, \"unit\": \"%s\", \"baseline\": %.4g, \"ratio\": %.3g, ",
              name.c_str(), median(ours), unit, median(theirs), ratio);
  if (target > 0) {
    std::printf("\"target\": %.3g, \"ok\": %s}\n", target, ratio <= target ? "true" : "false");
  } else {
    std::printf("\"target\": null, \"ok\": null}\n");
  }
  std::fflush(stdout);
}

}  // namespace bench
