// How the program ends. `kelp --help` prints this list, tests hold it.
#pragma once

namespace kelp::cli {

enum ExitCode : int {
  exit_ok = 0,
  exit_trouble = 1,        ///< something was malformed, unreadable, unwritable or refused; the rest was done
  exit_usage = 2,          ///< the command line means nothing; nothing was read or written
  exit_interrupted = 130,  ///< SIGINT or SIGTERM: what was read was finished, the rest was not read
};

inline constexpr const char* exit_code_help =
    "Exit codes: 0 all done; 1 something was malformed, unreadable, unwritable or refused, the rest was "
    "done;\n"
    "            2 the command line is wrong, nothing was read; 130 interrupted (SIGINT, SIGTERM): what had "
    "been\n"
    "            read was finished.";

}  // namespace kelp::cli
