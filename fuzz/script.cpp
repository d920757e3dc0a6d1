// Scripts of broker operations: every line is passed over, or answered by one line of JSON.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <kelp/json.hpp>

#include "cli/script.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using Runner = kelp::cli::ScriptRunner;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  Runner runner("");
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string line(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    std::string answer;
    if (runner.run(line, number, answer) == Runner::Outcome::nothing) continue;
    if (answer.find('\n') != std::string::npos || !kelp::read_json(answer).contains("ok")) {
      std::fprintf(stderr, "this is no answer: %s\n", answer.c_str());
      std::abort();
    }
  }
  return 0;
}
