#include "cli/script_command.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <kelp/error.hpp>

#include "cli/exit_code.hpp"
#include "cli/line_reader.hpp"
#include "cli/script.hpp"
#include "cli/stop_signal.hpp"
#include "cli/text.hpp"

namespace kelp::cli {
namespace {

int run_lines(LineReader& reader, const ScriptOptions& options) {
  ScriptRunner runner(options.url);
  bool mistaken = false;
  for (std::size_t number = 1; !StopSignal::requested(); ++number) {
    const LineReader::Result result = reader.next();
    if (result == LineReader::Result::end) return mistaken ? exit_trouble : exit_ok;
    if (result == LineReader::Result::failed)
      throw OperationalError("cannot read '" + options.file + "': " + std::strerror(reader.error()), false);
    if (result == LineReader::Result::stopped) break;
    std::string answer;
    // A line over the limit is an object that does not end.
    const std::string_view line = result == LineReader::Result::line ? without_line_end(reader.line()) : "{";
    const ScriptRunner::Outcome outcome = runner.run(line, number, answer);
    if (outcome == ScriptRunner::Outcome::nothing) continue;
    if (!print(answer + "\n")) return exit_trouble;
    if (outcome != ScriptRunner::Outcome::mistake) continue;
    mistaken = true;
    if (options.strict) return exit_trouble;
  }
  return exit_interrupted;
}

}  // namespace

int run_script(const ScriptOptions& options) {
  const int fd = options.file == "-" ? STDIN_FILENO : open(options.file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw OperationalError("cannot read '" + options.file + "': " + std::strerror(errno), false);
  StopSignal::install();
  LineReader reader(fd);
  return run_lines(reader, options);
}

}  // namespace kelp::cli
