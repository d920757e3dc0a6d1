// The `kelp` command.
#include <exception>

#include <kelp/error.hpp>

#include "cli/exit_code.hpp"
#include "cli/options.hpp"
#include "cli/text.hpp"

namespace {

int run(const kelp::cli::CommandLine& line) {
  using Command = kelp::cli::CommandLine::Command;
  switch (line.command) {
    case Command::route:
      return run_route(line.route);
    case Command::explain:
      return run_explain(line.explain);
    case Command::script:
      return run_script(line.script);
    case Command::bench_bus:
      return run_bench_bus(line.bench_bus);
    case Command::transports:
      return run_transports(line.transports);
  }
  return kelp::cli::exit_usage;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    kelp::cli::CommandLine line;
    int exit_code = kelp::cli::exit_ok;
    return parse_command_line(argc, argv, line, exit_code) ? run(line) : exit_code;
  } catch (const kelp::InvalidArgument& error) {
    kelp::cli::complain(error.what());
    return kelp::cli::exit_usage;
  } catch (const std::exception& error) {
    kelp::cli::complain(error.what());
    return kelp::cli::exit_trouble;
  }
}
