// Makes the routing key of one line.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "cli/key_template.hpp"

namespace kelp::cli {

/// Why a line has no key.
struct KeyProblem {
  enum Kind { no_field, no_match, invalid_json, too_long, gave_up };
  Kind kind = no_field;
  std::size_t field = 0;   ///< no_field: an index into KeyTemplate::fields()
  std::size_t number = 0;  ///< invalid_json: the byte, from 1; too_long: the length; gave_up: PCRE2's code
  const char* what = nullptr;  ///< invalid_json: the reason
};

struct KeyOptions {
  std::string key = {};
  std::string delimiter = {};  ///< empty: runs of white space
  std::string regex = {};      ///< empty: none
};

/// Threads: one at a time.
class KeyBuilder {
 public:
  static constexpr std::size_t longest = 255;

  virtual ~KeyBuilder() = default;

  /// The key of `line`, which comes without its line end; valid until the next call. False: the line
  /// is malformed. Does not allocate in the steady state.
  [[nodiscard]] bool build(std::string_view line, std::string_view& key, KeyProblem& problem);
  /// For people.
  [[nodiscard]] std::string describe(const KeyProblem& problem) const;
  [[nodiscard]] const KeyTemplate& key_template() const noexcept { return template_; }

 protected:
  explicit KeyBuilder(KeyTemplate key_template);
  /// Sets values_ for every field.
  virtual bool extract(std::string_view line, KeyProblem& problem) = 0;

  KeyTemplate template_;
  std::vector<std::string_view> values_;

 private:
  std::array<char, longest> buffer_;
};

/// JSON lines when the template has named fields, columns when it has numbers, named groups with a
/// regular expression. Throws InvalidArgument for what means nothing, with the byte.
[[nodiscard]] std::unique_ptr<KeyBuilder> make_key_builder(const KeyOptions& options);

/// The same with named groups (PCRE2); throws InvalidArgument when built without it.
[[nodiscard]] std::unique_ptr<KeyBuilder> make_regex_key_builder(KeyTemplate key_template,
                                                                 const KeyOptions& options);

/// Splits lines into columns. Shared by the builders.
class ColumnSplitter {
 public:
  explicit ColumnSplitter(std::string delimiter) : delimiter_(std::move(delimiter)) {}
  /// Fills `columns` from the front; returns how many there were, at most columns.size().
  [[nodiscard]] std::size_t split(std::string_view line, std::vector<std::string_view>& columns) const;

 private:
  std::string delimiter_;
};

}  // namespace kelp::cli
