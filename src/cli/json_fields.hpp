// Finds named fields at the top level of one JSON text without building a value.
//
// The whole text is checked (RFC 8259, UTF-8 included), so that what is accepted here is accepted by
// every JSON reader; as kelp's own reader it also takes NaN, Infinity, -Infinity and lone surrogate
// escapes, and refuses more than 512 levels. Of a name that comes twice the last one counts.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kelp::cli {

struct JsonError {
  std::size_t byte = 0;  ///< from 1
  const char* what = nullptr;
};

class JsonFields {
 public:
  struct Value {
    std::string_view raw;  ///< the value as it stands; of a string what is between the quotes
    bool found = false;
    bool escaped = false;  ///< a string with backslashes: see append_decoded
  };

  explicit JsonFields(std::vector<std::string> names) : names_(std::move(names)) {}

  [[nodiscard]] std::size_t size() const noexcept { return names_.size(); }

  /// Fills `out[i]` for the i-th name; a text that is valid but no object has no fields. False: not
  /// JSON, see `error`. Allocates only for escaped names.
  [[nodiscard]] bool scan(std::string_view text, std::span<Value> out, JsonError& error) const;

 private:
  std::vector<std::string> names_;
};

/// Appends the text of a JSON string, escapes resolved; `raw` must have passed JsonFields::scan.
/// Lone surrogates become three bytes each (WTF-8).
void append_decoded(std::string_view raw, std::string& out);

}  // namespace kelp::cli
