// `kelp transports`: what each transport of this build can do, from its Capabilities.
#pragma once

namespace kelp::cli {

struct TransportsOptions {
  bool markdown = false;
  bool json = false;
};

/// Returns the exit code.
int run_transports(const TransportsOptions& options);

}  // namespace kelp::cli
