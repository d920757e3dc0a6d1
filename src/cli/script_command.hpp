// `kelp script`: runs a script (see script.hpp) and prints its transcript.
#pragma once

#include <string>

namespace kelp::cli {

struct ScriptOptions {
  std::string file;  ///< `-`: standard input
  std::string url;   ///< empty: a private memory broker with a manual clock
  bool strict = false;
};

/// Returns the exit code.
int run_script(const ScriptOptions& options);

}  // namespace kelp::cli
