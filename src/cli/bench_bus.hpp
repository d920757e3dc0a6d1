// `kelp bench bus`: publish, deliver, acknowledge, through the public raw path.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kelp::cli {

struct BenchBusOptions {
  enum class Mode { same, threads, fanout };
  std::uint64_t messages = 1'000'000;
  std::size_t size = 64;
  Mode mode = Mode::same;
  bool json = false;
};

/// Returns the exit code.
int run_bench_bus(const BenchBusOptions& options);

}  // namespace kelp::cli
