// The command line. Only options.cpp knows the library that reads it.
#pragma once

#include <string>

#include "cli/bench_bus.hpp"
#include "cli/explain.hpp"
#include "cli/route.hpp"
#include "cli/script_command.hpp"
#include "cli/transports.hpp"

namespace kelp::cli {

struct CommandLine {
  enum class Command { route, explain, script, bench_bus, transports };
  Command command = Command::route;
  RouteOptions route;
  ExplainOptions explain;
  ScriptOptions script;
  BenchBusOptions bench_bus;
  TransportsOptions transports;
};

/// False: there is nothing to do (help, version, a mistake); what there is to say has been printed and
/// `exit_code` is set.
[[nodiscard]] bool parse_command_line(int argc, char** argv, CommandLine& line, int& exit_code);

}  // namespace kelp::cli
