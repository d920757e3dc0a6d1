#include "cli/binding_option.hpp"

#include <algorithm>

#include <kelp/error.hpp>

namespace kelp::cli {
namespace {

constexpr std::size_t longest_name = 255;  // AMQP's short string

[[noreturn]] void refuse(std::string_view text, std::size_t at, const std::string& why) {
  throw InvalidArgument("--bind '" + std::string(text) + "': byte " + std::to_string(at + 1) + ": " + why);
}

// Queue names become file names, so that what leaves the directory is refused, written or not.
void check_queue(std::string_view text, std::string_view queue) {
  if (queue.empty()) refuse(text, 0, "the queue has no name");
  if (queue.size() > longest_name) refuse(text, longest_name, "the queue's name is over 255 bytes");
  const std::size_t slash = queue.find('/');
  if (slash != std::string_view::npos) refuse(text, slash, "a queue's name cannot hold '/': it names a file");
  if (queue == "." || queue == "..") refuse(text, 0, "a queue cannot be called '" + std::string(queue) + "'");
}

// AMQP takes `err*` as a word that matches only itself; on a command line it is always a mistake.
void check_pattern(std::string_view text, std::size_t start) {
  const std::string_view pattern = text.substr(start);
  if (pattern.size() > longest_name) refuse(text, start + longest_name, "the pattern is over 255 bytes");
  std::size_t word = 0;
  while (true) {
    const std::size_t end = std::min(pattern.find('.', word), pattern.size());
    const std::string_view w = pattern.substr(word, end - word);
    const std::size_t wild = w.find_first_of("*#");
    if (wild != std::string_view::npos && w.size() > 1)
      refuse(text, start + word + wild,
             std::string("'") + w[wild] + "' must be a word of its own, between dots: '" + std::string(w) +
                 "' would match nothing but itself");
    if (end == pattern.size()) return;
    word = end + 1;
  }
}

}  // namespace

BindingOption parse_binding(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) refuse(text, text.size(), "no '=': it wants QUEUE=PATTERN");
  check_queue(text, text.substr(0, equals));
  check_pattern(text, equals + 1);
  return {std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

std::vector<BindingOption> parse_bindings(const std::vector<std::string>& texts) {
  std::vector<BindingOption> result;
  for (const std::string& text : texts) {
    BindingOption binding = parse_binding(text);
    if (std::find(result.begin(), result.end(), binding) == result.end())
      result.push_back(std::move(binding));
  }
  return result;
}

std::vector<std::string> queues_of(const std::vector<BindingOption>& bindings) {
  std::vector<std::string> result;
  for (const BindingOption& binding : bindings)
    if (std::find(result.begin(), result.end(), binding.queue) == result.end())
      result.push_back(binding.queue);
  return result;
}

}  // namespace kelp::cli
