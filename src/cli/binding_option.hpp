// The value of `--bind`: QUEUE=PATTERN, split at the first '='.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kelp::cli {

struct BindingOption {
  std::string queue;
  std::string pattern;
  bool operator==(const BindingOption&) const = default;
};

/// Throws InvalidArgument that quotes `text` and names the byte (from 1) at which it goes wrong: no
/// '=', a queue name that is no file name, a pattern over 255 bytes, a wildcard inside a word.
[[nodiscard]] BindingOption parse_binding(std::string_view text);

/// parse_binding over all; a binding that comes twice is kept once.
[[nodiscard]] std::vector<BindingOption> parse_bindings(const std::vector<std::string>& texts);

/// Every queue once, in the order of first use.
[[nodiscard]] std::vector<std::string> queues_of(const std::vector<BindingOption>& bindings);

}  // namespace kelp::cli
