// Routing keys of lines. Input: a template, a line end, then the line. The field scanner must agree with
// kelp's JSON reader about what is JSON and what a text field holds.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <kelp/error.hpp>
#include <kelp/json.hpp>

#include "cli/json_fields.hpp"
#include "cli/key_builder.hpp"

namespace {

using namespace kelp;
using namespace kelp::cli;

[[noreturn]] void wrong(const char* what) {
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

void compare_with_reader(std::string_view line) {
  const JsonFields fields({"a"});
  std::array<JsonFields::Value, 1> found;
  JsonError error;
  const bool valid = fields.scan(line, found, error);
  if (!valid && (error.what == nullptr || error.byte < 1 || error.byte > line.size() + 1))
    wrong("an error without a place");
  Json json;
  try {
    json = read_json(line);
  } catch (const DecodeError&) {
    if (valid) wrong("the scanner accepts what the reader refuses");
    return;
  }
  if (!valid) wrong("the scanner refuses what the reader accepts");
  const bool has = json.is_object() && json.contains("a");
  if (has != found[0].found) wrong("they disagree about a field");
  if (!has || !json["a"].is_string()) return;
  std::string text;
  append_decoded(found[0].raw, text);
  if (text != json["a"].get<std::string>()) wrong("they disagree about a text");
}

void build(const KeyOptions& options, std::string_view line) {
  try {
    const auto builder = make_key_builder(options);
    std::string_view key;
    KeyProblem problem;
    if (builder->build(line, key, problem)) {
      if (key.size() > KeyBuilder::longest) wrong("a key is too long");
    } else if (builder->describe(problem).empty()) {
      wrong("a problem without a reason");
    }
  } catch (const InvalidArgument&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(input.find('\n'), size);
  const std::string head(input.substr(0, end));
  // Copies without slack, so that a sanitizer sees a read past the end.
  const std::string line(input.substr(std::min(end + 1, size)));
  compare_with_reader(line);
  build({.key = head}, line);
  build({.key = "{1}.{3}", .delimiter = head.empty() ? "," : head}, line);
  if (head.size() < 64) build({.key = "{a}", .regex = head}, line);
  return 0;
}
