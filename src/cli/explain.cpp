#include "cli/explain.hpp"

#include <kelp/error.hpp>

#include "cli/binding_option.hpp"
#include "cli/exit_code.hpp"
#include "cli/text.hpp"
#include "routing/topic.hpp"

namespace kelp::cli {
namespace {

std::string quoted(std::string_view text) { return "'" + printable(text) + "'"; }

/// "word 2 of the key is 'api', word 2 of the pattern wants 'db'".
std::string reason(const routing::TopicExplanation& e) {
  const std::string key_word = "word " + std::to_string(e.key_word) + " of the key";
  const std::string pattern_word = "word " + std::to_string(e.pattern_word) + " of the pattern";
  if (e.expected.data() == nullptr)
    return key_word + " is " + quoted(e.found) + ", where the pattern has ended";
  const std::string wanted = pattern_word + " wants " + (e.expected == "*" ? "any word" : quoted(e.expected));
  if (e.found.data() == nullptr)
    return "the key ends before its word " + std::to_string(e.key_word) + ", " + wanted;
  return key_word + " is " + quoted(e.found) + ", " + wanted;
}

/// Why it matches: which words each wildcard took is told by the pattern itself.
std::string why_matching(std::string_view pattern) {
  if (pattern == "#") return "'#' takes every key";
  const bool star = pattern.find('*') != std::string_view::npos;
  const bool hash = pattern.find('#') != std::string_view::npos;
  if (star && hash) return "word by word: '*' took one word each, '#' the rest";
  if (hash) return "word by word: '#' took the rest, which may be nothing";
  if (star) return "word by word: '*' took one word each";
  return "every word is equal";
}

std::string json_word(std::string_view word) { return word.data() == nullptr ? "null" : json_quoted(word); }

std::string json_of(const BindingOption& binding, const routing::TopicExplanation& e) {
  std::string text = "{\"queue\":" + json_quoted(binding.queue) +
                     ",\"pattern\":" + json_quoted(binding.pattern) +
                     ",\"matches\":" + (e.matches ? "true" : "false");
  if (!e.matches)
    text += ",\"key_word\":" + std::to_string(e.key_word) +
            ",\"pattern_word\":" + std::to_string(e.pattern_word) + ",\"expected\":" + json_word(e.expected) +
            ",\"found\":" + json_word(e.found);
  return text + "}";
}

struct Verdict {
  std::string text;
  bool matched = false;
};

Verdict explain_json(const std::vector<BindingOption>& bindings, const std::string& key) {
  Verdict verdict{"{\"key\":" + json_quoted(key) + ",\"bindings\":[", false};
  for (const BindingOption& binding : bindings) {
    const routing::TopicExplanation e = routing::explain_topic(binding.pattern, key);
    verdict.matched = verdict.matched || e.matches;
    if (&binding != &bindings.front()) verdict.text += ',';
    verdict.text += json_of(binding, e);
  }
  verdict.text += std::string("],\"matched\":") + (verdict.matched ? "true" : "false") + "}\n";
  return verdict;
}

Verdict explain_text(const std::vector<BindingOption>& bindings, const std::string& key) {
  Verdict verdict{"key " + quoted(key) + "\n", false};
  std::size_t widest = 0;
  for (const BindingOption& binding : bindings)
    widest = std::max(widest, display_width(printable(binding.queue) + " = " + printable(binding.pattern)));
  for (const BindingOption& binding : bindings) {
    const routing::TopicExplanation e = routing::explain_topic(binding.pattern, key);
    verdict.matched = verdict.matched || e.matches;
    std::string name = printable(binding.queue) + " = " + printable(binding.pattern);
    name.append(widest - display_width(name), ' ');
    verdict.text += std::string(e.matches ? "  yes  " : "  no   ") + name + "  " +
                    (e.matches ? why_matching(binding.pattern) : reason(e)) + "\n";
  }
  if (!verdict.matched) verdict.text += "  no binding matches: the message is dropped\n";
  return verdict;
}

}  // namespace

int run_explain(const ExplainOptions& options) {
  const std::vector<BindingOption> bindings = parse_bindings(options.bindings);
  for (const std::string& key : options.keys)
    if (key.size() > routing::max_key_bytes)
      throw InvalidArgument("a routing key has " + std::to_string(key.size()) + " bytes, over 255");
  bool all_matched = true;
  std::string text;
  for (const std::string& key : options.keys) {
    const Verdict verdict = options.json ? explain_json(bindings, key) : explain_text(bindings, key);
    text += verdict.text;
    all_matched = all_matched && verdict.matched;
  }
  return print(text) && all_matched ? exit_ok : exit_trouble;
}

}  // namespace kelp::cli
