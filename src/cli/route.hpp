// `kelp route`: lines in, a topic exchange, queues, files.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cli/key_builder.hpp"

namespace kelp::cli {

struct RouteOptions {
  std::vector<std::string> files;  ///< none: standard input
  KeyOptions key;
  std::vector<std::string> bindings;
  std::string out;  ///< a directory; empty: only the counts
  bool zstd = false;
  unsigned threads = 0;  ///< 0: as many as the machine has processors beside the reader's
  bool json = false;
  std::size_t longest_line = std::size_t{16} << 20;
};

/// Returns the exit code. Throws InvalidArgument, before anything is read or written, for options
/// that mean nothing.
int run_route(const RouteOptions& options);

}  // namespace kelp::cli
