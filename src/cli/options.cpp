#include "cli/options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <kelp/version.hpp>

#include "cli/exit_code.hpp"
#include "cli/text.hpp"

namespace kelp::cli {
namespace {

constexpr const char* bind_help =
    "Binds QUEUE by a topic PATTERN: words between dots, * is one word, # any number; repeatable";

/// One value for each `--bind`: by default the library takes every word that follows, files too.
void add_bind(CLI::App& app, std::vector<std::string>& bindings) {
  app.add_option("--bind,-b", bindings, bind_help)
      ->type_name("QUEUE=PATTERN")
      ->required()
      ->allow_extra_args(false);
}

void add_route(CLI::App& app, RouteOptions& options) {
  app.add_option("FILE", options.files, "Files to read; none or - is standard input")->type_name("");
  app.add_option("--key,-k", options.key.key,
                 "The routing key of a line: text with {1}, {2} for columns or {name} for the fields of JSON "
                 "lines, or the "
                 "groups of --regex; {{ and }} are braces")
      ->type_name("TEMPLATE")
      ->required();
  add_bind(app, options.bindings);
  app.add_option("--delimiter,-d", options.key.delimiter,
                 "Separates columns; default: runs of white space; \\t is a tab")
      ->type_name("TEXT");
  app.add_option("--regex,-e", options.key.regex,
                 "A Perl-compatible regular expression whose named groups are the fields")
      ->type_name("REGEX");
  app.add_option("--out,-o", options.out,
                 "Writes DIR/QUEUE.log, the lines as they came; without it lines are only counted")
      ->type_name("DIR");
  app.add_flag("--zstd", options.zstd, "Writes DIR/QUEUE.log.zst");
  app.add_option("--threads,-t", options.threads, "Consuming threads; default: the processors but one")
      ->type_name("N")
      ->check(CLI::Range(1U, 1024U));
  app.add_option("--max-line", options.longest_line, "Longer lines are malformed; default: 16777216 bytes")
      ->type_name("BYTES")
      ->check(CLI::Range(std::size_t{1}, std::size_t{64} << 20));
  app.add_flag("--json", options.json, "Prints the counts as one JSON object");
  app.footer(
      "Every line is published or counted malformed: a field it lacks, invalid JSON, a key over 255 bytes. "
      "Malformed\n"
      "lines are told on standard error as FILE:LINE: REASON, the first ten of them. Values are inserted as "
      "they are:\n"
      "dots in them separate words. A queue's lines keep their order. A line is acknowledged when it is in "
      "its file.\n\n"
      "Example:\n"
      "  kelp route /var/log/dpkg.log --key '{3}.{4}' --bind 'installs=install.#' --bind 'all=#' --out "
      "routed\n\n" +
      std::string(exit_code_help));
}

void add_explain(CLI::App& app, ExplainOptions& options) {
  app.add_option("KEY", options.keys, "Routing keys")->type_name("")->required();
  add_bind(app, options.bindings);
  app.add_flag("--json", options.json, "Prints one JSON object for each key");
  app.footer("Exit code 1: some key is matched by no binding.\n\n" + std::string(exit_code_help));
}

void add_script(CLI::App& app, ScriptOptions& options) {
  app.add_option("FILE", options.file, "JSON lines, one operation each; - is standard input")
      ->type_name("")
      ->required();
  app.add_option("--url,-u", options.url, "The broker; default: a private one in memory with a manual clock")
      ->type_name("URL");
  app.add_flag("--strict", options.strict, "Stops at the first line that is no operation");
  app.footer(
      "Each line is answered by one line on standard output. Exit code 1: some line was no operation (errors "
      "of the\n"
      "broker are answers).\n\n" +
      std::string(exit_code_help));
}

void add_bench(CLI::App& app, BenchBusOptions& options) {
  app.require_subcommand(1);
  CLI::App& bus = *app.add_subcommand("bus", "Publish, deliver and acknowledge through the raw path");
  bus.add_option("-n,--messages", options.messages, "Messages; default 1000000")
      ->check(CLI::Range(std::uint64_t{1}, ~std::uint64_t{0} >> 8));
  bus.add_option("--size", options.size, "Bytes in a message; default 64")
      ->check(CLI::Range(std::size_t{0}, std::size_t{64} << 20));
  bus.add_option("--mode", options.mode,
                 "same: one thread; threads: one publishes, one consumes; fanout: to ten queues")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, BenchBusOptions::Mode>{{"same", BenchBusOptions::Mode::same},
                                                       {"threads", BenchBusOptions::Mode::threads},
                                                       {"fanout", BenchBusOptions::Mode::fanout}}));
  bus.add_flag("--json", options.json, "Prints one JSON object");
  bus.footer(exit_code_help);
}

