// `kelp explain`: which bindings a key matches, and why.
#pragma once

#include <string>
#include <vector>

namespace kelp::cli {

struct ExplainOptions {
  std::vector<std::string> bindings;
  std::vector<std::string> keys;
  bool json = false;
};

/// Returns the exit code: 0 when every key is matched by some binding, else 1. Throws InvalidArgument
/// for a binding or key that means nothing.
int run_explain(const ExplainOptions& options);

}  // namespace kelp::cli