void add_transports(CLI::App& app, TransportsOptions& options) {
  CLI::Option* const markdown =
      app.add_flag("--markdown", options.markdown, "Prints the table of the README");
  app.add_flag("--json", options.json, "Prints one JSON object")->excludes(markdown);
  app.footer(exit_code_help);
}

/// "\t" and the like as typed by people whose shell leaves them alone.
void unescape_delimiter(std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (text[i] != '\\' || (next != 't' && next != '0' && next != '\\')) {
      result += text[i];
      continue;
    }
    result += next == 't' ? '\t' : next == '0' ? '\0' : '\\';
    ++i;
  }
  text = result;
}

// The library takes a word like [a,b] for a list of words. A byte before it keeps it whole; it is
// taken away again afterwards.
constexpr char guard = '\x01';

std::vector<std::string> guarded(int argc, char** argv) {
  std::vector<std::string> words(argv, argv + argc);
  for (std::string& word : words)
    if (word.size() > 1 && word.front() == '[' && word.back() == ']') word.insert(0, 1, guard);
  return words;
}

void unguard(CommandLine& line) {
  const auto strip = [](std::string& word) {
    if (!word.empty() && word.front() == guard) word.erase(0, 1);
  };
  for (auto* const words :
       {&line.route.files, &line.route.bindings, &line.explain.keys, &line.explain.bindings})
    std::for_each(words->begin(), words->end(), strip);
  for (std::string* const word : {&line.route.key.key, &line.route.key.delimiter, &line.route.key.regex,
                                  &line.route.out, &line.script.file, &line.script.url})
    strip(*word);
}

}  // namespace

bool parse_command_line(int argc, char** argv, CommandLine& line, int& exit_code) {
  CLI::App app("Routes messages through an in-process bus with AMQP's semantics.", "kelp");
  app.set_version_flag("--version", "kelp " + std::string(version()));
  app.require_subcommand(1);
  app.footer("kelp COMMAND --help tells about a command.\n\n" + std::string(exit_code_help));
  CLI::App& route = *app.add_subcommand("route", "Routes lines of files by topic into queues and files");
  CLI::App& explain = *app.add_subcommand("explain", "Tells which bindings keys match, and why");
  CLI::App& script = *app.add_subcommand("script", "Runs broker operations from JSON lines");
  CLI::App& bench = *app.add_subcommand("bench", "Measures the bus");
  CLI::App& transports = *app.add_subcommand("transports", "Lists the transports and what they can do");
  add_route(route, line.route);
  add_explain(explain, line.explain);
  add_script(script, line.script);
  add_bench(bench, line.bench_bus);
  add_transports(transports, line.transports);
  try {
    const std::vector<std::string> words = guarded(argc, argv);
    std::vector<const char*> pointers;
    for (const std::string& word : words) pointers.push_back(word.c_str());
    app.parse(argc, pointers.data());
    unguard(line);
  } catch (const CLI::Success& success) {  // --help, --version
    app.exit(success);
    exit_code = print("") ? exit_ok : exit_trouble;
    return false;
  } catch (const CLI::ParseError& error) {
    complain(std::string(error.what()) + " (kelp --help tells more)");
    exit_code = exit_usage;
    return false;
  }
  if (explain.parsed()) line.command = CommandLine::Command::explain;
  if (script.parsed()) line.command = CommandLine::Command::script;
  if (bench.parsed()) line.command = CommandLine::Command::bench_bus;
  if (transports.parsed()) line.command = CommandLine::Command::transports;
  if (route.count("--delimiter") > 0 && line.route.key.delimiter.empty()) {
    complain("--delimiter is empty");
    exit_code = exit_usage;
    return false;
  }
  unescape_delimiter(line.route.key.delimiter);
  return true;
}

}  // namespace kelp::cli
